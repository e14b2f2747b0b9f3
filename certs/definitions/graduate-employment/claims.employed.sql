-- Of a row that was read in twice, the one; of several employers, none.
select registered_on as employed_since from employed
where not exists (select 1 from employed earlier where earlier.registered_on = employed.registered_on and earlier.row_number < employed.row_number)
