-- A spouse beyond doubt: no divorce of the same day, none that ended nothing, and nothing later of
-- one of the two with another. Who parts from another was married to them, though the register may
-- not say so.
with e as (select party, case when man_id = party then woman_id else man_id end as other, event, event_date from marriage),
theirs as (select party, case when man_id = party then woman_id else man_id end as other, event_date from spouse_marriage)
select e.other as id from e
where e.event in ('married', 'remarried')
  and not exists (select 1 from out_of_order where out_of_order.id = e.other)
  and not exists (select 1 from e parted where parted.other = e.other and parted.event_date >= e.event_date and parted.event in ('divorced', 'annulled'))
  and not exists (
    select 1 from e again
    where again.party = e.party and again.other <> e.other and again.event_date >= e.event_date
  )
  and not exists (
    select 1 from theirs again
    where again.party = e.other and again.other <> e.party and again.event_date >= e.event_date
  )
