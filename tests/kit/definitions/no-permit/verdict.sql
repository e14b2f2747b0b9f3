select
  case
    when p.issued_on between r.period_from and r.period_until
      and (r.kind = 'any' or (r.kind = 'hunting' and p.kind = 'hunting'))
      and p.district = r.district and p.payer = r.payer
      and p.began_on <= r.begun and date_part('year', p.issued_on) - date_part('year', p.began_on) > r.most
    then 'against' else 'clear'
  end as verdict,
  'PERMIT_FOUND' as code, 'permit' as scan, p.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from request r join permit p on true
