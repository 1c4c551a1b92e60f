-- How many different contexts of each kind were there, on each day?
WITH each AS (SELECT created_at::DATE AS day, unnest(map_entries(contexts)) AS context FROM events)
SELECT day, context.key AS context_kind, count(DISTINCT context.value) AS contexts FROM each GROUP BY ALL ORDER BY ALL;
