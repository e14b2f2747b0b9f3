select 'allowance' as scan, 'ALREADY_GRANTED' as code, row_number, status, granted_on, coalesce(ended_on, recorded_on) as ended_by, ended_on from allowance where kind = 'disability_nursing'
union all
select 'support', 'EXTREME_POVERTY', row_number, status, granted_on, coalesce(ended_on, recorded_on) as ended_by, ended_on from support where kind = 'extreme_poverty'
union all
select 'injury', 'INJURY_CARE', row_number, status, granted_on, ended_on as ended_by, ended_on from injury
union all
select 'allowance', 'ELDERLY_NURSING', row_number, status, granted_on, coalesce(ended_on, recorded_on) as ended_by, ended_on from allowance where kind = 'elderly_nursing'
