//! Each statement with a register that contradicts it, over a file, a database and a server.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::fs;
use std::sync::Arc;
use std::time::SystemTime;

use chrono::{Days, NaiveDate};
use tempfile::TempDir;
use zerotrip_datasets::Key;
use zerotrip_datasets::resident_id::ResidentId;
use zerotrip_datasets::{CivilDay, DatasetFile, Manifest};
use zerotrip_proto::v1::ErrorCode;
use zerotrip_trust::digest::sha256;

use crate::conformance::{run, soon};
use crate::remote::tests::server::{Server, Table};
use crate::{LookUp, Source, SourceError, Survey, count_rows};

const COLUMNS: [&str; 7] = ["owner", "second", "status", "begun", "ended", "district", "price"];

/// Owner, second owner, status, day of registration, day of its end, district, price.
type Row = [Option<String>; 7];

#[derive(Clone, Copy)]
enum Kind<'a> {
    Sqlite,
    Csv,
    Server(&'a Server),
}

/// A register of homes.
struct Register<'a> {
    folder: TempDir,
    kind: Kind<'a>,
    table: Option<Table<'a>>,
}

fn today() -> NaiveDate {
    CivilDay::at(SystemTime::now()).date()
}

fn ago(days: u64) -> NaiveDate {
    today().checked_sub_days(Days::new(days)).unwrap()
}

fn text(day: NaiveDate) -> Option<String> {
    Some(day.to_string())
}

fn person(division: u32, number: u64) -> String {
    let birth = NaiveDate::from_ymd_opt(1950, 3, 4).unwrap();
    let birth = birth.checked_add_days(Days::new(number * 3)).unwrap();
    ResidentId::from_parts(division, birth, 12).unwrap().as_str().to_owned()
}

/// The first and the last day of the rows, and how many days they are apart.
const FIRST: u64 = 6000;
const APART: u64 = 20;
const HOMES: u64 = 300;

/// A register against which nothing speaks.
fn homes() -> Vec<Row> {
    let home = |number: u64| {
        let begun = ago(FIRST - number * APART);
        let has_ended = number.is_multiple_of(5);
        [
            Some(person(if number.is_multiple_of(7) { 340_102 } else { 330_106 }, number)),
            (!number.is_multiple_of(3)).then(|| person(330_105, number + 1000)),
            Some(if has_ended { "注销" } else { "现势" }.to_owned()),
            text(begun),
            has_ended.then(|| begun.checked_add_days(Days::new(10)).unwrap().to_string()),
            Some(if number.is_multiple_of(2) { "330106" } else { "330105" }.to_owned()),
            Some("1200000.50".to_owned()),
        ]
    };
    (0..HOMES).map(home).collect()
}

fn since() -> NaiveDate {
    ago(FIRST + 10)
}

/// What the owner states, but for the place of the rows.
fn stated() -> String {
    let column = |name: &str, field: &str, what: &str, more: &str| {
        format!(
            "[[column]]\nname = \"{name}\"\nfield = \"{field}\"\ntype = \"{what}\"\ngrade = \
             \"L3\"\n{more}\n"
        )
    };
    let columns = [
        column("owner_id", "owner", "resident_id", ""),
        column("second_id", "second", "resident_id", ""),
        column(
            "status",
            "status",
            "code",
            "codes = { \"现势\" = \"current\", \"注销\" = \"cancelled\" }",
        ),
        column("registered_on", "begun", "date", ""),
        column("ended_on", "ended", "date", ""),
        column("district", "district", "division_code", ""),
        column("price", "price", "money", ""),
    ];
    format!(
        "[dataset]\nid = \"estate.ownership\"\nname = {{ zh = \"产权\", en = \"Ownership\" \
         }}\nsharing = \"conditional\"\nmost_age = \"36h\"\nrow_floor = 250\nended = \
         \"kept\"\n[source]\nSOURCE\n[coverage]\nregions = [\"330105\", \"330106\"]\nsince = \
         \"{}\"\nsubjects = \"everyone\"\ntext = {{ zh = \"杭州\", en = \"Hangzhou\" \
         }}\n{}[[lookup]]\nname = \"owner\"\ncolumns = [\"owner_id\", \
         \"second_id\"]\nmay_be_blank = [\"second_id\"]\n",
        since(),
        columns.concat(),
    )
}

