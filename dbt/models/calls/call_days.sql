{{ config(materialized='table') }}
{#- A row a day that has calls. Its version changes with any of them: the models by the day look at it. -#}

select
    call_day as day,
    cast(count(*) as {{ dbt.type_bigint() }}) as calls,
    max(updated_at) as updated_at,
    {{ dbt.concat([
        'cast(call_day as ' ~ dbt.type_string() ~ ')', "'/'",
        'cast(count(*) as ' ~ dbt.type_string() ~ ')', "'/'",
        'cast(max(updated_at) as ' ~ dbt.type_string() ~ ')',
    ]) }} as day_version
from {{ ref('calls') }}
group by call_day
