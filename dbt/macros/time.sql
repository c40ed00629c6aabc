{#- Times: everything in the tables is a moment with a zone; days and hours are those of `calls_time_zone`. -#}

{% macro moment(text) %}cast('{{ text }}' as {{ type_moment() }}){% endmacro %}

{#- The stamp of this run, the same in all its models. -#}
{% macro this_run() %}{{ moment(run_started_at.strftime('%Y-%m-%d %H:%M:%S.%f') ~ '+00:00') }}{% endmacro %}

{#- A moment as the clock on the wall of the business shows it, without a zone. -#}
{% macro local(column) %}{{ return(adapter.dispatch('local', 'calls')(column, var('calls_time_zone'))) }}{% endmacro %}
{% macro default__local(column, zone) %}({{ column }} at time zone '{{ zone }}'){% endmacro %}
{% macro snowflake__local(column, zone) %}cast(convert_timezone('{{ zone }}', {{ column }}) as timestamp_ntz){% endmacro %}
{% macro bigquery__local(column, zone) %}datetime({{ column }}, '{{ zone }}'){% endmacro %}
{% macro databricks__local(column, zone) %}from_utc_timestamp({{ column }}, '{{ zone }}'){% endmacro %}

{#- Seconds from one moment to another, from one full second to the other. -#}
{% macro seconds_between(earlier, later) %}{{ return(adapter.dispatch('seconds_between', 'calls')(earlier, later)) }}{% endmacro %}
{% macro default__seconds_between(earlier, later) %}cast({{ dbt.datediff(earlier, later, 'second') }} as {{ dbt.type_bigint() }}){% endmacro %}
{#- dbt's own for PostgreSQL counts days in the session's zone, some of which have 23 hours. -#}
{% macro postgres__seconds_between(earlier, later) %}cast(floor(extract(epoch from {{ later }})) - floor(extract(epoch from {{ earlier }})) as bigint){% endmacro %}

{#- The day of the week, from 1 for Monday to 7. -#}
{% macro weekday(day) %}{{ return(adapter.dispatch('weekday', 'calls')(day)) }}{% endmacro %}
{% macro default__weekday(day) %}cast(extract(isodow from {{ day }}) as {{ dbt.type_int() }}){% endmacro %}
{% macro snowflake__weekday(day) %}dayofweekiso({{ day }}){% endmacro %}
{% macro bigquery__weekday(day) %}(mod(extract(dayofweek from {{ day }}) + 5, 7) + 1){% endmacro %}
{% macro redshift__weekday(day) %}cast(mod(cast(extract(dow from {{ day }}) as integer) + 6, 7) + 1 as integer){% endmacro %}
{% macro databricks__weekday(day) %}(weekday({{ day }}) + 1){% endmacro %}

{% macro hour(local_time) %}cast(extract(hour from {{ local_time }}) as {{ dbt.type_int() }}){% endmacro %}

{#- Whether we are open then; null where no opening hours are given, or no time. -#}
{% macro is_open(weekday, minute_of_day) -%}
    {%- set hours = var('calls_opening_hours') -%}
    {%- if not hours -%}cast(null as boolean)
    {%- else -%}
    case when {{ weekday }} is not null then coalesce(
        {%- for day, times in hours.items() %}
        ({{ weekday }} = {{ day | int }} and {{ minute_of_day }} >= {{ minutes(times[0]) }} and {{ minute_of_day }} < {{ minutes(times[1]) }})
        {%- if not loop.last %} or{% endif %}
        {%- endfor %}, false) end
    {%- endif -%}
{%- endmacro %}

{% macro minutes(clock) %}{% set parts = clock.split(':') %}{{ return(parts[0] | int * 60 + parts[1] | int) }}{% endmacro %}
