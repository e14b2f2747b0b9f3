//! What is of now, and shows everything to whoever reads it, is proven by the server's own
//! catalogue; what is not proven is refused.

use zerotrip_proto::v1::ErrorCode;

use super::server::{READER, Server};
use super::{Rig, code};
use crate::conformance::{LI, look_up, names, run, soon};

/// What an extract says of itself, and what its owner says of it.
pub const EXTRACT: &str = "as_of = { table = \"extract\", column = \"at\" }";
pub const NOTHING_HIDDEN: &str = "nothing_hidden = \"the view is made for this reader alone\"";

/// Expressions over a table `t` of two ids and a name that depend on nothing but its rows.
const POSTGRES_SOUND: &[&str] = &[
    "t.name",
    "upper(trim(t.name)) || '{QUERY :funcid 1}'",
    "case when t.name like '%a' then 'a' else coalesce(t.name, 'b') end",
    "case t.name when 'a' then 1 else 2 end",
    "concat(t.name, '-', length(t.name))",
    "nullif(t.name, '')::varchar(20)",
    "substring(t.name from 1 for 2)",
    "t.id_a in ('a', 'b') and t.name is distinct from 'c' and (t.name = 'x') is not true",
    "length(t.name)::text",
    "'2020-01-01'::date between '2019-01-01' and '2021-01-01'",
    "timestamptz '2020-01-01 00:00+08' < timestamptz '2021-01-01 00:00+08'",
    "replace(t.name, 'a', 'b')",
    "length(t.name) * 2 - 1",
];
/// Those that could show something else to another reader, or in another session, or of another
/// time.
const POSTGRES_UNSOUND: &[&str] = &[
    "current_user",
    "session_user::text",
    "current_setting('a.b', true)",
    "case when pg_has_role('pg_monitor', 'usage') then t.name end",
    "now()::text",
    "current_date::text",
    "random()::text",
    "SCHEMA.own(t.name)",
    "query_to_xml('select 1', true, true, '')::text",
    "inet_client_addr()::text",
    "age(timestamp '2020-01-01')::text",
    "(select v from unnest(array[t.name]) as v)",
    "(select u.name from SCHEMA.u as u limit 1)",
    "(select max(u.name) from SCHEMA.u as u where u.id_a = t.id_a)",
    "exists(select 1 from SCHEMA.u as u where u.id_a = t.id_a)",
    "has_table_privilege('SCHEMA.u', 'select')::text",
    "txid_current()::text",
    "to_char('2020-01-01 00:00+00'::timestamptz, 'HH24')",
    "to_char(date '2020-01-01', 'TMMonth')",
    "extract(hour from '2020-01-01 00:00+00'::timestamptz)::text",
    "('2020-01-01 00:00+00'::timestamptz)::date",
    "('2020-01-01 00:00+00'::timestamptz < '2020-01-01'::timestamp)::text",
    "('2020-01-01'::date)::text",
    "concat(t.name, '2020-01-01'::date)",
    "case when t.name = 'never' then t.name::date is null end",
    "0.1::float8::text",
    "'1 day'::interval::text",
    "'x'::bytea::text",
    "t.ctid::text",
    "t.tableoid::text",
    "t.xmin::text",
    "t::text",
    "(t.name collate \"C\" < 'a')::text",
    "count(*) over (partition by t.id_a)",
    "row_number() over (partition by t.id_a order by t.name)",
    "generate_series(1, 2)",
    "array_to_string(array[t.name, t.id_a], ',')",
    "(t.name operator(SCHEMA.===) t.name)::text",
];
/// Queries of the table that keep one row of several, or leave some out by something else than
/// their cells.
const POSTGRES_FEWER: &[&str] = &[
    "select distinct on (t.name) t.id_a, t.id_b, t.name from TABLE as t order by t.name",
    "select distinct t.id_a, t.id_b, t.name from TABLE as t",
    "select id_a, id_b, name from (select *, row_number() over (partition by name order by id_a) \
     as place from TABLE) as t where place = 1",
    "select min(t.id_a) as id_a, min(t.id_b) as id_b, t.name from TABLE as t group by t.name",
    "select min(t.id_a) as id_a, min(t.id_b) as id_b, min(t.name) as name from TABLE as t",
    "select id_a, id_b, name from TABLE limit 5",
    "select id_a, id_b, name from TABLE offset 0",
    "select id_a, id_b, name from TABLE order by name fetch first 5 rows with ties",
    "select id_a, id_b, name from TABLE tablesample system (100)",
    "select id_a, id_b, name from only TABLE",
    "select id_a, id_b, name from TABLE union select id_a, id_b, name from TABLE",
    "select id_a, id_b, name from (select id_a, id_b, name, timestamptz '2020-01-01 00:00+00' as \
     at from TABLE where 1 = 0 union all select id_a, id_b, name, date '2020-01-01' from TABLE) as \
     z where at < '2020-01-01 12:00+00'",
    "select id_a, id_b, name from (select id_a, id_b, name, 1 as at from TABLE where 1 = 0 union all \
     select id_a, id_b, name, 2.5 from TABLE) as z where at > 2",
    "select id_a, id_b, name from TABLE except all select id_a, id_b, name from SCHEMA.t where \
     name = 'z'",
    "with q as (select * from TABLE) select id_a, id_b, name from q",
    "select id_a, id_b, name from TABLE, generate_series(1, 1)",
    "select id_a, id_b, name from TABLE as t where ctid < '(1,50)'",
    "select id_a, id_b, name from TABLE as t where not exists (select from TABLE as u where \
     u.name = t.name and u.id_a < t.id_a)",
];
const POSTGRES_WHOLE: &[&str] = &[
    "select id_a, id_b, name from (select id_a, id_b, name::char(9) as name, date '2020-01-01' as at \
     from TABLE where 1 = 0 union all select id_a, id_b, name::text, date '2020-01-02' from TABLE \
     union all select id_a, id_b, name, null from TABLE where 1 = 0) as z where at > '2020-01-01'",
    "select id_a, id_b, name from TABLE union all select id_a, null, name from SCHEMA.u",
    "select t.id_a, t.id_b, t.name from TABLE as t left join SCHEMA.u as u using (id_a) where \
     u.name is null order by t.name",
    "select t.id_a, t.id_b, z.name from (select id_a, upper(name) as name from SCHEMA.u) as z \
     right join TABLE as t on t.id_a = z.id_a",
    "select t.id_a, t.id_b, coalesce(u.name, t.name) as name from TABLE as t left join TABLE as u \
     on u.id_b = t.id_a",
    "select t.id_a, t.id_b, coalesce(a.name, b.name, t.name) as name from TABLE as t left join \
     SCHEMA.u as a on a.id_a = t.name left join SCHEMA.u as b on b.id_a = t.id_b where t.id_a is \
     not null",
];
const MYSQL_SOUND: &[&str] = &[
    "t.name",
    "upper(trim(both ' ' from t.name))",
    "case when t.name like '%a' then 'a' else coalesce(t.name, 'from `x` where') end",
    "concat(t.name, '-', char_length(t.name))",
    "if(t.name = '', 'x', cast(t.name as char))",
    "substring(t.name, 1, 2)",
    "nullif(replace(t.name, 'a', 'b'), left(t.name, 2))",
    "t.id_a in ('a', 'b') and not (t.name <=> 'c') and (t.name = 'x') is true",
];
const MYSQL_UNSOUND: &[&str] = &[
    "current_user()",
    "session_user()",
    "now()",
    "curdate()",
    "rand()",
    "SCHEMA.own(t.name)",
    "connection_id()",
    "uuid()",
    "database()",
    "unix_timestamp()",
    "(select u.name from SCHEMA.u as u limit 1)",
    "(select group_concat(u.name) from SCHEMA.u as u)",
    "(select max(u.name) from SCHEMA.u as u where u.id_a = t.id_a)",
    "exists(select 1 from SCHEMA.u as u where u.id_a = t.id_a)",
    "found_rows()",
    "load_file('/x')",
    "date_format('2020-01-01', '%W')",
    "date_format('2020-01-01' - interval 3 day, '%Y')",
    "week('2023-01-01')",
    "dayname('2023-01-01')",
    "charset('a')",
    "collation(t.name)",
    "convert(t.name using latin1)",
    "cast('0000-00-00' as date)",
    "from_unixtime(0)",
    "(t.changed < '2020-01-01 00:00:00')",
    "cast(t.changed as char)",
    "count(*) over (partition by t.id_a)",
    "row_number() over (partition by t.id_a order by t.name)",
    "1 / 3",
];
const MYSQL_FEWER: &[&str] = &[
    "select distinct t.id_a, t.id_b, t.name from TABLE as t",
    "select id_a, id_b, name from (select *, row_number() over (partition by name order by id_a) \
     as place from TABLE) as t where place = 1",
    "select min(t.id_a) as id_a, min(t.id_b) as id_b, t.name from TABLE as t group by t.name",
    "select min(t.id_a) as id_a, min(t.id_b) as id_b, min(t.name) as name from TABLE as t",
    "select id_a, id_b, name from TABLE limit 5",
    "select id_a, id_b, name from TABLE limit 100 offset 0",
    "select id_a, id_b, name from TABLE order by name fetch first 5 rows with ties",
    "select id_a, id_b, name from TABLE union select id_a, id_b, name from TABLE",
    "select id_a, id_b, name from TABLE except all select id_a, id_b, name from SCHEMA.t where \
     name = 'z'",
    "with q as (select * from TABLE) select id_a, id_b, name from q",
    "select id_a, id_b, name from TABLE as t where not exists (select 1 from TABLE as u where \
     u.name = t.name and u.id_a < t.id_a)",
    "select z.id_a, z.id_b, z.name from (select id_a, id_b, name, changed as at from TABLE) as z \
     where z.at < '2020-01-01' or 1 = 1",
];
const MYSQL_WHOLE: &[&str] = &[
    "select id_a, id_b, name from TABLE union all select id_a, null, name from SCHEMA.u",
    "select t.id_a, t.id_b, t.name from TABLE as t left join SCHEMA.u as u on u.id_a = t.id_a \
     where u.name is null order by t.name",
    "select t.id_a, t.id_b, z.name from (select id_a, upper(name) as name from SCHEMA.u) as z \
     right join TABLE as t on t.id_a = z.id_a",
    "select t.id_a, t.id_b, coalesce(u.name, t.name) as name from TABLE as t left join TABLE as u \
     on u.id_b = t.id_a",
    "select t.id_a, t.id_b, coalesce(a.name, b.name, t.name) as name from TABLE as t left join \
     SCHEMA.u as a on a.id_a = t.name left join SCHEMA.u as b on b.id_a = t.id_b where t.id_a is \
     not null",
];

