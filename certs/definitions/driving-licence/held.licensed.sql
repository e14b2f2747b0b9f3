select id, row_number, class, obtained_on, valid_until, recorded_on from normal
where last_month = 'to_come'
