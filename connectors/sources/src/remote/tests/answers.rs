//! That nothing is lost: types, spellings, sizes, ages.

use std::collections::HashSet;
use std::fs;
use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tokio::sync::mpsc;
use zerotrip_channel::deadline::Cancellation;
use zerotrip_datasets::resident_id::{self, Reading, ResidentId};
use zerotrip_proto::v1::ErrorCode;

use super::people::{WAYS, person, spelt};
use super::server::{READER_PASSWORD, Server};
use super::{Rig, code, rows, until};
use crate::conformance::{LI, WANG, look_up, names, run, soon};
use crate::{LookUp, RestsOn, Rows};

type Test = (&'static str, fn(&Server));
pub const BOTH: &[Test] = &[
    ("nobody_and_nothing", nobody_and_nothing),
    ("numbers_as_ids", numbers_as_ids),
    ("every_look_up_equals_local_evaluation", every_look_up_equals_local_evaluation),
    ("a_hundred_thousand_keys_and_each_row_once", a_hundred_thousand_keys_and_each_row_once),
    ("a_huge_answer_is_streamed", a_huge_answer_is_streamed),
    ("two_answers_at_once", two_answers_at_once),
    ("unreadable_rows_have_locators", unreadable_rows_have_locators),
    ("the_pass_ages", the_pass_ages),
    (
        "a_spelling_changed_since_the_pass_is_no_absence",
        a_spelling_changed_since_the_pass_is_no_absence,
    ),
    (
        "a_new_row_does_not_hide_one_that_is_spelt_anew",
        a_new_row_does_not_hide_one_that_is_spelt_anew,
    ),
    ("a_row_that_is_written_anew_is_found", a_row_that_is_written_anew_is_found),
    ("an_extract_tells_its_own_time", an_extract_tells_its_own_time),
    ("the_index_serves", the_index_serves),
    ("secrets_stay_secret", secrets_stay_secret),
];

fn found(rig: &Rig<'_>, more: &str, key: &str) -> Vec<String> {
    let source = rig.open(more).unwrap();
    run(names(&*source, look_up(&[key], 1000, soon()))).unwrap().0
}

fn nobody_and_nothing(server: &Server) {
    let rig = Rig::plain(server);
    let source = rig.open("profile_every = \"0s\"").unwrap();
    let ask = |key: &str| run(rows(&*source, look_up(&[key], 100, soon()))).unwrap();
    let (none, end) = ask(LI);
    assert_eq!((none.len(), end.rows, end.could_match.all().len()), (0, 0, 0), "an empty table");
    rig.table.write(&[
        [Some(LI), None, None],
        [Some(LI), Some(""), Some("")],
        [None, Some(LI), Some("null")],
    ]);
    let (mut three, end) = ask(LI);
    three.sort();
    let cells = |row: &[Option<&str>; 3]| {
        row.iter().map(|cell| cell.map(str::to_owned)).collect::<Vec<_>>()
    };
    assert_eq!(
        three,
        [
            cells(&[None, Some(LI), Some("null")]),
            cells(&[Some(LI), None, None]),
            cells(&[Some(LI), Some(""), Some("")])
        ]
    );
    assert_eq!((end.rows, end.could_match.all().len()), (3, 0));
    rig.table.write(&[[None, None, Some("lost")]]);
    assert_eq!(ask(WANG).1.could_match.all().len(), 1, "nobody in it at all is anybody");
}

fn numbers_as_ids(server: &Server) {
    let real = if server.is_postgres { "double precision" } else { "double" };
    for (whole, floating) in [("bigint", real), ("numeric(18)", real)] {
        let rig = Rig::new(server, &[("id_a", whole), ("id_b", floating), ("name", "text")]);
        rig.table.write(&[
            [Some("440524188001010014"), None, Some("whole")],
            [Some("110105491231002"), None, Some("fifteen digits")],
            [None, Some("440524188001010014"), Some("real")],
            [None, Some("110105491231002"), Some("short real")],
        ]);
        let source = rig.open("profile_every = \"0s\"").unwrap();
        let ask = |key: &str| run(names(&*source, look_up(&[key], 10, soon()))).unwrap();
        let (found, end) = ask(WANG);
        assert_eq!((found, end.could_match.all().len()), (vec!["whole".to_owned()], 1), "{whole}");
        let (found, end) = ask(LI);
        assert_eq!(
            (found, end.could_match.all().len()),
            (vec!["fifteen digits".to_owned()], 1),
            "{whole}"
        );
        assert_eq!(ask(person(1).as_str()).0.len(), 0);
    }
}

/// The rows that name one of the keys, as the connector evaluates them.
fn evaluated(cells: &[[Option<String>; 2]], keys: &[ResidentId]) -> Vec<usize> {
    let names = |cell: &Option<String>| cell.as_deref().map(resident_id::parse);
    let matches = |row: &[Option<String>; 2]| {
        row.iter()
            .any(|cell| matches!(names(cell), Some(Reading::Person(id)) if keys.contains(&id)))
    };
    (0..cells.len()).filter(|at| matches(&cells[*at])).collect()
}

fn every_look_up_equals_local_evaluation(server: &Server) {
    let kinds: &[&str] = if server.is_postgres {
        &["varchar(60)", "char(60)", "text"]
    } else {
        &[
            "varchar(60)",
            "char(60)",
            "varchar(60) character set gbk",
            "varchar(60) collate utf8mb4_bin",
            "varchar(60) collate utf8mb4_unicode_520_ci",
        ]
    };
    for (number, kind) in kinds.iter().enumerate() {
        let rig = Rig::new(
            server,
            &[("id_a", kind), ("id_b", kinds[(number + 1) % kinds.len()]), ("name", "text")],
        );
        let source = rig.open("profile_every = \"0s\"").unwrap();
        let narrow = kinds.iter().any(|kind| kind.contains("gbk"));
        let cell = prop_oneof![1 => Just(None), 1 => Just(Some((0, usize::MAX))), 8 => (0..6_usize, 0..WAYS).prop_map(Some)];
        let cell = cell.prop_map(move |cell| match cell {
            None => None,
            Some((_, usize::MAX)) => Some(String::new()),
            // Not every character set has a blank without width.
            Some((who, way)) => Some(spelt(&person(who), if narrow && way == 9 { 0 } else { way })),
        });
        let table = (
            prop::collection::vec([cell.clone(), cell], 0..40),
            prop::collection::hash_set(0..6_usize, 1..4),
        );
        let mut runner =
            TestRunner::new(Config { cases: 16, failure_persistence: None, ..Config::default() });
        let tested = runner.run(&table, |(cells, whom)| {
            let texts: Vec<String> = (0..cells.len()).map(|number| number.to_string()).collect();
            let written: Vec<[Option<&str>; 3]> = cells
                .iter()
                .zip(&texts)
                .map(|([a, b], name)| [a.as_deref(), b.as_deref(), Some(name)])
                .collect();
            rig.table.write(&written);
            let keys: Vec<ResidentId> = whom.iter().map(|who| person(*who)).collect();
            let asked: Vec<&str> = keys.iter().map(ResidentId::as_str).collect();
            let (got, end) = run(rows(&*source, look_up(&asked, 1000, soon()))).unwrap();
            // The server may send too much; the connector evaluates every row again.
            let sent: Vec<[Option<String>; 2]> =
                got.iter().map(|row| [row[0].clone(), row[1].clone()]).collect();
            let mut places: Vec<usize> = evaluated(&sent, &keys)
                .into_iter()
                .map(|at| got[at][2].as_deref().unwrap().parse().unwrap())
                .collect();
            places.sort_unstable();
            prop_assert_eq!(places, evaluated(&cells, &keys), "in {}", kind);
            let suspect = |cell: &Option<String>| {
                cell.as_deref().is_some_and(|raw| {
                    matches!(resident_id::parse(raw), Reading::Unreadable)
                        && !raw.trim().is_empty()
                        && keys.iter().any(|key| resident_id::could_match(raw, key))
                })
            };
            let blank =
                |cell: &Option<String>| cell.as_deref().is_none_or(|raw| raw.trim().is_empty());
            let could =
                cells.iter().filter(|row| row.iter().any(suspect) || row.iter().all(blank)).count();
            prop_assert_eq!(end.could_match.all().iter().collect::<HashSet<_>>().len(), could);
            prop_assert_eq!(end.rows, cells.len() as u64);
            Ok(())
        });
        tested.unwrap_or_else(|error| panic!("{kind}: {error}"));
    }
}

fn a_hundred_thousand_keys_and_each_row_once(server: &Server) {
    let rig = Rig::plain(server);
    const MANY: usize = 100_000;
    let ids: Vec<ResidentId> = (0..MANY).map(person).collect();
    // Each row names two persons far apart, in different statements of the look-up; two rows are
    // equal.
    let pairs: Vec<(usize, usize)> = (0..2000)
        .map(|number| (number * 50, (number * 50 + MANY / 2) % MANY))
        .chain([(7, 99_991), (7, 99_991)])
        .collect();
    let written: Vec<[Option<&str>; 3]> = pairs
        .iter()
        .map(|(a, b)| [Some(ids[*a].as_str()), Some(ids[*b].as_str()), Some("both")])
        .collect();
    rig.table.write(&written);
    rig.table.sql(&format!(
        "insert into TABLE values ('{}', '{}', 'irregular')",
        spelt(&ids[3], 6),
        spelt(&ids[MANY - 1], 7)
    ));
    let source = rig.open("profile_every = \"1h\"").unwrap();
    let cancellation = Cancellation::after(Duration::from_secs(120));
    let keys = LookUp {
        columns: vec![0, 1],
        keys: ids.iter().copied().map(zerotrip_datasets::Key::from).collect(),
        most_rows: 1_000_000,
        cancellation,
    };
    let (got, end) = run(rows(&*source, keys)).unwrap();
    assert_eq!(
        got.len(),
        pairs.len() + 1,
        "each row once, and equal rows as often as they stand there"
    );
    assert_eq!(got.iter().collect::<HashSet<_>>().len(), pairs.len(), "of which two are equal");
    assert_eq!(end.rows, pairs.len() as u64 + 1);
}

/// What this process holds in memory, in bytes.
fn resident() -> usize {
    let pages: usize =
        fs::read_to_string("/proc/self/statm").unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

const HUGE: usize = 200_000;

/// So many rows of half a kilobyte, all one person's.
fn huge<'a>(server: &'a Server) -> Rig<'a> {
    let rig = Rig::plain(server);
    rig.table.sql(&format!(
        "insert into TABLE select '{LI}', null, concat(seq, repeat('z', 500)) from {}",
        numbers(server, HUGE)
    ));
    rig
}

