-- A divorce or an annulment ends the marriage *between the same two* that it follows, and no
-- other: it comes on a later day, and no other marriage of theirs comes between. A remarriage that
-- follows a marriage without a divorce says that an event is missing, or misdated: one divorce
-- behind the two ends one of them only. An annulment can be that of a divorce: it ends a marriage
-- only where all that is on record of the two is in order, each end behind a marriage of its own,
-- on days of their own. All of this can only add a person to the question.
with e as (select case when man_id = party then woman_id else man_id end as other, event, event_date, row_number as nr from marriage),
wed as (select other, event_date, nr from e where event in ('married', 'remarried')),
parted as (select other, event_date, nr from e where event in ('divorced', 'annulled')),
ended as (
  select wed.other, wed.event_date
  from wed join parted on parted.other = wed.other and parted.event_date > wed.event_date
  where not exists (
    select 1 from wed again
    where again.other = wed.other and again.event_date > wed.event_date and again.event_date < parted.event_date
  )
)
select wed.other as id from wed
where not exists (select 1 from ended where ended.other = wed.other and ended.event_date = wed.event_date)
union all
select one.other from wed one join wed two on two.other = one.other and two.event_date = one.event_date and two.nr <> one.nr
union all
select one.other
from e z join e one on one.other = z.other join e two on two.other = one.other and two.event_date = one.event_date and two.nr <> one.nr
where z.event = 'annulled'
union all
select z.other from e z join out_of_order on out_of_order.id = z.other
where z.event = 'annulled'
