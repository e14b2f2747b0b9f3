-- Of a row that was read in twice, the one.
select grade from held
where not exists (select 1 from held earlier where earlier.grade = held.grade and earlier.row_number < held.row_number)
