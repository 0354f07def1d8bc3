-- Reads:  github_events_silver, the day `?` (yyyy-MM-dd), in the partitions that may hold its rows: ${months}.
-- Writes: Parquet files into the new, empty folder ${location}; no table points there yet.
-- Safe to run twice: UNLOAD refuses a folder that holds data, and nobody reads the folder before it is published.
UNLOAD (
    SELECT
        date_trunc('hour', created_at) AS hour,
        event_type,
        is_bot,
        COUNT(*) AS events_count
    FROM github_events_silver
    WHERE ingest_dt = CAST(? AS date)
        AND ${months}
    GROUP BY
        date_trunc('hour', created_at),
        event_type,
        is_bot
    ORDER BY
        hour,
        event_type,
        is_bot
)
TO '${location}'
WITH (
    format = 'PARQUET',
    compression = 'ZSTD'
)
