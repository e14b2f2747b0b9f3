-- What is in force of the parcel alone settles nothing: whether the unit was released from it no row says. Nor does a unit that is registered
-- and is no more, nor what is in force and has ended.
select 'clear' as verdict, '' as code, 'record' as scan, k.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from record k where k.status = 'current'
union all
select 'against', 'NO_UNIT', 'record', k.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from record k
where k.status = 'former' and not exists (select 1 from record here where here.unit = k.unit and here.status = 'current')
union all
select 'clear', '', 'parcel', p.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from parcel p where p.status = 'current'
union all
select case when m.status = 'ended' then 'ended' else 'undetermined' end, '', 'mortgage', m.row_number, m.ended_on, m.registered_on
from mortgage m where m.status <> 'in_force' or m.ended_on is not null
union all
select 'against', 'MORTGAGED', 'mortgage', m.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from mortgage m join request r on m.unit = r.unit where m.status = 'in_force' and m.ended_on is null
union all
select case when s.status = 'annulled' then 'clear' when s.status = 'ended' then 'ended' else 'undetermined' end,
       '', 'seizure', s.row_number, s.ended_on, s.decided_on
from seizure s where s.status <> 'in_force' or s.ended_on is not null
union all
select 'against', 'SEIZED', 'seizure', s.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from seizure s join request r on s.unit = r.unit where s.status = 'in_force' and s.ended_on is null