/// Queries of the table by which its rows can hide other rows of it.
const TWICE: &[&str] = &[
    "select t.id_a, t.id_b, z.name from (select id_a, upper(name) as name from TABLE) as z join \
     TABLE as t on t.id_a = z.id_a",
    "select t.id_a, t.id_b, t.name from TABLE as t join TABLE as u on u.name = t.name",
    "select t.id_a, t.id_b, t.name from TABLE as t, TABLE as u where u.name = t.name",
    "select t.id_a, t.id_b, t.name from TABLE as t left join TABLE as u on u.id_a > t.id_a where \
     u.id_a is null",
    "select t.id_a, t.id_b, t.name from TABLE as u right join TABLE as t on u.id_a > t.id_a where \
     u.id_a is null",
    "select t.id_a, t.id_b, t.name from TABLE as t left join SCHEMA.seen as u on u.id_a > t.id_a \
     where u.id_a is null",
    "select t.id_a, t.id_b, t.name from TABLE as t left join (select id_a from SCHEMA.seen) as u \
     on u.id_a > t.id_a where u.id_a is null",
    "select t.id_a, t.id_b, t.name from TABLE as t left join TABLE as u on u.id_a = t.id_a join \
     SCHEMA.w as w on w.id_a = u.id_a",
    "select id_a, id_b, name from SCHEMA.u where 1 = 0 union all select t.id_a, t.id_b, t.name \
     from TABLE as t join SCHEMA.seen as u on u.name = t.name",
];