fn a_huge_answer_is_streamed(server: &Server) {
    let rig = huge(server);
    let source = rig.open("profile_every = \"1h\"").unwrap();
    run(async {
        let (sender, mut receiver) = mpsc::channel::<Rows>(1);
        let before = resident();
        let cancellation = Cancellation::after(Duration::from_secs(120));
        let drained = async {
            let (mut rows, mut batches) = (0, 0_usize);
            while let Some(batch) = receiver.recv().await {
                rows += batch.len();
                batches += 1;
                // A reader that takes its time now and then: whoever reads ahead would fill the
                // memory meanwhile.
                if batches.is_multiple_of(50) {
                    assert_eq!(server.rows("select 1").await, ["1"]);
                }
                let grown = resident().saturating_sub(before);
                assert!(grown < 48 << 20, "{grown} bytes more, of an answer of {}", HUGE * 500);
            }
            rows
        };
        let (end, rows) =
            tokio::join!(source.look_up(look_up(&[LI], 1_000_000, cancellation), sender), drained);
        assert_eq!((rows, end.unwrap().rows), (HUGE, HUGE as u64));
        let (error, _) = code::<(Vec<String>, crate::LookUpEnd)>(
            names(&*source, look_up(&[LI], HUGE as u64 - 1, soon())).await,
        );
        assert_eq!(error, ErrorCode::DefinitionLimit);
    });
}

