{#- The words of the contract. -#}
{% macro issue_words() %}
    {{ return([
        'number_unparsed', 'number_ambiguous', 'id_repeated', 'time_unreadable', 'time_ambiguous', 'time_mismatch',
        'time_outside_window', 'end_before_start', 'negative_duration', 'amount_unreadable', 'id_missing',
        'value_unreadable',
    ]) }}
{% endmacro %}

{#- A list of texts for `in`; one that nothing equals where it is empty. -#}
{% macro text_list(values) -%}
    ({%- for value in values %}'{{ value | string | replace("'", "''") }}'{% if not loop.last %}, {% endif %}{% else %}cast(null as {{ dbt.type_string() }}){% endfor -%})
{%- endmacro %}

{% macro count_if(condition) %}cast(count(case when {{ condition }} then 1 end) as {{ dbt.type_bigint() }}){% endmacro %}
{% macro sum_of(value) %}cast(coalesce(sum({{ value }}), 0) as {{ dbt.type_bigint() }}){% endmacro %}
{% macro share(part, whole) %}cast(100.0 * {{ part }} / nullif({{ whole }}, 0) as {{ type_exact() }}){% endmacro %}
