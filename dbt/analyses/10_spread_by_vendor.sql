-- How are our calls spread over the vendors?
-- Calls by vendor and direction. Talk hours are null where the vendor does not say how long was talked.
SELECT
    vendor,
    count(*) AS calls,
    count(CASE WHEN direction = 'inbound' THEN 1 END) AS inbound,
    count(CASE WHEN direction = 'outbound' THEN 1 END) AS outbound,
    count(CASE WHEN direction = 'internal' THEN 1 END) AS internal,
    count(CASE WHEN direction NOT IN ('inbound', 'outbound', 'internal') THEN 1 END) AS other,
    round(100.0 * count(CASE WHEN disposition = 'answered' THEN 1 END) / count(*), 1) AS answered_percent,
    round(sum(talk_seconds) / 3600.0, 1) AS talk_hours
FROM {{ ref('stg_call_records') }}
GROUP BY vendor
ORDER BY vendor
