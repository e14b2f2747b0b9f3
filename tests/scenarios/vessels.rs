//! Vessels: what the check of seven papers says of every vessel in a city whose registers are
//! untidy, held against what happened; and of some of them through a hub and its connectors.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use zerotrip_certificates::FactValue;
use zerotrip_checks::definition::Definition;
use zerotrip_datasets::Key;
use zerotrip_datasets::template::{TemplateError, validate};
use zerotrip_proto::v1::{KeyKind, ScanTemplate};
use zerotrip_tests::city::vessels::{Fate, vessels};
use zerotrip_tests::city::{self, Spec, System, stated_day};
use zerotrip_tests::deployment::{FUND, wait_until};
use zerotrip_tests::inquiry::Asker;

use crate::support::{deploy, runtime, statements};

const CHECK: &str = "vessel-certificates";

/// Seeds of cities; a longer mode takes more.
fn seeds() -> std::ops::Range<u64> {
    let more: u64 = std::env::var("ZEROTRIP_CITIES").ok().and_then(|n| n.parse().ok()).unwrap_or(4);
    1300..1300 + more
}

const SYSTEMS: [System; 4] = [System::Sqlite, System::Csv, System::Xlsx, System::Dbf];

#[test]
fn every_vessel_is_answered_as_it_happened() {
    let runtime = runtime();
    let mut counted: BTreeMap<String, usize> = BTreeMap::new();
    let (mut clean, mut left) = (0_usize, 0_usize);
    for seed in seeds() {
        let folder = tempfile::tempdir().unwrap();
        let spec = Spec::on(60, seed, stated_day());
        city::generate(&spec, folder.path()).unwrap();
        let systems = [0, 1].map(|at| SYSTEMS[(seed as usize + at) % SYSTEMS.len()]);
        let truth = vessels(&spec, systems, 200, folder.path()).unwrap();
        let asker = runtime.block_on(Asker::of(folder.path(), CHECK)).unwrap();
        let state = tempfile::tempdir().unwrap();
        let now = SystemTime::from(spec.written_at) + Duration::from_secs(3600);
        let asked = asker.open(folder.path(), state.path(), now, spec.today).unwrap();
        for (key, truth) in &truth {
            let parameters = [key.as_str().to_owned()];
            let asking = asker.answer_to(&asked, &parameters, "seven");
            let ((word, code, dataset), facts) = runtime.block_on(asking).unwrap();
            let said = format!("{seed}: {key} {truth:?}: {word} {code} {dataset}");
            match word {
                "true" => {
                    assert_eq!(truth.fate, Fate::Whole, "{said}");
                    let told: Vec<String> = facts
                        .iter()
                        .map(|fact| fact.value.as_ref().map(FactValue::to_text).unwrap())
                        .collect();
                    let until = truth.until.unwrap().to_string();
                    assert_eq!(told, [until, truth.port.to_owned()], "{said}");
                }
                "false" => {
                    let against = truth.against();
                    assert!(against == Some(&*code) || truth.is_spoilt, "{said}");
                    assert!(against.is_some(), "{said}");
                }
                _ if truth.fate == Fate::Elsewhere => {
                    assert_eq!((&*code, &*dataset), ("OUTSIDE_COVERAGE", "maritime.vessel"));
                }
                // Its row is under another's number, one slip away.
                _ if truth.fate == Fate::Slipped && !truth.is_spoilt => {
                    assert_eq!((&*code, &*dataset), ("SOURCE_UNREADABLE", "maritime.detention"));
                }
                _ => {
                    left += usize::from(!truth.is_spoilt);
                    assert!(truth.is_spoilt, "{said}");
                }
            }
            clean += usize::from(!truth.is_spoilt);
            *counted.entry(format!("{word} {code}")).or_default() += 1;
        }
    }
    println!("{counted:#?}, {left} of {clean} clean ones without an answer");
    for answer in [
        "true ",
        "false PAPER_MISSING",
        "false PAPER_EXPIRED",
        "false PAPER_SUSPENDED",
        "false PAPER_ENDED",
        "false DEREGISTERED",
        "false DETAINED",
        "false ARRESTED",
        "unavailable OUTSIDE_COVERAGE",
        "unavailable SOURCE_UNREADABLE",
    ] {
        assert!(counted.contains_key(answer), "{answer} among {counted:#?}");
    }
}

