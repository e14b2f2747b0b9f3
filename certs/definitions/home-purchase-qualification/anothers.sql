with place as (select resident_id, status, coalesce(father_id, mother_id) as one, coalesce(mother_id, father_id) as other from minor_household),
present as (select resident_id from place where status = 'registered' and one is not null)
select c.id, c.parent from children c join place on place.resident_id = c.id
where place.one <> c.parent and place.other <> c.parent and place.status = 'registered'
union all
select c.id, c.parent from children c join place on place.resident_id = c.id
where place.one <> c.parent and place.other <> c.parent
  and not exists (select 1 from present where present.resident_id = c.id)
