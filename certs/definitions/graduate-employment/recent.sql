select g.graduate as id, g.row_number, g.graduated_on, g.recorded_on
from request r join graduate g on g.graduated_on + interval '2' year > r.today
where g.status = 'valid'