/// A look-up of vessels is asked for vessels, and no approval of another kind holds for it.
#[test]
fn a_look_up_of_vessels_is_asked_for_vessels() {
    let text = zerotrip_tests::deployment::definition_text(CHECK).unwrap();
    for (from, to, says) in [
        ("type = \"vessel\"", "type = \"enterprise\"", "is of another kind than `vessel`"),
        ("type = \"vessel\"", "type = \"resident_id\"", "is of another kind than `vessel`"),
        ("\"vessel_number\", status = \"code\", home", "\"uscc\", status = \"code\", home", "kind"),
        ("last_years = 0", "lifetime_from = 0", "a vessel's number says nothing of when it began"),
    ] {
        let changed = text.replace(from, to);
        assert_ne!(changed, text, "{from}");
        let said = Definition::parse(&changed, CHECK).unwrap_err().to_string();
        assert!(said.contains(says), "{to}: {said}");
    }
    let definition = Definition::parse(&text, CHECK).unwrap();
    let statements = statements();
    for variant in &definition.variants {
        for (name, scan) in variant.scans() {
            let template = scan.template(&definition, &variant.name, name);
            assert_eq!(
                (template.key_kind(), template.subject_kind()),
                (KeyKind::Vessel, KeyKind::Vessel)
            );
            let statement = &statements[&template.dataset];
            assert_eq!(validate(&template, statement), Ok(()));
            let other = ScanTemplate { key_kind: KeyKind::Enterprise.into(), ..template.clone() };
            let faults = validate(&other, statement).unwrap_err();
            assert!(matches!(&*faults, [TemplateError::LookupKind { .. }]), "{faults:?}");
        }
    }
}

/// Through the hub and the connectors of four departments: a certificate of one vessel, the no of
/// another, and two of which nothing can be said.
#[test]
fn a_vessel_is_certified_refuted_or_unanswerable_over_real_processes() {
    let mut town = deploy(60, 31);
    let spec = town.spec.clone();
    let truth = town.deployment.join_vessels(&spec).unwrap();
    town.deployment.allow(CHECK).unwrap();
    let ask = |verb: &str, key: &str, more: &[&str]| {
        town.deployment.ask_of(verb, FUND, (CHECK, "seven"), key, more).unwrap()
    };
    let find = |fits: &dyn Fn(Fate) -> bool| -> &Key {
        let mut clean = truth.iter().filter(|(_, vessel)| !vessel.is_spoilt);
        clean.find(|(_, vessel)| fits(vessel.fate)).unwrap().0
    };
    let whole = find(&|fate| fate == Fate::Whole);
    wait_until(Duration::from_secs(20), "what its owners approved is in force", || {
        Ok(!ask("check", whole.as_str(), &[]).output.contains("GATE_REFUSED"))
    })
    .unwrap();
    // As a clerk types it: brought to the one spelling that is signed.
    let typed = whole.as_str().to_ascii_lowercase();
    ask("check", &typed, &[]).expect(0).unwrap();
    let out = town.deployment.path("vessel.sdjwt");
    ask("issue", whole.as_str(), &["--out", &out]).expect(0).unwrap();
    let dir = town.deployment.path(FUND);
    let verified = town.deployment.zerotrip(&["--json", "verify", &out, "--dir", &dir]).unwrap();
    let said: Value = serde_json::from_str(&verified.expect(0).unwrap().output).unwrap();
    let vessel = &truth[whole];
    let said = said.to_string();
    for told in [whole.as_str(), &vessel.until.unwrap().to_string(), vessel.port] {
        assert!(said.contains(told), "{told}: {said}");
    }
    // On paper and as a QR it names the vessel too.
    town.certify_seal();
    for (verb, name) in [("print", "vessel.pdf"), ("qr", "vessel.png")] {
        let to = town.deployment.path(name);
        let made = town.deployment.zerotrip(&[verb, "--dir", &dir, "--out", &to, &out]).unwrap();
        made.expect(0).unwrap();
        let said = town.deployment.zerotrip(&["--json", "verify", &to, "--dir", &dir]).unwrap();
        let said = said.expect(0).unwrap().output;
        assert!(said.contains(whole.as_str()), "{name}: {said}");
    }
    for fits in [
        &(|fate| fate == Fate::Detained) as &dyn Fn(Fate) -> bool,
        &|fate| matches!(fate, Fate::Over(_)),
        &|fate| fate == Fate::Deregistered,
    ] {
        let no = ask("check", find(fits).as_str(), &[]);
        assert!(no.code == 1 && no.output.contains("NOT_ALL_VALID"), "{}", no.output);
        assert!(!no.output.contains("DETAINED"), "{}", no.output);
    }
    // Why there is no answer is not the requester's to hear.
    for fate in [Fate::Elsewhere, Fate::Slipped] {
        let none = ask("check", find(&|one| one == fate).as_str(), &[]);
        assert!(none.code == 4 && none.output.contains("UNSETTLED"), "{fate:?}: {}", none.output);
    }
    town.deployment.stop().unwrap();
}
