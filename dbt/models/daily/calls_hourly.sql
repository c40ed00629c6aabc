{{ config(materialized='incremental', unique_key=['day', 'hour', 'vendor', 'account_id'], pre_hook="{{ calls.forget_changed_days() }}") }}
{#- Calls by the hour in which they began. Calls that tell no time have no hour. -#}

with days as (
    {{ days_to_count() }}
)

select
    days.day,
    calls.hour,
    calls.vendor,
    coalesce(calls.account_id, 'not said') as account_id,
    min(calls.weekday) as weekday,
    cast(count(*) as {{ dbt.type_bigint() }}) as calls,
    {{ count_if("calls.direction = 'inbound'") }} as inbound,
    {{ count_if("calls.direction = 'inbound' and calls.is_answered") }} as inbound_answered,
    {{ count_if("calls.direction = 'inbound' and calls.disposition in ('abandoned', 'canceled')") }} as inbound_abandoned,
    {{ count_if("calls.direction = 'outbound'") }} as outbound,
    {{ sum_of('calls.talk_seconds') }} as talk_seconds,
    min(days.day_version) as day_version
from {{ ref('calls') }} as calls
inner join days on days.day = calls.call_day
where calls.hour is not null
group by days.day, calls.hour, calls.vendor, coalesce(calls.account_id, 'not said')
