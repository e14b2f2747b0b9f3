select 'against' as verdict, 'MARRIED' as code, 'marriage' as scan, f.nr as row_number, cast(null as date) as on_date, f.since as began_on
from in_force f join living_spouse s on s.id = f.id
union all
select 'undetermined', '', 'marriage', m.row_number, m.event_date, cast(null as date)
from marriage m join spouse s on s.id = case when m.man_id = m.party then m.woman_id else m.man_id end
where not exists (select 1 from living_spouse l where l.id = s.id) and not exists (select 1 from dead where dead.id = s.id)
union all
select 'clear', '', 'marriage', m.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from marriage m where m.event in ('married', 'remarried')
  and not exists (select 1 from in_force f where f.nr = m.row_number)
union all
select 'clear', '', 'marriage', f.nr, cast(null as date) as on_date, cast(null as date) as began_on
from in_force f join dead on dead.id = f.id
union all
select 'ended', '', 'marriage', row_number, event_date, cast(null as date) from marriage where event in ('divorced', 'annulled')
union all
select 'ended', '', 'household', dead.row_number, dead.death_date, cast(null as date)
from spouse s join dead on dead.id = s.id
union all
select 'undetermined', '', 'marriage', m.row_number, m.event_date, cast(null as date)
from request r join marriage m on m.party = r.applicant
where m.man_id = m.woman_id
union all
select 'undetermined', '', 'marriage', m.row_number, m.event_date, cast(null as date)
from marriage m join out_of_order o on o.id = case when m.man_id = m.party then m.woman_id else m.man_id end
union all
select 'undetermined', '', 'household', h.row_number, h.death_date, cast(null as date)
from household h where (h.death_date is not null) <> (h.status = 'deceased')
union all
select 'undetermined', '', 'household', dead.row_number, dead.death_date, cast(null as date)
from dead join household alive on alive.resident_id = dead.id
where alive.death_date is null and alive.status <> 'moved_out'
union all
select 'undetermined', '', 'household', dead.row_number, dead.death_date, cast(null as date)
from dead join spouse_marriage m on m.party = dead.id where m.event_date > dead.death_date
union all
select 'against', 'APPLICANT_DECEASED', 'household', h.row_number, h.death_date, cast(null as date)
from request r join household h on h.resident_id = r.applicant
where h.death_date is not null and h.status = 'deceased'
  and not exists (select 1 from household alive where alive.resident_id = h.resident_id and alive.death_date is null and alive.status <> 'moved_out')
  and not exists (select 1 from marriage m where m.party = h.resident_id and m.event_date > h.death_date)
union all
select 'undetermined', '', 'household', dead.row_number, dead.death_date, cast(null as date)
from request r join dead on dead.id = r.applicant
