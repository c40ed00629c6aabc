{{ config(materialized='incremental', unique_key=['day', 'vendor', 'account_id', 'our_number'], pre_hook="{{ calls.forget_changed_days() }}") }}
{#- Our own numbers: what was offered to each, and how it was served. -#}

with days as (
    {{ days_to_count() }}
),

offered as (
    select
        days.day,
        days.day_version,
        calls.vendor,
        coalesce(calls.account_id, 'not said') as account_id,
        coalesce(calls.our_number, 'not said') as our_number,
        calls.is_answered,
        calls.disposition,
        calls.wait_seconds,
        calls.is_within_service_level,
        calls.talk_seconds
    from {{ ref('calls') }} as calls
    inner join days on days.day = calls.call_day
    where calls.direction = 'inbound'
)

select
    day,
    vendor,
    account_id,
    our_number,
    cast(count(*) as {{ dbt.type_bigint() }}) as offered,
    {{ count_if('is_answered') }} as answered,
    {{ count_if("disposition in ('abandoned', 'canceled')") }} as abandoned,
    {{ count_if('is_within_service_level') }} as answered_within_service_level,
    {{ share(count_if('is_within_service_level'), 'count(*)') }} as service_level_percent,
    {{ count_if('is_answered and wait_seconds is not null') }} as answered_with_wait_said,
    {{ sum_of('case when is_answered then wait_seconds end') }} as answer_wait_seconds,
    cast(avg(case when is_answered then wait_seconds end) as {{ type_exact() }}) as average_speed_of_answer_seconds,
    {{ sum_of('talk_seconds') }} as talk_seconds,
    min(day_version) as day_version
from offered
group by day, vendor, account_id, our_number
