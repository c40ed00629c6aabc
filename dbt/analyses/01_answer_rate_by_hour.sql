-- At which hours of the day do we answer the phone, and at which do we not?
-- Incoming calls by the hour in which they began. Hours are those of the session's time zone.
SELECT
    CAST(EXTRACT(HOUR FROM started_at) AS INTEGER) AS hour,
    count(*) AS calls,
    count(CASE WHEN disposition = 'answered' THEN 1 END) AS answered,
    round(100.0 * count(CASE WHEN disposition = 'answered' THEN 1 END) / count(*), 1) AS answered_percent
FROM {{ ref('stg_call_records') }}
WHERE direction = 'inbound' AND started_at IS NOT NULL
GROUP BY 1
ORDER BY 1
