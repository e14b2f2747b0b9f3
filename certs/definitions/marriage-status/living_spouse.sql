select c.id from certain_spouse c
where exists (select 1 from registered here where here.id = c.id) and not exists (select 1 from dead where dead.id = c.id)
