-- Reads:  the given objects of github_events_bronze, days `?` to `?` (yyyy-MM-dd, both included); event_id of the
--         rows of github_events_silver that could hold one of their ids.
-- Writes: github_events_silver, one row for each event id that is not there yet; the earliest ingest_dt wins.
-- Safe to run twice: the second run finds every id in Silver and inserts nothing.
INSERT INTO github_events_silver (
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
    bronze_path,
    year,
    month
)
SELECT
    event.event_id,
    event.event_type,
    event.created_at,
    CAST(event.created_at AS date) AS event_date,
    event.repo_id,
    event.repo_name,
    event.actor_id,
    event.actor_login,
    event.actor_login LIKE '%[bot]' AS is_bot,
    event.org_login,
    event.action,
    event.ref,
    event.ref_type,
    event.push_size,
    event.number,
    event.ingest_dt,
    event.bronze_path,
    date_format(event.created_at, '%Y') AS year,
    date_format(event.created_at, '%m') AS month
FROM (
    SELECT
        id AS event_id,
        type AS event_type,
        CAST(from_iso8601_timestamp(created_at) AT TIME ZONE 'UTC' AS timestamp) AS created_at,
        repo.id AS repo_id,
        repo.name AS repo_name,
        actor.id AS actor_id,
        actor.login AS actor_login,
        org.login AS org_login,
        payload.action AS action,
        payload.ref AS ref,
        payload.ref_type AS ref_type,
        payload.size AS push_size,
        payload.number AS number,
        CAST(ingest_dt AS date) AS ingest_dt,
        "$path" AS bronze_path,
        row_number() OVER (PARTITION BY id ORDER BY ingest_dt, "$path") AS occurrence
    FROM github_events_bronze
    WHERE ingest_dt BETWEEN ? AND ?
        AND "$path" IN (
${objects}
)
        AND id IS NOT NULL
        AND created_at IS NOT NULL
) AS event
LEFT JOIN (
    SELECT event_id
    FROM github_events_silver
    WHERE ${known}
) AS known
    ON known.event_id = event.event_id
WHERE event.occurrence = 1
    AND known.event_id IS NULL
