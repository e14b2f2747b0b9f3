-- Of rows that grant benefits for the same months, the first.
select e.benefit_from as entitled_from, e.benefit_until as entitled_until from stand e
where e.stands = 'entitled' and e.scheme = 'resident' and not exists (
  select 1 from stand twin
  where twin.id = e.id and twin.stands = 'entitled' and twin.scheme = 'resident' and twin.benefit_from = e.benefit_from
    and coalesce(twin.benefit_until, '') = coalesce(e.benefit_until, '') and twin.row_number < e.row_number
)
