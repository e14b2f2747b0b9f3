-- In business, and not beyond its term. Of a row that was read in twice, the first.
select g.enterprise as id, g.row_number as nr, g.name, g.established_on
from request r join registration g on g.enterprise = r.enterprise
where g.uscc = r.enterprise and g.status = 'in_business' and g.ended_on is null and coalesce(g.term_until, r.today) >= r.today
  and not exists (
    select 1 from registration twin
    where twin.enterprise = g.enterprise and twin.status = 'in_business' and twin.name = g.name
      and twin.established_on = g.established_on and twin.row_number < g.row_number
  )