impl<'a> Register<'a> {
    fn new(kind: Kind<'a>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let table = match kind {
            Kind::Server(server) => {
                let table = server.table(folder.path(), "t");
                let types = ["varchar(40)", "varchar(40)", "text", "date", "date", "text", "text"];
                let columns: Vec<(&str, &str)> = COLUMNS.into_iter().zip(types).collect();
                table.create(&columns);
                // With one, a pass reads the columns alone that tell something.
                table.sql("alter table TABLE add column no serial primary key");
                Some(table)
            }
            Kind::Sqlite => {
                let database = rusqlite::Connection::open(folder.path().join("t.db")).unwrap();
                database
                    .execute_batch(&format!("create table t ({})", COLUMNS.join(", ")))
                    .unwrap();
                None
            }
            Kind::Csv => None,
        };
        Self { folder, kind, table }
    }

    fn source(&self) -> String {
        match self.kind {
            Kind::Sqlite => {
                "kind = \"sqlite\"\npath = \"t.db\"\ntable = \"t\"\nas_of = \"live\"".to_owned()
            }
            Kind::Csv => {
                "kind = \"csv\"\npath = \"t.csv\"\nencoding = \"utf-8\"\nas_of = \"manifest\""
                    .to_owned()
            }
            Kind::Server(_) => self.table.as_ref().unwrap().section("profile_every = \"0s\""),
        }
    }

    /// Replaces all rows.
    fn write(&self, rows: &[Row]) {
        match self.kind {
            Kind::Sqlite => {
                let path = self.folder.path().join("t.db");
                let mut database = rusqlite::Connection::open(path).unwrap();
                let write = database.transaction().unwrap();
                write.execute("delete from t", []).unwrap();
                for row in rows {
                    let cells = rusqlite::params_from_iter(row);
                    write
                        .execute("insert into t values (?1, ?2, ?3, ?4, ?5, ?6, ?7)", cells)
                        .unwrap();
                }
                write.commit().unwrap();
            }
            Kind::Csv => {
                let mut written = ::csv::Writer::from_writer(Vec::new());
                written.write_record(COLUMNS).unwrap();
                for row in rows {
                    let cells = row.iter().map(|cell| cell.as_deref().unwrap_or_default());
                    written.write_record(cells).unwrap();
                }
                let bytes = written.into_inner().unwrap();
                let manifest = Manifest {
                    as_of: chrono::Local::now().fixed_offset(),
                    rows: rows.len() as u64,
                    sha256: hex::encode(sha256(&bytes)),
                };
                fs::write(self.folder.path().join("t.csv"), bytes).unwrap();
                let path = self.folder.path().join("t.csv.manifest.toml");
                fs::write(path, manifest.to_text()).unwrap();
            }
            Kind::Server(_) => {
                let rows: Vec<[Option<&str>; 7]> =
                    rows.iter().map(|row| std::array::from_fn(|at| row[at].as_deref())).collect();
                self.table.as_ref().unwrap().write(&rows);
            }
        }
    }

    fn open(&self, stated: &str) -> Result<Arc<dyn Source>, SourceError> {
        let text = stated.replace("SOURCE", &self.source());
        let dataset = DatasetFile::parse(&text, "estate.toml").unwrap();
        let folder = self.folder.path();
        crate::open(&dataset, folder, &folder.join("state"), Arc::default())
    }
}

/// The look-up of the first owner.
fn look(source: &dyn Source) -> Result<usize, ErrorCode> {
    let look_up = LookUp {
        columns: vec![0, 1],
        keys: Arc::from([Key::canonical(&person(340_102, 0)).unwrap()]),
        most_rows: 100,
        cancellation: soon(),
    };
    run(count_rows(source, look_up)).map(|(rows, _)| rows).map_err(|error| error.code)
}

/// The names of what speaks against the statement and is not accepted.
fn open_suspicions(survey: &Survey) -> Vec<&'static str> {
    let open = survey.suspicions.iter().filter(|remark| remark.accepted.is_none());
    open.map(|remark| remark.suspicion.name()).collect()
}