fn two_answers_at_once(server: &Server) {
    let rig = huge(server);
    let source = rig.open("profile_every = \"1h\"").unwrap();
    run(async {
        let (one, mut first) = mpsc::channel::<Rows>(1);
        let (other, mut second) = mpsc::channel::<Rows>(1);
        let taken = async {
            let (mut rows, mut over) = ([0, 0], [false, false]);
            // Turn by turn: neither may wait for the other's end.
            while over != [true, true] {
                match first.recv().await {
                    Some(batch) => rows[0] += batch.len(),
                    None => over[0] = true,
                }
                match second.recv().await {
                    Some(batch) => rows[1] += batch.len(),
                    None => over[1] = true,
                }
            }
            rows
        };
        let cancellation = || Cancellation::after(Duration::from_secs(120));
        let (look_one, look_other) =
            (look_up(&[LI], 1_000_000, cancellation()), look_up(&[LI], 1_000_000, cancellation()));
        let (a, b, rows) =
            tokio::join!(source.look_up(look_one, one), source.look_up(look_other, other), taken);
        assert_eq!(
            (a.unwrap().rows, b.unwrap().rows, rows),
            (HUGE as u64, HUGE as u64, [HUGE, HUGE])
        );
    });
}

fn unreadable_rows_have_locators(server: &Server) {
    let rig = Rig::new(
        server,
        &[
            ("id_a", "varchar(60)"),
            ("id_b", "varchar(60)"),
            ("name", "varchar(60)"),
            ("nr", "integer not null"),
        ],
    );
    rig.table.write(&[
        [Some(LI), None, Some("x"), Some("1")],
        [Some("110105194912310029"), None, Some("y"), Some("2")],
        [Some(" 110105 19491231 002X"), None, Some("z"), Some("3")],
    ]);
    rig.table.sql("create view SCHEMA.v as select * from TABLE");
    let ask = |rig: &Rig<'_>| {
        let source = rig.open("profile_every = \"0s\"").unwrap();
        let (found, end) = run(names(&*source, look_up(&[LI], 10, soon()))).unwrap();
        let survey = run(source.survey()).unwrap();
        assert_eq!((survey.rows, survey.unreadable_count, survey.irregular), (3, 1, 1));
        assert_eq!(survey.unreadable, end.could_match.all());
        (found, end.could_match.all(), survey.advice)
    };
    let both = vec!["x".to_owned(), "z".to_owned()];
    let bare =
        if server.is_postgres && !server.by_odbc { "ctid = (0,2)" } else { "row 2 of the pass" };
    // ODBC drivers are not asked about indexes.
    let unknown = vec![
        "whether the look-up columns have indexes cannot be asked through ODBC: see to it that \
         they do"
            .to_owned(),
    ];
    let quiet = if server.by_odbc { unknown.clone() } else { Vec::new() };
    assert_eq!(ask(&rig), (both.clone(), vec![bare.to_owned()], quiet.clone()));
    rig.table.sql("alter table TABLE add primary key (nr)");
    rig.table.sql(if server.is_postgres {
        "drop index SCHEMA.i1"
    } else {
        "drop index i1 on TABLE"
    });
    let advice = vec!["column `id_b` has no index: every look-up reads the whole table".to_owned()];
    let advice = if server.by_odbc { unknown } else { advice };
    assert_eq!(ask(&rig), (both.clone(), vec!["nr = 2".to_owned()], advice));
    let rig = rig.named("v");
    assert_eq!(ask(&rig), (both, vec!["row 2 of the pass".to_owned()], quiet), "a view");
    // A register of persons is keyed by their ids, and nobody's stands in a log.
    let rig = Rig::plain(server);
    rig.table.write(&[[Some(WANG), Some("110105194912310029"), Some("x")]]);
    rig.table.sql("alter table TABLE add primary key (id_a)");
    let source = rig.open("profile_every = \"0s\"").unwrap();
    let end = run(names(&*source, look_up(&[LI], 10, soon()))).unwrap().1;
    assert_eq!(end.could_match.all(), ["id_a = 4405**********0014, row 1 of the pass"]);
}

