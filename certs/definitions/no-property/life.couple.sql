-- Each row of a person, of whichever scan.
select 'household' as scan, row_number, resident_id, death_date, status from household
