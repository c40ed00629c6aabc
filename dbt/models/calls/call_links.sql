{{ config(materialized='incremental', unique_key=['leg_key', 'other_key']) }}
{#- What a leg says of others: the leg before it, the leg after it, the SIP dialogue that it is part of. -#}

with rows_read as (
    select * from {{ ref('stg_call_records') }}
    {% if is_incremental() %}where {{ is_news('updated_at') }}{% endif %}
),

said as (
    select leg_key, {{ leg_key('g', 'previous_leg_id') }} as other_key from rows_read where previous_leg_id is not null
    union distinct
    select leg_key, {{ leg_key('g', 'next_leg_id') }} as other_key from rows_read where next_leg_id is not null
    union distinct
    select leg_key, {{ leg_key('s', 'sip_call_id') }} as other_key from rows_read
    where sip_call_id is not null and call_group_id is not null
)

select
    leg_key,
    other_key,
    {{ this_run() }} as updated_at
from said
where leg_key <> other_key
