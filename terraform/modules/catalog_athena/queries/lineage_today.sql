-- Where today's most frequent numbers of Gold come from. Reads the last months of github_events_silver, writes nothing.
SELECT event_type, repo_name, bronze_path, "$path" AS silver_path, COUNT(*) AS events
FROM github_events_silver
WHERE ingest_dt = CURRENT_DATE
    AND year || '-' || month >= date_format(CURRENT_DATE - INTERVAL '7' DAY, '%Y-%m')
GROUP BY event_type, repo_name, bronze_path, "$path"
ORDER BY events DESC
LIMIT 100
