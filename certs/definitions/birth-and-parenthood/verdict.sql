select 'shows' as verdict, '' as code, 'birth' as scan, y.row_number, cast(null as date) as on_date, y.birth_date as began_on
from young y join living l on l.id = y.child_id
union all
-- Void, or of a child who is of the age; or by which the applicant is the child.
select 'clear', '', 'birth', b.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from birth b where not exists (select 1 from young y where y.row_number = b.row_number)
union all
-- Another child of whom it is not known.
select 'clear', '', 'birth', y.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from young y where exists (select 1 from living l where l.parent = y.parent)
union all
select 'ended', '', 'birth', y.row_number, d.death_date, y.birth_date
from young y join dead d on d.id = y.child_id
where d.death_date is not null and d.status = 'deceased'
  and not exists (select 1 from registered alive where alive.id = d.id)
