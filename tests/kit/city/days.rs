//! The city on many days. What a town of real processes asks is of the day on which it runs; so
//! every city of theirs is tried here, on a stated run of days and without a process: that it can
//! be made, that its cast keeps its promises on that day and, midnight having passed, on the next,
//! and that `inspect` would propose its columns as they are.
//!
//! `ZEROTRIP_DAYS` tries so many days, and `ZEROTRIP_FIRST_DAY` others; without them it is 400 days
//! from 1 December 2027, with a 29 February and two turns of the year.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

use zerotrip_datasets::DatasetFile;
use zerotrip_datasets::guess::{Evidence, Guess};

use super::describe::{Description, HOUSEHOLD, MARRIAGE, OWNERSHIP, PRESALE};
use super::model::{HouseholdRow, MarriageRow, OwnershipRow, PresaleRow};
use super::*;
use crate::deployment::CITIES;

fn days() -> Vec<NaiveDate> {
    let set = |name: &str| std::env::var(name).ok();
    let first = set("ZEROTRIP_FIRST_DAY")
        .map_or(NaiveDate::from_ymd_opt(2027, 12, 1).unwrap(), |day| day.parse().unwrap());
    let count = set("ZEROTRIP_DAYS").map_or(400, |days| days.parse().unwrap());
    first.iter_days().take(count).collect()
}

/// Every city is built on every day; the large ones, which take longer, on every twentieth.
fn cities() -> impl Iterator<Item = Spec> {
    days().into_iter().enumerate().flat_map(|(place, day)| {
        let small = move |city: &&(usize, u64)| city.0 <= 300 || place % 20 == 0;
        CITIES
            .iter()
            .filter(small)
            .map(move |(residents, seed)| Spec::on((*residents).min(3000), *seed, day))
    })
}

#[test]
fn the_days_hold_what_calendars_stumble_over() {
    if std::env::var_os("ZEROTRIP_DAYS").is_some()
        || std::env::var_os("ZEROTRIP_FIRST_DAY").is_some()
    {
        return;
    }
    let days = days();
    assert_eq!(days.len(), 400);
    for day in [
        "2028-02-29",
        "2028-02-28",
        "2028-03-01",
        "2027-12-31",
        "2028-01-01",
        "2028-12-31",
        "2029-01-01",
    ] {
        assert!(days.contains(&day.parse().unwrap()), "{day}");
    }
}

#[test]
fn every_city_of_the_tests_keeps_its_casts_promises_on_every_day_and_on_the_next() {
    for spec in cities() {
        let (registers, promises) =
            build_city(&spec).unwrap_or_else(|error| panic!("{spec:?}: {error}"));
        // The cast was made first, and its spouses and children with it.
        let last = promises.iter().map(|promise| promise.person).max().unwrap();
        let cast: Vec<ResidentId> =
            registers.persons[..=last].iter().map(|person| person.id).collect();
        let asked_late = Spec { today: spec.today.succ_opt().unwrap(), ..spec.clone() };
        for asked in [&spec, &asked_late] {
            let judge = key::Judge::among(&registers, &cast, asked.today, asked.extracted_at);
            for promise in &promises {
                let id = registers.persons[promise.person].id;
                assert_eq!(
                    judge.answer(id, promise.variant),
                    promise.answer,
                    "{spec:?}, asked on {}: {}",
                    asked.today,
                    promise.role
                );
            }
        }
    }
}

#[test]
fn what_inspect_proposes_of_the_city_is_what_it_is_on_every_day() {
    // Words of registers that no owner's list holds; a clerk sees those that are surely codes, and
    // decides.
    let strange = ["9", "待核", "冻结"];
    for (place, day) in days().into_iter().enumerate() {
        let spec = Spec::on([700, 1500, 3000][place % 3], 7, day);
        let (registers, _) = build_city(&spec).unwrap();
        let tables: [(&Description, Vec<Vec<Option<String>>>); 4] = [
            (&HOUSEHOLD, registers.household.iter().map(HouseholdRow::cells).collect()),
            (
                &MARRIAGE,
                registers
                    .marriage
                    .iter()
                    .filter(|row| row.ragged.is_none())
                    .map(MarriageRow::cells)
                    .collect(),
            ),
            (&OWNERSHIP, registers.ownership.iter().map(OwnershipRow::cells).collect()),
            (
                &PRESALE,
                registers
                    .presale
                    .iter()
                    .filter(|row| row.ragged.is_none())
                    .map(PresaleRow::cells)
                    .collect(),
            ),
        ];
        for (description, rows) in tables {
            let text = description.text(
                rows.len(),
                "kind = \"csv\"\npath = \"a.csv\"\nencoding = \"utf-8\"\nas_of = \"manifest\"",
            );
            let file = DatasetFile::parse(&text, description.file).unwrap();
            for (at, column) in file.columns.iter().enumerate() {
                let Guess { semantic, codes, reason, .. } =
                    guess(rows.iter().map(|row| row[at].as_deref()));
                assert_eq!(
                    semantic, column.semantic,
                    "{spec:?}: {}.{}: {reason}",
                    file.id, column.name
                );
                let stands = |code: &&String| {
                    rows.iter().any(|row| row[at].as_deref() == Some(code.as_str()))
                };
                let unlisted =
                    column.codes.keys().filter(stands).find(|code| !codes.contains(code));
                assert_eq!(unlisted, None, "{spec:?}: {}.{}", file.id, column.name);
                let others = |code: &&String| {
                    !column.codes.contains_key(*code) && !strange.contains(&code.as_str())
                };
                assert_eq!(
                    codes.iter().find(others),
                    None,
                    "{spec:?}: {}.{}",
                    file.id,
                    column.name
                );
            }
        }
    }
}

fn guess<'a>(cells: impl Iterator<Item = Option<&'a str>>) -> Guess {
    let mut evidence = Evidence::default();
    cells.for_each(|cell| evidence.note(cell));
    evidence.guess()
}

#[test]
fn an_extract_lies_in_the_past_at_every_moment_around_midnight_in_china() {
    for day in days() {
        let midnight = at_half_past_midnight(day) - Duration::minutes(30);
        for second in [-86_400, -3600, -1, 0, 1, 59, 1799, 1800, 1801, 3600, 43_200, 57_600, 86_399]
        {
            let now = (midnight + Duration::seconds(second)).to_utc()
                + Duration::milliseconds(i64::from(second as i32 % 1000).abs());
            let spec = Spec::at(200, 1, now);
            assert_eq!(spec.today, day_in_china(now));
            assert!(
                spec.extracted_at < now && now - spec.extracted_at.to_utc() < Duration::hours(25),
                "{now}: {spec:?}"
            );
            assert!(
                spec.written_at <= now && now - spec.written_at.to_utc() < Duration::seconds(1),
                "{now}: {spec:?}"
            );
        }
    }
}
