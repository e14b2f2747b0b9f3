-- Death ends a marriage, though the marriage register does not say so.
select s.id from spouse s
where not exists (select 1 from household h where h.resident_id = s.id and h.death_date is not null)
