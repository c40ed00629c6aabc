-- How long do we talk on average, and how many hours in all?
-- Answered calls by direction, of the vendors that say how long was talked.
SELECT
    direction,
    count(*) AS calls,
    round(avg(talk_seconds), 1) AS average_talk_seconds,
    round(sum(talk_seconds) / 3600.0, 1) AS talk_hours
FROM {{ ref('stg_call_records') }}
WHERE disposition = 'answered' AND talk_seconds IS NOT NULL
GROUP BY direction
ORDER BY direction
