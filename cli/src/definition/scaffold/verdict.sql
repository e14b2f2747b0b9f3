-- `against` makes the answer no; `ended` was something until `on_date`; `clear` never was anything;
-- `undetermined` makes the answer unavailable. Any other word settles nothing.
select case when status = 'current' and ended_on is null then 'against'
            when status = 'cancelled' then 'ended'
            else 'undetermined' end as verdict,
       'ON_RECORD' as code, 'entries' as scan, row_number,
       ended_on as on_date, cast(null as date) as began_on
from entries
