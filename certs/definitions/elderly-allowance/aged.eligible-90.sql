select id, row_number, registered_on, birth_date + interval '90' year as reached
from own where status = 'registered' and death_date is null
