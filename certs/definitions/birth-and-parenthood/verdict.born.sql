select 'shows' as verdict, '' as code, 'birth' as scan, row_number, cast(null as date) as on_date, birth_date as began_on
from own
union all
select 'clear', '', 'birth', b.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from birth b where not exists (select 1 from own where own.row_number = b.row_number)
