-- Ids of persons whom the city does not know, each with its check character (GB 11643): a division
-- that the city does not use, a day from 1950 on, and a number.
create or replace function another_id(n int) returns text
language sql immutable as $$
  select body || substr('10X98765432', (
      substr(body, 1, 1)::int * 7 + substr(body, 2, 1)::int * 9 + substr(body, 3, 1)::int * 10
    + substr(body, 4, 1)::int * 5 + substr(body, 5, 1)::int * 8 + substr(body, 6, 1)::int * 4
    + substr(body, 7, 1)::int * 2 + substr(body, 8, 1)::int + substr(body, 9, 1)::int * 6
    + substr(body, 10, 1)::int * 3 + substr(body, 11, 1)::int * 7 + substr(body, 12, 1)::int * 9
    + substr(body, 13, 1)::int * 10 + substr(body, 14, 1)::int * 5 + substr(body, 15, 1)::int * 8
    + substr(body, 16, 1)::int * 4 + substr(body, 17, 1)::int * 2) % 11 + 1, 1)
  from (select '330199' || to_char(date '1950-01-01' + n / 1000, 'YYYYMMDD')
      || lpad((n % 1000)::text, 3, '0') as body) as without_check
$$;
