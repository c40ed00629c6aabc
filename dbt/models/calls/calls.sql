{{ config(
    materialized='incremental',
    unique_key='call_id',
    pre_hook="{{ calls.forget_calls_that_were_joined() }}",
) }}
{#- A row a call, as a person means it: a caller who is put through twice has made one call. -#}
{%- set and_changed -%}
    {%- if is_incremental() -%}
    and call_id in (select call_id from {{ ref('call_legs') }} where {{ is_news('updated_at') }})
    {%- endif -%}
{%- endset %}

-- Which leg says what. Calls of one leg, nearly all, need no order and no group: they follow below.
with legs_of_some as (
    select
        call_legs.*,
        case when disposition = 'answered' then leg_number end as answered_leg,
        case when disposition = 'answered' and answered_by is not null then leg_number end as named_leg,
        case when disposition <> 'unknown' then leg_number end as told_leg,
        case
            when direction in ('inbound', 'outbound', 'transit') then leg_number
            when direction = 'internal' then leg_number + 1000000
            else leg_number + 2000000
        end as direction_rank
    from {{ ref('call_legs') }} as call_legs
    where legs > 1 {{ and_changed }}
),

marked as (
    select
        legs_of_some.*,
        min(answered_leg) over (partition by call_id) as first_answered_leg,
        min(named_leg) over (partition by call_id) as first_named_leg,
        max(named_leg) over (partition by call_id) as last_named_leg,
        max(told_leg) over (partition by call_id) as last_told_leg,
        min(direction_rank) over (partition by call_id) as leading_leg
    from legs_of_some
),

united as (
    select
        call_id,
        min(vendor) as vendor,
        min(account_id) as account_id,
        min(call_day) as call_day,
        min(call_began_at) as started_at,
        min(ringing_at) as first_ringing_at,
        min(case when disposition = 'answered' then answered_at end) as first_answered_at,
        max(ended_at) as ended_at,
        max(legs) as legs,
        {{ count_if("disposition = 'answered'") }} as answered_legs,
        {{ count_if("disposition = 'answered' and (own_talk_seconds > 0 or own_talk_seconds is null)") }} as talks,
        max(case when leading_leg = direction_rank then direction end) as direction,
        max(case when leading_leg = direction_rank then contact_number end) as contact_number,
        max(case when leading_leg = direction_rank then contact_country end) as contact_country,
        max(case when leading_leg = direction_rank then our_number end) as our_number,
        max(case when last_told_leg = leg_number then disposition end) as last_disposition,
        max(case when first_named_leg = leg_number then answered_by end) as answered_by,
        max(case when last_named_leg = leg_number then answered_by end) as last_answered_by,
        max(case when first_answered_leg = leg_number then ring_seconds end) as answered_ring_seconds,
        max(case when leg_number = 1 then duration_seconds end) as first_duration_seconds,
        sum(own_talk_seconds) as talk_seconds,
        max(case when is_queue_call then 1 when not is_queue_call then 0 end) as queued,
        max(case when is_recorded then 1 when not is_recorded then 0 end) as recorded,
        {{ count_if("issues <> '[]'") }} as legs_with_issues
    from marked
    group by call_id
),

alone as (
    select
        call_id,
        vendor,
        account_id,
        call_day,
        call_began_at as started_at,
        ringing_at as first_ringing_at,
        case when disposition = 'answered' then answered_at end as first_answered_at,
        ended_at,
        legs,
        case when disposition = 'answered' then 1 else 0 end as answered_legs,
        case when disposition = 'answered' then 1 else 0 end as talks,
        direction,
        contact_number,
        contact_country,
        our_number,
        disposition as last_disposition,
        case when disposition = 'answered' then answered_by end as answered_by,
        case when disposition = 'answered' then answered_by end as last_answered_by,
        ring_seconds as answered_ring_seconds,
        duration_seconds as first_duration_seconds,
        own_talk_seconds as talk_seconds,
        case when is_queue_call then 1 when not is_queue_call then 0 end as queued,
        case when is_recorded then 1 when not is_recorded then 0 end as recorded,
        case when issues <> '[]' then 1 else 0 end as legs_with_issues
    from {{ ref('call_legs') }} as call_legs
    where legs = 1 {{ and_changed }}
),

every_call as (
    select * from alone
    union all
    select * from united
),

timed as (
    select
        every_call.*,
        {{ local('started_at') }} as local_start,
        answered_legs > 0 as is_answered,
        case
            when answered_legs = 0
                then coalesce({{ seconds_between('started_at', 'ended_at') }}, first_duration_seconds)
            when legs = 1
                then coalesce(answered_ring_seconds, {{ seconds_between('started_at', 'first_answered_at') }})
            else coalesce({{ seconds_between('started_at', 'first_answered_at') }}, answered_ring_seconds)
        end as wait_seconds
    from every_call
),

clocked as (
    select
        timed.*,
        {{ weekday('cast(local_start as date)') }} as weekday,
        {{ hour('local_start') }} as hour,
        {{ hour('local_start') }} * 60 + cast(extract(minute from local_start) as {{ dbt.type_int() }}) as minute_of_day
    from timed
)

select
    call_id,
    vendor,
    account_id,
    call_day,
    cast(weekday as {{ dbt.type_bigint() }}) as weekday,
    cast(hour as {{ dbt.type_bigint() }}) as hour,
    {{ is_open('weekday', 'minute_of_day') }} as is_in_opening_hours,
    started_at,
    first_ringing_at,
    first_answered_at,
    ended_at,
    cast(legs as {{ dbt.type_bigint() }}) as legs,
    cast(case when talks > 1 then talks - 1 else 0 end as {{ dbt.type_bigint() }}) as transfers,
    direction,
    case when is_answered then 'answered' else coalesce(last_disposition, 'unknown') end as disposition,
    is_answered,
    answered_by,
    last_answered_by,
    contact_number,
    contact_country,
    our_number,
    cast(wait_seconds as {{ dbt.type_bigint() }}) as wait_seconds,
    case when is_answered then wait_seconds <= {{ var('calls_service_level_seconds') }} end as is_within_service_level,
    cast(talk_seconds as {{ dbt.type_bigint() }}) as talk_seconds,
    case queued when 1 then true when 0 then false end as is_queue_call,
    case recorded when 1 then true when 0 then false end as is_recorded,
    cast(legs_with_issues as {{ dbt.type_bigint() }}) as legs_with_issues,
    {{ this_run() }} as updated_at
from clocked
