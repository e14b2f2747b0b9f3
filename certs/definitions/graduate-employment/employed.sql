select employee as id, row_number, registered_on, recorded_on from employment where status = 'in_force' and ended_on is null
