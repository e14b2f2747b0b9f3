select 'against' as verdict, 'NOT_LOCAL' as code, 'household' as scan, h.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from request r join household h on h.resident_id = r.applicant
where h.status = 'moved_out' and h.death_date is null
  and not exists (select 1 from household here where here.resident_id = h.resident_id and here.status <> 'moved_out')
union all
select 'undetermined', '', 'household', cast(null as bigint) as row_number, cast(null as date) as on_date, cast(null as date) as began_on
from request r where not exists (select 1 from registered here where here.id = r.applicant)
union all
select verdict, code, scan, row_number, on_date, began_on from homes
union all
select verdict, code, scan, row_number, on_date, began_on from people
union all
select verdict, code, scan, row_number, on_date, began_on from restricted
