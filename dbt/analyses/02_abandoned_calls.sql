-- How many callers give up before we answer, and how long do they wait until they do?
-- Incoming calls by day. A caller who hangs up while it rings, or who leaves a queue, has given up.
SELECT
    CAST(started_at AS DATE) AS day,
    count(*) AS calls,
    count(CASE WHEN disposition IN ('abandoned', 'canceled') THEN 1 END) AS abandoned,
    round(100.0 * count(CASE WHEN disposition IN ('abandoned', 'canceled') THEN 1 END) / count(*), 1) AS abandoned_percent,
    round(avg(CASE WHEN disposition IN ('abandoned', 'canceled') THEN coalesce(ring_seconds, duration_seconds) END), 1)
        AS average_wait_seconds
FROM {{ ref('stg_call_records') }}
WHERE direction = 'inbound' AND started_at IS NOT NULL
GROUP BY 1
ORDER BY 1
