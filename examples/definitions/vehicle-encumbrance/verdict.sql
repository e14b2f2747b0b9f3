-- A vehicle that is registered and deregistered settles nothing, and what is in force and has ended neither.
select 'clear' as verdict, '' as code, 'record' as scan, k.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from record k where k.status = 'registered'
union all
select 'against', 'DEREGISTERED', 'record', k.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from record k
where k.status = 'deregistered' and not exists (select 1 from record here where here.vehicle = k.vehicle and here.status = 'registered')
union all
select case when m.status = 'ended' then 'ended' else 'undetermined' end, '', 'mortgage', m.row_number, m.ended_on, m.registered_on
from mortgage m where m.status <> 'in_force' or m.ended_on is not null
union all
select 'against', 'MORTGAGED', 'mortgage', m.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from mortgage m where m.status = 'in_force' and m.ended_on is null
union all
select case when s.status = 'annulled' then 'clear' when s.status = 'ended' then 'ended' else 'undetermined' end,
       '', 'seizure', s.row_number, s.ended_on, s.decided_on
from seizure s where s.status <> 'in_force' or s.ended_on is not null
union all
select 'against', 'SEIZED', 'seizure', s.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from seizure s where s.status = 'in_force' and s.ended_on is null
