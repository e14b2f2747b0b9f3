//! Months of social insurance: what the check says of everybody in a city whose register of
//! contributions is untidy, held against what was paid.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use zerotrip_certificates::{Fact, FactValue};
use zerotrip_tests::city::contributions::{Account, contributions};
use zerotrip_tests::city::monthly::{Counted, Range};
use zerotrip_tests::city::{self, Spec, System, stated_day};
use zerotrip_tests::inquiry::Asker;

use crate::support::runtime;

/// Of each variant: the kind of insurance, the months looked at, whether late payments count, how
/// many are enough and whether they must be in a row, and whether values are told.
const VARIANTS: [(&str, &str, usize, bool, usize, bool, bool); 9] = [
    ("pension-12", "pension", 12, false, 12, true, false),
    ("pension-12-back-paid", "pension", 12, true, 12, true, false),
    ("pension-24", "pension", 36, false, 24, true, true),
    ("pension-24-back-paid", "pension", 36, true, 24, true, true),
    ("pension-60", "pension", 120, false, 60, false, true),
    ("pension-60-back-paid", "pension", 120, true, 60, false, true),
    ("medical-12", "medical", 12, false, 12, true, false),
    ("medical-12-back-paid", "medical", 12, true, 12, true, false),
    ("unemployment-12", "unemployment", 60, true, 12, false, false),
];

/// Seeds of cities; a longer mode takes more.
fn seeds() -> std::ops::Range<u64> {
    let more: u64 = std::env::var("ZEROTRIP_CITIES").ok().and_then(|n| n.parse().ok()).unwrap_or(4);
    700..700 + more
}

/// What is told where it is enough.
fn told(truth: &Counted) -> Vec<(&'static str, String)> {
    let (first, last) = truth.ends.clone().unwrap();
    vec![
        ("months_counted", truth.months.to_string()),
        ("months_in_a_row", truth.last_run.to_string()),
        ("first_month", first),
        ("last_month", last),
    ]
}

fn values(facts: &[Fact]) -> Vec<(&str, String)> {
    let value = |fact: &Fact| fact.value.as_ref().map(FactValue::to_text).unwrap_or_default();
    facts.iter().map(|fact| (fact.terms.name.as_str(), value(fact))).collect()
}

#[test]
fn months_are_counted_as_they_were_paid() {
    let runtime = runtime();
    let mut counted: BTreeMap<String, usize> = BTreeMap::new();
    let (mut clean, mut yes) = (0, 0);
    for seed in seeds() {
        let folder = tempfile::tempdir().unwrap();
        let spec = Spec::on(200, seed, stated_day());
        city::generate(&spec, folder.path()).unwrap();
        let system = [System::Csv, System::Sqlite, System::Xlsx, System::Dbf][(seed % 4) as usize];
        let accounts = contributions(&spec, system, folder.path()).unwrap();
        let asker = runtime.block_on(Asker::of(folder.path(), "social-insurance-months")).unwrap();
        let state = tempfile::tempdir().unwrap();
        let now = SystemTime::from(spec.written_at) + Duration::from_secs(3600);
        let registers = asker.open(folder.path(), state.path(), now, spec.today).unwrap();
        for (id, account) in &accounts {
            for (variant, kind, last, late_counts, least, in_a_row, tells) in VARIANTS {
                let range = Range { today: spec.today, until: 1, last };
                let truth = account.counted(kind, range, late_counts);
                let asking = asker.answer(&registers, id, variant);
                let ((word, code, _), facts) = runtime.block_on(asking).unwrap();
                let is_enough = if in_a_row { truth.last_run } else { truth.months } >= least;
                match word {
                    "true" => {
                        assert!(is_enough, "{id:?} {variant} {truth:?}");
                        let expected = if tells { told(&truth) } else { Vec::new() };
                        let said = values(&facts);
                        let said: Vec<(&str, &str)> =
                            said.iter().map(|(name, value)| (*name, value.as_str())).collect();
                        let expected: Vec<(&str, &str)> =
                            expected.iter().map(|(name, value)| (*name, value.as_str())).collect();
                        assert_eq!(said, expected, "{id:?} {variant} {truth:?}");
                        yes += 1;
                    }
                    "false" => {
                        assert_eq!(code, "TOO_FEW_MONTHS");
                        assert!(!is_enough, "{id:?} {variant} {truth:?}");
                    }
                    _ => {
                        assert_eq!(code, "SOURCE_UNREADABLE", "{id:?} {variant}");
                        let Account { is_clean, is_entangled, .. } = account;
                        assert!(!is_clean || *is_entangled && !late_counts, "{id:?} {variant}");
                    }
                }
                clean += usize::from(account.is_clean);
                *counted.entry(format!("{variant} {word} {code}")).or_default() += 1;
            }
        }
    }
    println!("{counted:#?}");
    assert!(clean > 1000 && yes > 500, "{clean} {yes}");
    for (variant, ..) in VARIANTS {
        for word in ["true", "false TOO_FEW_MONTHS", "unavailable SOURCE_UNREADABLE"] {
            let seen = counted.keys().any(|key| key.starts_with(&format!("{variant} {word}")));
            assert!(seen, "{variant} {word}");
        }
    }
}
