-- What no part judges settles nothing: a paper that says valid and has ended, or whose last day is not written; one that is suspended, or
-- has ended, beside another of its kind that is valid and was not issued since; a vessel that is registered and deregistered. Nor does it where
-- two of a kind hold and end on different days, and neither is the last word.
select 'shows' as verdict, '' as code, h.scan, h.row_number, cast(null as date) as on_date, case when h.recorded_on < h.issued_on then h.issued_on else h.recorded_on end as began_on
from held h join complete c on c.id = h.id
where h.kind <> 'other'
union all
select 'shows', '', 'record', k.row_number, cast(null as date) as on_date, k.recorded_on as began_on
from registered k join complete c on c.id = k.id
union all
select 'undetermined', '', h.scan, h.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from held h join held other on other.id = h.id and other.kind = h.kind
where h.kind <> 'other' and coalesce(h.valid_until <> other.valid_until, (h.valid_until is null) <> (other.valid_until is null))
  and not coalesce(other.issued_on > h.issued_on or (other.issued_on = h.issued_on and other.recorded_on > h.recorded_on), false)
  and not coalesce(h.issued_on > other.issued_on or (h.issued_on = other.issued_on and h.recorded_on > other.recorded_on), false)
union all
-- Some of the papers, and not all of them; and papers that nobody asks about.
select 'clear', '', h.scan, h.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from held h where h.kind <> 'other' and not exists (select 1 from complete c where c.id = h.id)
union all
select 'clear', '', 'record', k.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from registered k where not exists (select 1 from complete c where c.id = k.id)
union all
select 'clear', '', p.scan, p.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from papers p where p.kind = 'other'
union all
-- Over, and renewed: another was issued since, or the same was written anew since. Beside one that was issued before it, it settles nothing.
select 'clear', '', n.scan, n.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from normal n where n.kind <> 'other' and n.term = 'over' and exists (
  select 1 from held h
  where h.id = n.id and h.kind = n.kind
    and (h.issued_on > n.issued_on or (h.issued_on = n.issued_on and h.recorded_on > n.recorded_on)))
union all
select 'against', 'PAPER_EXPIRED', n.scan, n.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from normal n where n.kind <> 'other' and n.term = 'over' and not exists (select 1 from held h where h.id = n.id and h.kind = n.kind)
union all
select 'against', 'PAPER_SUSPENDED', p.scan, p.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from papers p
where p.kind <> 'other' and p.status = 'suspended' and p.ended_on is null
  and not exists (select 1 from held h where h.id = p.id and h.kind = p.kind)
union all
select 'against', 'PAPER_ENDED', p.scan, p.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from papers p
where p.kind <> 'other' and p.status = 'ended' and not exists (select 1 from normal n where n.id = p.id and n.kind = p.kind)
union all
-- Ended, and another was issued since: on that day or later.
select 'ended', '', p.scan, p.row_number, coalesce(p.ended_on, p.recorded_on), p.issued_on
from papers p
where p.kind <> 'other' and p.status = 'ended'
  and exists (select 1 from normal n where n.id = p.id and n.kind = p.kind and n.issued_on > p.issued_on and n.issued_on >= p.ended_on)
union all
select 'against', 'DEREGISTERED', 'record', g.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from record g
where g.status = 'deregistered' and not exists (select 1 from record here where here.vessel = g.vessel and here.status = 'registered')
union all
select case when d.status = 'annulled' then 'clear' when d.status = 'ended' then 'ended' else 'undetermined' end,
       '', 'detention', d.row_number, d.ended_on, d.decided_on
from detention d where d.status <> 'in_force' or d.ended_on is not null
union all
select 'against', 'DETAINED', 'detention', d.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from detention d where d.status = 'in_force' and d.ended_on is null
union all
select case when a.status = 'annulled' then 'clear' when a.status = 'ended' then 'ended' else 'undetermined' end,
       '', 'arrest', a.row_number, a.ended_on, a.decided_on
from arrest a where a.status <> 'in_force' or a.ended_on is not null
union all
select 'against', 'ARRESTED', 'arrest', a.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from arrest a where a.status = 'in_force' and a.ended_on is null
