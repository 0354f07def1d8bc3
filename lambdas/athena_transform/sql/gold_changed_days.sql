-- Reads:  ingest_dt and the partitions of github_events_silver; ingest_dt and events_count of github_events_gold_daily
--         and github_events_gold_hourly. All of them: only for a run that is asked to reconcile.
-- Writes: nothing. Returns the days whose Silver row count differs from a sum in Gold, with the months (yyyy-MM, joined
--         by commas) that hold their rows. Long after a day, fewer rows in Silver mean that its files are expiring, and
--         Gold keeps the whole day.
-- Safe to run twice: it only reads.
SELECT
    CAST(silver.ingest_dt AS varchar) AS ingest_dt,
    silver.months
FROM (
    SELECT
        ingest_dt,
        COUNT(*) AS events_count,
        array_join(array_sort(array_agg(DISTINCT year || '-' || month)), ',') AS months
    FROM github_events_silver
    GROUP BY ingest_dt
) AS silver
LEFT JOIN (
    SELECT
        ingest_dt,
        SUM(events_count) AS events_count
    FROM github_events_gold_daily
    GROUP BY ingest_dt
) AS daily
    ON daily.ingest_dt = silver.ingest_dt
LEFT JOIN (
    SELECT
        ingest_dt,
        SUM(events_count) AS events_count
    FROM github_events_gold_hourly
    GROUP BY ingest_dt
) AS hourly
    ON hourly.ingest_dt = silver.ingest_dt
WHERE daily.events_count IS NULL
    OR hourly.events_count IS NULL
    OR silver.events_count > LEAST(daily.events_count, hourly.events_count)
    OR (
        silver.events_count < GREATEST(daily.events_count, hourly.events_count)
        AND silver.ingest_dt > CURRENT_DATE - INTERVAL '30' DAY
    )
ORDER BY ingest_dt
