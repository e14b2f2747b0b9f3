select vessel as id from record
