-- Today's ten busiest repositories. Reads one partition of github_events_gold_daily, writes nothing.
SELECT repo_name, SUM(events_count) AS activity
FROM github_events_gold_daily
WHERE ingest_dt = CURRENT_DATE
GROUP BY repo_name
ORDER BY activity DESC
LIMIT 10