/// A rig whose table is a view of these expressions, and what stands around it.
pub struct Views<'a> {
    pub rig: Rig<'a>,
    made: usize,
}

impl<'a> Views<'a> {
    pub fn new(server: &'a Server) -> Self {
        let rig = Rig::plain(server);
        rig.table.write(&[[Some(LI), None, Some("home")]]);
        rig.table.sql(
            "create table SCHEMA.u (id_a varchar(60), name varchar(60)); create table \
             SCHEMA.extract (at varchar(40)); insert into SCHEMA.extract values \
             ('2026-11-20T00:30:00+08:00')",
        );
        let own = if server.is_postgres {
            "create function SCHEMA.own(text) returns text immutable language sql as 'select $1'; \
             create function SCHEMA.same(text, text) returns bool immutable language sql as \
             'select true'; create operator SCHEMA.=== (leftarg = text, rightarg = text, function \
             = SCHEMA.same)"
        } else {
            "create function SCHEMA.own(a text) returns text deterministic return a"
        };
        rig.table.sql(own);
        let (schema, reader) = (server.quote(&rig.table.schema), server.quote(READER));
        if !server.is_postgres {
            server.sql(&format!("grant execute on {schema}.* to {reader}@'%'"));
            rig.table.sql(
                "alter table TABLE add column changed timestamp not null default \
                 current_timestamp invisible",
            );
        }
        Self { rig, made: 0 }
    }

