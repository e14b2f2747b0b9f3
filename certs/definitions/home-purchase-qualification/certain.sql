-- Who is asked about whatever else turns out. Of one whom a row says to be dead, dated or not,
-- that is in doubt; of a child whose present row names other parents, or any row where no present
-- one names parents; and of the child of a spouse who is dead.
with theirs as (
  select c.id, c.parent from children c
  where not exists (select 1 from life where life.resident_id = c.id and (life.death_date is not null or life.status = 'deceased'))
    and not exists (select 1 from anothers where anothers.id = c.id and anothers.parent = c.parent)
),
sure as (
  select s.id from certain_spouse s
  where not exists (select 1 from life where life.resident_id = s.id and (life.death_date is not null or life.status = 'deceased'))
)
select applicant as id from request
union all
select sure.id from sure
union all
select theirs.id from request r join theirs on theirs.parent = r.applicant
union all
select theirs.id from sure join theirs on theirs.parent = sure.id
