-- Who is 63 drives no large vehicle any more, whatever the row says (机动车驾驶证申领和使用规定 art. 65).
select n.id, n.row_number, n.class, n.obtained_on, n.valid_until, n.recorded_on from normal n join request r on r.applicant = n.id
where n.last_month = 'to_come' and n.class in ('a1', 'a1a2', 'a2', 'a2a3', 'a3b2', 'b1b2', 'b2')
  and cast(substr(r.applicant, 7, 4) || '-' || substr(r.applicant, 11, 2) || '-' || substr(r.applicant, 13, 2) as date) + interval '63' year > r.today
