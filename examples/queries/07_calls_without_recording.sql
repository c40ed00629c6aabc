-- Which answered calls have no recording?
-- By vendor. Where the vendor does not say whether it recorded, that is not the same as no.
SELECT
    vendor,
    count(*) AS answered,
    count(*) FILTER (WHERE is_recorded) AS recorded,
    count(*) FILTER (WHERE NOT is_recorded) AS not_recorded,
    count(*) FILTER (WHERE is_recorded IS NULL) AS not_said
FROM call_records
WHERE disposition = 'answered'
GROUP BY vendor
ORDER BY vendor
