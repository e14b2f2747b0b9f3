-- Of a row that was read in twice, the one.
select left_on from served
where not exists (select 1 from served earlier where earlier.left_on = served.left_on and earlier.row_number < served.row_number)
