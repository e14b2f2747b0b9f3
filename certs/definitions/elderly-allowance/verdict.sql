-- Of the age, and registered here: both must have begun. Where it is not stated since when somebody is registered, that began on no day.
select 'shows' as verdict, '' as code, 'household' as scan, a.row_number, cast(null as date) as on_date, a.reached as began_on
from request r join aged a on a.reached <= r.today
union all
select 'shows', '', 'household', a.row_number, cast(null as date), a.registered_on
from request r join aged a on a.reached <= r.today
union all
select 'against', 'TOO_YOUNG', 'household', a.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from request r join aged a on a.reached > r.today
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
select case when status = 'applied' and granted_on is null then 'clear' when status = 'ended' then 'ended'
            when status in ('paid', 'suspended') and ended_on is null then 'against' else 'undetermined' end,
       'ALREADY_GRANTED', 'allowance', row_number, coalesce(ended_on, recorded_on), granted_on
-- What was granted too early has no verdict, and settles nothing.
from of_age where not exists (select 1 from early where early.row_number = of_age.row_number)
union all
select 'clear', '', 'allowance', a.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from allowance a where not exists (select 1 from of_age g where g.row_number = a.row_number)
union all
-- Moved away and back, or a row that is left from before: which is the later one, no row says.
select 'undetermined', '', 'household', gone.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from own gone join own here on here.id = gone.id where gone.status = 'moved_out' and here.status = 'registered'
