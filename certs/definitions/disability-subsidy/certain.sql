select applicant as id from request
