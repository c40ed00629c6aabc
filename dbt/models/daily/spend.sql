{{ config(materialized='incremental', unique_key=['day', 'vendor', 'account_id', 'direction', 'country', 'currency'], pre_hook="{{ calls.forget_changed_days() }}") }}
{#- Charges by country and vendor. A vendor that states an amount without its currency is not added to any other. -#}

with days as (
    {{ days_to_count() }}
),

charged as (
    select
        days.day,
        days.day_version,
        call_legs.vendor,
        coalesce(call_legs.account_id, 'not said') as account_id,
        call_legs.direction,
        coalesce(call_legs.contact_country, 'not known') as country,
        coalesce(call_legs.charge_currency, 'not said') as currency,
        call_legs.charge,
        call_legs.billed_seconds
    from {{ ref('call_legs') }} as call_legs
    inner join days on days.day = call_legs.call_day
    where call_legs.charge is not null
)

select
    day,
    vendor,
    account_id,
    direction,
    country,
    currency,
    cast(count(*) as {{ dbt.type_bigint() }}) as legs,
    cast(sum(charge) as {{ type_exact() }}) as charge,
    {{ sum_of('billed_seconds') }} as billed_seconds,
    min(day_version) as day_version
from charged
group by day, vendor, account_id, direction, country, currency
