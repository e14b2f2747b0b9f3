select h.resident_id as id, h.row_number, h.birth_date, h.death_date, h.status, h.registered_on
from request r join household h on h.resident_id = r.applicant
