-- The table `events`: each event once, from lines of JSON in objects of Sluice's own or of Firehose. Before: SET VARIABLE objects = 'GLOB', or a
-- list of them. An event that was delivered twice has one id, and the same content both times.
CREATE OR REPLACE TABLE events AS
WITH lines AS (
  -- An event has at most 10 MiB.
  SELECT * FROM read_json(getvariable('objects'), format = 'newline_delimited', hive_partitioning = false, maximum_object_size = 16777216,
    columns = {project: 'VARCHAR', environment: 'VARCHAR', event: 'JSON', version: 'INTEGER'})
), once AS (
  SELECT DISTINCT ON (id) event->>'id' AS id, * FROM lines
)
SELECT
  id, project, environment, version AS schema_version,
  event->>'kind' AS kind,
  event->>'key' AS key,  -- of the flag, or of the custom event, click or page view
  -- UTC, by the SDK's clock. A summary has its end. (NULL where an SDK sent what is no time: TRY_CAST.)
  epoch_ms(TRY_CAST(TRY_CAST(coalesce(event->>'creationDate', event->>'endDate') AS DOUBLE) AS BIGINT)) AS created_at,
  TRY_CAST(event->>'version' AS INTEGER) AS flag_version,
  TRY_CAST(event->>'variation' AS INTEGER) AS variation,  -- NULL: the default was served
  event->>'variationName' AS variation_name,
  event->'value' AS value,
  event->>'$.reason.kind' AS reason,
  event->>'$.reason.errorKind' AS error,
  coalesce(TRY_CAST(event->>'$.reason.inExperiment' AS BOOLEAN), false) AS in_experiment,
  coalesce(TRY_CAST(event->>'samplingRatio' AS BIGINT), 1) AS weight,  -- how many events this one stands for
  -- Of each kind of context, its key.
  CASE
    WHEN json_type(event, '$.contextKeys') = 'OBJECT' THEN (event->'contextKeys')::MAP(VARCHAR, VARCHAR)
    WHEN event->>'$.context.kind' = 'multi' THEN
      map_from_entries([(part.key, part.value->>'key') FOR part IN map_entries((event->'context')::MAP(VARCHAR, JSON)) IF part.key <> 'kind'])
    WHEN event->>'$.context.kind' IS NOT NULL THEN MAP {event->>'$.context.kind': event->>'$.context.key'}
    WHEN coalesce(event->>'userKey', event->>'$.user.key') IS NOT NULL THEN MAP {'user': coalesce(event->>'userKey', event->>'$.user.key')}
    ELSE MAP {}::MAP(VARCHAR, VARCHAR)
  END AS contexts,
  event
FROM once;
