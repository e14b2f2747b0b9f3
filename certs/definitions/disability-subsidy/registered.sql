select resident_id as id from household where status = 'registered'
