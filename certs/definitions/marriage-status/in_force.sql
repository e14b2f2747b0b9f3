-- Of a wedding that was read in twice, the first row.
with e as (select case when man_id = party then woman_id else man_id end as other, event, event_date, row_number as nr from marriage),
wed as (select other, event, event_date, nr from e where event in ('married', 'remarried')),
parted as (select other, event_date from e where event in ('divorced', 'annulled')),
ended as (
  select wed.nr
  from wed join parted on parted.other = wed.other and parted.event_date > wed.event_date
  where not exists (
    select 1 from wed again
    where again.other = wed.other and again.event_date > wed.event_date and again.event_date < parted.event_date
  )
)
select wed.other as id, wed.event_date as since, wed.nr as nr from wed
where not exists (select 1 from ended where ended.nr = wed.nr)
  and not exists (
    select 1 from wed twin
    where twin.other = wed.other and twin.event = wed.event and twin.event_date = wed.event_date and twin.nr < wed.nr
  )