    /// A view of this text, which is read instead of the table.
    pub fn view(&mut self, text: &str) {
        self.made += 1;
        let name = format!("v {}", self.made);
        let view = self.rig.table.server.quote(&name);
        self.rig.table.name = "t".to_owned();
        self.rig.table.sql(&format!("create view SCHEMA.{view} as {text}"));
        self.rig.table.name = name;
        self.rig.besides = 0;
    }

    /// A view of the table with these expressions as its name.
    fn of(&mut self, shown: &[&str], condition: &str) {
        let more: Vec<String> =
            shown.iter().enumerate().map(|(at, shown)| format!(", {shown} as c{at}")).collect();
        self.view(&format!(
            "select t.id_a, t.id_b, t.name{} from TABLE as t{condition}",
            more.concat()
        ));
        self.rig.besides = shown.len();
    }

    pub fn is_refused(&self, what: &str) {
        let (live, hidden) = (code(self.rig.open("")), code(self.rig.open(EXTRACT)));
        assert_eq!(live.0, ErrorCode::Misconfigured, "{what}: {}", live.1);
        assert!(
            hidden.0 == ErrorCode::Misconfigured && hidden.1.contains("`source.nothing_hidden`"),
            "{what}: {hidden:?}"
        );
        // Its owner knows of each what the catalogue does not tell: that nothing is hidden, and of
        // when it is.
        let live = code(self.rig.open(NOTHING_HIDDEN));
        assert!(
            live.0 == ErrorCode::SourceStale && live.1.contains("`source.as_of`"),
            "{what}: {live:?}"
        );
        let source = self.rig.open(&format!("{EXTRACT}\n{NOTHING_HIDDEN}")).unwrap();
        let advice = run(source.survey()).unwrap().advice.join("\n");
        assert!(advice.contains("the view is made for this reader alone"), "{what}: {advice}");
    }

    pub fn is_proven(&self, what: &str) {
        let source = self.rig.open("").unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(run(names(&*source, look_up(&[LI], 10, soon()))).unwrap().0.len(), 1, "{what}");
    }
}

