//! What is in columns that the dataset file does not name, or that the reader does not see: a
//! person who is named there is asked for by nothing.

use zerotrip_proto::v1::ErrorCode;

use super::people::person;
use super::server::{READER, Server};
use super::{Rig, code};
use crate::conformance::{LI, look_up, names, run, soon};

/// Rows of the table.
const ROWS: usize = 30;

/// Why nothing is served.
fn refused(rig: &Rig<'_>, more: &str) -> (ErrorCode, String) {
    match rig.open(&format!("profile_every = \"0s\"\n{more}")) {
        Ok(source) => code(run(names(&*source, look_up(&[LI], 10, soon())))),
        Err(error) => (error.code, error.detail),
    }
}

fn serves(rig: &Rig<'_>, more: &str, what: &str) {
    let source = rig
        .open(&format!("profile_every = \"0s\"\n{more}"))
        .unwrap_or_else(|error| panic!("{what}: {error}"));
    assert_eq!(run(names(&*source, look_up(&[LI], 10, soon()))).unwrap().0, ["mine"], "{what}");
}

/// A table that is asked for Li, with columns that no dataset file names; in every row they hold
/// what is made of another's id.
fn beside<'a>(
    server: &'a Server,
    columns: &[(&str, &str)],
    held: impl Fn(&str) -> Vec<String>,
) -> Rig<'a> {
    let rig = Rig::plain(server);
    rig.table.write(&[[Some(LI), None, Some("mine")]]);
    for (name, kind) in columns {
        rig.table.sql(&format!("alter table TABLE add column {name} {kind}"));
    }
    let listed: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    for at in 0..ROWS {
        let cells: Vec<String> = held(person(at).as_str())
            .iter()
            .map(|cell| format!("'{}'", cell.replace('\'', "''")))
            .collect();
        rig.table.sql(&format!(
            "insert into TABLE (name, id_a, {}) values ('x', '{}', {})",
            listed.join(", "),
            person(at + 50).as_str(),
            cells.join(", ")
        ));
    }
    rig
}

fn day(id: &str) -> String {
    format!("{}-{}-{}", &id[6..10], &id[10..12], &id[12..14])
}

/// S2 and S5 of an attack: a date is a piece of an id, and a list of words, or an escaped text, can
/// hold a whole one.
pub fn an_id_beside_is_seen_in_columns_of_every_type(server: &Server) {
    let moment = if server.is_postgres { "timestamp" } else { "datetime" };
    let mut moments = vec![moment];
    moments.extend(server.is_postgres.then_some("timestamptz"));
    let pieces = |id: &str, zone: &str| {
        vec![id[..6].to_owned(), format!("{}{zone}", day(id)), id[14..].to_owned()]
    };
    for (first, second, third) in
        [("varchar(9)", "date", "varchar(9)"), ("integer", "date", "varchar(9)")]
            .into_iter()
            .chain(moments.iter().map(|moment| ("varchar(9)", *moment, "varchar(9)")))
    {
        let zone = if second == "timestamptz" { " 00:00:00 Asia/Shanghai" } else { "" };
        let rig = beside(server, &[("qh", first), ("csrq", second), ("xh", third)], |id| {
            pieces(id, zone)
        });
        let (error, detail) = refused(&rig, "");
        assert!(
            error == ErrorCode::SourceDrift && detail.contains("`qh` in"),
            "{first} {second}: {error:?} {detail}"
        );
        // Without the day between them the two others are no id.
        rig.table.sql("alter table TABLE drop column csrq");
        serves(&rig, "", second);
    }
    let words = |at: usize| person(at).as_str().to_owned();
    let labels: Vec<String> = (0..ROWS).map(|at| format!("'{}'", words(at))).collect();
    let listed = format!("enum ('a', {})", labels.join(", "));
    let kind = if server.is_postgres {
        server.sql(&format!(
            "drop type if exists public.label; create type public.label as {listed}"
        ));
        "public.label"
    } else {
        &listed
    };
    let escaped = |id: &str| {
        vec![format!(
            "[\"{}\"]",
            id.chars().map(|c| format!("\\\\u{:04x}", u32::from(c))).collect::<String>()
        )]
    };
    let escaped_of = |id: &str| {
        if server.is_postgres { vec![escaped(id)[0].replace("\\\\", "\\")] } else { escaped(id) }
    };
    let rigs = [
        beside(server, &[("gyr", kind)], |id| vec![id.to_owned()]),
        beside(server, &[("gyr", "text")], escaped_of),
        beside(
            server,
            &[("gyr", if server.is_postgres { "varchar(200)" } else { "json" })],
            escaped_of,
        ),
    ];
    for (at, rig) in rigs.iter().enumerate() {
        let (error, detail) = refused(rig, "");
        assert!(
            error == ErrorCode::SourceDrift && detail.contains("`gyr` in 30 rows"),
            "{at}: {error:?} {detail}"
        );
        rig.table.sql(if server.is_postgres {
            "delete from TABLE where gyr is not null"
        } else {
            "delete from TABLE where name = 'x'"
        });
        serves(rig, "", "nobody beside");
    }
    if server.is_postgres {
        drop(rigs);
        server.sql("drop type public.label cascade");
    }
}

