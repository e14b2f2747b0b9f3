#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
//! Scans that share a look-up, each beside the same scan by itself: over a real source with
//! everything in its cells that registers have.

mod rig;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use zerotrip_datasets::file::Limits;
use zerotrip_datasets::{Key, ResidentId};
use zerotrip_proto::v1::ErrorCode;
use zerotrip_sources::rulings::Concerns;

use super::{MOST_KEYS, MOST_SCANS};
use rig::{Answered, Rig, Row, Scan, person, run};

/// How a person is written in a cell.
#[derive(Clone, Copy, Debug)]
enum Spelling {
    Regular,
    Short,
    Wide,
    Spaced,
    Lower,
    /// Unreadable: it could be theirs, and nobody else's who is asked about.
    Damaged,
    /// Unreadable: it could be anybody's of their day and place, and is asked about as theirs.
    Torn,
    Blank,
    Nonsense,
}

fn cell(spelling: Spelling, id: &ResidentId) -> String {
    let text = id.as_str().to_owned();
    match spelling {
        Spelling::Regular => text,
        Spelling::Short => id.first_generation().unwrap_or(text),
        Spelling::Wide => {
            let wide = |c: char| char::from_u32(c as u32 - 0x30 + 0xff10).unwrap();
            text.chars().map(|c| if c.is_ascii_digit() { wide(c) } else { c }).collect()
        }
        Spelling::Spaced => format!("{} {}", &text[..6], &text[6..]),
        Spelling::Lower => text.to_lowercase(),
        Spelling::Damaged => format!("{}********{}", &text[..6], &text[14..]),
        Spelling::Torn => format!("{}****", &text[..14]),
        Spelling::Blank => String::new(),
        Spelling::Nonsense => "无".to_owned(),
    }
}

/// What becomes of a scan beside being answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Awaited,
    /// The hub hangs up before it is asked, or while it is.
    HungUp,
    /// Its time is over at once.
    Late,
}

/// A person, as a cell has them.
type Written = (Spelling, usize);

#[derive(Clone, Debug)]
struct World {
    rows: Vec<[Written; 2]>,
    /// Of which row, by its place, its owner says whom it concerns.
    ruled: Vec<(usize, Option<usize>)>,
    scans: Vec<(BTreeSet<usize>, u64, Fate)>,
    /// How joint look-ups fail, if they do.
    fails: Option<ErrorCode>,
    at_once: usize,
}

const PERSONS: usize = 9;

fn worlds() -> impl Strategy<Value = World> {
    use Spelling::{Blank, Damaged, Lower, Nonsense, Regular, Short, Spaced, Torn, Wide};
    let spelling = prop_oneof![
        5 => Just(Regular), 1 => Just(Short), 1 => Just(Wide), 1 => Just(Spaced),
        1 => Just(Lower), 2 => Just(Damaged), 1 => Just(Torn),
        2 => Just(Blank), 1 => Just(Nonsense),
    ];
    let cell = move || (spelling.clone(), 0..PERSONS);
    let fate =
        prop_oneof![8 => Just(Fate::Awaited), 1 => Just(Fate::HungUp), 1 => Just(Fate::Late)];
    let keys = prop::collection::btree_set(0..PERSONS, 1..5);
    let most = prop_oneof![5 => Just(1000_u64), 1 => Just(2)];
    let fails = prop_oneof![
        5 => Just(None),
        1 => Just(Some(ErrorCode::SourceFailed)),
        1 => Just(Some(ErrorCode::DefinitionLimit)),
        1 => Just(Some(ErrorCode::SourceUnreachable)),
    ];
    (
        prop::collection::vec([cell(), cell()], 0..30),
        prop::collection::vec((0_usize..30, prop::option::of(0..PERSONS)), 0..4),
        prop::collection::vec((keys, most, fate), 2..12),
        fails,
        1_usize..4,
    )
        .prop_map(|(rows, ruled, scans, fails, at_once)| World {
            rows,
            ruled,
            scans,
            fails,
            at_once,
        })
}

impl World {
    fn table(&self) -> Vec<Row> {
        let row = |(at, [owner, agent]): (usize, &[Written; 2])| {
            let text = |(spelling, who): &Written| cell(*spelling, &person(*who));
            [text(owner), text(agent), format!("row {at}")]
        };
        // Somebody whom nobody asks about: a register is never empty.
        let last = [person(99).as_str().to_owned(), String::new(), "another's".to_owned()];
        self.rows.iter().enumerate().map(row).chain([last]).collect()
    }

    fn rulings(&self, table: &[Row]) -> Vec<(Row, Concerns)> {
        let ruled = self.ruled.iter().filter_map(|(at, who)| {
            let row = table.get(*at).filter(|_| *at < self.rows.len())?.clone();
            let concerns = match who {
                Some(who) => Concerns::Persons(vec![person(*who).into()]),
                None => Concerns::Nobody,
            };
            Some((row, concerns))
        });
        ruled.collect()
    }

