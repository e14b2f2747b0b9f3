select c.id, c.party from certain_spouse c
where exists (select 1 from registered here where here.id = c.id) and exists (select 1 from registered here where here.id = c.party)
  and not exists (select 1 from dead where dead.id = c.id) and not exists (select 1 from dead where dead.id = c.party)
