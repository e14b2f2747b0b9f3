//! The answer key on many days: cities of every seed are made for stated days and asked in this
//! process, by the shipped sources and the shipped check, with that day's clock. A town of real
//! processes asks the same of the day on which its test runs.
//!
//! `ZEROTRIP_DAYS` asks on so many days, and `ZEROTRIP_FIRST_DAY` on others; without them it is the
//! days that calendars stumble over. All of them have passed: a source believes no file that says
//! it is of a day to come, and its clock is the machine's.

use std::path::Path;
use std::time::{Duration, SystemTime};

use chrono::NaiveDate;
use zerotrip_tests::city::{self, City, Spec, Variant, imagine_asked, stated_day};
use zerotrip_tests::deployment::CITIES;
use zerotrip_tests::inquiry::{Asker, Words};

use crate::support::{expected, expected_fact, runtime};

fn days() -> Vec<NaiveDate> {
    let day = |text: &str| text.parse::<NaiveDate>().unwrap();
    let first = std::env::var("ZEROTRIP_FIRST_DAY").ok();
    let count = std::env::var("ZEROTRIP_DAYS").ok().map(|days| days.parse().unwrap());
    if first.is_some() || count.is_some() {
        return day(first.as_deref().unwrap_or("2023-12-01"))
            .iter_days()
            .take(count.unwrap_or(400))
            .collect();
    }
    let special = [
        "2022-12-31",
        "2023-01-01",
        "2023-02-28",
        "2023-03-01",
        "2023-12-31",
        "2024-01-01",
        "2024-02-28",
        "2024-02-29",
        "2024-03-01",
        "2024-08-31",
        "2024-12-31",
        "2025-02-28",
        "2020-02-29",
        "2026-11-27",
    ];
    special.map(day).to_vec()
}

/// Everybody of the city in this folder, in every variant, asked at that moment of that day.
async fn wrong(
    asker: &Asker,
    folder: &Path,
    key: &City,
    now: SystemTime,
    day: NaiveDate,
) -> Vec<(String, Variant, Words, Words)> {
    let state = tempfile::tempdir().unwrap();
    let registers = asker.open(folder, state.path(), now, day).unwrap();
    let mut wrong = Vec::new();
    for id in &key.ids {
        for variant in Variant::ALL {
            let (word, code, dataset) = asker.ask(&registers, id, variant).await.unwrap();
            // What is concluded, and not the words that a requester hears of it.
            let (fact, of) = expected_fact(key, id.as_str(), variant);
            let right = (expected(key, id.as_str(), variant).0, fact, of);
            if (word, code.as_str(), dataset.as_str())
                != (right.0, right.1.as_str(), right.2.as_str())
            {
                wrong.push((id.as_str().to_owned(), variant, (word, code, dataset), right));
            }
        }
    }
    wrong
}

#[test]
fn every_resident_is_answered_as_the_key_says_on_every_day_and_after_midnight() {
    let folder = tempfile::tempdir().unwrap();
    city::generate(&Spec::on(60, 1, stated_day()), folder.path()).unwrap();
    let runtime = runtime();
    let asker = runtime.block_on(Asker::new(folder.path())).unwrap();
    for (place, day) in days().into_iter().enumerate() {
        let (residents, seed) = CITIES[place % CITIES.len()];
        let spec = Spec::on(residents.min(100), seed, day);
        city::generate(&spec, folder.path()).unwrap();
        let written = SystemTime::from(spec.written_at);
        let next = day.succ_opt().unwrap();
        // In the morning; and the last second of that day with the first of the next.
        let midnight = written + Duration::from_secs(22 * 3600 + 1800);
        for (now, asked) in [
            (written + Duration::from_secs(3600), day),
            (midnight - Duration::from_secs(1), day),
            (midnight, next),
        ] {
            let key = imagine_asked(&spec, asked).unwrap();
            let wrong = runtime.block_on(wrong(&asker, folder.path(), &key, now, asked));
            assert!(
                wrong.is_empty(),
                "{spec:?}, asked on {asked}: {} wrong: {:?}",
                wrong.len(),
                &wrong[..wrong.len().min(5)]
            );
        }
    }
}
