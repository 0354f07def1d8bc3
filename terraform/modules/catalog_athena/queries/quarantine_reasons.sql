-- What was refused in the last seven days, and why. Reads their folders of github_events_quarantine, writes nothing.
SELECT ingest_dt, reason, COUNT(*) AS lines, SUM(raw_bytes) AS bytes, MIN(source) AS example_source
FROM github_events_quarantine
WHERE ingest_dt >= date_format(CURRENT_DATE - INTERVAL '7' DAY, '%Y-%m-%d')
GROUP BY ingest_dt, reason
ORDER BY ingest_dt DESC, lines DESC
