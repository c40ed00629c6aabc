{{ config(materialized='incremental', unique_key=['day', 'vendor', 'account_id', 'agent'], pre_hook="{{ calls.forget_changed_days() }}") }}
{#- Who picked up incoming and internal calls. Who let it ring is not known, and not every vendor says who answered. -#}

with days as (
    {{ days_to_count() }}
),

legs_of_days as (
    select
        days.day,
        days.day_version,
        call_legs.vendor,
        coalesce(call_legs.account_id, 'not said') as account_id,
        coalesce(call_legs.answered_by, 'not said') as agent,
        call_legs.call_id,
        call_legs.leg_number,
        call_legs.ring_seconds,
        call_legs.own_talk_seconds
    from {{ ref('call_legs') }} as call_legs
    inner join days on days.day = call_legs.call_day
    where call_legs.disposition = 'answered' and call_legs.direction in ('inbound', 'internal')
)

select
    day,
    vendor,
    account_id,
    agent,
    cast(count(distinct call_id) as {{ dbt.type_bigint() }}) as calls,
    cast(count(*) as {{ dbt.type_bigint() }}) as legs,
    {{ count_if('leg_number > 1') }} as legs_put_through,
    {{ sum_of('ring_seconds') }} as ring_seconds,
    {{ sum_of('own_talk_seconds') }} as talk_seconds,
    {{ count_if('own_talk_seconds is not null') }} as legs_with_talk_said,
    min(day_version) as day_version
from legs_of_days
group by day, vendor, account_id, agent
