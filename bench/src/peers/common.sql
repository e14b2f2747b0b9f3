-- What both servers have: ids read as people wrote them. The registers' tables stay; each gets
-- stored columns of what was read, so that reading costs nothing when the peer is asked.
create schema peer;

-- Full-width characters, blanks and a small x are put right. 15 digits become 18 with the century
-- and the check character of GB 11643.
create function peer.resident_id(raw text) returns text
language plpgsql immutable strict as $$
declare
  id text := upper(translate(raw, '０１２３４５６７８９Ｘｘ 　', '0123456789XX'));
  weights constant int[] := array[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
  total int := 0;
begin
  if id ~ '^[0-9]{15}$' then
    id := substr(id, 1, 6) || '19' || substr(id, 7, 9);
    for place in 1..17 loop
      total := total + substr(id, place, 1)::int * weights[place];
    end loop;
    id := id || substr('10X98765432', total % 11 + 1, 1);
  end if;
  return id;
end
$$;