fn the_pass_ages(server: &Server) {
    let rig = Rig::plain(server);
    rig.table.write(&[[Some(LI), None, Some("1")]]);
    let (seldom, often) =
        (rig.open("profile_every = \"1h\"").unwrap(), rig.open("profile_every = \"1s\"").unwrap());
    let opened = SystemTime::now();
    let first = run(names(&*often, look_up(&[LI], 10, soon()))).unwrap().1.rests_on;
    assert!(matches!(first, RestsOn::Pass(_)));
    rig.table.sql(
        "insert into TABLE values ('110105 19491231 002X', null, '2'), ('11010519491231002x', \
         null, '3')",
    );
    let (found, end) = run(names(&*seldom, look_up(&[LI], 10, soon()))).unwrap();
    assert_eq!(
        (found, end.rows),
        (vec!["1".to_owned(), "3".to_owned()], 1),
        "what an index finds, and no more"
    );
    assert!(end.as_of <= opened, "and it says that it is no younger than its pass");
    run(until("the next pass finds it", || async {
        let (found, end) = names(&*often, look_up(&[LI], 10, soon())).await.unwrap();
        assert!(end.as_of <= SystemTime::now());
        found == ["1", "2", "3"]
            && end.rows == 3
            && end.as_of > opened
            && matches!(end.rests_on, RestsOn::Pass(_))
            && end.rests_on != first
    }));
    let again = || run(names(&*seldom, look_up(&[LI], 10, soon()))).unwrap().1.rests_on;
    assert!(
        matches!(again(), RestsOn::Pass(_)) && again() == end.rests_on,
        "one pass is one, for as long as it serves"
    );
}

