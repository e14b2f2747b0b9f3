select 'clear' as verdict, '' as code, 'representation' as scan, row_number, cast(null as date) as on_date, cast(null as date) as began_on
from representation where status = 'current'
union all
select 'ended', '', 'representation', row_number, ended_on, cast(null as date) from representation where status = 'former'
union all
select 'ended', '', 'serious', row_number, removed_on, cast(null as date) from serious where removed_on is not null
union all
select 'against', 'LISTED', 'serious', row_number, cast(null as date) as on_date, cast(null as date) as began_on
from serious where removed_on is null
