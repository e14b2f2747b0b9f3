select id, row_number, class, obtained_on, valid_until, recorded_on from normal
where last_month = 'to_come' and class in ('a1', 'a1a2', 'a2', 'a2a3', 'a3', 'a3b1', 'a3b2', 'b1', 'b1b2', 'b2', 'c1')
