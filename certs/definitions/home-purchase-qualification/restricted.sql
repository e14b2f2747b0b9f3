-- Two rows that say different things of one order settle nothing.
select case when r.status = 'lifted' then 'ended' when r.status = 'in_force' and r.lifted_on is null then 'against' else 'undetermined' end as verdict,
       'RESTRICTED' as code, 'restriction' as scan, r.row_number, r.lifted_on as on_date, r.ordered_on as began_on
from restriction r
where not exists (select 1 from restriction other where other.order_no = r.order_no and other.status <> r.status)
