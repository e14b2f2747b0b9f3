select 'shows' as verdict, '' as code, 'allowance' as scan, row_number, cast(null as date) as on_date, case when recorded_on < granted_on then granted_on else recorded_on end as began_on
from of_age where status = 'paid' and ended_on is null
union all
select case when status = 'ended' then 'ended' when status in ('suspended', 'applied') and ended_on is null then 'clear' else 'undetermined' end,
       '', 'allowance', row_number, coalesce(ended_on, recorded_on), granted_on
from of_age where status <> 'paid' or ended_on is not null
union all
select 'undetermined', '', 'allowance', row_number, ended_on, cast(null as date) from early
union all
select 'clear', '', 'allowance', a.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from allowance a where not exists (select 1 from of_age g where g.row_number = a.row_number)
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
select 'undetermined', '', 'allowance', g.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from of_age g join of_age other on other.status = g.status
where g.status = 'paid' and g.ended_on is null and other.ended_on is null
  and (other.kind <> g.kind or other.granted_on <> g.granted_on)
union all
-- A person has one advanced-age allowance: the step of 90 takes the place of that of 80. What a row says of it is so of what is being paid too, unless that is another, or so since later by its own row.
select 'undetermined', '', 'allowance', gone.row_number, gone.ended_on, cast(null as date)
from of_age gone join of_age g on g.id = gone.id
where gone.status in ('suspended', 'ended') and g.status = 'paid' and g.ended_on is null
  and not coalesce((gone.status = 'ended' and g.granted_on > gone.granted_on and g.granted_on >= coalesce(gone.ended_on, gone.recorded_on, g.granted_on))
                   or (g.recorded_on > gone.recorded_on and g.recorded_on > coalesce(gone.ended_on, gone.recorded_on)), false)
