select holder as id from licence
