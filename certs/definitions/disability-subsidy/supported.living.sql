select supported as id, row_number, granted_on, recorded_on from support where kind = 'minimum_living' and status = 'paid' and ended_on is null
