{{ config(materialized='incremental', unique_key='leg_key') }}
{#-
    Legs that are linked, directly or over others, share a chain: it has the least of their keys. In each round a leg
    takes the least chain of its neighbours, so that twelve rounds unite thirteen legs in a row. What more than fifty
    legs point at is no leg but a vendor's word for "none", and links nothing.
-#}
{%- set rounds = 12 -%}

with crowded as (
    select other_key from {{ ref('call_links') }} group by other_key having count(*) > 50
),

{% if is_incremental() -%}
ends as (
    select leg_key from {{ ref('call_links') }} where {{ is_news('updated_at') }}
    union distinct
    select other_key as leg_key from {{ ref('call_links') }} where {{ is_news('updated_at') }}
),

legs_to_chain as (
    select leg_key from ends
    union distinct
    select leg_key from {{ this }}
    where chain_key in (
        select known.chain_key from {{ this }} as known where known.leg_key in (select leg_key from ends)
    )
),

{% endif -%}
links as (
    select leg_key, other_key from {{ ref('call_links') }}
    where other_key not in (select other_key from crowded)
    {% if is_incremental() %}and leg_key in (select leg_key from legs_to_chain){% endif %}
),

both_ways as (
    select leg_key, other_key from links
    union distinct
    select other_key as leg_key, leg_key as other_key from links
    union distinct
    select leg_key, leg_key as other_key from links
    union distinct
    select other_key as leg_key, other_key from links
),

round_0 as (
    select distinct leg_key, leg_key as chain_key from both_ways
),
{% for number in range(1, rounds + 1) %}
round_{{ number }} as (
    select both_ways.leg_key, min(last_round.chain_key) as chain_key
    from both_ways
    inner join round_{{ number - 1 }} as last_round on last_round.leg_key = both_ways.other_key
    group by both_ways.leg_key
)
{%- if not loop.last %},
{% endif %}
{%- endfor %}

select
    leg_key,
    chain_key,
    {{ this_run() }} as updated_at
from round_{{ rounds }}
