-- All minors whose parent is one of the couple, living or not.
select h.resident_id as id from request r join household h on h.birth_date + interval '18' year > r.today
where h.father_id = h.kin or h.mother_id = h.kin
