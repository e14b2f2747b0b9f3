select 'against' as verdict, 'EVENT_FOUND' as code, 'marriage' as scan, m.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from request r join marriage m on m.event_date between r.period_from and r.period_until
where (r.kind = 'wedding' and m.event in ('married', 'remarried')) or (r.kind = 'end' and m.event in ('divorced', 'annulled'))
union all
select 'clear', '', 'marriage', m.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from request r join marriage m on true
where m.event_date < r.period_from or m.event_date > r.period_until
  or (r.kind = 'wedding' and m.event in ('divorced', 'annulled')) or (r.kind = 'end' and m.event in ('married', 'remarried'))
