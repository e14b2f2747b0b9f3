//! What is left out by a system is nothing that local evaluation would find.

use std::fs;

use rusqlite::params;
use tokio::sync::mpsc;
use zerotrip_datasets::aggregate::{Answer, Measure, Question};
use zerotrip_datasets::cell;
use zerotrip_datasets::predicate::{Op, Predicate, Truth, Value};
use zerotrip_datasets::{DatasetFile, Manifest};
use zerotrip_trust::digest::sha256;

use super::{AnyKind, LI, WANG, run, soon};
use crate::rest::tests::server::Api;
use crate::select::{self, Select};
use crate::{Rows, Source, SourceError};

/// Cells as systems have them; `None` is NULL, or nothing where there is none.
type Row = [Option<&'static str>; 4];

const OWNERS: [Option<&str>; 6] = [
    Some(LI),
    Some("110105 19491231 002X"),
    Some(WANG),
    Some("1101**********002X"),
    Some(""),
    None,
];
const CODES: [Option<&str>; 10] = [
    Some("1"),
    Some("2"),
    Some("a"),
    Some("A"),
    Some(" 1"),
    Some("1\u{3000}"),
    Some("9"),
    Some("1.0"),
    Some(""),
    None,
];
const DAYS: [Option<&str>; 5] =
    [Some("1990-01-01"), Some("2001-02-03"), Some("2001-02-04"), Some("2026-11-22"), None];
const MESSY_DAYS: [Option<&str>; 5] =
    [Some("1990.1.1"), Some("2001-02-03"), Some("20010204"), Some("不详"), Some("")];
const PRICES: [Option<&str>; 6] =
    [Some("100"), Some("1,200.5元"), Some("-3"), Some("about 12"), Some(""), None];

/// A row's cells, and how many rows are like it.
type Counted = (Vec<Option<String>>, u64);

/// A small deterministic source of dice.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % bound as u64).unwrap()
    }

    fn of<T: Copy>(&mut self, some: &[T]) -> T {
        some[self.below(some.len())]
    }

    fn predicate(&mut self, depth: usize) -> Predicate {
        let text = |text: &str| Value::Text(text.to_owned());
        let some = |dice: &mut Self| {
            (0..dice.below(3)).map(|_| dice.predicate(depth - 1)).collect::<Vec<_>>()
        };
        match if depth == 0 { self.below(5) } else { self.below(8) } {
            0 => Predicate::Compare {
                column: 1,
                op: Op::Equal,
                value: text(self.of(&["current", "cancelled", "advance"])),
            },
            1 => {
                let op = self.of(&[Op::Equal, Op::Below, Op::AtMost, Op::Above, Op::AtLeast]);
                // 1990-01-01, and two days in 2001.
                Predicate::Compare {
                    column: 2,
                    op,
                    value: Value::Date(self.of(&[7305, 11_356, 11_357])),
                }
            }
            2 => Predicate::Compare {
                column: 3,
                op: self.of(&[Op::Equal, Op::Below, Op::AtLeast]),
                value: Value::Money(self.of(&[10_000, -300])),
            },
            3 => Predicate::Compare { column: 0, op: Op::Equal, value: text(LI) },
            4 => Predicate::Blank(self.below(4)),
            5 => Predicate::Not(Box::new(self.predicate(depth - 1))),
            6 => Predicate::All(some(self)),
            _ => Predicate::Any(some(self)),
        }
    }
}

fn dataset(source: &str) -> DatasetFile {
    let column = |name: &str, field: &str, what: &str| {
        format!(
            "[[column]]\nname = \"{name}\"\nfield = \"{field}\"\ntype = \"{what}\"\ngrade = \
             \"L3\"\n"
        )
    };
    let text = format!(
        "[dataset]\nid = \"estate.ownership\"\nname = {{ zh = \"产权\", en = \"Ownership\" \
         }}\nsharing = \"conditional\"\nmost_age = \"36h\"\nrow_floor = \
         1\n[source]\n{source}\n[coverage]\nregions = [\"330100\"]\nsince = \
         \"1984-01-01\"\nsubjects = \"everyone\"\ntext = {{ zh = \"杭州\", en = \"Hangzhou\" \
         }}\n{}{}codes = {{ \"1\" = \"current\", \"2\" = \"cancelled\", \"a\" = \"advance\", \
         \"3\" = \"current\" }}\n{}{}[[lookup]]\nname = \"party\"\ncolumns = \
         [\"owner\"]\nmay_be_blank = [\"owner\"]\n",
        column("owner", "SFZH", "resident_id"),
        column("status", "ZT", "code"),
        column("filed_on", "RQ", "date"),
        column("price", "JG", "money"),
    );
    DatasetFile::parse(&text, "estate.toml").unwrap()
}

