-- An end on record of two persons that follows no wedding of theirs, each with its own: an event
-- is missing, or misdated.
with e as (select case when man_id = party then woman_id else man_id end as other, event, event_date from marriage),
parted as (select other, event_date from e where event in ('divorced', 'annulled')),
in_order as (
  select parted.other, parted.event_date
  from parted join e wed on wed.other = parted.other and wed.event_date < parted.event_date
  where wed.event in ('married', 'remarried') and not exists (
    select 1 from parted earlier
    where earlier.other = parted.other and earlier.event_date > wed.event_date and earlier.event_date < parted.event_date
  )
)
select parted.other as id from parted
where not exists (select 1 from in_order where in_order.other = parted.other and in_order.event_date = parted.event_date)
