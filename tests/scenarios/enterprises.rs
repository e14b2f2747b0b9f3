//! Business in good standing: what the check says of every enterprise in a city whose registers are
//! untidy, held against what happened.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use zerotrip_certificates::FactValue;
use zerotrip_checks::definition::Definition;
use zerotrip_datasets::template::{TemplateError, validate};
use zerotrip_hub::state::DefinitionFolder;
use zerotrip_proto::v1::{KeyKind, ScanTemplate, SemanticType};
use zerotrip_tests::city::enterprises::{Fate, enterprises};
use zerotrip_tests::city::{self, Spec, System, stated_day};
use zerotrip_tests::deployment::test_definitions;
use zerotrip_tests::inquiry::Asker;

use crate::support::{runtime, statements};

/// Seeds of cities; a longer mode takes more.
fn seeds() -> std::ops::Range<u64> {
    let more: u64 = std::env::var("ZEROTRIP_CITIES").ok().and_then(|n| n.parse().ok()).unwrap_or(8);
    900..900 + more
}

const SYSTEMS: [System; 4] = [System::Sqlite, System::Csv, System::Xlsx, System::Dbf];

#[test]
fn every_enterprise_is_answered_as_it_happened() {
    let runtime = runtime();
    let mut counted: BTreeMap<String, usize> = BTreeMap::new();
    let (mut clean, mut left) = (0_usize, 0_usize);
    for seed in seeds() {
        let folder = tempfile::tempdir().unwrap();
        let spec = Spec::on(60, seed, stated_day());
        city::generate(&spec, folder.path()).unwrap();
        let systems = [0, 1, 2].map(|at| SYSTEMS[(seed as usize + at) % SYSTEMS.len()]);
        let registers = enterprises(&spec, systems, 300, folder.path()).unwrap();
        let asker = runtime.block_on(Asker::of(folder.path(), "business-good-standing")).unwrap();
        let state = tempfile::tempdir().unwrap();
        let now = SystemTime::from(spec.written_at) + Duration::from_secs(3600);
        let asked = asker.open(folder.path(), state.path(), now, spec.today).unwrap();
        for (key, truth) in &registers.truth {
            for (variant, with_lists) in [("in-business", false), ("good-standing", true)] {
                let parameters = [key.as_str().to_owned()];
                let asking = asker.answer_to(&asked, &parameters, variant);
                let ((word, code, dataset), facts) = runtime.block_on(asking).unwrap();
                let against = truth.against(with_lists);
                let said = format!("{seed}: {key} {variant} {truth:?}: {word} {code} {dataset}");
                match word {
                    "true" => {
                        let is_here = !matches!(truth.fate, Fate::Elsewhere | Fate::Returned);
                        assert!(against.is_empty() && is_here, "{said}");
                        let values: Vec<String> = facts
                            .iter()
                            .map(|fact| fact.value.as_ref().map(FactValue::to_text).unwrap())
                            .collect();
                        assert_eq!(values, [truth.name.clone(), truth.established.to_string()]);
                        assert!(!(with_lists && registers.has_registration_number), "{said}");
                    }
                    "false" => {
                        assert!(against.contains(&code.as_str()), "{said}");
                        // Where an entry of a list could be anybody's, a list's no is not sure,
                        // and another that is goes before it.
                        let is_sure =
                            truth.is_clean && !(with_lists && registers.has_registration_number);
                        assert!(!is_sure || against.first() == Some(&&*code), "{said}");
                    }
                    _ if truth.fate == Fate::Elsewhere => {
                        assert!(code == "OUTSIDE_COVERAGE" || code == "SOURCE_UNREADABLE", "{said}")
                    }
                    // Moved away and back: no row says which came last.
                    _ if truth.fate == Fate::Returned => {
                        assert!(code == "UNDETERMINED" || code == "SOURCE_UNREADABLE", "{said}")
                    }
                    _ => {
                        assert!(
                            code == "SOURCE_UNREADABLE"
                                || code == "UNDETERMINED" && !truth.is_clean,
                            "{said}"
                        );
                        let is_anybodys = with_lists && registers.has_registration_number;
                        left += usize::from(truth.is_clean && !is_anybodys);
                    }
                }
                clean += usize::from(truth.is_clean);
                *counted.entry(format!("{variant} {word} {code}")).or_default() += 1;
            }
        }
    }
    println!("{counted:#?} {left} of {clean}");
    // A damaged code could be few others'.
    assert!(clean > 1000 && left * 20 < clean, "{left} of {clean}");
    for answer in [
        "in-business true ",
        "in-business false TERM_OVER",
        "in-business false SUSPENDED",
        "in-business false REVOKED",
        "in-business false CANCELLED",
        "in-business false NOT_REGISTERED",
        "in-business unavailable OUTSIDE_COVERAGE",
        "in-business unavailable UNDETERMINED",
        "in-business unavailable SOURCE_UNREADABLE",
        "good-standing true ",
        "good-standing false ABNORMAL_OPERATIONS",
        "good-standing false SERIOUS_VIOLATION",
        "good-standing unavailable SOURCE_UNREADABLE",
    ] {
        assert!(counted.contains_key(answer), "{answer}");
    }
}

