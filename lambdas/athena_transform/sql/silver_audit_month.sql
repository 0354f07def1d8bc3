-- Reads:  github_events_silver_audit, a table over the folder just written; a month of github_events_silver.
-- Writes: nothing. Returns what the folder and the month hold: rows, ids, smallest id, largest id.
-- Safe to run twice: it only reads.
SELECT
    written.rows_count,
    written.ids_count,
    written.first_id,
    written.last_id,
    live.rows_count AS live_rows_count,
    live.ids_count AS live_ids_count,
    live.first_id AS live_first_id,
    live.last_id AS live_last_id
FROM (
    SELECT
        COUNT(*) AS rows_count,
        COUNT(DISTINCT event_id) AS ids_count,
        MIN(event_id) AS first_id,
        MAX(event_id) AS last_id
    FROM github_events_silver_audit
) AS written
CROSS JOIN (
    SELECT
        COUNT(*) AS rows_count,
        COUNT(DISTINCT event_id) AS ids_count,
        MIN(event_id) AS first_id,
        MAX(event_id) AS last_id
    FROM github_events_silver
    WHERE ${months}
) AS live
