-- Reads:  github_events_gold_daily_audit, a table over the folder just written; github_events_silver, the day `?`.
-- Writes: nothing. Returns the rows and events in the folder and the events Silver holds now.
-- Safe to run twice: it only reads.
SELECT
    written.rows_count,
    written.events_count,
    silver.events_count AS silver_events_count
FROM (
    SELECT
        COUNT(*) AS rows_count,
        COALESCE(SUM(events_count), 0) AS events_count
    FROM github_events_gold_daily_audit
) AS written
CROSS JOIN (
    SELECT COUNT(*) AS events_count
    FROM github_events_silver
    WHERE ingest_dt = CAST(? AS date)
) AS silver
