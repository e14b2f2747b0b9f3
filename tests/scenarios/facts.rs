//! Facts and their values: what a check proves of everybody in a city whose rows are damaged, held
//! against what the city was made of.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use chrono::{Months, NaiveDate};
use serde_json::Value;
use tokio::runtime::Runtime;
use zerotrip_certificates::{Fact, FactValue, sdjwt};
use zerotrip_datasets::ResidentId;
use zerotrip_tests::city::civil_status::{CivilStatus, civil_statuses};
use zerotrip_tests::city::{self, Spec, stated_day};
use zerotrip_tests::deployment::{BASIS, FUND, PURPOSE, run, wait_until};
use zerotrip_tests::inquiry::{Asker, Registers, Words};

use crate::support::{deploy, runtime};

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

/// What a fund's desk asks with.
fn about<'a>(variant: &'a str, applicant: &'a str) -> [&'a str; 6] {
    ["--check", "marriage-status", "--variant", variant, "--param", applicant]
}

#[test]
fn a_marriage_is_certified_and_its_date_is_the_holders_to_show() {
    let town = deploy(200, 41);
    let folder = &town.deployment.folder;
    for (member, tells) in [("civil", true), ("police", false)] {
        let dir = town.deployment.path(member);
        let mut approve = vec!["approve", "--dir", &dir, "--check", "marriage-status"];
        approve.extend(["--requester", FUND, "--purpose", PURPOSE, "--yes"]);
        let approved = run("zerotrip-connector", &approve, folder).unwrap().expect(0).unwrap();
        let told = "IT TELLS WHO ASKS: married since (结婚登记日期), made of event_date";
        assert_eq!(approved.errors.contains(told), tells, "{}", approved.errors);
    }
    let grant = ["--id", "marital", "--member", FUND, "--check", "marriage-status"];
    let more =
        ["--purpose", PURPOSE, "--basis", BASIS, "--may-issue", "--variants-per-subject", "2"];
    let grant = [&grant[..], &more].concat();
    town.deployment.authority(&["grant", "add"], &grant).unwrap().expect(0).unwrap();
    let asked = |verb: &str, about: &[&str], more: &[&str]| {
        let mut arguments = town.deployment.question(verb, FUND, "x", "y");
        let at = arguments.iter().position(|argument| argument == "--check").unwrap();
        arguments.drain(at..at + 6);
        let mut arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        arguments.extend(about.iter().chain(more));
        town.deployment.zerotrip(&arguments).unwrap()
    };
    // The approvals and the grant are in force within a second or so.
    let truth = civil_statuses(&town.spec).unwrap();
    let mut settled = BTreeMap::new();
    for (id, status) in &truth {
        let applicant = format!("applicant={}", id.as_str());
        if settled.is_empty() {
            wait_until(Duration::from_secs(20), "the check is served", || {
                let said = asked("check", &about("married", &applicant), &[]);
                Ok(!said.output.contains("GATE_REFUSED") && said.code != 3)
            })
            .unwrap();
        }
        let said = asked("check", &about("married", &applicant), &[]);
        let value: Value = serde_json::from_str(&said.output).unwrap();
        match said.code {
            0 => {
                let told = &value["facts"][0];
                let since: NaiveDate = told["value"].as_str().unwrap().parse().unwrap();
                assert_eq!(
                    (&told["name"], status.married_since.as_slice()),
                    (&"married_since".into(), &[since][..])
                );
                // Neither register says that rows under a former number were carried over.
                let former = value["claims"].as_array().unwrap().iter();
                let mut former = former.filter(|claim| claim["name"] == "former_numbers");
                assert_eq!(
                    former.next().map(|claim| &claim["value"]),
                    Some(&"not_searched".into())
                );
            }
            1 => assert!(status.is_dead || status.married_since.is_empty()),
            code => assert_eq!(code, 4, "{}", said.errors),
        }
        settled.entry(said.code).or_insert_with(|| applicant.clone());
        if settled.len() == 3 {
            break;
        }
    }
    let married = settled.get(&0).unwrap();
    // On the screen the value has its title, in both languages.
    let mut plain = vec!["--lang", "zh"];
    let question = town.deployment.question("check", FUND, "x", "y");
    plain.extend(question.iter().map(String::as_str).filter(|one| *one != "--json"));
    let at = plain.iter().position(|argument| *argument == "--check").unwrap();
    plain.drain(at..at + 6);
    plain.extend(about("married", married));
    let shown = town.deployment.zerotrip(&plain).unwrap();
    assert!(shown.output.contains("结婚登记日期："), "{} {}", shown.output, shown.errors);
    // A certificate, whole and with everything withheld.
    let out = town.deployment.path("married.sdjwt");
    asked("issue", &about("married", married), &["--out", &out]).expect(0).unwrap();
    let token = std::fs::read_to_string(&out).unwrap();
    let verified = |token: &str| {
        let file = town.deployment.path("shown.sdjwt");
        std::fs::write(&file, token).unwrap();
        let dir = town.deployment.path(FUND);
        let said = town.deployment.zerotrip(&["--json", "verify", &file, "--dir", &dir]).unwrap();
        let value: Value = serde_json::from_str(&said.output).unwrap_or_default();
        (said.code, value)
    };
    let (code, whole) = verified(&token);
    assert_eq!((code, whole["facts"][0]["name"].as_str()), (0, Some("married_since")));
    assert_eq!(whole["withheld_facts"], 0);
    let parts: Vec<&str> = token.trim_end().split('~').collect();
    let (signed, disclosures) = parts.split_first().unwrap();
    let (code, bare) = verified(&format!("{signed}~"));
    assert_eq!(
        (code, &bare["facts"], &bare["withheld_facts"]),
        (0, &Value::Array(vec![]), &1.into())
    );
    assert!(!signed.contains(whole["facts"][0]["value"].as_str().unwrap()));
    // Another day in its place is found.
    let is_since = |one: &&&str| sdjwt::opened(one).is_ok_and(|(name, _)| name == "married_since");
    let since = disclosures.iter().find(is_since).unwrap();
    let other = sdjwt::disclosure("married_since", &"1999-09-09".into()).unwrap();
    assert_eq!(verified(&token.replace(since, &other)).0, 5);
    // It may not be asked in a variant or a check that nobody granted.
    let denied = [&about("married", married)[2..], &["--check", "household-membership"]].concat();
    assert_eq!(asked("check", &denied, &[]).code, 2, "no such variant");
    let denied =
        ["--check", "household-membership", "--variant", "registered", "--param", married.as_str()];
    assert_eq!(asked("check", &denied, &[]).code, 3);
    town.deployment.stop().unwrap();
}
