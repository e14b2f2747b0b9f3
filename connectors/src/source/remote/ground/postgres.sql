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
relations as (
    select class.oid, class.relkind::text as kind, class.relpersistence::text as persistence, class.relam,
        pg_catalog.replace(pg_catalog.replace(space.nspname::text || '.' || class.relname::text, pg_catalog.chr(10), ' '), '`', '') as name
    from reached join pg_catalog.pg_class as class on class.oid = reached.oid
    join pg_catalog.pg_namespace as space on space.oid = class.relnamespace
),
trees as (
    select relations.name, rule.ev_action::text as tree
    from relations join pg_catalog.pg_rewrite as rule on rule.ev_class = relations.oid where relations.kind = 'v'
),
nodes as (
    select trees.name, token[2] as node from trees, pg_catalog.regexp_matches(tree, '(^|[^\\])[{]([A-Za-z_0-9]+)', 'g') as token
),
called as (
    select trees.name, token[1] as way, token[2]::pg_catalog.oid as oid
    from trees, pg_catalog.regexp_matches(
        tree, ' :(funcid|opfuncid|aggfnoid|winfnoid|startInRangeFunc|endInRangeFunc|opno|eqop|sortop) ([0-9]+)', 'g') as token
    where token[2] <> '0'
),
functions as (
    select called.name, case when way in ('opno', 'eqop', 'sortop') then operator.oprcode::pg_catalog.oid else called.oid end as oid
    from called left join pg_catalog.pg_operator as operator on operator.oid = called.oid and way in ('opno', 'eqop', 'sortop')
    where not (way in ('eqop', 'sortop') and operator.oid is null)
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
    select way || ' a view that uses ' || node || ', of which it is not known that it depends on nothing but rows', name
    from nodes, (values ('copy'), ('reader')) as ways(way) where node not in (
        'QUERY', 'RANGETBLENTRY', 'RTE', 'RTEPERMISSIONINFO', 'ALIAS', 'FROMEXPR', 'RANGETBLREF', 'JOINEXPR', 'TARGETENTRY', 'VAR',
        'CONST', 'OPEXPR', 'FUNCEXPR', 'BOOLEXPR', 'NULLTEST', 'BOOLEANTEST', 'RELABELTYPE', 'COERCEVIAIO', 'ARRAYCOERCEEXPR',
        'CASE', 'CASEEXPR', 'WHEN', 'CASEWHEN', 'CASETESTEXPR', 'COALESCE', 'COALESCEEXPR', 'MINMAX', 'MINMAXEXPR', 'NULLIFEXPR',
        'DISTINCTEXPR', 'SCALARARRAYOPEXPR', 'ARRAY', 'ARRAYEXPR', 'ROW', 'ROWEXPR', 'FIELDSELECT', 'SUBSCRIPTINGREF', 'ARRAYREF',
        'SUBLINK', 'PARAM', 'AGGREF', 'WINDOWFUNC', 'WINDOWCLAUSE', 'SORTGROUPCLAUSE', 'SETOPERATIONSTMT', 'COMMONTABLEEXPR',
        'COLLATE', 'COLLATEEXPR')
    union all
    select way || ' a view that uses ' || coalesce(pg_catalog.replace(procedure.proname::text, '`', ''), 'a function that is not there')
        || '(), of which it is not known that it depends on nothing but rows', name
    from functions left join pg_catalog.pg_proc as procedure on procedure.oid = functions.oid,
        (values ('copy'), ('reader')) as ways(way)
    where procedure.oid is null or procedure.oid >= 16384 or procedure.prolang not in (12, 14) or not (procedure.provolatile = 'i'
        or procedure.provolatile = 's' and (procedure.proname in (
            'to_char', 'to_date', 'to_number', 'concat', 'concat_ws', 'textanycat', 'anytextcat', 'array_to_string', 'date_part', 'extract',
            'date_trunc', 'date', 'timestamp', 'timestamptz', 'timetz', 'timestamptz_pl_interval', 'timestamptz_mi_interval',
            'interval_pl_timestamptz')
            or procedure.proname ~ '^(date|timestamp|timestamptz)_(lt|le|eq|gt|ge|ne|cmp)_(date|timestamp|timestamptz)$'))
    union all
    select way || ' a view that takes only some rows, by limit or offset', name
    from trees, (values ('copy'), ('reader')) as ways(way) where tree ~ ' :(limitCount|limitOffset) [{]'
    union all
    select 'reader a child table with a column of its own, which is not seen through its parent', name from relations
    where exists (select from pg_catalog.pg_inherits where inhrelid = oid) and exists (
        select from pg_catalog.pg_attribute where attrelid = oid and attnum > 0 and not attisdropped and attinhcount = 0)
    union all
    select 'reader a table with a security label, which may mask it', name
    from relations join pg_catalog.pg_seclabel on classoid = 'pg_catalog.pg_class'::pg_catalog.regclass and objoid = oid
    union all
    select 'reader a security label on the role that reads, which may mask what it sees', rolname::text
    from pg_catalog.pg_shseclabel join pg_catalog.pg_roles on pg_roles.oid = objoid
    where classoid = 'pg_catalog.pg_authid'::pg_catalog.regclass and pg_catalog.pg_has_role(objoid, 'usage')
)
select coalesce(pg_catalog.string_agg(line, pg_catalog.chr(10) order by line), '') from (
    select distinct what || ': ' || name as line from findings union select distinct 'table: ' || name from relations where kind in ('r', 'p')
) as lines
