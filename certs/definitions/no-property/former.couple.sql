-- Who was of the family until lately: what was theirs may have come to those who are of it now.
select h.row_number, h.death_date as until from spouse s join household h on h.resident_id = s.id where h.death_date is not null