    /// Whom a row of this label is about, as it was written and as its owner ruled.
    fn is_about(&self, label: &str, who: &str) -> bool {
        let at: Option<usize> = label.strip_prefix("row ").and_then(|at| at.parse().ok());
        let Some(cells) = at.and_then(|at| self.rows.get(at)) else { return false };
        let written = cells.iter().any(|(spelling, at)| {
            !matches!(
                spelling,
                Spelling::Blank | Spelling::Nonsense | Spelling::Damaged | Spelling::Torn
            ) && person(*at).as_str() == who
        });
        let ruled = self.ruled.iter().any(|(row, named)| {
            Some(*row) == at && named.is_some_and(|named| person(named).as_str() == who)
        });
        written || ruled
    }

    fn scan(&self, at: usize) -> Scan {
        let (keys, most_rows, _) = &self.scans[at];
        Scan { keys: keys.iter().map(|who| person(*who).into()).collect(), most_rows: *most_rows }
    }
}

fn holds(world: &World) -> Result<usize, TestCaseError> {
    let table = world.table();
    let rig = Rig::new(&table, &world.rulings(&table), world.at_once, Limits::default());
    let alone: Vec<Answered> = (0..world.scans.len())
        .map(|at| run(rig.ask(&world.scan(at), Duration::from_secs(20))))
        .collect();
    // Only what no scan asks by itself is asked for more than one.
    let own: Vec<Vec<Key>> = (0..world.scans.len()).map(|at| world.scan(at).keys).collect();
    rig.watched.fail_unless(own, world.fails);
    let before = rig.watched.asked();
    let together: Vec<Option<Answered>> = run(async {
        let scans = world.scans.iter().enumerate().map(|(at, (_, _, fate))| {
            let (rig, scan) = (&rig, world.scan(at));
            async move {
                match fate {
                    Fate::Awaited => Some(rig.ask(&scan, Duration::from_secs(20)).await),
                    Fate::Late => {
                        let late = rig.ask(&scan, Duration::ZERO).await.unwrap_err();
                        let shared = world.fails.filter(|code| *code == late);
                        assert!(late == ErrorCode::SourceTimeout || shared.is_some(), "{late:?}");
                        None
                    }
                    Fate::HungUp => {
                        rig.hang_up_on(&scan, at).await;
                        None
                    }
                }
            }
        });
        futures::future::join_all(scans).await
    });
    for (at, answered) in together.into_iter().enumerate() {
        let Some(answered) = answered else { continue };
        if world.fails == Some(ErrorCode::SourceUnreachable)
            && answered == Err(ErrorCode::SourceUnreachable)
        {
            continue;
        }
        if let Ok(answer) = &answered {
            let keys = world.scan(at).keys;
            for (who, label) in &answer.persons {
                prop_assert!(keys.iter().any(|key| key.as_str() == who), "{} got {}", at, who);
                prop_assert!(world.is_about(label, who), "{} is not about {}", label, who);
            }
        }
        prop_assert_eq!(&answered, &alone[at], "scan {} of {:?}", at, world);
    }
    Ok(world.scans.len().saturating_sub(rig.watched.asked() - before))
}

