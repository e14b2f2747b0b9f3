select enterprise as id from request
