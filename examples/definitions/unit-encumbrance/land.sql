select parcel_code as id from record where parcel_code is not null