const FIELDS: [&str; 4] = ["SFZH", "ZT", "RQ", "JG"];

/// Asks a source of this kind, and hands it to the test with what stands in it.
fn with(kind: AnyKind<'_>, rows: &[Row], test: impl FnOnce(&dyn Source, &DatasetFile)) {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let api = matches!(kind, AnyKind::Rest).then(|| Api::start(folder.path()));
    let source = match (kind, &api) {
        (AnyKind::Server(server), _) => {
            let table = server.table(folder.path(), "t");
            table.create(&[
                ("SFZH", "varchar(60)"),
                ("ZT", "varchar(20)"),
                ("RQ", "date"),
                ("JG", "varchar(40)"),
            ]);
            table.write(rows);
            table.section("profile_every = \"0s\"")
        }
        (AnyKind::Sqlite | AnyKind::SqliteOdbc, _) => {
            let database = rusqlite::Connection::open(at("t.db")).unwrap();
            database
                .execute_batch("create table \"T -- (x\" (SFZH, ZT collate nocase, RQ, JG)")
                .unwrap();
            for row in rows {
                database
                    .execute(
                        "insert into \"T -- (x\" values (?1, ?2, ?3, ?4)",
                        params![row[0], row[1], row[2], row[3]],
                    )
                    .unwrap();
            }
            // What is no text has a text too, and not always the one that SQL would write.
            database
                .execute_batch(
                    "insert into \"T -- (x\" values (null, 1, 20010203, 100), (null, 1.0, null, \
                     -3.5), (null, 2, null, 1e15)",
                )
                .unwrap();
            kind.section().to_owned()
        }
        (AnyKind::Rest, Some(api)) => {
            let data: Vec<serde_json::Value> = rows
                .iter()
                .map(|row| {
                    FIELDS
                        .iter()
                        .zip(row)
                        .map(|(field, cell)| ((*field).to_owned(), serde_json::json!(cell)))
                        .collect()
                })
                .collect();
            api.rows(serde_json::json!({ "total": data.len(), "data": data }).to_string());
            api.section(kind.section())
        }
        _ => {
            let rows: Vec<Vec<String>> = rows
                .iter()
                .map(|row| row.iter().map(|cell| cell.unwrap_or_default().to_owned()).collect())
                .collect();
            let bytes = kind.file(&FIELDS, &rows);
            let name = kind.file_name();
            fs::write(at(name), &bytes).unwrap();
            let manifest = Manifest {
                as_of: chrono::Local::now().fixed_offset(),
                rows: rows.len() as u64,
                sha256: hex::encode(sha256(&bytes)),
            };
            fs::write(at(&format!("{name}.manifest.toml")), manifest.to_text()).unwrap();
            kind.section().to_owned()
        }
    };
    let dataset = dataset(&source);
    let source =
        crate::open(&dataset, folder.path(), &at("state"), std::sync::Arc::default()).unwrap();
    test(&*source, &dataset);
}

fn selected(
    source: &dyn Source,
    only: &Predicate,
    counted: bool,
    first: Option<u64>,
    most_rows: u64,
) -> Result<Vec<Counted>, SourceError> {
    run(async {
        let (sender, mut receiver) = mpsc::channel::<Rows>(1);
        let select = Select {
            columns: vec![0, 1, 2, 3],
            only: only.clone(),
            counted,
            first,
            most_rows,
            cancellation: soon(),
        };
        let drained = async {
            let mut rows = Vec::new();
            while let Some(batch) = receiver.recv().await {
                rows.extend(batch.counted().map(|(row, times)| (row.to_vec(), times)));
            }
            rows
        };
        let (end, rows) = tokio::join!(source.select(select, sender), drained);
        end.map(|_| rows)
    })
}

