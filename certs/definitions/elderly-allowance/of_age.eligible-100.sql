select beneficiary as id, row_number, kind, status, granted_on, ended_on, recorded_on from allowance where kind = 'advanced_age_100'
