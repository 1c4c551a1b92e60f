-- Which flags could be removed? SET VARIABLE days = 30: not evaluated in that many days before the newest event, or one variation alone in them.
WITH newest AS (SELECT max(created_at) - to_days(getvariable('days')) AS since FROM events WHERE kind = 'feature'),
flags AS (
  SELECT key AS flag, max(created_at) AS last_at, count(DISTINCT coalesce(variation, -1)) FILTER (created_at >= since) AS variations
  FROM events, newest WHERE kind = 'feature' GROUP BY key
)
SELECT flag, last_at, CASE variations WHEN 0 THEN 'not evaluated' ELSE 'one variation' END AS why
FROM flags WHERE variations <= 1 ORDER BY ALL;
