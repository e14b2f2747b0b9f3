select 'shows' as verdict, '' as code, 'account' as scan, n.row_number, cast(null as date) as on_date, n.status_on as began_on
from normal n join counted c on c.person = n.id where c.enough
union all
select 'shows', '', 'deposit', c.row_number, cast(null as date) as on_date, r.day
from counted c join received r on r.id = c.person
where c.enough and exists (select 1 from normal n where n.id = c.person)
union all
select 'clear', '', 'account', n.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from normal n join counted c on c.person = n.id where not c.enough
union all
select case when a.status in ('closed', 'transferred') then 'ended' when a.status = 'sealed' and a.closed_on is null then 'clear' else 'undetermined' end,
       '', 'account', a.row_number, coalesce(a.closed_on, a.status_on), cast(null as date)
from account a where not exists (select 1 from normal n where n.row_number = a.row_number)
union all
select 'against', 'NO_ACTIVE_ACCOUNT', 'deposit', c.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from counted c where c.enough and exists (select 1 from account a where a.holder = c.person)
  and not exists (select 1 from normal n where n.id = c.person)
union all
select 'undetermined', '', 'deposit', c.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from counted c where c.enough and not exists (select 1 from account a where a.holder = c.person)