fn a_new_row_does_not_hide_one_that_is_spelt_anew(server: &Server) {
    for key in [None, Some("id bigint primary key")] {
        let rig = Rig::plain(server);
        rig.table.write(&[[Some(LI), None, Some("home")]]);
        if let Some(key) = key {
            rig.table.sql(&format!(
                "alter table TABLE add column {}",
                key.replace(" primary key", " default 1")
            ));
            rig.table.sql("alter table TABLE add primary key (id)");
        }
        let source = rig.open("profile_every = \"1h\"").unwrap();
        let ask = || names(&*source, look_up(&[LI], 10, soon()));
        assert_eq!(run(ask()).unwrap().0, ["home"]);
        let more = if key.is_some() { ", 2" } else { "" };
        rig.table.sql(&format!(
            "update TABLE set id_a = '110105 19491231 002X'; insert into TABLE values ('{LI}', \
             null, 'cancelled'{more})"
        ));
        // The look-up finds that a row of the pass is gone, and takes a pass of its own, which
        // finds it.
        assert_eq!(run(ask()).unwrap().0, ["cancelled", "home"], "{key:?}");
    }
}

/// Without a key, a row that was updated is another one. Whether the one that the pass saw is lost
/// only reading the whole table tells: so that is done, by the look-up itself, and its answer is of
/// then.
fn a_row_that_is_written_anew_is_found(server: &Server) {
    for name in ["t", "v"] {
        let rig = Rig::plain(server);
        rig.table.write(&[[Some(LI), None, Some("home")], [Some(WANG), None, Some("other")]]);
        rig.table.sql("create view SCHEMA.v as select * from TABLE");
        let change = rig.table.words("update TABLE set name = 'NEW' where id_a = 'WHO'");
        let (gone, entered) = (
            rig.table.words("delete from TABLE"),
            rig.table.words("insert into TABLE values ('WHO', null, 'again')"),
        );
        let rig = rig.named(name);
        let source = rig.open("profile_every = \"1h\"").unwrap();
        let ask = |who: &str| run(names(&*source, look_up(&[who], 10, soon()))).unwrap();
        let first = ask(LI).1;
        for new in ["sold", "bought back"] {
            let before = SystemTime::now();
            server.sql(&change.replace("NEW", new).replace("WHO", LI));
            let (found, end) = ask(LI);
            assert!(
                found == [new] && end.as_of >= before && end.rests_on != first.rests_on,
                "{name}: {found:?} {end:?}"
            );
            // Who was not touched needs no other pass.
            let (found, other) = ask(WANG);
            assert_eq!((found, other.rests_on), (vec!["other".to_owned()], end.rests_on), "{name}");
        }
        server.sql(&gone);
        assert!(ask(LI).0.is_empty(), "{name}");
        server.sql(&entered.replace("WHO", "11 0105 1949 1231 002X"));
        let (found, end) = ask(LI);
        assert!(
            found.is_empty() && end.as_of < SystemTime::now(),
            "what no pass has seen is not of the answer's time"
        );
        assert_eq!(end.rows, 0, "{name}");
    }
}

