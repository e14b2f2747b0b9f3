select 'shows' as verdict, '' as code, 'graduate' as scan, row_number, cast(null as date) as on_date, case when recorded_on < graduated_on then graduated_on else recorded_on end as began_on
from recent
union all
select 'against', 'EMPLOYED', 'employment', row_number, cast(null as date) as on_date, cast(null as date) as began_on
from employed
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
