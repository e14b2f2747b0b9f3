select unit as id from record
union all
select unit as id from parcel
