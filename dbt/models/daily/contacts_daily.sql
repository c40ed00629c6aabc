{{ config(materialized='incremental', unique_key=['day', 'contact_number'], pre_hook="{{ calls.forget_changed_days() }}") }}
{#- What a number outside had to do with us on a day, over all vendors. -#}

with days as (
    {{ days_to_count() }}
),

contacts as (
    select
        days.day,
        days.day_version,
        calls.*,
        max(case when calls.direction = 'outbound' then calls.started_at end)
            over (partition by calls.call_day, calls.contact_number) as last_called_at
    from {{ ref('calls') }} as calls
    inner join days on days.day = calls.call_day
    where calls.contact_number is not null and calls.direction in ('inbound', 'outbound')
)

select
    day,
    contact_number,
    max(contact_country) as contact_country,
    cast(count(*) as {{ dbt.type_bigint() }}) as calls,
    {{ count_if("direction = 'inbound'") }} as inbound,
    {{ count_if("direction = 'inbound' and is_answered") }} as inbound_answered,
    {{ count_if("direction = 'inbound' and disposition not in ('answered', 'unknown')") }} as missed,
    {{ count_if("direction = 'inbound' and disposition not in ('answered', 'unknown') and last_called_at >= started_at") }}
        as missed_and_called_back,
    {{ count_if("direction = 'outbound'") }} as outbound,
    {{ count_if("direction = 'outbound' and is_answered") }} as outbound_answered,
    {{ sum_of('talk_seconds') }} as talk_seconds,
    min(started_at) as first_call_at,
    max(started_at) as last_call_at,
    min(day_version) as day_version
from contacts
group by day, contact_number
