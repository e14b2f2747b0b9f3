//! Facts and their values: what a check proves of everybody in a city whose rows are damaged, held
//! against what the city was made of.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use chrono::{Months, NaiveDate};
use tokio::runtime::Runtime;
use zerotrip_certificates::{Fact, FactValue};
use zerotrip_datasets::ResidentId;
use zerotrip_tests::city::civil_status::{CivilStatus, civil_statuses};
use zerotrip_tests::city::{self, Spec, stated_day};
use zerotrip_tests::inquiry::{Asker, Registers, Words};

use crate::support::runtime;

/// Seeds of cities; a longer mode takes more.
fn seeds() -> Vec<u64> {
    let more: u64 = std::env::var("ZEROTRIP_CITIES").ok().and_then(|n| n.parse().ok()).unwrap_or(4);
    (900..900 + more).collect()
}

struct Asked<'a> {
    asker: &'a Asker,
    registers: &'a Registers,
    runtime: &'a Runtime,
    counted: BTreeMap<String, usize>,
}

impl Asked<'_> {
    fn ask(&mut self, id: &ResidentId, variant: &str) -> (Words, Vec<Fact>) {
        let asking = self.asker.answer(self.registers, id, variant);
        let said = self.runtime.block_on(asking).unwrap();
        let (word, code, _) = &said.0;
        *self.counted.entry(format!("{variant} {word} {code}")).or_default() += 1;
        said
    }
}

fn only_date(facts: &[Fact], name: &str) -> NaiveDate {
    match facts {
        [Fact { terms, value: Some(FactValue::Text(text)) }] if terms.name == name => {
            text.parse().unwrap()
        }
        other => panic!("{other:?}"),
    }
}

/// A city with damaged rows, and the truth of everybody in it.
fn each_city(
    check: &str,
    mut of: impl FnMut(&mut Asked<'_>, &ResidentId, &CivilStatus, NaiveDate),
) {
    let runtime = runtime();
    let mut counted = BTreeMap::new();
    for seed in seeds() {
        let folder = tempfile::tempdir().unwrap();
        let today = stated_day();
        let spec = Spec::on(300, seed, today);
        city::generate(&spec, folder.path()).unwrap();
        let truth = civil_statuses(&spec).unwrap();
        let asker = runtime.block_on(Asker::of(folder.path(), check)).unwrap();
        let state = tempfile::tempdir().unwrap();
        let now = SystemTime::from(spec.written_at) + Duration::from_secs(3600);
        let registers = asker.open(folder.path(), state.path(), now, today).unwrap();
        let mut asked = Asked { asker: &asker, registers: &registers, runtime: &runtime, counted };
        for (id, status) in &truth {
            of(&mut asked, id, status, today);
        }
        counted = asked.counted;
    }
    println!("{counted:#?}");
}

#[test]
fn who_is_married_and_since_when_is_what_the_city_was_made_of() {
    let (mut clean, mut pity) = (0, 0);
    each_city("marriage-status", |asked, id, truth, _| {
        let (married, facts) = asked.ask(id, "married");
        let (unmarried, none) = asked.ask(id, "unmarried");
        assert_eq!(none, []);
        match (married.0, married.1.as_str()) {
            ("true", _) => {
                let since = only_date(&facts, "married_since");
                assert_eq!(truth.married_since, [since], "{id:?}");
                assert!(!truth.is_dead);
            }
            ("false", "APPLICANT_DECEASED") => assert!(truth.is_dead, "{id:?}"),
            ("false", _) => assert_eq!(truth.married_since, [], "{id:?}"),
            _ => assert_eq!(facts, []),
        }
        match (unmarried.0, unmarried.1.as_str()) {
            ("true", _) => assert_eq!(truth.married_since, [], "{id:?}"),
            ("false", "APPLICANT_DECEASED") => assert!(truth.is_dead, "{id:?}"),
            ("false", _) => assert_eq!(truth.married_since.len(), 1, "{id:?}"),
            _ => {}
        }
        // Both or neither: what the one proves the other refutes.
        assert!(married.0 != "true" || unmarried.0 != "true", "{id:?}");
        if truth.on_clean_rows && truth.registered {
            clean += 1;
            pity += usize::from(married.0 == "unavailable");
        }
    });
    assert!(clean > 100, "{clean}");
    println!("unavailable on clean rows of registered persons: {pity} of {clean}");
}

#[test]
fn who_is_registered_and_of_what_age_is_what_the_city_was_made_of() {
    each_city("household-membership", |asked, id, truth, today| {
        let (words, facts) = asked.ask(id, "registered");
        match words.0 {
            "true" => {
                assert!(truth.registered && !truth.is_dead, "{id:?}");
                assert_eq!(only_date(&facts, "born_on"), truth.birth, "{id:?}");
            }
            "false" => assert!(!truth.registered || truth.is_dead, "{id:?} {words:?}"),
            _ => {}
        }
        for (variant, years) in [("registered-60", 60), ("registered-80", 80)] {
            let (words, facts) = asked.ask(id, variant);
            assert_eq!(facts, [], "the birth date stays");
            let reached = truth.birth + Months::new(12 * years) <= today;
            match words.0 {
                "true" => assert!(truth.registered && !truth.is_dead && reached, "{id:?}"),
                "false" => assert!(!truth.registered || truth.is_dead || !reached, "{id:?}"),
                _ => {}
            }
        }
    });
}

#[test]
fn a_value_that_is_there_twice_is_none() {
    let runtime = runtime();
    let folder = tempfile::tempdir().unwrap();
    let spec = Spec::on(60, 900, stated_day());
    city::generate(&spec, folder.path()).unwrap();
    let truth = civil_statuses(&spec).unwrap();
    let told = "select birth_date as born_on from own where status = 'registered'";
    let state = tempfile::tempdir().unwrap();
    let now = SystemTime::from(spec.written_at) + Duration::from_secs(3600);
    let ask = |sql: &str| {
        let changed = Asker::changed(folder.path(), "household-membership", |text| {
            assert!(text.contains(told));
            text.replace(told, sql)
        });
        let asker = runtime.block_on(changed).unwrap();
        let registers = asker.open(folder.path(), state.path(), now, stated_day()).unwrap();
        let mut words = Vec::new();
        for id in truth.keys() {
            let (said, facts) =
                runtime.block_on(asker.answer(&registers, id, "registered")).unwrap();
            assert_eq!(facts.is_empty(), said.0 != "true");
            words.push((said.0, said.1));
        }
        words
    };
    let right = ask(told);
    assert!(right.iter().any(|(word, _)| *word == "true"));
    for wrong in [
        format!("{told} union all {told}"),
        format!("{told} and status = 'moved_out'"),
        told.replace("birth_date as", "nullif(birth_date, birth_date) as"),
    ] {
        let said = ask(&wrong);
        for ((right, _), (word, code)) in right.iter().zip(&said) {
            if *right == "true" {
                assert_eq!((*word, code.as_str()), ("unavailable", "UNDETERMINED"), "{wrong}");
            } else {
                assert_eq!(right, word, "{wrong}");
            }
        }
    }
}
