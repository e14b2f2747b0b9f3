-- The server of the housing registers.
alter table "T_FDCQ"
  add column owner_id text generated always as (peer.resident_id("QLRSFZH")) stored;
alter table "T_YSHT"
  add column buyer_id text generated always as (peer.resident_id("GMRSFZH")) stored;
create index on "T_FDCQ" (owner_id);
create index on "T_YSHT" (buyer_id);
