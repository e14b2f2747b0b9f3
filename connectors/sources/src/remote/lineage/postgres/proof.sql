with recursive reached as (
    select '{path}'::pg_catalog.regclass::pg_catalog.oid as oid
    union
    select next.oid from reached
    join pg_catalog.pg_class as class on class.oid = reached.oid and class.relkind in ('r', 'p', 'v')
    cross join lateral (
        select depends.refobjid as oid from pg_catalog.pg_rewrite as rule
        join pg_catalog.pg_depend as depends on depends.objid = rule.oid and depends.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
            and depends.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
        where rule.ev_class = reached.oid
        union all
        select token[1]::pg_catalog.oid from pg_catalog.pg_rewrite as rule,
            pg_catalog.regexp_matches(rule.ev_action::text, ' :relid ([0-9]+)', 'g') as token
        where rule.ev_class = reached.oid
        union all
        select inhrelid from pg_catalog.pg_inherits where inhparent = reached.oid
    ) as next
),
-- What was there when the server was set up was written by transaction 1, and a number from 16384 on was given since.
--
-- The types of the columns that are read; of a domain, the type below it.
read as (
    select coalesce(nullif(type.typbasetype, 0), type.oid) as type from pg_catalog.pg_attribute
    join pg_catalog.pg_type as type on type.oid = atttypid
    where attrelid = '{path}'::pg_catalog.regclass and attnum > 0 and not attisdropped
),
relations as (
    select class.oid, class.relkind::text as kind, class.relpersistence::text as persistence, class.relam,
        pg_catalog.replace(pg_catalog.replace(space.nspname::text || '.' || class.relname::text, pg_catalog.chr(10), ' '), '`', '') as name
    from reached join pg_catalog.pg_class as class on class.oid = reached.oid
    join pg_catalog.pg_namespace as space on space.oid = class.relnamespace
),
trees as (
    select relations.oid, relations.name, pg_catalog.replace(rule.ev_action::text, pg_catalog.chr(10), ' ') as tree
    from relations join pg_catalog.pg_rewrite as rule on rule.ev_class = relations.oid where relations.kind = 'v' and rule.ev_type = '1'
),
called as (
    select way, oid::pg_catalog.oid as oid from (
        select distinct token[1] as way, token[2] as oid
        from trees, pg_catalog.regexp_matches(tree, ' :(funcid|opno|eqop|sortop) ([0-9]+)', 'g') as token
    ) as tokens where oid <> '0'
),
operators as (
    select distinct operator.oid, operator.oprname::text as name, operator.oprcode::pg_catalog.oid as code
    from called join pg_catalog.pg_operator as operator on operator.oid = called.oid and way <> 'funcid'
),
functions as (
    select oid from called where way = 'funcid' union select code from operators
),
findings(what, name) as (
    select 'copy ' || case kind when 'm' then 'a materialized view' when 'f' then 'a foreign table' when 'S' then 'a sequence'
        else 'a relation of kind ' || kind end, name
    from relations where kind not in ('r', 'p', 'v')
    union all
    select 'reader a foreign table, whose server may hide rows from whoever asks', name from relations where kind = 'f'
    union all
    select 'copy an unlogged or temporary table, which a crash empties', name from relations where persistence <> 'p'
    union all
    select 'copy a table of another access method than heap', name from relations where kind = 'r' and relam <> 2
    union all
    select 'copy a table of the system''s own', name from relations where oid < 16384
    union all
    select 'copy a table that a logical subscription writes', name
    from relations join pg_catalog.pg_subscription_rel on srrelid = oid
    union all
    select 'copy a view of no table', name from relations
    where kind = 'v' and not exists (select from relations as table_ where table_.kind in ('r', 'p', 'm', 'f'))
    union all
    select 'copy written from another server''s log, by a replication of which the catalogue does not say what it writes', roname
    from pg_catalog.pg_replication_origin where roname !~ '^pg_[0-9]+(_[0-9]+)*$'
    union all
    select 'reader a child table with a column of its own, which is not seen through its parent', name from relations
    where exists (select from pg_catalog.pg_inherits where inhrelid = oid) and exists (
        select from pg_catalog.pg_attribute where attrelid = oid and attnum > 0 and not attisdropped and attinhcount = 0)
    union all
    select 'reader a table with a rule for what is read of it', name
    from relations join pg_catalog.pg_rewrite as rule on rule.ev_class = relations.oid where kind in ('r', 'p') and rule.ev_type = '1'
    union all
    -- From PostgreSQL 18 on; a row as JSON, because older ones do not know all of its fields.
    select 'reader a table with a column that is made anew for each reader', name from relations
    join pg_catalog.pg_attribute as made on attrelid = relations.oid and attnum > 0 and not attisdropped
    where kind in ('r', 'p') and pg_catalog.to_jsonb(made) ->> 'attgenerated' = 'v'
    union all
    -- Columns are read as `text` (25), asked for by values that were, and so is this catalogue. A cast by way of what the
    -- types write themselves (`i`) is what is done without one.
    select 'reader read by a cast that was made or changed here, which need not give what is stored, from the type '
        || pg_catalog.replace(pg_catalog.replace(pg_catalog.format_type(castsource, null), pg_catalog.chr(10), ' '), '`', ''), name
    from relations cross join pg_catalog.pg_cast as made where relations.oid = '{path}'::pg_catalog.regclass
    and castmethod <> 'i' and not (made.xmin = '1'::pg_catalog.xid)
    and (casttarget = 25 and (castsource < 16384 or castsource in (select type from read)) or castsource = 25 and casttarget < 16384)
    union all
    select 'reader a server in whose pg_catalog operators were made or changed', 'pg_catalog'
    from pg_catalog.pg_operator where oprnamespace = 'pg_catalog'::pg_catalog.regnamespace and not (xmin = '1'::pg_catalog.xid)
    union all
    select 'reader a server in whose pg_catalog functions were made or changed that its readers rest upon', 'pg_catalog'
    from pg_catalog.pg_proc where pronamespace = 'pg_catalog'::pg_catalog.regnamespace and not (xmin = '1'::pg_catalog.xid) and proname = any (
        '{text, bpchar, int8, numeric, length, count, max, texteq, textne, text_lt, text_le, text_gt, text_ge, nameeqtext, bpchareq,
          int2eq, int4eq, int8eq, int28eq, int48eq, numeric_eq, textcat, oideq, replace, chr, string_agg, regexp_matches}')
    union all
    select 'reader a server in whose pg_catalog a collation C was made', 'pg_catalog' from pg_catalog.pg_collation
    where collnamespace = 'pg_catalog'::pg_catalog.regnamespace and collname = 'C' and oid >= 16384
    union all
    select 'reader a table of a server that shows damaged pages as empty ones (zero_damaged_pages)', name from relations
    where pg_catalog.current_setting('zero_damaged_pages') <> 'off'
    union all
    select 'reader a table with a security label, which may mask it', name
    from relations join pg_catalog.pg_seclabel on classoid = 'pg_catalog.pg_class'::pg_catalog.regclass and objoid = oid
    union all
    select 'reader a security label on the role that reads, which may mask what it sees', rolname::text
    from pg_catalog.pg_shseclabel join pg_catalog.pg_roles on pg_roles.oid = objoid
    where classoid = 'pg_catalog.pg_authid'::pg_catalog.regclass and pg_catalog.pg_has_role(objoid, 'usage')
)
select coalesce(pg_catalog.string_agg(line, pg_catalog.chr(10) order by line), '') from (
    select distinct what || ': ' || name as line from findings
    union select distinct 'table: ' || name from relations where kind in ('r', 'p')
    union all select 'tree ' || oid::text || ' ' || name || pg_catalog.chr(9) || tree from trees
    union all select 'child ' || inhparent::text || ' ' || inhrelid::text
    from pg_catalog.pg_inherits join relations on relations.oid = inhparent
    union all select 'views ' || (select pg_catalog.count(*) from relations where kind = 'v')::text
    union all select 'operator ' || oid::text || ' ' || code::text || ' ' || name from operators
    union all select 'function ' || procedure.oid::text || ' ' || procedure.prorettype::text
        || ' ' || pg_catalog.replace(procedure.proargtypes::text, ' ', ',') || ' '
        || pg_catalog.replace(pg_catalog.replace(procedure.proname::text, pg_catalog.chr(10), ' '), '`', '')
    from functions join pg_catalog.pg_proc as procedure on procedure.oid = functions.oid
    where procedure.oid >= 16384 or procedure.xmin = '1'::pg_catalog.xid
) as lines
