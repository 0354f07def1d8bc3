-- Events per day and type over the last seven days. Reads their partitions of github_events_gold_daily, writes nothing.
SELECT ingest_dt, event_type, SUM(events_count) AS total
FROM github_events_gold_daily
WHERE ingest_dt >= CURRENT_DATE - INTERVAL '7' DAY
GROUP BY ingest_dt, event_type
ORDER BY ingest_dt DESC, total DESC
