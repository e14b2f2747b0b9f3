-- Of a spouse whom a row says to be dead, dated or not, that is in doubt.
select applicant as id from request
union all
select s.id from certain_spouse s
where not exists (select 1 from life where life.resident_id = s.id and (life.death_date is not null or life.status = 'deceased'))
