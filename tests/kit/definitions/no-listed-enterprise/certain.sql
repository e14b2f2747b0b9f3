select applicant as id from request
union all
select id from enterprise
