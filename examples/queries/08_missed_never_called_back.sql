-- Who called us, was missed, and was never called back?
-- Callers whose missed calls are later than our last call to them, over all vendors; the fifteen who tried most.
WITH called AS (
    SELECT
        to_number_e164 AS number,
        max(started_at) AS last_called_at
    FROM call_records
    WHERE direction = 'outbound'
    GROUP BY 1
)

SELECT
    missed.from_number_e164 AS number,
    count(*) AS missed_calls,
    max(missed.started_at) AS last_missed_at
FROM call_records AS missed
LEFT JOIN called ON called.number = missed.from_number_e164
WHERE
    missed.direction = 'inbound'
    AND missed.disposition NOT IN ('answered', 'unknown')
    AND missed.from_number_e164 IS NOT NULL
    AND missed.started_at IS NOT NULL
    AND (called.last_called_at IS NULL OR called.last_called_at < missed.started_at)
GROUP BY 1
ORDER BY missed_calls DESC, last_missed_at DESC, number
LIMIT 15
