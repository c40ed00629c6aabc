{{ config(materialized='incremental', unique_key='record_id') }}
{#-
    A row a record, with its place in the call that it is a leg of. Legs of a chain belong to one call while no pause
    is longer than `calls_pause_minutes`: a vendor that uses an id again does not unite the calls of two days.
-#}

-- What decides on a leg's place, without the rest of its row: no table of whole rows is kept in memory.
with keys as (
    select
        records.record_id,
        coalesce(chains.chain_key, records.leg_key) as chain_key,
        coalesce(records.started_at, records.answered_at, records.ended_at) as begins_at,
        coalesce(records.ended_at, records.answered_at, records.started_at) as until_at,
        records.answered_at,
        records.ended_at,
        records.disposition,
        records.updated_at
    from {{ ref('stg_call_records') }} as records
    left join {{ ref('call_chains') }} as chains on chains.leg_key = records.leg_key
),

{% if is_incremental() -%}
touched as (
    select chain_key from keys where {{ is_news('updated_at') }}
    union distinct
    select chains.chain_key from {{ ref('call_chains') }} as chains where {{ is_news('chains.updated_at') }}
    union distinct
    -- A row that has come to another chain leaves legs behind.
    select here.chain_key
    from {{ this }} as here
    inner join {{ ref('stg_call_records') }} as records on records.record_id = here.record_id
    where {{ is_news('records.updated_at') }}
),

{% endif -%}
-- Most calls have one leg. Only the others are put in an order.
together as (
    select chain_key from keys
    {% if is_incremental() %}where chain_key in (select chain_key from touched){% endif %}
    group by chain_key
    having count(*) > 1
),

ordered as (
    select
        keys.*,
        row_number() over (
            partition by chain_key order by coalesce(begins_at, {{ moment('1970-01-01 00:00:00+00:00') }}), record_id
        ) as place
    from keys
    where chain_key in (select chain_key from together)
),

paused as (
    select
        ordered.*,
        max(until_at) over (
            partition by chain_key order by place rows between unbounded preceding and 1 preceding
        ) as until_before
    from ordered
),

parted as (
    select
        paused.*,
        sum(case when {{ seconds_between('until_before', 'begins_at') }} > {{ var('calls_pause_minutes') * 60 }} then 1 else 0 end)
            over (partition by chain_key order by place rows between unbounded preceding and current row) as part
    from paused
),

placed as (
    select
        parted.*,
        cast(row_number() over (partition by chain_key, part order by place) as {{ dbt.type_bigint() }}) as leg_number,
        cast(count(*) over (partition by chain_key, part) as {{ dbt.type_bigint() }}) as legs,
        first_value(record_id) over (
            partition by chain_key, part order by place rows between unbounded preceding and current row
        ) as call_id,
        lag(record_id) over (partition by chain_key, part order by place) as previous_record_id,
        lead(record_id) over (partition by chain_key, part order by place) as next_record_id,
        min(begins_at) over (partition by chain_key, part) as call_began_at,
        max(case when disposition = 'answered' then ended_at end) over (
            partition by chain_key, part order by place rows between unbounded preceding and 1 preceding
        ) as talked_until
    from parted
),

every_leg as (
    select
        records.*,
        coalesce(chains.chain_key, records.leg_key) as chain_key,
        coalesce(records.started_at, records.answered_at, records.ended_at) as begins_at,
        {% for side in ['from', 'to'] -%}
        coalesce(
            records.{{ side }}_number_e164 in {{ text_list(var('calls_internal_numbers')) }}
            or records.{{ side }}_number in {{ text_list(var('calls_internal_numbers')) }}, false
        ) as is_{{ side }}_us{% if not loop.last %},{% endif %}
        {% endfor %}
    from {{ ref('stg_call_records') }} as records
    left join {{ ref('call_chains') }} as chains on chains.leg_key = records.leg_key
),

joined as (
    select
        every_leg.*,
        coalesce(placed.call_id, every_leg.record_id) as call_id,
        coalesce(placed.leg_number, 1) as leg_number,
        coalesce(placed.legs, 1) as legs_of_call,
        placed.previous_record_id,
        placed.next_record_id,
        coalesce(placed.call_began_at, every_leg.begins_at) as call_began_at,
        case
            when every_leg.disposition <> 'answered' then 0
            when placed.talked_until > every_leg.answered_at and placed.talked_until >= every_leg.ended_at then 0
            when placed.talked_until > every_leg.answered_at then {{ seconds_between('placed.talked_until', 'every_leg.ended_at') }}
            else every_leg.talk_seconds
        end as own_talk_seconds,
        case
            when every_leg.direction = 'inbound' and every_leg.is_from_us then 'internal'
            when every_leg.direction = 'outbound' and every_leg.is_to_us then 'internal'
            else every_leg.direction
        end as said_direction
    from every_leg
    left join placed on placed.record_id = every_leg.record_id
    {% if is_incremental() %}where every_leg.chain_key in (select chain_key from touched){% endif %}
)

select
    record_id,
    call_id,
    chain_key,
    vendor,
    account_id,
    leg_number,
    legs_of_call as legs,
    previous_record_id,
    next_record_id,
    coalesce(cast({{ local('call_began_at') }} as date), cast('1970-01-01' as date)) as call_day,
    call_began_at,
    started_at,
    ringing_at,
    answered_at,
    ended_at,
    duration_seconds,
    ring_seconds,
    talk_seconds,
    own_talk_seconds,
    billed_seconds,
    said_direction as direction,
    disposition,
    hangup_party,
    case
        when said_direction in ('inbound', 'transit') and from_number_kind in ('e164', 'unparsed', 'sip_uri')
            then coalesce(from_number_e164, from_number)
        when said_direction = 'outbound' and to_number_kind in ('e164', 'unparsed', 'sip_uri')
            then coalesce(to_number_e164, to_number)
    end as contact_number,
    case
        when said_direction in ('inbound', 'transit') then from_country
        when said_direction = 'outbound' then to_country
    end as contact_country,
    case
        when said_direction = 'inbound' and did_number = to_number then coalesce(to_number_e164, did_number)
        when said_direction = 'inbound' then coalesce(did_number, to_number_e164, to_number)
        when said_direction = 'outbound' and presented_number = from_number
            then coalesce(from_number_e164, presented_number)
        when said_direction = 'outbound' then coalesce(presented_number, from_number_e164, from_number)
    end as our_number,
    answered_by,
    forwarded_to,
    is_queue_call,
    is_recorded,
    cast(charge_amount as {{ type_exact() }}) as charge,
    charge_currency,
    issues,
    emitted_at,
    {{ this_run() }} as updated_at
from joined
