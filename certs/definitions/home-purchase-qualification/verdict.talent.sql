-- All rows of a person can be of one certificate, whatever number they bear: one that is valid counts beside one that ended only where it was issued
-- after that.
select case when t.status_on is null then 'shows' else 'undetermined' end as verdict, '' as code, 'talent' as scan, t.row_number,
       t.status_on as on_date, t.issued_on as began_on
from talent t
where t.status = 'valid'
  and not exists (select 1 from talent other where other.holder = t.holder and other.status <> 'valid' and not coalesce(t.issued_on > other.status_on, false))
union all
select 'ended', '', 'talent', row_number, status_on, issued_on from talent where status in ('expired', 'revoked')
union all
select verdict, code, scan, row_number, on_date, began_on from homes
union all
select verdict, code, scan, row_number, on_date, began_on from people
union all
select verdict, code, scan, row_number, on_date, began_on from restricted
