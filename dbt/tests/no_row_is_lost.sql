-- Every row of the vendors is a leg, and every leg is in a call that is counted by the day.
select rows_read.total
from (select count(*) as total from {{ ref('stg_call_records') }}) as rows_read
cross join (select count(*) as total from {{ ref('call_legs') }}) as legs
cross join (select sum(legs) as total from {{ ref('calls') }}) as in_calls
cross join (select sum(calls) as total from {{ ref('call_days') }}) as by_day
cross join (select count(*) as total from {{ ref('calls') }}) as calls
cross join (select sum(all_rows) as total from {{ ref('issues_daily') }} where kind = 'any') as counted
where
    rows_read.total <> legs.total
    or rows_read.total <> in_calls.total
    or rows_read.total <> counted.total
    or calls.total <> by_day.total
