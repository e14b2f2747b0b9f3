select id, scan, row_number, kind, issued_on, valid_until, recorded_on from normal where term = 'valid'
