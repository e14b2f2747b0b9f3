select 'shows' as verdict, '' as code, 'certificate' as scan, row_number, cast(null as date) as on_date, case when recorded_on < issued_on then issued_on else recorded_on end as began_on
from held
union all
select 'against', 'GRADE_TOO_LOW', 'certificate', row_number, cast(null as date) as on_date, cast(null as date) as began_on
from certificate where status = 'valid' and ended_on is null and grade in ('grade_3', 'grade_4')
union all
select case when status = 'ended' then 'ended' when status = 'expired' then 'clear'
            when status = 'frozen' and ended_on is null then 'clear' else 'undetermined' end,
       '', 'certificate', row_number, coalesce(ended_on, recorded_on), issued_on
from certificate where status <> 'valid' or ended_on is not null
union all
select 'undetermined', '', 'certificate', one.row_number, cast(null as date) as on_date, cast(null as date) as began_on
from certificate one join certificate other on other.status = one.status
where one.status = 'valid' and other.grade <> one.grade
union all
select 'against', 'DECEASED', 'household', row_number, death_date, cast(null as date)
from own where status = 'deceased' and death_date is not null
  and not exists (select 1 from own alive where alive.id = own.id and alive.status = 'registered')
union all
select 'undetermined', '', 'household', own.row_number, own.death_date, cast(null as date)
from own join own alive on alive.id = own.id where own.status = 'deceased' and alive.status = 'registered'
union all
select 'undetermined', '', 'household', row_number, death_date, cast(null as date)
from own where (death_date is not null) <> (status = 'deceased')
union all
-- A person has one certificate. What a row says of it is so of the one that is held too, unless that is another, or so since later by its own row.
select 'undetermined', '', 'certificate', gone.row_number, gone.ended_on, cast(null as date)
from certificate gone join held h on h.id = gone.holder
where gone.status <> 'valid'
  and not coalesce((gone.status <> 'frozen' and h.issued_on > gone.issued_on
                    and h.issued_on >= coalesce(gone.ended_on, case when gone.status = 'expired' then h.issued_on else gone.recorded_on end, h.issued_on))
                   or (h.recorded_on > gone.recorded_on and h.recorded_on > coalesce(gone.ended_on, gone.recorded_on)), false)
