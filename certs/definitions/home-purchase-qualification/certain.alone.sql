-- Who is asked about whatever else turns out.
select applicant as id from request
