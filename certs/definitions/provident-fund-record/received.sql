select applicant as id, cast(cast(substr(cast(today as varchar), 1, 8) || '01' as date) - interval '1' day as date) as day from request
