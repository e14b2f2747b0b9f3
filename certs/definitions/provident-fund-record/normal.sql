select a.holder as id, a.account_no, a.row_number, a.opened_on, a.status_on from account a
where a.status = 'normal' and a.closed_on is null and a.opened_on <= a.status_on
  and not exists (select 1 from account other where other.account_no = a.account_no and other.status <> a.status)
