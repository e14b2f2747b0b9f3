-- Of a row that was read in twice, the one.
select birth_date as born_on from own
where not exists (select 1 from own earlier where earlier.birth_date = own.birth_date and earlier.row_number < own.row_number)
