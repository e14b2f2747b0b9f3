//! What a server could show in place of what is stored: a cast that somebody made, a function of
//! the system's own that was changed, a column that is made in the zone of the session, a temporary
//! table in place of the register.

use zerotrip_proto::v1::ErrorCode;

use super::lineage::{EXTRACT, Views};
use super::server::{READER, Server};
use super::{Rig, busy, code, until};
use crate::conformance::{LI, look_up, names, run, soon};

fn is_hidden(rig: &Rig<'_>, said: &str, what: &str) {
    for more in ["", EXTRACT] {
        let (error, detail) = code(rig.open(more));
        assert!(
            error == ErrorCode::Misconfigured && detail.contains(said),
            "{what}: {error:?} {detail}"
        );
    }
}

fn is_served(rig: &Rig<'_>, what: &str) {
    let source = rig.open("").unwrap_or_else(|error| panic!("{what}: {error}"));
    assert_eq!(run(names(&*source, look_up(&[LI], 10, soon()))).unwrap().0.len(), 1, "{what}");
}

/// S6 to S8 of an attack: a cast that was made here writes columns that are served, and those that
/// no dataset file names.
pub fn a_cast_that_was_made_here_is_not_read_by(server: &Server) {
    server.sql(
        "create type public.state as enum ('a', 'b'); create domain public.state_of as \
         public.state",
    );
    let mut views = Views::new(server);
    let kinds = [
        ("public.state", "public.state"),
        ("public.state_of", "public.state"),
        ("bigint", "bigint"),
        ("integer", "integer"),
        ("numeric(20, 0)", "numeric"),
        ("date", "date"),
        ("timestamp", "timestamp"),
        ("timestamptz", "timestamptz"),
        ("time", "time"),
        ("real", "real"),
        ("uuid", "uuid"),
        ("varbit", "varbit"),
    ];
    for (at, (kind, source)) in kinds.into_iter().enumerate() {
        "t".clone_into(&mut views.rig.table.name);
        views.rig.table.sql(&format!("alter table TABLE add column k{at} {kind}"));
        is_served(&views.rig, kind);
        server.sql(&format!(
            "create function public.written({source}) returns text language sql as $$ select \
             'x'::text $$; create cast ({source} as text) with function public.written({source})"
        ));
        is_hidden(&views.rig, "a cast that was made or changed here", kind);
        views.view(&format!("select id_a, id_b, name, k{at} from SCHEMA.t"));
        is_hidden(&views.rig, "a cast that was made or changed here", kind);
        server.sql(&format!("drop cast ({source} as text)"));
        is_served(&views.rig, "without it");
        // By way of what the type writes itself.
        if source != "public.state" {
            server.sql(&format!("create cast ({source} as text) with inout as implicit"));
            is_served(&views.rig, "a cast that is none");
            server.sql(&format!("drop cast ({source} as text)"));
        }
        server.sql(&format!("drop function public.written({source})"));
    }
    // Values are asked for by casts, too.
    "t".clone_into(&mut views.rig.table.name);
    for kind in ["bigint", "numeric"] {
        server.sql(&format!(
            "create function public.read(text) returns {kind} language sql as $$ select 1::{kind} \
             $$; create cast (text as {kind}) with function public.read(text)"
        ));
        is_hidden(&views.rig, "from the type text", kind);
        server.sql(&format!("drop cast (text as {kind}); drop function public.read(text)"));
    }
    // A type that was made here, by the name of one of the system's own.
    server.sql(
        "create type public.uuid; create function public.uuid_in(cstring) returns public.uuid \
         language internal immutable strict as 'textin'; create function \
         public.uuid_out(public.uuid) returns cstring language internal immutable strict as \
         'textout'; create type public.uuid (input = public.uuid_in, output = public.uuid_out, \
         like = text); create domain public.uuid_of as public.uuid",
    );
    for kind in ["public.uuid", "public.uuid_of"] {
        let rig =
            Rig::new(server, &[("id_a", "varchar(18)"), ("id_b", "varchar(18)"), ("c", kind)]);
        let (error, detail) = code(rig.open(""));
        assert!(
            error == ErrorCode::SourceDrift && detail.contains("column `c` is of type"),
            "{kind}: {error:?} {detail}"
        );
    }
}

