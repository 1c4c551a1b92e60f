-- How often was each variation of each flag served, on each day? `debug` repeats evaluations, and is not counted.
SELECT key AS flag, variation, created_at::DATE AS day, sum(weight)::BIGINT AS evaluations
FROM events WHERE kind = 'feature' GROUP BY ALL ORDER BY ALL;
