-- Quality rules that failed in the last seven days, newest first. Reads their folders of github_events_quality, writes nothing.
SELECT checked_at, ingest_day, table_name, rule, blocking, observed, maximum, run_id
FROM github_events_quality
WHERE run_dt >= date_format(CURRENT_DATE - INTERVAL '7' DAY, '%Y-%m-%d')
    AND NOT passed
ORDER BY checked_at DESC, ingest_day, rule
