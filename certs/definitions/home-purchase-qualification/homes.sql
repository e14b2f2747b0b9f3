-- As for the no-property proof: every row of a title or a contract.
select case when status = 'cancelled' then 'ended' when ended_on is not null then 'undetermined'
            when status in ('current', 'advance') then 'against' when status = 'applied' then 'clear' else 'undetermined' end as verdict,
       'HOME_FOUND' as code, 'ownership' as scan, row_number, coalesce(ended_on, recorded_on) as on_date, registered_on as began_on
from ownership
union all
select case when status = 'cancelled' then 'ended' when status = 'transferred' then 'handed_over'
            when status = 'filed' and ended_on is null then 'against' else 'undetermined' end,
       'HOME_FOUND', 'presale', row_number, coalesce(ended_on, recorded_on), signed_on
from presale
