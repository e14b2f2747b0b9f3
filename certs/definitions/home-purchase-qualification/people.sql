-- As for the no-property proof: what the registers of persons say against an answer, or leave open.
select 'undetermined' as verdict, '' as code, 'marriage' as scan, m.row_number, m.event_date as on_date, cast(null as date) as began_on
from request r join marriage m on m.party = r.applicant
where m.man_id = m.woman_id
union all
select 'against', 'APPLICANT_DECEASED', 'household', h.row_number, h.death_date, cast(null as date)
from request r join household h on h.resident_id = r.applicant
where h.death_date is not null and h.status = 'deceased'
  and not exists (select 1 from household alive where alive.resident_id = h.resident_id and alive.death_date is null and alive.status <> 'moved_out')
  and not exists (select 1 from marriage m where m.party = h.resident_id and m.event_date > h.death_date)
union all
select 'undetermined', '', 'household', h.row_number, h.death_date, cast(null as date)
from request r join household h on h.resident_id = r.applicant
where h.death_date is not null
union all
select 'undetermined', '', scan, row_number, death_date, cast(null as date) from life where (death_date is not null) <> (status = 'deceased')
union all
select 'undetermined', '', dead.scan, dead.row_number, dead.death_date, cast(null as date)
from life dead join life alive on alive.resident_id = dead.resident_id
where dead.death_date is not null and alive.death_date is null and alive.status <> 'moved_out'
union all
select 'undetermined', '', 'household', h.row_number, h.death_date, cast(null as date)
from household h join spouse_marriage m on m.party = h.resident_id
where h.death_date is not null and m.event_date > h.death_date
union all
select 'undetermined', '', 'household', h.row_number, h.death_date, cast(null as date)
from household h join household child on child.mother_id = h.resident_id
where child.birth_date > h.death_date
union all
select 'undetermined', '', 'household', h.row_number, h.death_date, cast(null as date)
from household h join household child on child.father_id = h.resident_id
where child.birth_date > h.death_date + interval '10' month
union all
select 'ended', '', 'marriage', row_number, event_date, cast(null as date) from marriage where event in ('divorced', 'annulled')
union all
select 'ended', '', 'household', row_number, until, cast(null as date) from former
