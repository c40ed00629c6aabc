-- How fast do we pick up?
-- Answered incoming calls by how long they rang; the last column counts everything up to there.
WITH answered AS (
    SELECT
        CASE
            WHEN ring_seconds < 5 THEN 1
            WHEN ring_seconds < 10 THEN 2
            WHEN ring_seconds < 20 THEN 3
            WHEN ring_seconds < 30 THEN 4
            WHEN ring_seconds < 60 THEN 5
            ELSE 6
        END AS step
    FROM {{ ref('stg_call_records') }}
    WHERE direction = 'inbound' AND disposition = 'answered' AND ring_seconds IS NOT NULL
)

SELECT
    CASE step
        WHEN 1 THEN 'under 5 s'
        WHEN 2 THEN '5 to 9 s'
        WHEN 3 THEN '10 to 19 s'
        WHEN 4 THEN '20 to 29 s'
        WHEN 5 THEN '30 to 59 s'
        ELSE '1 minute and more'
    END AS rang,
    count(*) AS calls,
    round(100.0 * sum(count(*)) OVER (ORDER BY step) / sum(count(*)) OVER (), 1) AS answered_by_then_percent
FROM answered
GROUP BY step
ORDER BY step
