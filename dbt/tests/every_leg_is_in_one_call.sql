-- The legs that calls say they have are those that are there.
select calls.call_id, calls.legs, count(legs.record_id) as found
from {{ ref('calls') }} as calls
left join {{ ref('call_legs') }} as legs on legs.call_id = calls.call_id
group by calls.call_id, calls.legs
having count(legs.record_id) <> calls.legs
