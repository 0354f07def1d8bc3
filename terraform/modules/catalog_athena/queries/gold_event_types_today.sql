-- Today's ten most frequent event types. Reads one partition of github_events_gold_daily, writes nothing.
SELECT event_type, SUM(events_count) AS total
FROM github_events_gold_daily
WHERE ingest_dt = CURRENT_DATE
GROUP BY event_type
ORDER BY total DESC
LIMIT 10