/// S1: a child table's own column is not seen through its parent.
pub fn a_child_tables_own_column_is_not_passed_over(server: &Server) {
    let rig = Rig::plain(server);
    rig.table.write(&[[Some(LI), None, Some("mine")]]);
    rig.table.sql(
        "create table SCHEMA.alike () inherits (TABLE); insert into SCHEMA.alike values ('x', \
         null, 'y')",
    );
    serves(&rig, "", "a child with its parent's columns");
    for made in ["inherits (TABLE)", "inherits (SCHEMA.alike)"] {
        rig.table.sql(&format!("create table SCHEMA.child (gyr text) {made}"));
        let (error, detail) = refused(&rig, "");
        assert!(
            error == ErrorCode::Misconfigured
                && detail.contains("a child table with a column of its own"),
            "{error:?} {detail}"
        );
        serves(
            &rig,
            "nothing_hidden = \"the children's own columns name nobody\"",
            "its owner knows",
        );
        rig.table.sql("drop table SCHEMA.child");
    }
    rig.table.sql(
        "create table SCHEMA.child (gyr text) inherits (TABLE); create view SCHEMA.v as select * \
         from TABLE",
    );
    assert!(
        refused(&rig.named("v"), "").1.contains("a child table with a column of its own"),
        "through a view"
    );
}

/// S4: the catalogue of MariaDB shows an account only the columns that it may read.
pub fn a_column_that_the_reader_may_not_see_is_not_passed_over(server: &Server) {
    for (kind, star) in [("varchar(60)", true), ("varchar(60) invisible", false)] {
        let rig = Rig::plain(server);
        rig.table.write(&[[Some(LI), None, Some("mine")]]);
        rig.table.sql(&format!("alter table TABLE add column gyr {kind}"));
        serves(&rig, "", "all of it is seen");
        let schema = server.quote(&rig.table.schema);
        server.sql(&format!("revoke all on {schema}.* from `{READER}`@'%'"));
        let grant = |what: &str| rig.table.sql(&format!("grant {what} on TABLE to `{READER}`@'%'"));
        grant("select (id_a, id_b, name)");
        let (error, detail) = refused(&rig, "");
        assert!(
            error == ErrorCode::Misconfigured && detail.contains("grant it `select` on the table"),
            "{star}: {error:?} {detail}"
        );
        // A right of the whole table that is none to read it.
        grant("delete");
        let (error, detail) = refused(&rig, "");
        assert!(
            error == ErrorCode::Misconfigured && detail.contains("grant it `select` on the table"),
            "{star}: {error:?} {detail}"
        );
        grant("select");
        serves(&rig, "", kind);
        rig.table.sql(&format!("update TABLE set gyr = '{}'", person(7).as_str()));
        let (error, detail) = refused(&rig, "");
        assert!(
            error == ErrorCode::SourceDrift && detail.contains("`gyr` in 1 row"),
            "{kind}: {error:?} {detail}"
        );
    }
}
