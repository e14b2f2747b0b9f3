-- Of a row that was read in twice, the one.
select granted_on as granted_since, kind as age_step from of_age
where status = 'paid' and ended_on is null
  and not exists (
    select 1 from of_age earlier
    where earlier.kind = of_age.kind and earlier.status = 'paid' and earlier.ended_on is null
      and earlier.granted_on = of_age.granted_on and earlier.row_number < of_age.row_number
  )