/// What is not of now is not taken for it.
pub fn a_copy_that_lags_is_not_of_now(server: &Server) {
    let rig = Rig::plain(server);
    rig.table.write(&[[Some(LI), None, Some("home")]]);
    let view = rig.named("copy of it");
    view.table.sql(&format!(
        "create materialized view TABLE as select * from SCHEMA.{}",
        server.quote("t")
    ));
    let (error, detail) = code(view.open(""));
    assert_eq!(error, ErrorCode::SourceStale);
    assert!(
        detail.contains("is not proven to be of now")
            && detail.contains("is a materialized view")
            && detail.contains("`source.as_of`"),
        "{detail}"
    );
    let over = view.named("view of it");
    over.table
        .sql(&format!("create view TABLE as select * from SCHEMA.{}", server.quote("copy of it")));
    assert_eq!(code(over.open("")).0, ErrorCode::SourceStale, "a view over a copy");
    // All of it is in the server's log, though the rest of its tests do without.
    over.table.sql("set synchronous_commit = on; create table SCHEMA.last_of_all ()");
    // The server goes down as in a power cut, and comes back as a standby that has replayed what
    // was there, and waits for more.
    let before = SystemTime::now();
    server.kill();
    server.stand_by();
    server.start_again();
    let rig = over.named("t");
    let source = rig.open("profile_every = \"1h\"").unwrap();
    let (found, end) = run(names(&*source, look_up(&[LI], 10, soon()))).unwrap();
    assert_eq!(found, ["home"]);
    assert!(end.as_of <= before, "as of {:?}, though nothing came after {before:?}", end.as_of);
}

fn a_spelling_changed_since_the_pass_is_no_absence(server: &Server) {
    let rig = Rig::plain(server);
    rig.table.write(&[[Some(LI), None, Some("1")], [Some(WANG), Some(LI), Some("2")]]);
    let source = rig.open("profile_every = \"1h\"").unwrap();
    let ask = || names(&*source, look_up(&[LI], 10, soon()));
    assert_eq!(run(ask()).unwrap().0, ["1", "2"]);
    // In a spelling that no pass has seen; its row is there all the time.
    rig.table.write(&[
        [Some("11 0105 1949 1231 002X"), None, Some("1")],
        [Some(WANG), Some(LI), Some("2")],
    ]);
    assert_eq!(run(ask()).unwrap().0, ["1", "2"]);
}

