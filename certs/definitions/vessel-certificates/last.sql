-- Of two papers of one kind that hold, the last word counts: the one that was issued since, or the same written anew since; whichever ends
-- first. One that has no last day ends never.
select h.id, h.kind, h.row_number, h.valid_until from held h
where h.kind <> 'other' and h.valid_until is not null
  and not exists (
    select 1 from held later
    where later.id = h.id and later.kind = h.kind
      and (later.issued_on > h.issued_on or (later.issued_on = h.issued_on and later.recorded_on > h.recorded_on))
  )
