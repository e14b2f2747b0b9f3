select uscc as id from representation where status = 'current'