/// Each expression by itself, and views over views of several: one that is not known makes the
/// whole of it so.
pub fn a_view_is_followed_down_to_its_rows(server: &Server) {
    let (sound, unsound) = if server.is_postgres {
        (POSTGRES_SOUND, POSTGRES_UNSOUND)
    } else {
        (MYSQL_SOUND, MYSQL_UNSOUND)
    };
    let mut views = Views::new(server);
    for shown in sound {
        views.of(&[shown], "");
        views.is_proven(shown);
    }
    for shown in unsound {
        views.of(&[shown], "");
        views.is_refused(shown);
        let filter = format!(" where coalesce({shown}, 'x') <> 'y'");
        // What hides rows need not be shown.
        if !["select", "random", "over (", "generate_series"]
            .iter()
            .any(|word| shown.contains(word))
        {
            views.of(
                &[],
                &filter.replace(
                    &format!("coalesce({shown}"),
                    &format!("coalesce(cast({shown} as char(20))"),
                ),
            );
            views.is_refused(shown);
        }
    }
    let mut seed = 7_usize;
    for _ in 0..8 {
        let mut pick = |from: usize| {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % from
        };
        let mut shown: Vec<&str> = (0..3).map(|_| sound[pick(sound.len())]).collect();
        let is_sound = pick(2) == 0;
        if !is_sound {
            shown.insert(pick(3), unsound[pick(unsound.len())]);
        }
        views.of(&shown, "");
        let below = views.rig.table.server.quote(&views.rig.table.name);
        views.view(&format!("select id_a, id_b, name from SCHEMA.{below}"));
        if is_sound {
            views.is_proven(&format!("{shown:?}"))
        } else {
            views.is_refused(&format!("{shown:?}"))
        }
    }
    let (fewer, whole) = if server.is_postgres {
        (POSTGRES_FEWER, POSTGRES_WHOLE)
    } else {
        (MYSQL_FEWER, MYSQL_WHOLE)
    };
    for text in fewer {
        views.view(text);
        views.is_refused(text);
    }
    for text in whole {
        views.view(text);
        views.is_proven(text);
    }
}

/// Rows of a table can hide others of it; its owner may know that they hide none.
pub fn a_table_joined_with_itself_may_hide_rows(server: &Server) {
    let mut views = Views::new(server);
    views.rig.table.sql(
        "create table SCHEMA.w (id_a varchar(60)); alter table SCHEMA.u add column id_b \
         varchar(60); create view SCHEMA.below as select * from TABLE; create view SCHEMA.seen as \
         select * from SCHEMA.below",
    );
    for text in TWICE {
        views.view(text);
        for more in ["", EXTRACT] {
            let (error, detail) = code(views.rig.open(more));
            assert!(
                error == ErrorCode::Misconfigured && detail.contains("joins a table with itself"),
                "{text}: {detail}"
            );
        }
        assert!(views.rig.open(NOTHING_HIDDEN).is_ok(), "its owner knows: {text}");
        // Also where it is below.
        let below = server.quote(&views.rig.table.name);
        views.view(&format!("select id_a, id_b, name from SCHEMA.{below}"));
        assert!(code(views.rig.open("")).1.contains("joins a table with itself"), "below: {text}");
    }
}