/// What PostgreSQL brings along is what it was when the server was set up. A server by itself: it
/// is never the same again.
pub fn what_was_changed_in_postgres_itself_is_not_relied_upon(server: &Server) {
    let server = &if server.by_odbc { Server::postgres_by_odbc() } else { Server::postgres() };
    let mut views = Views::new(server);
    "t".clone_into(&mut views.rig.table.name);
    is_served(&views.rig, "as it was");
    let with = |made: &str, gone: &str, said: &str| {
        views.rig.table.sql(made);
        is_hidden(&views.rig, said, made);
        views.rig.table.sql(gone);
        is_served(&views.rig, gone);
    };
    server.sql(
        "create function public.never(varchar, text) returns bool language sql as 'select false'",
    );
    with(
        "create operator pg_catalog.= (leftarg = varchar, rightarg = text, function = \
         public.never)",
        "drop operator pg_catalog.= (varchar, text)",
        "operators were made or changed",
    );
    with(
        "create function pg_catalog.length(varchar) returns int language sql as 'select 1'",
        "drop function pg_catalog.length(varchar)",
        "functions were made or changed",
    );
    with(
        &format!("alter role \"{READER}\" set zero_damaged_pages = on"),
        &format!("alter role \"{READER}\" reset zero_damaged_pages"),
        "damaged pages as empty",
    );
    let generated = |letter: &str| {
        format!(
            "update pg_attribute set attgenerated = '{letter}' where attrelid = 'TABLE'::regclass \
             and attname = 'name'"
        )
    };
    with(&generated("v"), &generated(""), "made anew for each reader");
    // A body of SQL is put in place of the call.
    views.view("select id_a, id_b, ltrim(name) as name from SCHEMA.t");
    views.is_proven("as it was");
    server.sql(
        "create or replace function pg_catalog.ltrim(text) returns text language sql immutable as \
         $$ select 'x'::text $$",
    );
    views.is_refused("a function of the system's own that was changed");
    views.view("select id_a, id_b, upper(name) as name from SCHEMA.t");
    views.is_proven("another one");
    server.sql(
        "create or replace function pg_catalog.text(bpchar) returns text language sql immutable \
         as $$ select 'x'::text $$",
    );
    is_hidden(
        &views.rig,
        "functions were made or changed",
        "a cast of the system's own that was changed",
    );
}

/// S10 and S11 of an attack: what is made from a `timestamp` is written in the zone of the session,
/// whatever its type is by then.
pub fn what_is_made_from_a_timestamp_is_not_the_same_for_all(server: &Server) {
    let mut views = Views::new(server);
    views.rig.table.sql(
        "alter table SCHEMA.t add column day datetime, add column hour time, add column ts \
         timestamp null",
    );
    let made = |views: &mut Views<'_>, expression: &str, kind: &str| {
        "t".clone_into(&mut views.rig.table.name);
        views.rig.table.sql(&format!(
            "alter table TABLE drop column if exists made, add column made {kind} as \
             ({expression}) virtual"
        ));
    };
    for (expression, is_same) in [
        ("if(`day` < '2010-01-02 12:00', 'a', 'b')", true),
        ("concat(name, 'x')", true),
        ("if(ts < '2010-01-02 12:00', 'a', 'b')", false),
        ("if(TS = '2010-01-02 12:00', 'a', 'b')", false),
        ("concat(ts)", false),
        ("left(`ts`, 13)", false),
        ("ts", false),
        ("case when ts is null then 'a' else concat(name, ts) end", false),
        ("coalesce(hour, `day`)", false),
    ] {
        made(&mut views, expression, "varchar(60)");
        if is_same {
            views.is_proven(expression)
        } else {
            is_hidden(&views.rig, "makes its column `made` anew", expression)
        }
        views.view("select id_a, id_b, name from SCHEMA.t");
        if is_same {
            views.is_proven(expression)
        } else {
            is_hidden(&views.rig, "makes its column `made` anew", expression)
        }
    }
    made(&mut views, "`day`", "timestamp");
    is_hidden(&views.rig, "makes its column `made` anew", "of a type that is of the session");
    // What is stored is the same for every reader.
    views.rig.table.sql(
        "alter table SCHEMA.t drop column made, add column made varchar(60) as (concat(`day`, \
         'x')) stored",
    );
    views.is_proven("stored");
    for below in [
        "select id_a, id_b, name, ts as x from TABLE",
        "select id_a, id_b, name, ts as x from TABLE union all select id_a, id_b, name, '' as x \
         from TABLE where 1 = 0",
        "select id_a, id_b, name, '' as x from TABLE where 1 = 0 union all select id_a, id_b, \
         name, ts from TABLE",
        "select id_a, id_b, name, hour as x from TABLE union all select id_a, id_b, name, '' as x \
         from TABLE where 1 = 0",
    ] {
        views.view(below);
        let first = views.rig.table.name.clone();
        for (text, is_same) in [
            (
                "select id_a, id_b, name from SCHEMA.BELOW where x = '2010-01-02 08:00:00' or 1 = \
                 1",
                false,
            ),
            (
                "select id_a, id_b, name from SCHEMA.BELOW where concat(x, 'a') like '2010%' or 1 \
                 = 1",
                false,
            ),
            ("select id_a, id_b, if(x < '2010', name, '') as name from SCHEMA.BELOW", false),
            ("select id_a, id_b, name from SCHEMA.BELOW where name <> 'y'", true),
        ] {
            let text = text.replace("BELOW", &server.quote(&first));
            views.view(&text);
            if is_same {
                views.is_proven(&text)
            } else {
                views.is_refused(&format!("{below}; {text}"))
            }
            // By way of one more, under another name.
            views.view(&format!(
                "select id_a as x, id_b, name, x as y from SCHEMA.{}",
                server.quote(&first)
            ));
            let second = server.quote(&views.rig.table.name);
            views.view(&format!(
                "select x as id_a, id_b, name from SCHEMA.{second} where y = '2010' or 1 = 1"
            ));
            views.is_refused(below);
        }
    }
    // A table that is called like its column.
    views.view(
        "select ts.id_a, ts.id_b, ts.name from SCHEMA.t as ts where ts.ts < '2010-01-02' or 1 = 1",
    );
    views.is_refused("a table that is called like its column");
    views.view("select id_a, id_b, name from SCHEMA.t where hour < `day` or 1 = 1");
    views.is_refused("a time beside a day is one of today");
}

