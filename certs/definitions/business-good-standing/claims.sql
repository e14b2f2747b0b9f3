select name as registered_name, established_on from open
