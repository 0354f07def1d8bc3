-- Reads:  github_events_silver, the day `?` (yyyy-MM-dd), in the partitions that may hold its rows: ${months}.
-- Writes: Parquet files into the new, empty folder ${location}; no table points there yet. Sorted within each file, so
--         that it compresses well and a reader who filters skips row groups.
-- Safe to run twice: UNLOAD refuses a folder that holds data, and nobody reads the folder before it is published.
UNLOAD (
    SELECT
        event_type,
        repo_id,
        repo_name,
        COUNT(*) AS events_count
    FROM github_events_silver
    WHERE ingest_dt = CAST(? AS date)
        AND ${months}
    GROUP BY
        event_type,
        repo_id,
        repo_name
    ORDER BY
        event_type,
        repo_name
)
TO '${location}'
WITH (
    format = 'PARQUET',
    compression = 'ZSTD'
)
