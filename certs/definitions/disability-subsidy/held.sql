select holder as id, row_number, grade, issued_on, recorded_on from certificate
where status = 'valid' and ended_on is null
