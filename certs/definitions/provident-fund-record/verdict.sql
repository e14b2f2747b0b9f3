-- Where it is not enough no row shows it: the answer is no, under all that an absence needs.
select 'shows' as verdict, '' as code, 'deposit' as scan, row_number, cast(null as date) as on_date, cast(null as date) as began_on
from counted where enough
