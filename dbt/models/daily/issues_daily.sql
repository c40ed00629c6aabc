{{ config(materialized='incremental', unique_key=['day', 'vendor', 'account_id', 'kind'], pre_hook="{{ calls.forget_changed_days() }}") }}
{#- Rows by what could not be read in them. A row with two issues counts for each. -#}

with days as (
    {{ days_to_count() }}
),

legs_of_days as (
    select
        days.day,
        days.day_version,
        call_legs.vendor,
        coalesce(call_legs.account_id, 'not said') as account_id,
        call_legs.issues
    from {{ ref('call_legs') }} as call_legs
    inner join days on days.day = call_legs.call_day
),

totals as (
    select
        day, vendor, account_id,
        cast(count(*) as {{ dbt.type_bigint() }}) as all_rows,
        {{ count_if("issues <> '[]'") }} as with_issue,
        {%- for word in issue_words() %}
        {{ count_if("issues like '%\"" ~ word ~ "\"%'") }} as {{ word }},
        {%- endfor %}
        min(day_version) as day_version
    from legs_of_days
    group by day, vendor, account_id
)

{% for word in ['any'] + issue_words() %}
select
    day,
    vendor,
    account_id,
    '{{ word }}' as kind,
    {{ 'with_issue' if word == 'any' else word }} as with_issue,
    all_rows,
    day_version
from totals
{% if word != 'any' %}where {{ word }} > 0{% endif %}
{% if not loop.last %}union all{% endif %}
{% endfor %}
