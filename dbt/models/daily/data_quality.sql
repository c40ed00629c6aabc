{{ config(materialized='table') }}
{#-
    How far the figures can be trusted: rows with issues by kind, vendor and day; how old the newest call is; hours
    without a call that usually have some, which may be hours that were not read.
-#}

with accounts as (
    select vendor, account_id, min(day) as first_day, max(day) as last_day
    from {{ ref('calls_hourly') }}
    group by vendor, account_id
),

-- An hour of the week usually has calls where it had some in four of five weeks, of four weeks at least.
usual as (
    select
        hourly.vendor,
        hourly.account_id,
        hourly.weekday,
        hourly.hour
    from {{ ref('calls_hourly') }} as hourly
    inner join accounts on accounts.vendor = hourly.vendor and accounts.account_id = hourly.account_id
    group by hourly.vendor, hourly.account_id, hourly.weekday, hourly.hour, accounts.first_day, accounts.last_day
    having
        count(distinct hourly.day) >= 3
        and {{ dbt.datediff('accounts.first_day', 'accounts.last_day', 'day') }} >= 27
        and count(distinct hourly.day) * 7.0 >= 0.8 * ({{ dbt.datediff('accounts.first_day', 'accounts.last_day', 'day') }} + 1)
),

digits as (
    {% for digit in range(10) %}select {{ digit }} as digit{% if not loop.last %} union all {% endif %}{% endfor %}
),

numbers as (
    select a.digit + 10 * b.digit + 100 * c.digit + 1000 * d.digit as step
    from digits as a
    cross join digits as b
    cross join digits as c
    cross join digits as d
),

-- The first and the last day are seldom whole.
days as (
    select
        accounts.vendor,
        accounts.account_id,
        cast({{ dbt.dateadd('day', 'numbers.step', 'accounts.first_day') }} as date) as day
    from accounts
    inner join numbers
        on numbers.step between 1 and {{ dbt.datediff('accounts.first_day', 'accounts.last_day', 'day') }} - 1
),

expected as (
    select days.vendor, days.account_id, days.day, usual.hour
    from days
    inner join usual
        on usual.vendor = days.vendor and usual.account_id = days.account_id
        and usual.weekday = {{ weekday('days.day') }}
),

gaps as (
    select
        expected.vendor,
        expected.account_id,
        expected.day,
        {{ count_if('hourly.calls is null') }} as found,
        cast(count(*) as {{ dbt.type_bigint() }}) as out_of
    from expected
    left join {{ ref('calls_hourly') }} as hourly
        on hourly.vendor = expected.vendor and hourly.account_id = expected.account_id
        and hourly.day = expected.day and hourly.hour = expected.hour
    group by expected.vendor, expected.account_id, expected.day
),

newest as (
    select
        vendor,
        coalesce(account_id, 'not said') as account_id,
        max(call_day) as day,
        max(started_at) as started_at
    from {{ ref('call_legs') }}
    group by vendor, coalesce(account_id, 'not said')
)

select vendor, account_id, day, 'issue' as subject, kind, with_issue as found, all_rows as out_of
from {{ ref('issues_daily') }}

union all

select vendor, account_id, day, 'gap' as subject, 'hours_without_calls' as kind, found, out_of
from gaps
where found > 0

union all

select
    vendor,
    account_id,
    day,
    'freshness' as subject,
    'hours_since_newest_call' as kind,
    cast(floor({{ seconds_between('started_at', this_run()) }} / 3600) as {{ dbt.type_bigint() }}) as found,
    cast(null as {{ dbt.type_bigint() }}) as out_of
from newest
