select graduate as id from graduate
