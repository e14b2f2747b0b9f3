//! Months of the provident fund and of income tax: what the checks say of everybody in cities whose
//! registers are untidy, held against what was deposited, declared and paid.

use zerotrip_tests::city::fund::fund;
use zerotrip_tests::city::income_tax::income_tax;
use zerotrip_tests::city::monthly::{Counted, Range};

use crate::cities::{came, each_city, system, values};

/// A variant that counts months.
struct Count {
    variant: &'static str,
    last: usize,
    late_counts: bool,
    least: usize,
    in_a_row: bool,
    tells: bool,
}

const fn count(
    variant: &'static str,
    last: usize,
    late_counts: bool,
    (least, in_a_row): (usize, bool),
    tells: bool,
) -> Count {
    Count { variant, last, late_counts, least, in_a_row, tells }
}

impl Count {
    fn is_enough(&self, truth: &Counted) -> bool {
        (if self.in_a_row { truth.last_run } else { truth.months }) >= self.least
    }

    fn told(&self, truth: &Counted) -> Vec<(String, String)> {
        let Some((first, last)) = truth.ends.clone().filter(|_| self.tells) else {
            return Vec::new();
        };
        values([
            ("months_counted", truth.months.to_string()),
            ("months_in_a_row", truth.last_run.to_string()),
            ("first_month", first),
            ("last_month", last),
        ])
    }
}

const DEPOSITS: [Count; 6] = [
    count("deposits-6", 6, false, (6, true), false),
    count("deposits-6-back-paid", 6, true, (6, true), false),
    count("deposits-12", 24, false, (12, true), true),
    count("deposits-12-back-paid", 24, true, (12, true), true),
    count("deposits-60", 120, false, (60, false), true),
    count("deposits-60-back-paid", 120, true, (60, false), true),
];

const TAXED: [Count; 6] = [
    count("taxed-12", 12, false, (12, true), false),
    count("taxed-12-late", 12, true, (12, true), false),
    count("taxed-60", 84, false, (60, true), true),
    count("taxed-60-late", 84, true, (60, true), true),
    count("taxed-36-of-60", 60, false, (36, false), true),
    count("taxed-36-of-60-late", 60, true, (36, false), true),
];

const DECLARED: [Count; 6] = [
    count("declared-12", 12, false, (12, true), false),
    count("declared-12-late", 12, true, (12, true), false),
    count("declared-60", 84, false, (60, true), false),
    count("declared-60-late", 84, true, (60, true), false),
    count("declared-36-of-60", 60, false, (36, false), false),
    count("declared-36-of-60-late", 60, true, (36, false), false),
];

