select h.resident_id as id, h.kin as parent
from request r join household h on h.death_date is null and h.birth_date + interval '18' year > r.today
where h.father_id = h.kin or h.mother_id = h.kin
