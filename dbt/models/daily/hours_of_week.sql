{{ config(materialized='table') }}
{#- The 168 hours of a week: what usually happens in each, hours without a call among them. -#}

with weeks as (
    select {{ dbt.datediff('min(day)', 'max(day)', 'day') }} + 1 as days_seen from {{ ref('calls_hourly') }}
),

digits as (
    {% for digit in range(10) %}select {{ digit }} as digit{% if not loop.last %} union all {% endif %}{% endfor %}
),

hours as (
    select
        weekdays.digit as weekday,
        tens.digit * 10 + units.digit as hour
    from digits as weekdays
    cross join digits as tens
    cross join digits as units
    where weekdays.digit between 1 and 7 and tens.digit * 10 + units.digit < 24
),

counted as (
    select
        weekday,
        hour,
        count(distinct day) as days_with_calls,
        sum(calls) as calls,
        sum(inbound) as inbound,
        sum(inbound_answered) as inbound_answered,
        sum(inbound_abandoned) as inbound_abandoned,
        sum(outbound) as outbound,
        sum(talk_seconds) as talk_seconds
    from {{ ref('calls_hourly') }}
    group by weekday, hour
)

select
    cast(hours.weekday as {{ dbt.type_bigint() }}) as weekday,
    cast(hours.hour as {{ dbt.type_bigint() }}) as hour,
    {{ is_open('hours.weekday', 'hours.hour * 60') }} as is_in_opening_hours,
    cast(coalesce(counted.days_with_calls, 0) as {{ dbt.type_bigint() }}) as days_with_calls,
    {% for name in ['calls', 'inbound', 'inbound_answered', 'inbound_abandoned', 'outbound', 'talk_seconds'] -%}
    cast(coalesce(counted.{{ name }}, 0) as {{ dbt.type_bigint() }}) as {{ name }},
    {% endfor -%}
    cast(7.0 * coalesce(counted.calls, 0) / nullif(weeks.days_seen, 0) as {{ type_exact() }}) as calls_a_week
from hours
cross join weeks
left join counted on counted.weekday = hours.weekday and counted.hour = hours.hour
