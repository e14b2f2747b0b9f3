#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use crate::file::tests::HOUSEHOLD;
use crate::{Column, DatasetFile};

use super::*;

/// The household register with more columns.
fn with(more: &str) -> Result<DatasetFile, String> {
    let text = HOUSEHOLD.replace("[[lookup]]", &format!("{more}\n[[lookup]]"));
    DatasetFile::parse(&text, "household.toml").map_err(|error| error.to_string())
}

fn column(name: &str, semantic: &str, more: &str) -> String {
    format!("[[column]]\nname = \"{name}\"\ntype = \"{semantic}\"\ngrade = \"L2\"\n{more}\n")
}

fn made(file: &DatasetFile, name: &str) -> Column {
    file.column(name).unwrap().clone()
}

#[test]
fn what_a_register_lacks_is_said_in_three_ways() {
    let text = [
        column("kind", "code", "constant = \"home\""),
        column("died_on", "date", "absent = \"kept by the civil registry\""),
        column("left_on", "date", "field = \"QCRQ\""),
        column(
            "lives",
            "code",
            "derived = { from = \"left_on\", table = { blank = \"here\", filled = \"gone\" } }",
        ),
        column(
            "both",
            "code",
            "derived = { from = [\"status\", \"left_on\"], table = { \"registered, blank\" = \
             \"here\", \"registered,filled\" = \"odd\", \"moved_out, blank\" = \"gone\", \
             \"moved_out, filled\" = \"gone\" } }",
        ),
    ]
    .concat();
    let file = with(&text).unwrap();
    let cell = |name: &str, status: Option<&str>, left: Option<&str>| {
        let read = |other: &str| {
            let column = file.column(other).unwrap();
            cell::read(column, if other == "status" { status } else { left })
        };
        file.column(name).unwrap().made.cell(&read).map(str::to_owned)
    };
    let said = |name: &str, status, left| cell(name, status, left).unwrap_or_default();
    assert_eq!(said("kind", None, None), "home");
    assert_eq!(cell("died_on", Some("1"), Some("2020-01-01")), None);
    for (left, lives) in [
        (None, "here"),
        (Some(" "), "here"),
        (Some("2020.1.2"), "gone"),
        (Some("不详"), ""),
        (Some("0"), ""),
    ] {
        assert_eq!(said("lives", Some("1"), left), lives, "{left:?}");
    }
    for (status, left, both) in [
        ("正常", None, "here"),
        ("1", Some("20200102"), "odd"),
        ("2", None, "gone"),
        ("9", None, ""),
        ("", None, ""),
        ("1", Some("?"), ""),
    ] {
        assert_eq!(said("both", Some(status), left), both, "{status} {left:?}");
    }
    // What no table says is no code, and spoils a scan that needs it.
    let lives = made(&file, "lives");
    assert_eq!(
        cell::read(&lives, cell("lives", None, Some("?")).as_deref()),
        CellReading::UnknownCode
    );
    assert_eq!(cell::read(&lives, Some("here")), CellReading::Code("here"));
    // What is signed says where each comes from, and what its codes mean.
    let statement = file.to_statement(std::time::SystemTime::UNIX_EPOCH);
    let stated = |name: &str| statement.columns.iter().find(|column| column.name == name).unwrap();
    let origins: Vec<ColumnOrigin> =
        ["kind", "died_on", "left_on", "lives"].iter().map(|name| stated(name).origin()).collect();
    assert_eq!(
        origins,
        [ColumnOrigin::Constant, ColumnOrigin::Absent, ColumnOrigin::Field, ColumnOrigin::Derived]
    );
    assert_eq!(
        (&stated("kind").meanings, &stated("both").meanings),
        (&vec!["home".to_owned()], &["gone", "here", "odd"].map(str::to_owned).to_vec())
    );
}

#[test]
fn what_could_not_hold_of_every_row_is_refused_by_name() {
    for (semantic, more, said) in [
        ("text", "", "`column[4].field` (column \"x\"): missing; name the field"),
        (
            "code",
            "field = \"X\"\nconstant = \"a\"\ncodes = { \"1\" = \"a\" }",
            "keep the one that holds",
        ),
        ("date", "constant = \"a\"\nabsent = \"b\"", "keep the one that holds"),
        ("code", "constant = \"Home\"", "must be the meaning"),
        (
            "code",
            "constant = \"home\"\ncodes = { \"1\" = \"home\" }",
            "a column without a `field` has no codes",
        ),
        (
            "resident_id",
            "constant = \"11010519491231002X\"",
            "only a code, a division code or a text",
        ),
        ("date", "constant = \"2020-01-01\"", "only a code, a division code or a text"),
        ("division_code", "constant = \"somewhere\"", "cannot be read as a division code"),
        ("code", "absent = \"it has none\"", "only a date can be absent"),
        ("resident_id", "absent = \"it has none\"", "only a date can be absent"),
        ("date", "absent = \"\"", "must say in a few words why"),
        (
            "date",
            "derived = { from = \"status\", table = { registered = \"a\", moved_out = \"b\" } }",
            "only a column of type `code`",
        ),
        (
            "code",
            "derived = { from = \"status\", table = { registered = \"a\" } }",
            "the table must be closed: say what `moved_out` means too",
        ),
        (
            "code",
            "derived = { from = \"status\", table = { registered = \"a\", moved_out = \"b\", dead \
             = \"c\" } }",
            "its columns never have `dead`",
        ),
        (
            "code",
            "derived = { from = \"ZT\", table = { \"1\" = \"a\" } }",
            "must name other columns of this file",
        ),
        (
            "code",
            "derived = { from = \"x\", table = { blank = \"a\", filled = \"b\" } }",
            "columns that the source has a field for",
        ),
        ("code", "derived = { from = [], table = { \"1\" = \"a\" } }", "must be `{ from = "),
        (
            "code",
            "derived = { from = [\"status\", \"status\"], table = { \"registered, registered\" = \
             \"a\" } }",
            "must be `{ from = ",
        ),
        (
            "code",
            "derived = { from = \"status\", table = { registered = \"A\", moved_out = \"b\" } }",
            "must be `{ from = ",
        ),
        (
            "code",
            "derived = { from = \"status\", table = { \"registered, blank\" = \"a\", moved_out = \
             \"b\" } }",
            "must be `{ from = ",
        ),
        (
            "code",
            "derived = { from = \"status\", tabel = { registered = \"a\", moved_out = \"b\" } }",
            "must be `{ from = ",
        ),
    ] {
        let error = with(&column("x", semantic, more)).unwrap_err();
        assert!(error.contains(said), "{more}: {error}");
        assert_eq!(error.lines().count(), 2, "one fault, once: {error}");
    }
    // Nobody is found by what the source does not have.
    let look_up = with(&column("x", "code", "constant = \"home\"")).unwrap();
    assert!(
        look_up.lookups.iter().flat_map(|look_up| &look_up.columns).all(|name| made(
            &look_up, name
        )
        .made
        .is_field())
    );
}