fn an_extract_tells_its_own_time(server: &Server) {
    let rig = Rig::plain(server);
    rig.table.write(&[[Some(LI), None, Some("1")]]);
    rig.table.sql(
        "create table SCHEMA.extract_of (at varchar(40)); insert into SCHEMA.extract_of values \
         ('2026-11-20T00:30:00+08:00')",
    );
    let source = rig
        .open("profile_every = \"1h\"\nas_of = { table = \"extract_of\", column = \"at\" }")
        .unwrap();
    let ask = || run(names(&*source, look_up(&[LI], 10, soon())));
    let at = |text: &str| SystemTime::from(chrono::DateTime::parse_from_rfc3339(text).unwrap());
    assert_eq!(ask().unwrap().1.as_of, at("2026-11-20T00:30:00+08:00"));
    // A new extract: whatever is irregular in it is found at once, long before the next pass is
    // due.
    rig.table.sql(
        "insert into TABLE values ('110105 19491231 002X', null, '2'); insert into \
         SCHEMA.extract_of values ('2026-11-21 00:30:00')",
    );
    let (found, end) = ask().unwrap();
    assert_eq!(
        (found, end.as_of, end.rows),
        (vec!["1".to_owned(), "2".to_owned()], at("2026-11-21T00:30:00+08:00"), 2)
    );
    rig.table
        .sql("delete from SCHEMA.extract_of; insert into SCHEMA.extract_of values ('yesterday')");
    let (error, detail) = code(ask());
    assert_eq!(error, ErrorCode::SourceStale);
    // What stands there instead may be somebody's: a wrong column is named, and shows nothing.
    assert!(detail.contains("`extract_of`.`at`") && !detail.contains("yesterday"), "{detail}");
}

fn the_index_serves(server: &Server) {
    let rig = Rig::new(server, &[("id_a", "varchar(18)"), ("id_b", "char(18)"), ("name", "text")]);
    let others: Vec<[String; 2]> = (1000..21_000)
        .map(|number| [person(number), person(number + 50_000)].map(|who| who.as_str().to_owned()))
        .collect();
    rig.table.write(
        &others
            .iter()
            .map(|[a, b]| [Some(a.as_str()), Some(b.as_str()), Some("x")])
            .collect::<Vec<_>>(),
    );
    rig.table.sql(&format!("insert into TABLE values ('{LI}', '', 'a'), ('', '{LI}', 'b')"));
    rig.table.sql(if server.is_postgres {
        "analyze TABLE"
    } else {
        "analyze table TABLE; set global userstat = 1"
    });
    let source = rig.open("profile_every = \"1h\"").unwrap();
    let keys: Vec<String> =
        (0..4).map(|number| person(number).as_str().to_owned()).chain([LI.to_owned()]).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    // What the server itself counts: of rows read, and of indexes used.
    let (read, used) = if server.is_postgres {
        (
            "select seq_tup_read from pg_stat_user_tables where relid = 'TABLE'::regclass"
                .to_owned(),
            "select indexrelname from pg_stat_user_indexes where relid = 'TABLE'::regclass and \
             idx_scan > 0"
                .to_owned(),
        )
    } else {
        let place = format!("where table_schema = '{}'", rig.table.schema);
        (
            format!(
                "select coalesce(sum(rows_read), 0) from information_schema.table_statistics \
                 {place}"
            ),
            format!(
                "select index_name from information_schema.index_statistics {place} and rows_read \
                 > 0"
            ),
        )
    };
    run(async {
        let counted = || async {
            server
                .rows(&rig.table.words(&read))
                .await
                .first()
                .map_or(0, |rows| rows.parse::<u64>().unwrap())
        };
        until("the pass is counted", || async { counted().await >= 20_000 }).await;
        let before = counted().await;
        for keys in [&keys[..], &[LI]] {
            let (found, _) = names(&*source, look_up(keys, 10, soon())).await.unwrap();
            assert_eq!(found, ["a", "b"]);
        }
        until("both indexes are used", || async {
            server.rows(&rig.table.words(&used)).await.len() == 2
        })
        .await;
        assert!(counted().await - before < 2_000, "{} rows read", counted().await - before);
    });
}

/// A relation of the numbers from 1, in a column `seq`.
pub fn numbers(server: &Server, most: usize) -> String {
    if server.is_postgres {
        format!("generate_series(1, {most}) as n (seq)")
    } else {
        format!("SCHEMA.seq_1_to_{most}")
    }
}

