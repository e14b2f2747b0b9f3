-- Of two papers of one kind the one that ends later counts; one that has no last day ends never.
select h.id, h.kind, h.valid_until from held h
where h.kind <> 'other' and h.valid_until is not null
  and not exists (
    select 1 from held later
    where later.id = h.id and later.kind = h.kind
      and (later.valid_until is null or later.valid_until > h.valid_until
           or (later.valid_until = h.valid_until and later.row_number < h.row_number))
  )
