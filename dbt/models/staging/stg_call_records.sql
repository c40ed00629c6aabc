{{ config(materialized='incremental', unique_key='record_id') }}
{#- Every vendor's rows under one another; of two emissions of a row, the newest. -#}
{%- set tables = call_tables() -%}

with {% if is_incremental() %}newest as (
    select source_schema, max(emitted_at) as emitted_at from {{ this }} group by source_schema
),

{% endif %}emitted as (
    {% for table in tables %}
    select
        {{ canonical_row(table) }}
    from {{ table }}
    {% if not loop.last %}union all{% endif %}
    {%- else %}
    {#- While dbt reads the project it knows no table yet. -#}
    select * from {{ this }}
    {%- endfor %}
),

read as (
    select emitted.*
    from emitted
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

-- Most rows are there once. Only the others are put in an order, which takes memory.
repeated as (
    select record_id from read group by record_id having count(*) > 1
),

numbered as (
    select
        read.*,
        row_number() over (partition by read.record_id order by read.emitted_at desc, read.source_schema) as place
    from read
    where read.record_id in (select record_id from repeated)
),

single as (
    {% for part in ['read', 'numbered'] %}
    select
        {%- for name in canonical_columns() %}
        {{ name }},
        {%- endfor %}
        emitted_at,
        source_schema
    from {{ part }}
    where {{ 'record_id not in (select record_id from repeated)' if part == 'read' else 'place = 1' }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
)

select
    {%- for name in canonical_columns() %}
    {{ name }},
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
