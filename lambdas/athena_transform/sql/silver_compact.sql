-- Reads:  the given files of one month of github_events_silver, with all columns that the table has.
-- Writes: Parquet files, sorted by event id, into the new, empty folder given; no table points there yet.
-- Safe to run twice: UNLOAD refuses a folder that holds data, and nobody reads the folder before it is published.
UNLOAD (
    SELECT
        ${columns}
    FROM github_events_silver
    WHERE ${months}
        AND "$path" IN (
${objects}
)
    ORDER BY event_id
)
TO '${location}'
WITH (
    format = 'PARQUET',
    compression = 'ZSTD'
)
