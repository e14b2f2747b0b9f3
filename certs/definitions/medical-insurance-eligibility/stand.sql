-- Months are compared as text: each is written as `2026-11`.
with enrolled as (
  select i.insured as id, i.row_number, i.scheme, i.status, i.benefit_from, i.benefit_until, substr(cast(r.today as varchar), 1, 7) as this
  from request r join insured i on i.insured = r.applicant
)
select id, row_number, scheme, benefit_from, benefit_until,
       case when benefit_until < benefit_from then 'unclear'
            when status = 'active' and benefit_from > this then 'waiting'
            when status = 'active' and (benefit_until is null or benefit_until >= this) then 'entitled'
            when benefit_until >= this then 'unclear'
            else 'none' end as stands
from enrolled
