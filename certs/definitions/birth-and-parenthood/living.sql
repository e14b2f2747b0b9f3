select h.resident_id as id, r.applicant as parent
from request r join household h on h.mother_id = r.applicant or h.father_id = r.applicant join young y on y.child_id = h.resident_id
where h.status = 'registered' and h.death_date is null
  and not exists (select 1 from dead where dead.id = h.resident_id)
  -- A row that names somebody as a parent, and not the applicant, can be the one of today: who was adopted has other parents.
  and not exists (
    select 1 from household other where other.resident_id = h.resident_id
      and (other.mother_id is not null or other.father_id is not null)
      and (other.mother_id is null or other.mother_id <> r.applicant) and (other.father_id is null or other.father_id <> r.applicant)
  )
