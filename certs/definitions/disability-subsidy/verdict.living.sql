-- A valid certificate and the allowance: the one without the other shows nothing, and both must have begun.
select 'shows' as verdict, '' as code, 'certificate' as scan, h.row_number, cast(null as date) as on_date, case when h.recorded_on < h.issued_on then h.issued_on else h.recorded_on end as began_on
from held h where exists (select 1 from supported s where s.id = h.id)
union all
select 'shows', '', 'support', s.row_number, cast(null as date), case when s.recorded_on < s.granted_on then s.granted_on else s.recorded_on end
from supported s where exists (select 1 from held h where h.id = s.id)
union all
select 'against', 'NO_MINIMUM_LIVING', 'certificate', h.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from held h where not exists (select 1 from supported s where s.id = h.id)
union all
select case when status = 'ended' then 'ended' when ended_on is null and (status = 'suspended' or status = 'applied' and granted_on is null) then 'clear' else 'undetermined' end,
       '', 'support', row_number, coalesce(ended_on, recorded_on), granted_on
from support where kind = 'minimum_living' and (status <> 'paid' or ended_on is not null)
union all
select 'clear', '', 'support', s.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from supported s where not exists (select 1 from held h where h.id = s.id)
union all
select case when status = 'ended' then 'ended' when status = 'expired' then 'clear'
            when status = 'frozen' and ended_on is null then 'clear' else 'undetermined' end,
       '', 'certificate', row_number, coalesce(ended_on, recorded_on), issued_on
from certificate where status <> 'valid' or ended_on is not null
union all
select 'undetermined', '', 'certificate', one.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from certificate one join certificate other on other.status = one.status
where one.status = 'valid' and other.grade <> one.grade
union all
select case when status = 'applied' and granted_on is null then 'clear' when status = 'ended' then 'ended'
            when status in ('paid', 'suspended') and ended_on is null then 'against' else 'undetermined' end,
       code, scan, row_number, ended_by, granted_on
from excluding
union all
select 'clear', '', 'allowance', a.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from allowance a where not exists (select 1 from excluding e where e.scan = 'allowance' and e.row_number = a.row_number)
union all
select 'against', 'DECEASED', 'household', row_number, death_date, cast(null as date)
from own where status = 'deceased' and death_date is not null
  and not exists (select 1 from own alive where alive.id = own.id and alive.status = 'registered')
union all
select 'undetermined', '', 'household', own.row_number, own.death_date, cast(null as date)
from own join own alive on alive.id = own.id where own.status = 'deceased' and alive.status = 'registered'
union all
select 'undetermined', '', 'household', row_number, death_date, cast(null as date)
from own where (death_date is not null) <> (status = 'deceased')
union all
-- A person has one certificate. What a row says of it is so of the one that is held too, unless that is another, or so since later by its own row.
select 'undetermined', '', 'certificate', gone.row_number, gone.ended_on, cast(null as date)
from certificate gone join held h on h.id = gone.holder
where gone.status <> 'valid'
  and not coalesce((gone.status <> 'frozen' and h.issued_on > gone.issued_on
                    and h.issued_on >= coalesce(gone.ended_on, case when gone.status = 'expired' then h.issued_on else gone.recorded_on end, h.issued_on))
                   or (h.recorded_on > gone.recorded_on and h.recorded_on > coalesce(gone.ended_on, gone.recorded_on)), false)
union all
-- What a row says of an allowance is so of the one that is being paid too, unless that is another, or so since later by its own row.
select 'undetermined', '', 'support', gone.row_number, gone.ended_on, cast(null as date)
from support gone join supported s on s.id = gone.supported
where gone.kind = 'minimum_living' and gone.status in ('suspended', 'ended')
  and not coalesce((gone.status = 'ended' and s.granted_on > gone.granted_on and s.granted_on >= coalesce(gone.ended_on, gone.recorded_on, s.granted_on))
                   or (s.recorded_on > gone.recorded_on and s.recorded_on > coalesce(gone.ended_on, gone.recorded_on)), false)
