select row_number, birth_date from birth where child_id = family and status = 'valid'
