-- Or was until death: of the dead it is known that they do not live.
select resident_id as id from household where status in ('registered', 'deceased')
