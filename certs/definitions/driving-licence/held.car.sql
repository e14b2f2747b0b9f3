select id, row_number, class, obtained_on, valid_until, recorded_on from normal
where last_month = 'to_come' and class in ('a1', 'a2', 'a3', 'b1', 'b2', 'c1')
