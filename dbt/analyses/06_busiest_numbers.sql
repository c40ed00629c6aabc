-- Which of our numbers ring most, and how often are they answered?
-- The ten numbers with the most incoming calls.
SELECT
    coalesce(did_number, to_number_e164, to_number) AS number,
    count(*) AS calls,
    count(CASE WHEN disposition = 'answered' THEN 1 END) AS answered,
    round(100.0 * count(CASE WHEN disposition = 'answered' THEN 1 END) / count(*), 1) AS answered_percent
FROM {{ ref('stg_call_records') }}
WHERE direction = 'inbound' AND coalesce(did_number, to_number_e164, to_number) IS NOT NULL
GROUP BY 1
ORDER BY calls DESC, number
LIMIT 10
