select 'shows' as verdict, '' as code, 'household' as scan, own.row_number, cast(null as date) as on_date, own.birth_date as began_on
from request r join own on own.birth_date + interval '60' year <= r.today
where own.status = 'registered' and own.death_date is null
union all
select 'against', 'TOO_YOUNG', 'household', own.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from request r join own on own.birth_date + interval '60' year > r.today
where own.status = 'registered' and own.death_date is null
union all
select 'against', 'DECEASED', 'household', row_number, death_date, cast(null as date)
from own where status = 'deceased' and death_date is not null
  and not exists (select 1 from own alive where alive.id = own.id and alive.status = 'registered')
union all
select 'undetermined', '', 'household', own.row_number, own.death_date, cast(null as date)
from own join own alive on alive.id = own.id where own.status = 'deceased' and alive.status = 'registered'
union all
select 'undetermined', '', 'household', row_number, death_date, cast(null as date)
from own where (death_date is not null) <> (status = 'deceased')
union all
select 'against', 'NOT_REGISTERED', 'household', o.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from own o where o.status = 'moved_out' and o.death_date is null
  and not exists (select 1 from own here where here.id = o.id and here.status <> 'moved_out')
union all
-- Moved away and back, or a row that is left from before: which is the later one, no row says.
select 'undetermined', '', 'household', gone.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from own gone join own here on here.id = gone.id where gone.status = 'moved_out' and here.status = 'registered'
