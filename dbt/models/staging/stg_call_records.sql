{{ config(materialized='incremental', unique_key='record_id') }}
{#- Every vendor's rows under one another; of two emissions of a row, the newest. -#}
{%- set tables = call_tables() -%}

with {% if is_incremental() -%}
newest as (
    select source_schema, max(emitted_at) as emitted_at from {{ this }} group by source_schema
),

{% endif -%}
-- What is to be taken, by its key alone: whole rows are large, and no table of them is kept in memory.
ids as (
    select emitted.record_id, emitted.emitted_at
    from (
        {{ every_row(tables, {'record_id': 'text'}) }}
    ) as emitted
    {% if is_incremental() -%}
    left join newest on newest.source_schema = emitted.source_schema
    left join {{ this }} as known on known.record_id = emitted.record_id
    where
        (
            newest.emitted_at is null
            or {{ seconds_between('emitted.emitted_at', 'newest.emitted_at') }} <= {{ var('calls_reread_days') * 86400 }}
        )
        and (known.record_id is null or known.emitted_at < emitted.emitted_at)
    {%- endif %}
),

repeated as (
    select record_id from ids group by record_id having count(*) > 1
),

-- Most rows are there once. Only the others are put in an order.
single as (
    select emitted.*, 1 as place
    from (
        {{ every_row(tables, canonical_columns()) }}
    ) as emitted
    {% if is_incremental() -%}
    inner join ids on ids.record_id = emitted.record_id and ids.emitted_at = emitted.emitted_at
    {% endif -%}
    left join repeated on repeated.record_id = emitted.record_id
    where repeated.record_id is null

    union all

    select
        emitted.*,
        row_number() over (
            partition by emitted.record_id order by emitted.emitted_at desc, emitted.source_schema
        ) as place
    from (
        {{ every_row(tables, canonical_columns()) }}
    ) as emitted
    {% if is_incremental() -%}
    inner join ids on ids.record_id = emitted.record_id and ids.emitted_at = emitted.emitted_at
    {% endif -%}
    where emitted.record_id in (select record_id from repeated)
)

select
    {%- for name in canonical_columns() %}
    {{ named(name) }},
    {%- endfor %}
    emitted_at,
    source_schema,
    case
        when call_group_id is not null then {{ leg_key('g', 'call_group_id') }}
        when sip_call_id is not null then {{ leg_key('s', 'sip_call_id') }}
        else {{ leg_key('r', 'record_id') }}
    end as leg_key,
    {{ this_run() }} as updated_at
from single
where place = 1
