{#- The tables that `calls_sources` names and that are there, as a list of relations. -#}
{% macro call_tables() %}
    {% set found, missing = [], [] %}
    {% for vendor, schemas in var('calls_sources').items() %}
        {% set named = source('calls_' ~ vendor, 'call_records') %}
        {#- PortSIP and RingCentral list the legs of a call apart. -#}
        {% set name = 'call_logs' if vendor in var('calls_call_logs') else named.identifier %}
        {% for schema in ([schemas] if schemas is string else schemas) %}
            {% if execute %}
                {% set table = adapter.get_relation(named.database, schema, name) %}
                {% if table %}{% do found.append(table) %}{% else %}{% do missing.append(schema ~ '.' ~ name) %}{% endif %}
            {% endif %}
        {% endfor %}
    {% endfor %}
    {% if execute and not found %}
        {{ exceptions.raise_compiler_error(
            'The variable calls_sources names no table that is there' ~ (': not ' ~ missing | join(', ') if missing else '')
            ~ '. It says in which schema each vendor lies: {voxo: airbyte_voxo}.'
        ) }}
    {% endif %}
    {% if missing and found %}{% do log('calls: left out, for it is not there: ' ~ missing | join(', '), info=true) %}{% endif %}
    {{ return(found) }}
{% endmacro %}

{#- The rows of all tables, with these columns and with when each was read. -#}
{% macro every_row(tables, columns) -%}
    {%- for table in tables %}
    select {{ canonical_row(table, columns) }}
    from {{ table }}
    {% if not loop.last %}union all{% endif %}
    {%- else %}
    {#- While dbt reads the project it knows no table yet. -#}
    select * from {{ this }}
    {%- endfor %}
{%- endmacro %}

{#- Columns of one table, in their types; null where an older table has not got one. -#}
{% macro canonical_row(table, columns) -%}
    {%- set there = adapter.get_columns_in_relation(table) | map(attribute='name') | map('lower') | list -%}
    {%- for name, kind in columns.items() %}
        {{ as_kind(named(name), kind) if name in there else "'[]'" if kind == 'json' else as_kind('null', kind) }} as {{ named(name) }},
    {%- endfor %}
        {% if var('calls_emitted_at') | lower in there -%}
        coalesce(cast({{ var('calls_emitted_at') }} as {{ type_moment() }}), {{ moment('1970-01-01 00:00:00+00:00') }})
        {%- else -%}
        {{ moment('1970-01-01 00:00:00+00:00') }}
        {%- endif %} as emitted_at,
        '{{ table.schema }}' as source_schema
{%- endmacro %}

{#- A key that tells a call group, a SIP dialogue or a lone record of one account from all others. -#}
{% macro leg_key(letter, column) -%}
    {{ dbt.concat(['vendor', "':'", "coalesce(account_id, '')", "':" ~ letter ~ ":'", column]) }}
{%- endmacro %}

{#- A column's name, in quotes where it is a reserved word: tag is one of Redshift's. -#}
{% macro named(name) %}{{ return(adapter.quote(name) if target.type == 'redshift' and name == 'tag' else name) }}{% endmacro %}
