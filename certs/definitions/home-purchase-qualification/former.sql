select h.row_number, case when h.death_date is null then cast(h.birth_date + interval '18' year as date) else h.death_date end as until
from request r join household h on h.resident_id <> r.applicant
where h.death_date is not null or (h.birth_date + interval '18' year <= r.today and (h.father_id = h.kin or h.mother_id = h.kin))