/// What rows come to.
enum Expected {
    Refuted(&'static str),
    Suspected(&'static str, &'static str),
    Noted(&'static str),
}

use Expected::{Noted, Refuted, Suspected};

/// What is stated and what the rows are, each changed so that one does not fit the other.
fn contradictions() -> Vec<(&'static str, String, Vec<Row>, Expected)> {
    let rows = |change: &dyn Fn(usize, &mut Row)| {
        let mut rows = homes();
        rows.iter_mut().enumerate().for_each(|(at, row)| change(at, row));
        rows
    };
    let with = |from: &str, to: &str| {
        let text = stated();
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    };
    let head = |more: &str| with("ended = \"kept\"", &format!("ended = \"kept\"\n{more}"));
    let later = ago(2000);
    vec![
        (
            "an end without a day, of what began after the day by which all such had ended",
            head(&format!("undated_before = \"{later}\"")),
            rows(&|at, row| {
                if at == 280 {
                    row[4] = None;
                }
            }),
            Refuted("1 rows have ended without a day"),
        ),
        (
            "ends without a day, of which nothing is stated",
            stated(),
            rows(&|at, row| {
                if at < 10 {
                    row[4] = None;
                }
            }),
            Noted("2 rows have ended without a day"),
        ),
        (
            "a row older than the first day",
            stated(),
            rows(&|at, row| {
                if at == 1 {
                    row[3] = Some("1999-05-06".into());
                }
            }),
            Suspected("older_rows", "1 rows are older than"),
        ),
        (
            "a first day long before the first row",
            with(&format!("since = \"{}\"", since()), "since = \"1984-01-01\""),
            homes(),
            Suspected("since_gap", "no two others are more than 20 days apart"),
        ),
        (
            "a district without rows",
            with("\"330105\", \"330106\"", "\"330105\", \"330106\", \"330110\""),
            homes(),
            Suspected("region_without_rows", "`330110`"),
        ),
        (
            "rows outside the regions",
            stated(),
            rows(&|at, row| {
                if at < 4 {
                    row[5] = Some("340102".into());
                }
            }),
            Noted("4 of 300 codes in `district` are outside the stated regions"),
        ),
        (
            "nothing has ended",
            stated(),
            rows(&|_, row| {
                row[2] = Some("现势".into());
                row[4] = None;
            }),
            Suspected("nothing_ended", "none of 300 rows has ended"),
        ),
        (
            "a second owner in no row",
            stated(),
            rows(&|_, row| row[1] = None),
            Suspected("blank_look_up", "`second_id`"),
        ),
        (
            "dates to come",
            stated(),
            rows(&|at, row| {
                if at % 50 == 1 {
                    row[3] = text(today().checked_add_days(Days::new(30)).unwrap());
                }
            }),
            Suspected("dates_to_come", "6 of 300 days in `registered_on`"),
        ),
        (
            "fen for yuan",
            stated(),
            rows(&|_, row| row[6] = Some("120000050000".into())),
            Suspected("money_unit", "300 of 300 amounts in `price`"),
        ),
        (
            "numbers of 15 digits, all said to be carried over",
            with(
                "subjects = \"everyone\"",
                "subjects = \"everyone\"\nrenumbered = \"carried_over\"",
            ),
            rows(&|at, row| {
                if at == 3 {
                    let id = ResidentId::new_strict(&person(330_106, 3)).unwrap();
                    row[0] = id.first_generation();
                }
            }),
            Suspected("former_numbers", "1 numbers have 15 digits"),
        ),
        (
            "words that never occur",
            with("\"现势\" = \"current\"", "\"现势\" = \"current\", \"预告\" = \"advance\""),
            homes(),
            Noted("`status` never holds `预告`"),
        ),
        (
            "a floor under half of the rows",
            with("row_floor = 250", "row_floor = 10"),
            homes(),
            Noted("`row_floor` is 10"),
        ),
    ]
}

fn each_statement_is_held_against_the_rows(kind: Kind<'_>) {
    let register = Register::new(kind);
    for (what, stated, rows, expected) in contradictions() {
        register.write(&rows);
        let source = register.open(&stated).unwrap();
        let survey = run(source.survey()).unwrap();
        let open = open_suspicions(&survey);
        match expected {
            Refuted(words) => {
                let said = survey.contradictions.concat();
                assert!(said.contains(words), "{what}: {said}");
                assert_eq!(look(&*source), Err(ErrorCode::StatementContradicted), "{what}");
            }
            Suspected(name, words) => {
                assert_eq!(
                    (open.as_slice(), survey.contradictions.len()),
                    (&[name][..], 0),
                    "{what}"
                );
                let said = &survey.suspicions[0].text;
                assert!(said.contains(words), "{what}: {said}");
                let looked = look(&*source);
                // What could be a row that came later stops answers until it is accepted.
                if name == "older_rows" {
                    assert_eq!(looked, Err(ErrorCode::StatementContradicted), "{what}");
                } else {
                    assert_eq!(looked, Ok(1), "{what}");
                }
                let accepted = format!("{stated}[accepted]\n{name} = \"it is known why\"\n");
                let source = register.open(&accepted).unwrap();
                assert!(open_suspicions(&run(source.survey()).unwrap()).is_empty(), "{what}");
                assert_eq!(look(&*source), Ok(1), "{what}");
            }
            Noted(words) => {
                let said = survey.notes.join("\n");
                assert!(said.contains(words), "{what}: {said}");
                assert!(open.is_empty() && survey.contradictions.is_empty(), "{what}: {open:?}");
                assert_eq!(look(&*source), Ok(1), "{what}");
            }
        }
    }
}

/// What is signed becomes untrue while it is served, and true again.
fn a_row_that_comes_later_stops_all_answers(kind: Kind<'_>) {
    let register = Register::new(kind);
    let sound = homes();
    register.write(&sound);
    let source = register.open(&stated()).unwrap();
    assert_eq!(look(&*source), Ok(1));
    let mut older = sound.clone();
    older.push([
        Some(person(330_106, 5000)),
        None,
        Some("现势".into()),
        Some("1999-01-05".into()),
        None,
        None,
        None,
    ]);
    // A slip of the pen, by which a home was owned before its owner was born, is none.
    let mut slip = sound.clone();
    slip[1][3] = Some("1905-01-05".into());
    for (rows, looked) in [
        (&older, Err(ErrorCode::StatementContradicted)),
        (&sound, Ok(1)),
        (&slip, Ok(1)),
        (&older, Err(ErrorCode::StatementContradicted)),
    ] {
        register.write(rows);
        assert_eq!(look(&*source), looked);
    }
}

fn all(kind: Kind<'_>) {
    let register = Register::new(kind);
    register.write(&homes());
    let survey = run(register.open(&stated()).unwrap().survey()).unwrap();
    let found = (open_suspicions(&survey), &survey.contradictions, &survey.notes);
    assert_eq!(found, (Vec::new(), &Vec::new(), &Vec::new()), "nothing speaks against it");
    each_statement_is_held_against_the_rows(kind);
    a_row_that_comes_later_stops_all_answers(kind);
}

#[test]
fn statements_are_held_against_a_live_file() {
    all(Kind::Sqlite);
}

#[test]
fn statements_are_held_against_a_drop() {
    all(Kind::Csv);
}

#[test]
fn outside_statements_are_held_against_a_server() {
    all(Kind::Server(&Server::postgres()));
}

/// What takes many rows: everyone who is from here, and a copy that is said to be of now.
#[test]
fn what_many_rows_suggest_is_found() {
    let register = Register::new(Kind::Sqlite);
    let many = |division: u32, last: u64| -> Vec<Row> {
        (0..1200)
            .map(|number| {
                let begun = text(ago(last + 1199 - number));
                let district = Some("330106".to_owned());
                let ended = number.is_multiple_of(9);
                let status = Some(if ended { "注销" } else { "现势" }.to_owned());
                let end = begun.clone().filter(|_| ended);
                let owner = Some(person(division, number));
                [owner.clone(), owner, status, begun, end, district, None]
            })
            .collect()
    };
    let text = stated().replace("\"330105\", \"330106\"", "\"330106\"");
    let found = |rows: &[Row]| {
        let first = rows[0][3].clone().unwrap();
        register.write(rows);
        let text = text.replace(&since().to_string(), &first);
        let survey = run(register.open(&text).unwrap().survey()).unwrap();
        (open_suspicions(&survey), survey.suspicions.first().map(|found| found.text.clone()))
    };
    assert_eq!(found(&many(340_102, 1)), (Vec::new(), None));
    let (names, said) = found(&many(330_106, 1));
    assert_eq!(names, ["only_locals"]);
    assert!(said.unwrap().contains("of all 2400 persons"));
    let (names, said) = found(&many(340_102, 40));
    assert_eq!(names, ["nothing_new"]);
    assert!(said.unwrap().contains("the newest is 40 days older"));
}
