-- Reads:  id and created_at in the given objects of github_events_bronze, days `?` to `?` (yyyy-MM-dd).
-- Writes: nothing. Returns the smallest and the largest id, as text, and the months (yyyy-MM) of created_at.
-- Safe to run twice: it only reads. Needed for objects whose metadata does not say it.
SELECT
    MIN(id) AS first_id,
    MAX(id) AS last_id,
    array_join(array_agg(DISTINCT substr(created_at, 1, 7)), ',') AS months
FROM github_events_bronze
WHERE ingest_dt BETWEEN ? AND ?
    AND "$path" IN (
${objects}
)
    AND id IS NOT NULL
    AND created_at IS NOT NULL
