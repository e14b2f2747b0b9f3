select vessel as id from request