#[test]
fn deposits_are_counted_as_they_were_made_and_accounts_are_what_became_of_them() {
    let mut clean = 0;
    let counted = each_city(
        "provident-fund-record",
        720,
        |spec, _, out| fund(spec, [system(spec, 0), system(spec, 1)], out).unwrap(),
        |asked, spec, id, truth| {
            for variant in &DEPOSITS {
                let range = Range { today: spec.today, until: 1, last: variant.last };
                let true_count = truth.counted(range, variant.late_counts);
                let (word, code, facts) = asked.ask(id, variant.variant);
                let is_enough = variant.is_enough(&true_count);
                match word {
                    "true" => {
                        assert!(is_enough, "{id:?} {} {true_count:?}", variant.variant);
                        assert_eq!(facts, variant.told(&true_count), "{id:?} {}", variant.variant);
                    }
                    "false" => {
                        assert_eq!(code, "TOO_FEW_MONTHS");
                        assert!(!is_enough, "{id:?} {} {true_count:?}", variant.variant);
                    }
                    _ => {
                        assert_eq!(code, "SOURCE_UNREADABLE", "{id:?} {}", variant.variant);
                        let is_open = truth.is_entangled && !variant.late_counts;
                        assert!(!truth.is_clean || is_open, "{id:?} {}", variant.variant);
                    }
                }
            }
            let active = truth.active_since();
            let (word, code, facts) = asked.ask(id, "account");
            match word {
                "true" => {
                    let [opened] = active.as_slice() else { panic!("{id:?} {active:?}") };
                    assert_eq!(facts, values([("opened_on", opened.to_string())]), "{id:?}");
                }
                "false" => {
                    assert_eq!((code.as_str(), active.len()), ("NO_ACTIVE_ACCOUNT", 0), "{id:?}");
                }
                _ => assert!(!truth.is_account_clean, "{id:?} {code}"),
            }
            let range = Range { today: spec.today, until: 2, last: 6 };
            let is_enough = truth.counted(range, false).last_run >= 6;
            let (word, code, facts) = asked.ask(id, "loan-6");
            assert_eq!(facts, []);
            match (word, code.as_str()) {
                ("true", _) => assert!(is_enough && active.len() == 1, "{id:?}"),
                ("false", "TOO_FEW_MONTHS") => assert!(!is_enough, "{id:?}"),
                ("false", code) => {
                    assert_eq!(code, "NO_ACTIVE_ACCOUNT");
                    assert!(is_enough && active.is_empty(), "{id:?}");
                }
                (_, code) => {
                    let is_clean = truth.is_clean && truth.is_account_clean && !truth.is_entangled;
                    assert!(!is_clean, "{id:?} {code}");
                }
            }
            clean += usize::from(truth.is_clean && truth.is_account_clean);
        },
    );
    assert!(clean > 400, "{clean}");
    for variant in &DEPOSITS {
        let all = ["true", "false TOO_FEW_MONTHS", "unavailable SOURCE_UNREADABLE"];
        came(&counted, variant.variant, &all);
    }
    let odd = "unavailable UNDETERMINED fund.account";
    came(&counted, "account", &["true", "false NO_ACTIVE_ACCOUNT", odd]);
    // Whoever has no account there has too few months as well, which is said first.
    came(&counted, "loan-6", &["true", "false TOO_FEW_MONTHS", odd]);
}

#[test]
fn months_of_income_tax_are_counted_as_they_were_declared_and_paid() {
    let mut clean = 0;
    let counted = each_city(
        "income-tax-months",
        740,
        |spec, _, out| income_tax(spec, system(spec, 0), out).unwrap(),
        |asked, spec, id, truth| {
            let taxed = TAXED.iter().map(|variant| (variant, true));
            let declared = DECLARED.iter().map(|variant| (variant, false));
            for (variant, is_taxed) in taxed.chain(declared) {
                let range = Range { today: spec.today, until: 1, last: variant.last };
                let (true_count, is_entangled) = match is_taxed {
                    true => (truth.taxed(range, variant.late_counts), truth.is_tax_entangled),
                    false => {
                        (truth.declared(range, variant.late_counts), truth.is_filing_entangled)
                    }
                };
                let (word, code, facts) = asked.ask(id, variant.variant);
                let is_enough = variant.is_enough(&true_count);
                match word {
                    "true" => {
                        assert!(is_enough, "{id:?} {} {true_count:?}", variant.variant);
                        assert_eq!(facts, variant.told(&true_count), "{id:?} {}", variant.variant);
                    }
                    "false" => {
                        assert_eq!(code, "TOO_FEW_MONTHS");
                        assert!(!is_enough, "{id:?} {} {true_count:?}", variant.variant);
                    }
                    _ => {
                        assert_eq!(code, "SOURCE_UNREADABLE", "{id:?} {}", variant.variant);
                        let is_open = is_entangled && !variant.late_counts;
                        assert!(!truth.is_clean || is_open, "{id:?} {}", variant.variant);
                    }
                }
            }
            clean += usize::from(truth.is_clean);
        },
    );
    assert!(clean > 500, "{clean}");
    for variant in TAXED.iter().chain(&DECLARED) {
        let all = ["true", "false TOO_FEW_MONTHS", "unavailable SOURCE_UNREADABLE"];
        came(&counted, variant.variant, &all);
    }
}
