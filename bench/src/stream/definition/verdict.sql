select 'against' as verdict, 'ON_RECORD' as code, 'entries' as scan, row_number, cast(null as date) as on_date, cast(null as date) as began_on
from entries where row_number = 0
