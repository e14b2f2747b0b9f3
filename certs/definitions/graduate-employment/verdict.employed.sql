-- A diploma and a registration: the one without the other shows nothing, and both must be so since before.
select 'shows' as verdict, '' as code, 'graduate' as scan, g.row_number, cast(null as date) as on_date, case when g.recorded_on < g.graduated_on then g.graduated_on else g.recorded_on end as began_on
from recent g where exists (select 1 from employed e where e.id = g.id)
union all
select 'shows', '', 'employment', e.row_number, cast(null as date), case when e.recorded_on < e.registered_on then e.registered_on else e.recorded_on end
from employed e where exists (select 1 from recent g where g.id = e.id)
union all
select 'against', 'NOT_EMPLOYED', 'graduate', g.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from recent g where not exists (select 1 from employed e where e.id = g.id)
union all
select 'clear', '', 'employment', e.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from employed e where not exists (select 1 from recent g where g.id = e.id)
union all
select 'undetermined', '', 'employment', one.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from employment one join employment other on other.status = one.status
where one.status = 'in_force' and other.registered_on <> one.registered_on
union all
-- Withdrawn, or of longer ago.
select 'clear', '', 'graduate', g.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from graduate g where not exists (select 1 from recent r where r.row_number = g.row_number)
union all
select case when status = 'void' then 'clear' when status = 'ended' then 'ended' else 'undetermined' end,
       '', 'employment', row_number, coalesce(ended_on, recorded_on), registered_on
from employment where status <> 'in_force' or ended_on is not null
union all
-- Two rows of one day are of one diploma: it is valid if that is what was written last.
select 'undetermined', '', 'graduate', gone.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from graduate gone join recent g on g.id = gone.graduate
where gone.status = 'withdrawn' and gone.graduated_on = g.graduated_on and not coalesce(g.recorded_on > gone.recorded_on, false)

union all
-- Two rows of one day are of one registration: it is in force if that is what was written last.
select 'undetermined', '', 'employment', gone.row_number, gone.ended_on, cast(null as date)
from employment gone join employed e on e.id = gone.employee
where gone.status in ('ended', 'void') and gone.registered_on = e.registered_on
  and not coalesce(e.recorded_on > gone.recorded_on and e.recorded_on > coalesce(gone.ended_on, gone.recorded_on), false)
