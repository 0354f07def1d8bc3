-- Reads:  ingest_dt of github_events_silver; ingest_dt and events_count of github_events_gold_daily.
-- Writes: nothing. Returns the days whose Silver row count differs from Gold's sum, with Silver's count. Long after a
--         day, fewer rows in Silver mean that its files are expiring, and Gold keeps the whole day.
-- Safe to run twice: it only reads. Silver keeps one row per event id, so equal counts mean an up-to-date day.
SELECT
    CAST(silver.ingest_dt AS varchar) AS ingest_dt,
    silver.events_count
FROM (
    SELECT
        ingest_dt,
        COUNT(*) AS events_count
    FROM github_events_silver
    GROUP BY ingest_dt
) AS silver
LEFT JOIN (
    SELECT
        ingest_dt,
        SUM(events_count) AS events_count
    FROM github_events_gold_daily
    GROUP BY ingest_dt
) AS gold
    ON gold.ingest_dt = silver.ingest_dt
WHERE gold.events_count IS NULL
    OR silver.events_count > gold.events_count
    OR (
        silver.events_count < gold.events_count
        AND silver.ingest_dt > CURRENT_DATE - INTERVAL '30' DAY
    )
ORDER BY ingest_dt
