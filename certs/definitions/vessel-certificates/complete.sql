select k.id from registered k
where exists (select 1 from held h where h.id = k.id and h.kind = 'ownership')
  and exists (select 1 from held h where h.id = k.id and h.kind = 'nationality')
  and exists (select 1 from held h where h.id = k.id and h.kind = 'safe_manning')
  and exists (select 1 from held h where h.id = k.id and h.kind = 'safety_management')
  and exists (select 1 from held h where h.id = k.id and h.kind = 'pollution_insurance')
  and exists (select 1 from held h where h.id = k.id and h.kind = 'survey')
  and exists (select 1 from held h where h.id = k.id and h.kind = 'permit')
group by k.id
