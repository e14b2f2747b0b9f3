-- Months are compared as text: each is written as `2026-11`. Nobody is insured before the year of birth; residents
-- are by the year, so that who was born in November may be written in from January on.
with enrolled as (
  select i.insured as id, i.row_number, i.scheme, i.status, i.benefit_from, i.benefit_until, substr(cast(r.today as varchar), 1, 7) as this
  from request r join insured i on i.insured = r.applicant
),
by_itself as (
  select id, row_number, scheme, benefit_from, benefit_until,
         case when benefit_until < benefit_from then 'unclear'
              when substr(benefit_from, 1, 4) < substr(id, 7, 4) then 'unclear'
              when status = 'active' and benefit_from > this then 'waiting'
              when status = 'active' and (benefit_until is null or benefit_until >= this) then 'entitled'
              when benefit_until >= this then 'unclear'
              else 'none' end as stands
  from enrolled
)
select id, row_number, scheme, benefit_from, benefit_until, stands from by_itself where stands not in ('entitled', 'waiting')
union all
select e.id, e.row_number, e.scheme, e.benefit_from, e.benefit_until, e.stands from by_itself e
where e.stands in ('entitled', 'waiting') and not exists (
  select 1 from by_itself gone
  where gone.id = e.id and gone.scheme = e.scheme and gone.benefit_from >= e.benefit_from and gone.stands in ('none', 'unclear'))
union all
-- One of the same scheme that began no earlier grants nothing today: this row is one that was not kept up.
select e.id, e.row_number, e.scheme, e.benefit_from, e.benefit_until, 'unclear' from by_itself e
where e.stands in ('entitled', 'waiting') and exists (
  select 1 from by_itself gone
  where gone.id = e.id and gone.scheme = e.scheme and gone.benefit_from >= e.benefit_from and gone.stands in ('none', 'unclear'))