/// Spreadsheets have no rows of nothing.
fn not_blank(row: Row) -> Row {
    if row.iter().all(|cell| cell.is_none_or(str::is_empty)) {
        [row[0], row[1], row[2], Some("100")]
    } else {
        row
    }
}

/// Random conditions, groups and sums over messy cells: whatever the system does itself, the answer
/// is that of reading every row here.
pub fn what_is_selected_is_what_local_evaluation_finds(kind: AnyKind<'_>) {
    let seed = std::env::var("ZEROTRIP_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or(20_261_122);
    println!("seed {seed} (set ZEROTRIP_SEED to replay)");
    let mut dice = Dice(seed);
    // A server's own dates are dates.
    let days = if matches!(kind, AnyKind::Server(_)) { DAYS } else { MESSY_DAYS };
    let rows: Vec<Row> = (0..400)
        .map(|_| [dice.of(&OWNERS), dice.of(&CODES), dice.of(&days), dice.of(&PRICES)])
        .map(not_blank)
        .collect();
    with(kind, &rows, |source, dataset| {
        let columns = &dataset.columns;
        let all = selected(source, &Predicate::All(Vec::new()), false, None, u64::MAX).unwrap();
        fn read<'a>(
            columns: &'a [zerotrip_datasets::Column],
            cells: &'a [Option<String>],
            place: usize,
        ) -> cell::CellReading<'a> {
            cell::read(&columns[place], cells[place].as_deref())
        }
        for round in 0..60 {
            let only = dice.predicate(3);
            let by: Vec<usize> = (0..3).filter(|_| dice.below(3) == 0).collect();
            let measures: Vec<Measure> = [Measure::Sum(3), Measure::Least(2), Measure::Greatest(3)]
                .into_iter()
                .filter(|_| dice.below(2) == 0)
                .collect();
            let question = Question { by, only: only.clone(), measures };
            let mut expected = Answer::default();
            for (cells, times) in &all {
                expected.note(&question, *times, &|place| read(columns, cells, place)).unwrap();
            }
            let (answer, _) =
                run(select::run(source, columns, &question, u64::MAX, soon())).unwrap();
            expected.groups.retain(|_, group| group.rows > 0);
            let mut found = answer;
            found.groups.retain(|_, group| group.rows > 0);
            assert_eq!(found, expected, "round {round}, seed {seed}: {question:?}");
            // Row by row, what could match is there as often as it stands in the table.
            let sent = selected(source, &only, false, None, u64::MAX).unwrap();
            let matching = |rows: &[Counted]| {
                let mut rows: Vec<_> = rows
                    .iter()
                    .filter(|(cells, _)| {
                        only.truth(&|place| read(columns, cells, place)) != Truth::False
                    })
                    .map(|row| row.0.clone())
                    .collect();
                rows.sort();
                rows
            };
            assert_eq!(matching(&sent), matching(&all), "round {round}, seed {seed}: {only:?}");
        }
        // It leaves out what it can, counts what is alike, stops where it is told to, and no
        // sooner.
        let current =
            Predicate::Compare { column: 1, op: Op::Equal, value: Value::Text("current".into()) };
        assert!(
            !kind.selects()
                || selected(source, &current, false, None, u64::MAX).unwrap().len() < all.len()
        );
        let counted = selected(source, &Predicate::All(Vec::new()), true, None, u64::MAX).unwrap();
        assert!(!kind.selects() || counted.len() < all.len());
        assert_eq!(counted.iter().map(|(_, times)| times).sum::<u64>(), all.len() as u64);
        let first =
            selected(source, &Predicate::All(Vec::new()), false, Some(7), u64::MAX).unwrap();
        assert_eq!(first.len(), 7);
        assert!(
            selected(source, &Predicate::All(Vec::new()), false, None, all.len() as u64).is_ok()
        );
        let refused =
            selected(source, &Predicate::All(Vec::new()), false, None, all.len() as u64 - 1)
                .unwrap_err();
        assert_eq!(refused.code, zerotrip_proto::v1::ErrorCode::SourceLimit);
    });
}
