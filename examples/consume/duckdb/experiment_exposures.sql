-- How many contexts did the experiment on a flag expose to each variation? SET VARIABLE experiment = 'FLAG'; SET VARIABLE unit = 'user' (the kind
-- of context that is assigned). Each counts once, in the variation that it saw first; those that saw another one too spoil an experiment.
WITH seen AS (
  SELECT contexts[getvariable('unit')] AS unit, variation, min(created_at) AS first_at
  FROM events WHERE kind = 'feature' AND in_experiment AND key = getvariable('experiment') GROUP BY ALL
), units AS (
  SELECT unit, arg_min(variation, first_at) AS variation, min(first_at) AS first_at, count(*) AS variations
  FROM seen WHERE unit IS NOT NULL GROUP BY unit
)
SELECT variation, count(*) AS contexts, count(*) FILTER (variations > 1) AS saw_others_too, min(first_at) AS first_exposure
FROM units GROUP BY variation ORDER BY variation;
