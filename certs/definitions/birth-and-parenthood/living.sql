select h.resident_id as id, r.applicant as parent
from request r join household h on h.mother_id = r.applicant or h.father_id = r.applicant join young y on y.child_id = h.resident_id
where h.status = 'registered' and h.death_date is null
  and not exists (select 1 from dead where dead.id = h.resident_id)
  -- Of two mothers, or two fathers, which is the one of today no row says.
  and not exists (
    select 1 from household other where other.resident_id = h.resident_id
      and (h.mother_id = r.applicant and other.mother_id <> r.applicant or h.father_id = r.applicant and other.father_id <> r.applicant)
  )
