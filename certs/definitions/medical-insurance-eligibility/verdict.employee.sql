select case when stands = 'entitled' and scheme = 'employee' then 'shows' when stands in ('entitled', 'waiting', 'none') then 'clear'
            else 'undetermined' end as verdict,
       '' as code, 'insured' as scan, row_number, cast(null as date) as on_date, cast(null as date) as began_on
from stand
