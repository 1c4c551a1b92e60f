-- The table as Parquet, a folder a day, under `parquet/` here. A run replaces what the one before it wrote.
COPY (SELECT *, strftime(created_at, '%Y-%m-%d') AS day FROM events) TO 'parquet' (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (day), OVERWRITE);
