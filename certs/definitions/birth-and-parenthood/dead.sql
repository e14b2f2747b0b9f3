select resident_id as id, row_number, death_date, status from household where death_date is not null or status = 'deceased'
