select b.family as parent, b.row_number, b.child_id, b.birth_date
from request r join birth b on b.family = r.applicant
where b.status = 'valid' and (b.mother_id = r.applicant or b.father_id = r.applicant) and b.birth_date + interval '3' year > r.today
