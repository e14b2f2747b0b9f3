select vessel as id, 'certificate' as scan, row_number, kind, status, issued_on, valid_until, ended_on, recorded_on from certificate
union all
select vessel as id, 'survey' as scan, row_number, 'survey' as kind, status, issued_on, valid_until, ended_on, recorded_on from survey
union all
select vessel as id, 'permit' as scan, row_number, 'permit' as kind, status, issued_on, valid_until, ended_on, recorded_on from permit
