//! What is of now, and shows everything to whoever reads it, is proven by the server's own catalogue; what is not proven is refused.

use zerotrip_proto::v1::ErrorCode;

use super::server::{READER, Server};
use super::{Rig, code};
use crate::source::conformance::{LI, look_up, names, run, soon};

/// What an extract says of itself, and what its owner says of it.
const EXTRACT: &str = "as_of = { table = \"extract\", column = \"at\" }";
const NOTHING_HIDDEN: &str = "nothing_hidden = \"the view is made for this reader alone\"";

/// Expressions over a table `t` of two ids and a name that depend on nothing but its rows.
const POSTGRES_SOUND: &[&str] = &[
    "t.name",
    "upper(trim(t.name)) || '{QUERY :funcid 1}'",
    "case when t.name like '%a' then 'a' else coalesce(t.name, 'b') end",
    "concat(t.name, '-', length(t.name))",
    "nullif(t.name, '')::varchar(20)",
    "(select max(u.name) from SCHEMA.u as u where u.id_a = t.id_a)",
    "substring(t.name from 1 for 2)",
    "array_to_string(array[t.name, t.id_a], ',')",
    "to_char(date '2020-01-01' + length(t.name), 'YYYY')",
    "count(*) over (partition by t.id_a)",
    "md5(t.name)",
];
/// Those that could show something else to somebody else, or of another time.
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
    "has_table_privilege('SCHEMA.u', 'select')::text",
    "txid_current()::text",
];
const MYSQL_SOUND: &[&str] = &[
    "t.name",
    "upper(trim(both ' ' from t.name))",
    "case when t.name like '%a' then 'a' else coalesce(t.name, 'from `x` where') end",
    "concat(t.name, '-', char_length(t.name))",
    "if(t.name = '', 'x', cast(t.name as char))",
    "(select max(u.name) from SCHEMA.u as u where u.id_a = t.id_a)",
    "substring(t.name, 1, 2)",
    "date_format('2020-01-01' - interval 3 day, '%Y')",
    "row_number() over (partition by t.id_a order by t.name)",
    "exists(select 1 from SCHEMA.u as u where u.id_a = t.id_a)",
    "convert(t.name using utf8mb4) collate utf8mb4_bin",
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
    "found_rows()",
    "load_file('/x')",
];

/// A rig whose table is a view of these expressions, and what stands around it.
struct Views<'a> {
    rig: Rig<'a>,
    made: usize,
}

impl<'a> Views<'a> {
    fn new(server: &'a Server) -> Self {
        let rig = Rig::plain(server);
        rig.table.write(&[[Some(LI), None, Some("home")]]);
        rig.table.sql(
            "create table SCHEMA.u (id_a varchar(60), name varchar(60)); create table SCHEMA.extract (at varchar(40)); \
            insert into SCHEMA.extract values ('2026-11-20T00:30:00+08:00')",
        );
        let own = if server.is_postgres {
            "create function SCHEMA.own(text) returns text immutable language sql as 'select $1'"
        } else {
            "create function SCHEMA.own(a text) returns text deterministic return a"
        };
        rig.table.sql(own);
        let (schema, reader) = (server.quote(&rig.table.schema), server.quote(READER));
        if !server.is_postgres {
            server.sql(&format!("grant execute on {schema}.* to {reader}@'%'"));
        }
        Self { rig, made: 0 }
    }

    /// A view of this text, which is read instead of the table.
    fn view(&mut self, text: &str) {
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
        let more: Vec<String> = shown.iter().enumerate().map(|(at, shown)| format!(", {shown} as c{at}")).collect();
        self.view(&format!("select t.id_a, t.id_b, t.name{} from TABLE as t{condition}", more.concat()));
        self.rig.besides = shown.len();
    }

    fn is_refused(&self, what: &str) {
        let (live, hidden) = (code(self.rig.open("")), code(self.rig.open(EXTRACT)));
        assert_eq!(live.0, ErrorCode::Misconfigured, "{what}: {}", live.1);
        assert!(hidden.0 == ErrorCode::Misconfigured && hidden.1.contains("`source.nothing_hidden`"), "{what}: {hidden:?}");
        // Its owner knows of each what the catalogue does not tell: that nothing is hidden, and of when it is.
        let live = code(self.rig.open(NOTHING_HIDDEN));
        assert!(live.0 == ErrorCode::SourceStale && live.1.contains("`source.as_of`"), "{what}: {live:?}");
        let source = self.rig.open(&format!("{EXTRACT}\n{NOTHING_HIDDEN}")).unwrap();
        let advice = run(source.survey()).unwrap().advice.join("\n");
        assert!(advice.contains("the view is made for this reader alone"), "{what}: {advice}");
    }

    fn is_proven(&self, what: &str) {
        let source = self.rig.open("").unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(run(names(&*source, look_up(&[LI], 10, soon()))).unwrap().0.len(), 1, "{what}");
    }
}

/// Each expression by itself, and views over views of several: one that is not known makes the whole of it so.
pub fn a_view_is_followed_down_to_its_rows(server: &Server) {
    let (sound, unsound) = if server.is_postgres { (POSTGRES_SOUND, POSTGRES_UNSOUND) } else { (MYSQL_SOUND, MYSQL_UNSOUND) };
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
        if !shown.contains("select") && !shown.contains("random") {
            views.of(&[], &filter.replace(&format!("coalesce({shown}"), &format!("coalesce(cast({shown} as char(20))")));
            views.is_refused(shown);
        }
    }
    let mut seed = 7_usize;
    for _ in 0..8 {
        let mut pick = |from: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
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
        if is_sound { views.is_proven(&format!("{shown:?}")) } else { views.is_refused(&format!("{shown:?}")) }
    }
    views.view("select id_a, id_b, name from TABLE limit 5");
    views.is_refused("limit");
}

