select 'shows' as verdict, '' as code, 'insured' as scan, w.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from stand w where w.stands = 'waiting' and not exists (select 1 from stand e where e.id = w.id and e.stands = 'entitled')
union all
select case when stands in ('entitled', 'waiting', 'none') then 'clear' else 'undetermined' end,
       '', 'insured', row_number, cast(null as date) as on_date, cast(null as date) as began_on
from stand
