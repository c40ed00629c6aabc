-- Which answered calls have no recording?
-- By vendor. Where the vendor does not say whether it recorded, that is not the same as no.
SELECT
    vendor,
    count(*) AS answered,
    count(CASE WHEN is_recorded THEN 1 END) AS recorded,
    count(CASE WHEN NOT is_recorded THEN 1 END) AS not_recorded,
    count(CASE WHEN is_recorded IS NULL THEN 1 END) AS not_said
FROM {{ ref('stg_call_records') }}
WHERE disposition = 'answered'
GROUP BY vendor
ORDER BY vendor
