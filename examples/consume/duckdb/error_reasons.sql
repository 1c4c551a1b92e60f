-- Which flags could not be evaluated, and why? SDKs send reasons where the application asks for them (variationDetail), and in experiments.
SELECT key AS flag, error, sum(weight)::BIGINT AS evaluations, min(created_at) AS first_at, max(created_at) AS last_at
FROM events WHERE kind = 'feature' AND reason = 'ERROR' GROUP BY ALL ORDER BY ALL;
