-- Ownership alone has no last day.
select p.id, p.scan, p.row_number, p.kind, p.issued_on, p.valid_until, p.recorded_on,
       case when p.valid_until < r.today then 'over' when p.valid_until >= r.today then 'valid'
            when p.kind = 'ownership' then 'valid' else 'unknown' end as term
from request r join papers p on p.id = r.vessel
where p.status = 'valid' and p.ended_on is null
