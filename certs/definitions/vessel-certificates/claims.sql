-- The first of the last days. Of two registrations that name different ports neither can be told.
select l.valid_until, k.home_port
from registered k join last l on l.id = k.id
where not exists (
    select 1 from last earlier
    where earlier.id = l.id
      and (earlier.valid_until < l.valid_until
           or (earlier.valid_until = l.valid_until and (earlier.kind < l.kind or (earlier.kind = l.kind and earlier.row_number < l.row_number))))
  )
  and not exists (
    select 1 from registered twin where twin.id = k.id and twin.home_port = k.home_port and twin.row_number < k.row_number
  )
