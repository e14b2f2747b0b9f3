-- Of a row that was read in twice, the one.
select class, valid_until from held
where not exists (
    select 1 from held earlier
    where earlier.class = held.class and earlier.valid_until = held.valid_until and earlier.row_number < held.row_number
  )
