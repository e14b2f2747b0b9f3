select child_id as id from young where child_id is not null
