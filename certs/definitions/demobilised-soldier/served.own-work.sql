select veteran as id, row_number, left_on, recorded_on from file where status = 'confirmed' and settlement = 'own_work'
