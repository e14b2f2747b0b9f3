select birth_date as born_on from own where status = 'registered'
