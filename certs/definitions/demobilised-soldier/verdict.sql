-- What no part judges settles nothing: a file that was not checked, where none was.
select 'shows' as verdict, '' as code, 'file' as scan, row_number, cast(null as date) as on_date, case when recorded_on < left_on then left_on else recorded_on end as began_on
from served
union all
select 'clear', '', 'file', f.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from file f where f.status = 'void'
union all
select 'clear', '', 'file', f.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from file f where f.status = 'confirmed' and not exists (select 1 from served s where s.row_number = f.row_number)
union all
select 'clear', '', 'file', f.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from file f where f.status = 'pending' and exists (select 1 from served s where s.id = f.veteran)
union all
select 'undetermined', '', 'file', one.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from file one join file other on other.status = one.status
where one.status = 'confirmed' and (one.settlement <> other.settlement or one.left_on <> other.left_on)
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
-- A person has one file. One that was taken back, or is yet to be checked, is the one that was checked, unless that is so since later by its own row.
select 'undetermined', '', 'file', gone.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from file gone join served s on s.id = gone.veteran
where gone.status in ('void', 'pending') and not coalesce(s.recorded_on > gone.recorded_on, false)
