-- Not who also has a row of having moved away: which of the two is the later one, no row says.
select resident_id as id from household here where status = 'registered'
  and not exists (select 1 from household gone where gone.resident_id = here.resident_id and gone.status = 'moved_out')
