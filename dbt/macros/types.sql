{#- Types and expressions that the warehouses spell differently, and for which dbt has no macro of its own. -#}

{#- A moment with its zone. -#}
{% macro type_moment() %}{{ return(adapter.dispatch('type_moment', 'calls')()) }}{% endmacro %}
{% macro default__type_moment() %}{{ return('timestamptz') }}{% endmacro %}
{% macro snowflake__type_moment() %}{{ return('timestamp_tz') }}{% endmacro %}
{% macro bigquery__type_moment() %}{{ return('timestamp') }}{% endmacro %}
{% macro databricks__type_moment() %}{{ return('timestamp') }}{% endmacro %}
{% macro spark__type_moment() %}{{ return('timestamp') }}{% endmacro %}

{#- An exact decimal: ten digits behind the point. -#}
{% macro type_exact() %}{{ return(adapter.dispatch('type_exact', 'calls')()) }}{% endmacro %}
{% macro default__type_exact() %}{{ return('numeric(28, 10)') }}{% endmacro %}
{% macro bigquery__type_exact() %}{{ return('bignumeric') }}{% endmacro %}

{#- A column of JSON as text. -#}
{% macro json_text(column) %}{{ return(adapter.dispatch('json_text', 'calls')(column)) }}{% endmacro %}
{% macro default__json_text(column) %}cast({{ column }} as {{ dbt.type_string() }}){% endmacro %}
{% macro snowflake__json_text(column) %}to_json(to_variant({{ column }})){% endmacro %}
{% macro bigquery__json_text(column) %}to_json_string({{ column }}){% endmacro %}
{% macro redshift__json_text(column) %}json_serialize({{ column }}){% endmacro %}

{#- A column of the source as the canonical schema has it. -#}
{% macro as_kind(column, kind) -%}
    {%- if kind == 'json' -%}coalesce({{ json_text(column) }}, '[]')
    {%- else -%}cast({{ column }} as {{ type_of_kind(kind) }})
    {%- endif -%}
{%- endmacro %}

{% macro type_of_kind(kind) %}
    {{ return({
        'text': dbt.type_string(), 'json': dbt.type_string(), 'integer': dbt.type_bigint(), 'boolean': 'boolean',
        'number': type_exact(), 'moment': type_moment(),
    }[kind]) }}
{% endmacro %}

