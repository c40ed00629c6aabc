-- Which countries do we spend our call charges on?
-- Outgoing calls that have a charge, in the currency that the vendor says. Amounts are exact decimals.
SELECT
    coalesce(to_country, 'not known') AS country,
    coalesce(charge_currency, 'not said') AS currency,
    count(*) AS calls,
    sum(CAST(charge_amount AS {{ type_exact() }})) AS cost
FROM {{ ref('stg_call_records') }}
WHERE direction = 'outbound' AND charge_amount IS NOT NULL
GROUP BY 1, 2
ORDER BY cost DESC, country, currency
