-- Of rows that grant benefits from the same month on, the first.
select w.benefit_from as entitled_from from stand w
where w.stands = 'waiting' and not exists (
  select 1 from stand twin
  where twin.id = w.id and twin.stands = 'waiting' and twin.benefit_from = w.benefit_from and twin.row_number < w.row_number
)