fn secrets_stay_secret(server: &Server) {
    let rig = Rig::plain(server);
    let password = rig.folder.path().join("password");
    let source = rig.open("").unwrap();
    let seen = format!("{source:?} {:?}", rig.dataset("").source);
    assert!(!seen.contains(READER_PASSWORD), "{seen}");
    fs::write(&password, "not the password").unwrap();
    let (error, detail) = code(rig.open(""));
    assert_eq!(error, ErrorCode::Misconfigured);
    assert!(
        detail.contains("does not let `reader of tables` in")
            && !detail.contains("not the password"),
        "{detail}"
    );
    fs::set_permissions(&password, std::os::unix::fs::PermissionsExt::from_mode(0o640)).unwrap();
    let (error, detail) = code(rig.open(""));
    assert_eq!(error, ErrorCode::Misconfigured);
    assert!(detail.contains("chmod 600"), "{detail}");
    let (_, detail) =
        code(rig.open("password_file = none\npassword_env = \"ZEROTRIP_NO_SUCH_PASSWORD\""));
    assert!(detail.contains("`ZEROTRIP_NO_SUCH_PASSWORD`"), "{detail}");
    assert_eq!(found(&Rig::plain(server), "", LI).len(), 0);
}

/// A policy for the reader hides a row: an absence would be a lie.
pub fn rows_hidden_by_a_policy_are_an_error(server: &Server) {
    let rig = Rig::plain(server);
    rig.table.write(&[[Some(LI), None, Some("home")]]);
    let source = rig.open("profile_every = \"1h\"").unwrap();
    rig.table.sql("alter table TABLE enable row level security");
    let (error, detail) = code(run(names(&*source, look_up(&[LI], 10, soon()))));
    assert_eq!(error, ErrorCode::Misconfigured);
    assert!(detail.contains("row-level security"), "{detail}");
    assert_eq!(code(rig.open("")).0, ErrorCode::Misconfigured);
}

pub fn every_character_set_is_asked_in_its_own(server: &Server) {
    for set in ["gbk", "gb2312", "utf8mb3", "latin1", "utf8mb4 collate utf8mb4_nopad_bin", "utf16"]
    {
        let rig = Rig::new(
            server,
            &[
                ("id_a", &format!("varchar(60) character set {set}")),
                ("id_b", "varchar(60)"),
                ("name", "text"),
            ],
        );
        let wide = if set == "latin1" { spelt(&person(3), 6) } else { spelt(&person(3), 7) };
        rig.table.write(&[
            [Some(&wide), None, Some("wide")],
            [Some(person(3).as_str()), None, Some("usual")],
        ]);
        assert_eq!(
            found(&rig, "profile_every = \"0s\"", person(3).as_str()),
            ["usual", "wide"],
            "{set}"
        );
    }
}

pub fn no_limit_of_the_servers_shortens_an_answer(server: &Server) {
    let rig = Rig::plain(server);
    rig.table.write(&[
        [Some(LI), None, Some("1")],
        [Some(LI), None, Some("2")],
        [None, Some("110105 19491231 002X"), Some("3")],
    ]);
    server.sql("set global sql_select_limit = 1");
    assert_eq!(found(&rig, "profile_every = \"0s\"", LI), ["1", "2", "3"]);
    server.sql("set global sql_select_limit = default");
}

/// Where a server keeps transactions open by itself, a statement that has none of its own would see
/// an old moment.
pub fn no_transaction_of_the_servers_keeps_an_old_moment(server: &Server) {
    for setting in ["autocommit = 0", "completion_type = 1"] {
        let rig = Rig::plain(server);
        rig.table.write(&[[Some(LI), None, Some("1")]]);
        server.sql(&format!("set global {setting}"));
        let source = rig.open("profile_every = \"1h\"").unwrap();
        server.sql("set global autocommit = 1, global completion_type = 0");
        let ask = || run(names(&*source, look_up(&[LI], 10, soon()))).unwrap().0;
        assert_eq!(ask(), ["1"], "{setting}");
        rig.table.sql(&format!("insert into TABLE values ('{LI}', null, '2')"));
        assert_eq!(ask(), ["1", "2"], "{setting}");
    }
}
