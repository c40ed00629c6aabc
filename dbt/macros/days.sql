{#-
    A model by the day is counted again for the days whose calls have changed, and for these alone. `call_days` has a
    version for each day; rows that were counted from another version go, and what is missing is counted.
-#}

{#- For pre_hook. -#}
{% macro forget_changed_days() -%}
    {%- if is_incremental() -%}
    delete from {{ this }} where day_version not in (select day_version from {{ ref('call_days') }})
    {%- endif -%}
{%- endmacro %}

{#- The days to count, for a CTE. -#}
{% macro days_to_count() %}
    select day, day_version from {{ ref('call_days') }}
    {% if is_incremental() %}where day_version not in (select day_version from {{ this }}){% endif %}
{% endmacro %}

{#- Whether a stamp is of a run after the last one that this model saw. -#}
{% macro is_news(stamp) %}{{ stamp }} > (select coalesce(max(updated_at), {{ moment('1970-01-01 00:00:00+00:00') }}) from {{ this }}){% endmacro %}

{#- For calls: a call that turned out to be part of another one goes. A call is named for its first leg. -#}
{% macro forget_calls_that_were_joined() -%}
    {%- if is_incremental() -%}
    delete from {{ this }}
    where call_id in (
        select record_id from {{ ref('call_legs') }} where call_id <> record_id and {{ calls.is_news('updated_at') }}
    )
    {%- endif -%}
{%- endmacro %}
