select enterprise as id from registration where status in ('in_business', 'suspended') and ended_on is null
