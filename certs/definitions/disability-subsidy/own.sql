select h.resident_id as id, h.row_number, h.death_date, h.status
from request r join household h on h.resident_id = r.applicant
