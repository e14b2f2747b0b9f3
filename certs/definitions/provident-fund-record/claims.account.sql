-- Of a row that was read in twice, the one.
select n.opened_on as opened_on from normal n
where not exists (
  select 1 from normal earlier
  where earlier.opened_on = n.opened_on and earlier.row_number < n.row_number
)
