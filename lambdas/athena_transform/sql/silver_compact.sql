-- Reads:  the given files of one month of github_events_silver.
-- Writes: Parquet files, sorted by event id, into the new, empty folder given; no table points there yet.
-- Safe to run twice: UNLOAD refuses a folder that holds data, and nobody reads the folder before it is published.
UNLOAD (
    SELECT
        event_id,
        event_type,
        created_at,
        event_date,
        repo_id,
        repo_name,
        actor_id,
        actor_login,
        is_bot,
        org_login,
        action,
        ref,
        ref_type,
        push_size,
        number,
        ingest_dt,
        bronze_path
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