#[test]
fn what_shares_a_look_up_is_answered_as_by_itself_and_never_with_anothers_row() {
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(200));
    let saved = std::cell::Cell::new(0);
    runner
        .run(&worlds(), |world| {
            saved.set(saved.get() + holds(&world)?);
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
    // It says nothing if nothing was shared.
    assert!(saved.get() > 300, "{}", saved.get());
}

fn plain(persons: usize, each: usize) -> Vec<Row> {
    let row =
        |at: usize| [person(at / each).as_str().to_owned(), String::new(), format!("row {at}")];
    (0..persons * each).map(row).collect()
}

fn of(who: usize) -> Scan {
    Scan { keys: vec![person(who).into()], most_rows: 1000 }
}

const LONG: Duration = Duration::from_secs(20);

#[test]
fn what_is_ready_together_is_asked_once_and_a_lone_scan_by_itself() {
    let rig = Rig::new(&plain(40, 2), &[], 4, Limits::default());
    run(async {
        for (scans, statements) in [(1, 1), (2, 1), (20, 1), (MOST_SCANS as usize + 8, 2)] {
            let before = rig.watched.asked();
            for (who, answered) in rig.ask_each(0..scans).await.into_iter().enumerate() {
                let labels = answered.unwrap().labels();
                assert_eq!(labels, [format!("row {}", 2 * who), format!("row {}", 2 * who + 1)]);
            }
            assert_eq!(rig.watched.asked() - before, statements, "{scans}");
        }
        // As many persons as one may ask for, and no more.
        let before = rig.watched.asked();
        let wide = |from: usize| Scan {
            keys: (from..from + 15).map(person).map(Key::from).collect(),
            most_rows: 99,
        };
        let all = futures::future::join_all([0, 15, 20, 25].map(|from| {
            let (rig, scan) = (&rig, wide(from));
            async move { rig.ask(&scan, LONG).await }
        }));
        assert!(all.await.iter().all(Result::is_ok));
        assert!(rig.watched.widest() <= MOST_KEYS);
        assert_eq!(rig.watched.asked() - before, 1, "they share persons");
    });
}

#[test]
fn what_comes_while_all_turns_are_taken_is_asked_together() {
    let rig = Rig::new(&plain(20, 1), &[], 1, Limits::default());
    run(async {
        rig.watched.hold();
        let first = rig.ask_each(0..1);
        let others = async {
            rig.watched.until_held(1).await;
            let release = async {
                rig.until_waiting(11).await;
                rig.watched.release();
            };
            tokio::join!(rig.ask_each(1..12), release).0
        };
        let (first, others) = tokio::join!(first, others);
        assert!(first.iter().chain(&others).all(Result::is_ok));
        assert_eq!(rig.watched.asked(), 2);
    });
}

#[test]
fn one_that_goes_takes_nobody_along_and_with_the_last_the_look_up_ends() {
    let rig = Rig::new(&plain(20, 1), &[], 1, Limits::default());
    run(async {
        rig.watched.hold();
        let scans = (0..4).map(|who| {
            let rig = &rig;
            let left = if who == 0 { Duration::from_millis(50) } else { LONG };
            async move { rig.ask(&of(who), left).await }
        });
        let release = async {
            rig.watched.until_held(1).await;
            // The one that took the others along is gone.
            rig.until_ended(1).await;
            rig.watched.release();
        };
        let (answered, ()) = tokio::join!(futures::future::join_all(scans), release);
        assert_eq!(answered[0], Err(ErrorCode::SourceTimeout));
        assert!(answered[1..].iter().all(Result::is_ok), "{answered:?}");
        assert_eq!(rig.watched.asked(), 1, "none had to ask again");

        rig.watched.hold();
        let gone = (0..3).map(|who| {
            let rig = &rig;
            async move { rig.ask(&of(who), Duration::from_millis(50)).await }
        });
        let gone = futures::future::join_all(gone).await;
        assert!(gone.iter().all(|one| *one == Err(ErrorCode::SourceTimeout)));
        rig.watched.until_dropped().await;
        rig.watched.release();
        assert!(rig.ask(&of(5), LONG).await.is_ok(), "its turn is free again");
    });
}

#[test]
fn what_is_too_large_together_goes_one_by_one_and_then_with_fewer() {
    let rig = Rig::new(&plain(8, 200), &[], 1, Limits::default());
    let together = |count: usize| {
        let before = rig.watched.asked();
        run(async {
            for answered in rig.ask_each(0..count).await {
                assert_eq!(answered.unwrap().labels().len(), 200);
            }
        });
        rig.watched.asked() - before
    };
    assert_eq!(together(8), 1 + 8, "1,600 rows are too many");
    assert_eq!(together(8), 2, "half as many at a time");
    assert_eq!(together(8), 2);
}

#[test]
fn each_scan_counts_by_the_owners_pace() {
    let limits = Limits { most_rate: 5, ..Limits::default() };
    let rig = Rig::new(&plain(9, 1), &[], 4, limits);
    run(async {
        let answered = rig.ask_each(0..9).await;
        let refused = answered.iter().filter(|one| **one == Err(ErrorCode::SourceLimit)).count();
        assert_eq!((refused, rig.watched.asked()), (4, 1));
    });
}

#[test]
fn on_many_threads_nobody_gets_anothers_rows_and_nobody_is_left_waiting() {
    let rig = Arc::new(Rig::new(&plain(40, 3), &[], 2, Limits::default()));
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    let scans = 2_000;
    runtime.block_on(async {
        let asked = (0..scans).map(|number| {
            let rig = Arc::clone(&rig);
            tokio::spawn(async move {
                let who = number * 7 % 40;
                if number % 9 == 0 {
                    rig.hang_up_on(&of(who), number % 5).await;
                    return;
                }
                let labels = rig.ask(&of(who), LONG).await.unwrap().labels();
                assert_eq!(labels, [0, 1, 2].map(|at| format!("row {}", 3 * who + at)));
            })
        });
        for asked in asked.collect::<Vec<_>>() {
            asked.await.unwrap();
        }
    });
    assert!(rig.watched.asked() < scans / 2, "{}", rig.watched.asked());
    assert_eq!(rig.waiting(), 0);
}

#[test]
fn an_unreadable_row_counts_for_whom_it_could_be_and_not_for_those_beside() {
    let mut rows = plain(4, 1);
    rows.push([cell(Spelling::Damaged, &person(0)), String::new(), "row 4".to_owned()]);
    let rig = Rig::new(&rows, &[], 4, Limits::default());
    let answered = run(rig.ask_each(0..3));
    let counts: Vec<usize> =
        answered.into_iter().map(|one| one.unwrap().could_match.len()).collect();
    assert_eq!((counts, rig.watched.asked()), (vec![1, 0, 0], 1));
}
