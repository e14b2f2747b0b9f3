-- Of a row that was read in twice, the one.
select birth_date as born_on from own where status = 'registered'
  and not exists (
    select 1 from own earlier
    where earlier.id = own.id and earlier.status = 'registered' and earlier.row_number < own.row_number
  )
