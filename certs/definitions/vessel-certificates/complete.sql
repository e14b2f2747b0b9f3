-- Of a row that was read in twice, the first.
select k.id, k.row_number from registered k
where exists (select 1 from held h where h.id = k.id and h.kind = 'ownership')
  and exists (select 1 from held h where h.id = k.id and h.kind = 'nationality')
  and exists (select 1 from held h where h.id = k.id and h.kind = 'safe_manning')
  and exists (select 1 from held h where h.id = k.id and h.kind = 'safety_management')
  and exists (select 1 from held h where h.id = k.id and h.kind = 'pollution_insurance')
  and exists (select 1 from held h where h.id = k.id and h.kind = 'survey')
  and exists (select 1 from held h where h.id = k.id and h.kind = 'permit')
  and not exists (select 1 from registered twin where twin.id = k.id and twin.row_number < k.row_number)