fn text() -> String {
    zerotrip_tests::deployment::definition_text(CHECK).unwrap()
}

const CHECK: &str = "business-good-standing";

/// A look-up over columns of one type finds keys of one kind, and nobody asks it for another.
#[test]
fn a_look_up_finds_one_kind_and_is_asked_for_it() {
    for (from, to, says) in [
        ("type = \"enterprise\"", "type = \"resident_id\"", "is of another kind than `enterprise`"),
        ("{ uscc = \"uscc\", name", "{ uscc = \"resident_id\", name", "is of another kind than"),
        ("{ uscc = \"uscc\", name", "{ name", "is of another kind than"),
        ("{ uscc = \"uscc\", name", "{ uscc = \"text\", name", "not all of one kind"),
        (
            "name = \"enterprise\"\ntype = \"enterprise\"",
            "name = \"enterprise\"\ntype = \"uscc\"\ntitle = { en = \"other\", zh = \"另一企业\" }",
            "none names whom it asks about",
        ),
        ("last_years = 0", "lifetime_from = 0", "says nothing of when it began"),
    ] {
        let changed = text().replace(from, to);
        assert_ne!(changed, text(), "{from}");
        let said = Definition::parse(&changed, CHECK).unwrap_err().to_string();
        assert!(said.contains(says), "{to}: {said}");
    }
    let other = "no-listed-enterprise";
    let related = DefinitionFolder::read(&test_definitions().join(other)).unwrap().text;
    assert!(Definition::parse(&related, other).is_ok());
    for changes in [
        vec![
            (
                "columns = [\"uscc\", \"status\"",
                "columns = [\"representative_id\", \"uscc\", \"status\"",
            ),
            ("supplies = [\"uscc\"]", "supplies = [\"representative_id\"]"),
            ("column = \"uscc\" }", "column = \"representative_id\" }"),
        ],
        vec![("keys = [\"enterprise.id\"]", "keys = [\"request.applicant\"]")],
        vec![(
            "origins = [{ dataset = \"market.representation\", column = \"uscc\" }]",
            "origins = [{ parameter = \"applicant\" }]",
        )],
    ] {
        let change = |text: String, (from, to): &(&str, &str)| {
            assert!(text.contains(from), "{from}");
            text.replace(from, to)
        };
        let changed = changes.iter().fold(related.clone(), change);
        let said = Definition::parse(&changed, other).unwrap_err().to_string();
        assert!(said.contains("of another kind"), "{changes:?}: {said}");
    }
    let definition = Definition::parse(&text(), CHECK).unwrap();
    let statements = statements();
    for variant in &definition.variants {
        for (name, scan) in variant.scans() {
            let template = scan.template(&definition, &variant.name, name);
            assert_eq!(
                (template.key_kind(), template.subject_kind()),
                (KeyKind::Enterprise, KeyKind::Enterprise)
            );
            let statement = &statements[&template.dataset];
            assert_eq!(validate(&template, statement), Ok(()));
            // An approval of residents, and an owner who describes another column.
            let residents = ScanTemplate { key_kind: KeyKind::Resident.into(), ..template.clone() };
            let faults = validate(&residents, statement).unwrap_err();
            assert!(
                matches!(&*faults, [TemplateError::LookupKind { column, .. }] if column == "uscc"),
                "{faults:?}"
            );
            let mut other = statement.clone();
            let columns = other.columns.iter_mut().filter(|column| column.name == "uscc");
            columns.for_each(|column| column.set_type(SemanticType::ResidentId));
            let faults = validate(&template, &other).unwrap_err();
            assert!(
                faults.iter().any(|fault| matches!(fault, TemplateError::LookupKind { .. })),
                "{faults:?}"
            );
            // A kind of a later version.
            let unknown = ScanTemplate { key_kind: 7, ..template };
            assert!(validate(&unknown, statement).is_err());
        }
    }
}
