select vessel as id, row_number, home_port, recorded_on from record where status = 'registered' and ended_on is null
