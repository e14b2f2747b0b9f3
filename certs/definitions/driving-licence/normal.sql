select l.holder as id, l.row_number, l.class, l.obtained_on, l.valid_until, l.recorded_on,
       case when l.valid_until > substr(cast(r.today as varchar), 1, 7) then 'to_come'
            when l.valid_until < substr(cast(r.today as varchar), 1, 7) then 'over' else 'now' end as last_month
from request r join licence l on l.holder = r.applicant
where l.status = 'normal' and l.ended_on is null