/// What is not an ordinary table of this server is not of now, wherever in it that stands.
pub fn what_postgres_does_not_hold_itself_is_not_of_now(server: &Server) {
    let mut views = Views::new(server);
    let stale = |views: &Views<'_>, what: &str, more: &str| {
        let (error, detail) = code(views.rig.open(&format!("{NOTHING_HIDDEN}\n{more}")));
        assert!(
            error == ErrorCode::SourceStale && detail.contains(what),
            "{what}: {error:?} {detail}"
        );
    };
    let named = |views: &mut Views<'_>, name: &str| name.clone_into(&mut views.rig.table.name);
    views.rig.table.sql(
        "create extension if not exists postgres_fdw; create server elsewhere foreign data \
         wrapper postgres_fdw; create foreign table SCHEMA.child (id_a varchar(60), id_b \
         varchar(60), name text) server elsewhere; create table SCHEMA.parent (id_a varchar(60), \
         id_b varchar(60), name text); alter foreign table SCHEMA.child inherit SCHEMA.parent; \
         create table SCHEMA.parts (id_a varchar(60), id_b varchar(60), name text) partition by \
         list (name); create table SCHEMA.part_a partition of SCHEMA.parts for values in ('a'); \
         create foreign table SCHEMA.part_b partition of SCHEMA.parts for values in ('b') server \
         elsewhere; create unlogged table SCHEMA.unlogged (like TABLE); create materialized view \
         SCHEMA.made as select * from TABLE; create function SCHEMA.read_made() returns setof \
         SCHEMA.made language sql as 'select * from SCHEMA.made'",
    );
    for (name, what) in [
        ("child", "a foreign table"),
        ("parent", "a foreign table"),
        ("parts", "a foreign table"),
        ("unlogged", "a crash empties"),
        ("made", "a materialized view"),
    ] {
        named(&mut views, name);
        stale(&views, what, "");
        views.view(&format!("select * from SCHEMA.{name}"));
        stale(&views, what, "");
    }
    // A function that reads a copy hides it from the catalogue.
    views.view("select * from SCHEMA.read_made()");
    stale(&views, "read_made()", "");
    views.is_refused("a function");
    // What a foreign server hides nobody here can ask.
    named(&mut views, "parts");
    assert_eq!(code(views.rig.open(EXTRACT)).0, ErrorCode::Misconfigured);

    named(&mut views, "t");
    views.is_proven("the table itself");
    let with = |made: &str, gone: &str, test: &dyn Fn()| {
        views.rig.table.sql(made);
        test();
        views.rig.table.sql(gone);
        views.is_proven(made);
    };
    with(
        "insert into pg_subscription_rel values (1, 'TABLE'::regclass, 'd', null)",
        "delete from pg_subscription_rel",
        &|| stale(&views, "a logical subscription writes", ""),
    );
    with(
        "select pg_replication_origin_create('bdr_16385_7')",
        "select pg_replication_origin_drop('bdr_16385_7')",
        &|| stale(&views, "another server's log", ""),
    );
    let masked = "values ('TABLE'::regclass, 'pg_class'::regclass, 1, 'anon', 'MASKED WITH \
                  FUNCTION anon.fake()')";
    let is_hidden = || {
        for more in ["", EXTRACT] {
            let (error, detail) = code(views.rig.open(more));
            assert!(
                error == ErrorCode::Misconfigured && detail.contains("a security label"),
                "{error:?} {detail}"
            );
        }
    };
    with(
        &format!("insert into pg_seclabel (objoid, classoid, objsubid, provider, label) {masked}"),
        "delete from pg_seclabel",
        &is_hidden,
    );
    let role = format!(
        "select oid, 'pg_authid'::regclass, 'anon', 'MASKED' from pg_authid where rolname = \
         '{READER}'"
    );
    with(
        &format!("insert into pg_shseclabel (objoid, classoid, provider, label) {role}"),
        "delete from pg_shseclabel",
        &is_hidden,
    );
}

