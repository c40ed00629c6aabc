-- How many callers give up before we answer, and how long do they wait until they do?
-- Incoming calls by day. A caller who hangs up while it rings, or who leaves a queue, has given up.
SELECT
    CAST(started_at AS DATE) AS day,
    count(*) AS calls,
    count(*) FILTER (WHERE disposition IN ('abandoned', 'canceled')) AS abandoned,
    round(100.0 * count(*) FILTER (WHERE disposition IN ('abandoned', 'canceled')) / count(*), 1) AS abandoned_percent,
    round(avg(coalesce(ring_seconds, duration_seconds)) FILTER (WHERE disposition IN ('abandoned', 'canceled')), 1)
        AS average_wait_seconds
FROM call_records
WHERE direction = 'inbound' AND started_at IS NOT NULL
GROUP BY 1
ORDER BY 1
