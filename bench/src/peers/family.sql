-- The server of the household and marriage registers. It reaches the other's through postgres_fdw.
-- Names in braces are filled in by the bench.
create extension postgres_fdw;
create server housing foreign data wrapper postgres_fdw
  options (host '127.0.0.1', port '{port}', dbname '{database}', sslmode 'disable');
create user mapping for current_user server housing
  options (user '{user}', password '{password}');
create foreign table peer.titles (
  owner_id text options (column_name 'owner_id'),
  status text options (column_name 'QSZT')
) server housing options (schema_name 'public', table_name 'T_FDCQ');
create foreign table peer.contracts (
  buyer_id text options (column_name 'buyer_id'),
  status text options (column_name 'HTZT')
) server housing options (schema_name 'public', table_name 'T_YSHT');

-- Days as the marriage register writes them; null where nothing can be read.
create function peer.day(raw text) returns date
language plpgsql immutable strict as $$
declare
  parts text[] := regexp_match(
    translate(raw, '０１２３４５６７８９', '0123456789'),
    '^(民国)?(\d{4}|\d{1,3}(?=年))[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?( 00:00:00)?$');
begin
  return make_date(
    parts[2]::int + case when parts[1] is null then 0 else 1911 end, parts[3]::int, parts[4]::int);
exception when others then
  return null;
end
$$;

alter table "T_RKXX"
  add column person_id text generated always as (peer.resident_id("SFZH")) stored,
  add column father_id text generated always as (peer.resident_id("FQSFZH")) stored,
  add column mother_id text generated always as (peer.resident_id("MQSFZH")) stored;
alter table "T_HYDJ"
  add column man_id text generated always as (peer.resident_id("NFSFZH")) stored,
  add column woman_id text generated always as (peer.resident_id("NVFSFZH")) stored,
  add column event_day date generated always as (peer.day("DJRQ")) stored;
create index on "T_RKXX" (person_id);
create index on "T_RKXX" (father_id);
create index on "T_RKXX" (mother_id);
create index on "T_HYDJ" (man_id);
create index on "T_HYDJ" (woman_id);

-- Whether no home is on record for the applicant, the living spouse and their living minors.
-- It says true or false only: unreadable rows are passed over, and nothing is undetermined.
create function peer.has_no_home(applicant text, today date) returns boolean
language plpgsql stable as $$
declare
  born_after constant text := to_char(today - interval '18 years', 'YYYYMMDD');
  kin text[];
  dead text[];
  minors text[];
  family text[];
  titles bigint;
  contracts bigint;
begin
  -- A spouse is a person whose latest event with the applicant is a wedding.
  select array_agg(latest.other) into kin
  from (
    select distinct on (event.other) event.other, event.kind
    from (
      select
        case when m.man_id = applicant then m.woman_id else m.man_id end as other,
        m."SJLX" as kind, m.event_day as day
      from "T_HYDJ" m
      where m.man_id = applicant or m.woman_id = applicant
    ) event
    order by event.other, event.day desc nulls last
  ) latest
  where latest.kind in ('结婚', '复婚');
  kin := array_append(kin, applicant);

  select
    array_agg(h.person_id) filter (where h."ZT" = '死亡'),
    array_agg(h.person_id) filter (
      where (h.father_id = any (kin) or h.mother_id = any (kin))
        and substr(h.person_id, 7, 8) > born_after)
  into dead, minors
  from "T_RKXX" h
  where h.person_id = any (kin) or h.father_id = any (kin) or h.mother_id = any (kin);
  if applicant = any (dead) then
    return false;
  end if;

  select array_agg(member.id) into family
  from unnest(kin || minors) as member (id)
  where dead is null or member.id <> all (dead);

  -- Both registers are asked about each family, as the hub asks them.
  select count(*) into titles
  from peer.titles t
  where t.owner_id = any (family) and t.status in ('现势', '预告', '转移中');
  select count(*) into contracts
  from peer.contracts c
  where c.buyer_id = any (family) and c.status = '已备案';
  return titles = 0 and contracts = 0;
end
$$;