/// The same of MariaDB.
pub fn what_mariadb_does_not_hold_itself_is_not_of_now(server: &Server) {
    let mut views = Views::new(server);
    let stale = |views: &Views<'_>, what: &str| {
        let (error, detail) = code(views.rig.open(NOTHING_HIDDEN));
        assert!(
            error == ErrorCode::SourceStale && detail.contains(what),
            "{what}: {error:?} {detail}"
        );
    };
    for (name, engine, is_own) in [
        ("isam", "MyISAM", true),
        ("aria", "Aria", true),
        ("memory", "MEMORY", false),
        ("merged", "MRG_MyISAM", false),
    ] {
        views.rig.table.sql(
            &format!(
                "create table SCHEMA.{name} (id_a varchar(60), id_b varchar(60), name text) \
                 engine = {engine}"
            )
            .replace("text) engine = MEMORY", "varchar(60)) engine = MEMORY"),
        );
        name.clone_into(&mut views.rig.table.name);
        let opened = views.rig.open(NOTHING_HIDDEN);
        assert_eq!(opened.is_ok(), is_own, "{name}: {opened:?}");
        if !is_own {
            stale(&views, engine);
            views.view(&format!("select * from SCHEMA.{name}"));
            stale(&views, engine);
        }
    }
    views.rig.table.sql(
        "create table SCHEMA.parts (id_a varchar(60), id_b varchar(60), name varchar(60)) \
         partition by key (id_a) partitions 3",
    );
    "parts".clone_into(&mut views.rig.table.name);
    assert!(views.rig.open("").is_ok());
    views.view("select * from SCHEMA.parts partition (p0)");
    views.is_refused("a part of it");
    // The server shows it as of whatever day it is told to (`system_versioning_asof`).
    views.rig.table.sql(
        "create table SCHEMA.versioned (id_a varchar(60), id_b varchar(60), name text) with \
         system versioning",
    );
    "versioned".clone_into(&mut views.rig.table.name);
    views.is_refused("a system-versioned table");
    views.view("select * from SCHEMA.versioned");
    views.is_refused("a view over one");

    // A table that the reader cannot see in the catalogue is not known, until it may see that it is
    // there.
    views
        .rig
        .table
        .sql("create database elsewhere; create table elsewhere.t as select * from SCHEMA.t");
    views.view("select * from elsewhere.t");
    views.is_refused("a table that is not seen");
    server.sql(&format!("grant show view on elsewhere.t to `{READER}`@'%'"));
    let (error, detail) = code(views.rig.open(EXTRACT));
    assert!(
        error == ErrorCode::Misconfigured && detail.contains("grant `references`"),
        "columns that are not seen: {detail}"
    );
    server.sql(&format!("grant references on elsewhere.t to `{READER}`@'%'"));
    views.is_proven("a table whose columns are seen, and not read");
    server
        .sql("alter table elsewhere.t add column same varchar(60) as (concat(id_a, 'x')) virtual");
    views.is_proven("a column that is the same for every reader");
    server.sql(
        "alter table elsewhere.t add column other varchar(60) as (if(current_user() like 'a%', \
         id_a, null)) virtual",
    );
    let (error, detail) = code(views.rig.open(EXTRACT));
    assert!(
        error == ErrorCode::Misconfigured
            && detail.contains("makes its column `other` anew for each reader"),
        "{detail}"
    );

    "t".clone_into(&mut views.rig.table.name);
    // Any connection to another server makes a replica of it, with a name or without, whether it
    // runs or was stopped.
    let before = views.rig.open("profile_every = \"0s\"").unwrap();
    for name in ["", "'named' "] {
        server.sql(&format!(
            "change master {name}to master_host = '127.0.0.1', master_port = 1, master_user = \
             'nobody'"
        ));
        stale(&views, "is a replica");
        // One that was opened before has sessions from before, and asks again.
        assert_eq!(
            code(run(names(&*before, look_up(&[LI], 10, soon())))).0,
            ErrorCode::SourceStale,
            "{name}"
        );
        server.sql(&format!("reset slave {name}all"));
        views.is_proven("no replica any more");
    }
    // One that was cut off from its primary takes no writes, and follows nobody.
    server.sql("set global read_only = 1");
    stale(&views, "takes no writes");
    server.sql("set global read_only = 0");
    server.sql(&format!("revoke replica monitor on *.* from `{READER}`@'%'"));
    stale(&views, "may not ask whether the server is a replica: grant `replica monitor`");
    assert!(views.rig.open(EXTRACT).is_ok(), "an extract says itself of when it is");
    server.sql(&format!("grant replica monitor on *.* to `{READER}`@'%'"));
    let schema = server.quote(&views.rig.table.schema);
    server.sql(&format!("grant event on {schema}.* to `{READER}`@'%'"));
    views.rig.table.sql("create event SCHEMA.refill on schedule every 1 day do delete from TABLE");
    stale(&views, "event");
}
