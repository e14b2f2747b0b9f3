-- Of two papers of one kind the one that ends later counts; other papers than the seven do not.
select min(e.valid_until) as valid_until, k.home_port
from registered k join (select id, kind, max(valid_until) as valid_until from held where kind <> 'other' group by id, kind) e on e.id = k.id
group by k.home_port
