select 'shows' as verdict, '' as code, 'registration' as scan, nr as row_number, cast(null as date) as on_date, established_on as began_on
from open
union all
select 'against',
  case g.status when 'revoked' then 'REVOKED' when 'cancelled' then 'CANCELLED' else 'NOT_REGISTERED' end,
  'registration', g.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from registration g
where g.status in ('revoked', 'cancelled', 'moved_out')
  and not exists (select 1 from registration here where here.enterprise = g.enterprise and here.status in ('in_business', 'suspended'))
union all
select 'undetermined', '', 'registration', g.row_number, g.ended_on, g.established_on
from registration g
where g.status in ('revoked', 'cancelled', 'moved_out')
  and exists (select 1 from registration here where here.enterprise = g.enterprise and here.status in ('in_business', 'suspended'))
union all
select 'against', 'SUSPENDED', 'registration', g.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from registration g
where g.status = 'suspended' and g.ended_on is null
  and not exists (select 1 from registration here where here.enterprise = g.enterprise and here.status = 'in_business')
union all
select 'undetermined', '', 'registration', g.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from registration g
where g.status = 'suspended'
  and exists (select 1 from registration here where here.enterprise = g.enterprise and here.status = 'in_business')
union all
select 'undetermined', '', 'registration', g.row_number, g.ended_on, cast(null as date)
from registration g
where g.status in ('in_business', 'suspended') and g.ended_on is not null
union all
select 'against', 'TERM_OVER', 'registration', g.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from request r join registration g on g.enterprise = r.enterprise
where g.status = 'in_business' and g.ended_on is null and g.term_until < r.today
  and not exists (select 1 from registration here where here.enterprise = g.enterprise and here.status in ('in_business', 'suspended') and here.row_number <> g.row_number)
union all
select 'undetermined', '', 'registration', g.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from request r join registration g on g.enterprise = r.enterprise
where g.status = 'in_business' and g.term_until < r.today
  and exists (select 1 from registration here where here.enterprise = g.enterprise and here.status in ('in_business', 'suspended') and here.row_number <> g.row_number)