/// What is not an ordinary table of this server is not of now, wherever in it that stands.
pub fn what_postgres_does_not_hold_itself_is_not_of_now(server: &Server) {
    let mut views = Views::new(server);
    let stale = |views: &Views<'_>, what: &str, more: &str| {
        let (error, detail) = code(views.rig.open(&format!("{NOTHING_HIDDEN}\n{more}")));
        assert!(error == ErrorCode::SourceStale && detail.contains(what), "{what}: {error:?} {detail}");
    };
    let named = |views: &mut Views<'_>, name: &str| name.clone_into(&mut views.rig.table.name);
    views.rig.table.sql(
        "create extension if not exists postgres_fdw; create server elsewhere foreign data wrapper postgres_fdw; \
         create foreign table SCHEMA.child (id_a varchar(60), id_b varchar(60), name text) server elsewhere; \
         create table SCHEMA.parent (id_a varchar(60), id_b varchar(60), name text); alter foreign table SCHEMA.child inherit SCHEMA.parent; \
         create table SCHEMA.parts (id_a varchar(60), id_b varchar(60), name text) partition by list (name); \
         create table SCHEMA.part_a partition of SCHEMA.parts for values in ('a'); \
         create foreign table SCHEMA.part_b partition of SCHEMA.parts for values in ('b') server elsewhere; \
         create unlogged table SCHEMA.unlogged (like TABLE); create materialized view SCHEMA.made as select * from TABLE; \
         create function SCHEMA.read_made() returns setof SCHEMA.made language sql as 'select * from SCHEMA.made'",
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
    with("insert into pg_subscription_rel values (1, 'TABLE'::regclass, 'd', null)", "delete from pg_subscription_rel", &|| {
        stale(&views, "a logical subscription writes", "")
    });
    with("select pg_replication_origin_create('bdr_16385_7')", "select pg_replication_origin_drop('bdr_16385_7')", &|| {
        stale(&views, "another server's log", "")
    });
    let masked = "values ('TABLE'::regclass, 'pg_class'::regclass, 1, 'anon', 'MASKED WITH FUNCTION anon.fake()')";
    let is_hidden = || {
        for more in ["", EXTRACT] {
            let (error, detail) = code(views.rig.open(more));
            assert!(error == ErrorCode::Misconfigured && detail.contains("a security label"), "{error:?} {detail}");
        }
    };
    with(&format!("insert into pg_seclabel (objoid, classoid, objsubid, provider, label) {masked}"), "delete from pg_seclabel", &is_hidden);
    let role = format!("select oid, 'pg_authid'::regclass, 'anon', 'MASKED' from pg_authid where rolname = '{READER}'");
    with(&format!("insert into pg_shseclabel (objoid, classoid, provider, label) {role}"), "delete from pg_shseclabel", &is_hidden);
}

/// The same of MariaDB.
pub fn what_mariadb_does_not_hold_itself_is_not_of_now(server: &Server) {
    let mut views = Views::new(server);
    let stale = |views: &Views<'_>, what: &str| {
        let (error, detail) = code(views.rig.open(NOTHING_HIDDEN));
        assert!(error == ErrorCode::SourceStale && detail.contains(what), "{what}: {error:?} {detail}");
    };
    for (name, engine, is_own) in
        [("isam", "MyISAM", true), ("aria", "Aria", true), ("memory", "MEMORY", false), ("merged", "MRG_MyISAM", false)]
    {
        views.rig.table.sql(
            &format!("create table SCHEMA.{name} (id_a varchar(60), id_b varchar(60), name text) engine = {engine}")
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
    views
        .rig
        .table
        .sql("create table SCHEMA.parts (id_a varchar(60), id_b varchar(60), name varchar(60)) partition by key (id_a) partitions 3");
    "parts".clone_into(&mut views.rig.table.name);
    assert!(views.rig.open("").is_ok());
    views.view("select * from SCHEMA.parts partition (p0)");
    views.is_refused("a part of it");

    // A table that the reader cannot see in the catalogue is not known, until it may see that it is there.
    views.rig.table.sql("create database elsewhere; create table elsewhere.t as select * from SCHEMA.t");
    views.view("select * from elsewhere.t");
    views.is_refused("a table that is not seen");
    server.sql(&format!("grant show view on elsewhere.t to `{READER}`@'%'"));
    views.is_proven("a table that is seen, and not read");

    "t".clone_into(&mut views.rig.table.name);
    // Any connection to another server makes a replica of it, with a name or without, whether it runs or was stopped.
    let before = views.rig.open("profile_every = \"0s\"").unwrap();
    for name in ["", "'named' "] {
        server.sql(&format!("change master {name}to master_host = '127.0.0.1', master_port = 1, master_user = 'nobody'"));
        stale(&views, "is a replica");
        // One that was opened before has sessions from before, and asks again.
        assert_eq!(code(run(names(&*before, look_up(&[LI], 10, soon())))).0, ErrorCode::SourceStale, "{name}");
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
