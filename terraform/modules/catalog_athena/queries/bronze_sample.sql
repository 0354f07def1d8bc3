-- Ten raw events, as GitHub sent them. Reads as many files of github_events_bronze as it takes, writes nothing.
SELECT *
FROM github_events_bronze
LIMIT 10
