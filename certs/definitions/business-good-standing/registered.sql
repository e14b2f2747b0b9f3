select enterprise as id from registration where uscc = enterprise and status in ('in_business', 'suspended') and ended_on is null
