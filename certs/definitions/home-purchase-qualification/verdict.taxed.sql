select 'shows' as verdict, '' as code, 'filed' as scan, m.row_number, cast(null as date) as on_date, r.day as began_on
from taxed_months m join received r on r.id = m.person where m.enough
union all
select verdict, code, scan, row_number, on_date, began_on from homes
union all
select verdict, code, scan, row_number, on_date, began_on from people
union all
select verdict, code, scan, row_number, on_date, began_on from restricted
