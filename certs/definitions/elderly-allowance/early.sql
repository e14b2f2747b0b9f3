-- Granted at an age at which nobody is granted that: such a row is another person's, or of another kind. Two years are left for places that count
-- the years of an age from birth on by the calendar (虚岁).
select g.row_number, g.ended_on from request r join of_age g on g.id = r.applicant
where g.granted_on < cast(substr(r.applicant, 7, 4) || '-' || substr(r.applicant, 11, 2) || '-01' as date)
  + case when g.kind = 'advanced_age_80' then interval '936' month when g.kind = 'advanced_age_90' then interval '1056' month else interval '1176' month end
