-- What no part judges settles nothing: a licence whose last month has begun, one that is normal and has ended, or that cannot be used beside one
-- that is normal.
-- In force since the row says so.
select 'shows' as verdict, '' as code, 'licence' as scan, row_number, cast(null as date) as on_date, case when recorded_on < obtained_on then obtained_on else recorded_on end as began_on
from held
union all
-- Of other vehicles; or renewed since, by a row whose last month is to come.
select 'clear', '', 'licence', n.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from normal n where n.last_month <> 'now' and not exists (select 1 from held h where h.row_number = n.row_number)
union all
select 'clear', '', 'licence', n.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from normal n where n.last_month = 'now' and exists (select 1 from normal renewed where renewed.id = n.id and renewed.last_month = 'to_come')
union all
select 'against', 'EXPIRED', 'licence', n.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from normal n where n.last_month = 'over' and not exists (select 1 from normal other where other.id = n.id and other.last_month <> 'over')
union all
select 'undetermined', '', 'licence', one.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from normal one join normal other on other.last_month = one.last_month
where one.last_month = 'to_come' and (one.class <> other.class or one.valid_until <> other.valid_until)
union all
select 'ended', '', 'licence', row_number, coalesce(ended_on, recorded_on), obtained_on
from licence where status in ('moved_out', 'ended')
union all
select 'against', 'NOT_USABLE', 'licence', row_number, cast(null as date) as on_date, cast(null as date) as began_on
from licence where status in ('points_full', 'held_back', 'overdue') and ended_on is null
  and not exists (select 1 from normal n where n.id = licence.holder and n.last_month <> 'over')
union all
select case when status = 'annulled' then 'clear' when status = 'ended' then 'ended' else 'undetermined' end, '', 'measure', row_number, ended_on, decided_on
from measure where status <> 'in_force' or ended_on is not null
union all
select 'against', 'UNDER_MEASURE', 'measure', row_number, cast(null as date) as on_date, cast(null as date) as began_on
from measure where status = 'in_force' and ended_on is null and kind in ('detention', 'suspension', 'stop')
union all
-- What was revoked or withdrawn is what was there before: a licence that was obtained since is another.
select 'against', 'UNDER_MEASURE', 'measure', m.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from measure m join held h on h.id = m.driver
where m.status = 'in_force' and m.ended_on is null and m.kind in ('revocation', 'withdrawal') and h.obtained_on <= m.decided_on
union all
select 'undetermined', '', 'measure', m.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from measure m join held h on h.id = m.driver
where m.status = 'in_force' and m.ended_on is null and m.kind in ('revocation', 'withdrawal')
  and (h.obtained_on is null or m.decided_on is null)
union all
select 'clear', '', 'measure', m.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from measure m where m.status = 'in_force' and m.ended_on is null and m.kind in ('revocation', 'withdrawal')
union all
-- A person has one licence. What a row says has ended, or is over, has so for what is held too, unless that is so since later by its own row.
select 'undetermined', '', 'licence', gone.row_number, gone.ended_on, cast(null as date)
from licence gone join held h on h.id = gone.holder
where gone.status in ('moved_out', 'ended')
  and not coalesce((h.obtained_on > gone.obtained_on and h.obtained_on >= coalesce(gone.ended_on, gone.recorded_on, h.obtained_on)) or (h.recorded_on > gone.recorded_on and h.recorded_on > gone.ended_on), false)
union all
select 'undetermined', '', 'licence', gone.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from normal gone join held h on h.id = gone.id
where gone.last_month in ('over', 'now') and not coalesce(h.recorded_on > gone.recorded_on, h.obtained_on >= gone.obtained_on and h.class = gone.class, false)
union all
-- What was revoked or withdrawn is not given back: only a licence that was obtained since is another.
select 'undetermined', '', 'measure', m.row_number, m.ended_on, cast(null as date)
from measure m join held h on h.id = m.driver
where m.status = 'ended' and m.kind in ('revocation', 'withdrawal') and not coalesce(h.obtained_on > m.decided_on, false)
