-- Two rows that say different things of one certificate settle nothing.
select case when t.status in ('expired', 'revoked') then 'ended' when t.status = 'valid' and t.status_on is null then 'shows' else 'undetermined' end as verdict,
       '' as code, 'talent' as scan, t.row_number, t.status_on as on_date, t.issued_on as began_on
from talent t
where not exists (select 1 from talent other where other.certificate_no = t.certificate_no and other.status <> t.status)
union all
select verdict, code, scan, row_number, on_date, began_on from homes
union all
select verdict, code, scan, row_number, on_date, began_on from people
union all
select verdict, code, scan, row_number, on_date, began_on from restricted