/// S12 of an attack: a temporary table of the session is there in place of the register.
pub fn a_temporary_table_does_not_stand_in(server: &Server) {
    let mut views = Views::new(server);
    views.view("select * from SCHEMA.t");
    let view = views.rig.table.name.clone();
    let reader = format!("`{READER}`@'%'");
    server.sql("create database if not exists made");
    for name in ["t", &view] {
        name.clone_into(&mut views.rig.table.name);
        let before = views.rig.open("profile_every = \"1h\"").unwrap();
        views.rig.table.sql(&format!(
            "create procedure made.stand_in() sql security definer create temporary table TABLE \
             (id_a varchar(60), id_b varchar(60), name text); grant execute on procedure \
             made.stand_in to {reader}; set global init_connect = 'call made.stand_in()'"
        ));
        let (error, detail) = code(views.rig.open(""));
        assert!(
            error == ErrorCode::Misconfigured && detail.contains("`init_connect`"),
            "{name}: {error:?} {detail}"
        );
        // A source that was opened before, in a session that begins now.
        run(async {
            // By name: one that ends by itself meanwhile has no number any more.
            server.run_sql(&format!("kill user '{READER}'")).await;
            until("they are gone", || async { busy(server, true).await == 0 }).await;
        });
        let (error, detail) = code(run(names(&*before, look_up(&[LI], 10, soon()))));
        assert!(
            error == ErrorCode::Misconfigured && detail.contains("`init_connect`"),
            "{name}: {error:?} {detail}"
        );
        server.sql("set global init_connect = ''; drop procedure made.stand_in");
        views.is_proven(name);
    }
}

/// A column behind a view, which a grant of single columns hides, could be one that is made anew
/// for each reader.
pub fn a_column_that_is_hidden_behind_a_view_is_not_passed_over(server: &Server) {
    let mut views = Views::new(server);
    server.sql("drop database if exists behind; create database behind");
    views.rig.table.sql(
        "create table behind.t as select * from SCHEMA.t; alter table behind.t add column made \
         varchar(60) as (if(current_user() like 'a%', id_a, null)) virtual",
    );
    views.view("select id_a, id_b, name from behind.t");
    let grant = |what: &str| server.sql(&format!("grant {what} on behind.t to `{READER}`@'%'"));
    grant("show view, references (id_a, id_b, name)");
    is_hidden(&views.rig, "are not all in the catalogue", "some columns");
    grant("references");
    is_hidden(&views.rig, "makes its column `made` anew", "all columns");
    server.sql("alter table behind.t drop column made");
    views.is_proven("none is hidden");
    // The same of a view that is below.
    views
        .rig
        .table
        .sql("create view behind.v as select id_a, id_b, name, name as more from behind.t");
    views.view("select id_a, id_b, name from behind.v");
    server.sql(&format!(
        "grant show view, references (id_a, id_b, name) on behind.v to `{READER}`@'%'"
    ));
    is_hidden(&views.rig, "`behind.v`", "some columns of a view");
    server.sql(&format!("grant select on behind.v to `{READER}`@'%'"));
    views.is_proven("all of them");
}
