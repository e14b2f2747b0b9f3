select a.holder as id, a.row_number, a.opened_on, a.status_on from account a
where a.status = 'normal' and a.closed_on is null and a.opened_on <= a.status_on
  and not exists (
    select 1 from account other where other.holder = a.holder and other.status <> 'normal'
      and not coalesce(a.opened_on > other.closed_on and a.opened_on > other.status_on, false)
      and not coalesce(a.status_on > other.status_on and a.status_on > coalesce(other.closed_on, other.status_on), false)
  )
