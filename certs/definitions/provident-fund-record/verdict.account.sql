select 'shows' as verdict, '' as code, 'account' as scan, row_number, cast(null as date) as on_date, status_on as began_on
from normal
union all
select case when a.status in ('closed', 'transferred') then 'ended' when a.status = 'sealed' and a.closed_on is null then 'clear' else 'undetermined' end,
       '', 'account', a.row_number, coalesce(a.closed_on, a.status_on), cast(null as date)
from account a where not exists (select 1 from normal n where n.row_number = a.row_number)
