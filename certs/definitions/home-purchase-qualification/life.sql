select 'household' as scan, row_number, resident_id, death_date, status from household
union all
select 'minor_household', row_number, resident_id, death_date, status from minor_household
