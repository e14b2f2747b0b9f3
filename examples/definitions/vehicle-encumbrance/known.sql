select vehicle as id from record
