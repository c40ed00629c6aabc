-- How many calls sounded bad, with a MOS below 3.5?
-- Calls with a measured mean opinion score (1 bad, 5 excellent), by day.
SELECT
    CAST(started_at AS DATE) AS day,
    count(*) AS measured,
    count(CASE WHEN mos < 3.5 THEN 1 END) AS below_3_5,
    round(100.0 * count(CASE WHEN mos < 3.5 THEN 1 END) / count(*), 1) AS below_3_5_percent,
    round(avg(mos), 2) AS average_mos,
    min(mos) AS worst_mos
FROM {{ ref('stg_call_records') }}
WHERE mos IS NOT NULL AND started_at IS NOT NULL
GROUP BY 1
ORDER BY 1
