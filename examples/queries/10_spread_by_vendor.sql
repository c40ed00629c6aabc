-- How are our calls spread over the vendors?
-- Calls by vendor and direction. Talk hours are null where the vendor does not say how long was talked.
SELECT
    vendor,
    count(*) AS calls,
    count(*) FILTER (WHERE direction = 'inbound') AS inbound,
    count(*) FILTER (WHERE direction = 'outbound') AS outbound,
    count(*) FILTER (WHERE direction = 'internal') AS internal,
    count(*) FILTER (WHERE direction NOT IN ('inbound', 'outbound', 'internal')) AS other,
    round(100.0 * count(*) FILTER (WHERE disposition = 'answered') / count(*), 1) AS answered_percent,
    round(sum(talk_seconds) / 3600.0, 1) AS talk_hours
FROM call_records
GROUP BY vendor
ORDER BY vendor
