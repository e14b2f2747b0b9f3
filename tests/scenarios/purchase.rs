//! Who may buy a home: what the check says of everybody in cities whose registers are untidy, held
//! against the key of the no-property proof, which knows families and homes, and against what was
//! paid, certified and ordered.

use std::collections::HashMap;

use zerotrip_datasets::ResidentId;
use zerotrip_tests::city::contributions::{Account, contributions};
use zerotrip_tests::city::income_tax::{Taxpayer, income_tax};
use zerotrip_tests::city::monthly::Range;
use zerotrip_tests::city::purchase::{Buyer, buyers};
use zerotrip_tests::city::{Answer, City, Outcome, Spec, Variant};

use crate::cities::{came, each_city, system};

/// What is true of one person.
struct Truth {
    /// What the no-property proof comes to, of the family and of the applicant alone.
    family: Answer,
    alone: Answer,
    buyer: Buyer,
    insured: Account,
    taxed: Taxpayer,
}

fn truths(spec: &Spec, city: &City, out: &std::path::Path) -> HashMap<ResidentId, Truth> {
    let mut insured = contributions(spec, system(spec, 0), out).unwrap();
    let mut taxed = income_tax(spec, system(spec, 1), out).unwrap();
    let buyers = buyers(spec, [system(spec, 2), system(spec, 3)], out).unwrap();
    let truth = |(id, buyer): (ResidentId, Buyer)| {
        let truth = Truth {
            family: city.key[&(id, Variant::Family)],
            alone: city.key[&(id, Variant::Applicant)],
            buyer,
            insured: insured.remove(&id).unwrap(),
            taxed: taxed.remove(&id).unwrap(),
        };
        (id, truth)
    };
    buyers.into_iter().map(truth).collect()
}

#[test]
fn who_may_buy_a_home_is_who_has_none_and_what_the_rule_asks_for() {
    let (mut clean, mut pity) = (0, 0);
    let counted =
        each_city("home-purchase-qualification", 780, truths, |asked, spec, id, truth| {
            let Truth { family, alone, buyer, insured, taxed } = truth;
            let range = Range { today: spec.today, until: 2, last: 24 };
            let is_insured = insured.counted("pension", range, false).last_run >= 24;
            let is_taxed = taxed.taxed(range, false).last_run >= 24;
            let knows_insured = insured.is_clean && !insured.is_entangled;
            let knows_taxed = taxed.is_clean && !taxed.is_tax_entangled;
            for (variant, homes, holds, knows) in [
                ("local", family, buyer.is_registered, true),
                ("insured", family, is_insured, knows_insured),
                ("taxed", family, is_taxed, knows_taxed),
                ("talent", family, buyer.is_talent, buyer.is_talent_clean),
                ("alone", alone, is_insured || is_taxed, knows_insured && knows_taxed),
            ] {
                let (word, code, facts) = asked.ask(id, variant);
                assert_eq!(facts, []);
                match (word, code.as_str()) {
                    ("true", _) => {
                        assert_eq!(homes.outcome, Outcome::True, "{id:?} {variant}");
                        assert!(holds && !buyer.is_restricted, "{id:?} {variant}");
                    }
                    ("false", "RESTRICTED") => assert!(buyer.is_restricted, "{id:?} {variant}"),
                    ("false", "HOME_FOUND") => {
                        assert_eq!(homes.code, "PROPERTY_FOUND", "{id:?} {variant}");
                    }
                    ("false", "APPLICANT_DECEASED") => {
                        assert_eq!(homes.code, "APPLICANT_DECEASED", "{id:?} {variant}");
                    }
                    ("false", "NOT_LOCAL") => {
                        assert!(variant == "local" && buyer.has_moved_out, "{id:?}");
                    }
                    ("false", "TOO_FEW_MONTHS") => {
                        assert!(variant != "local" && variant != "talent");
                        assert!(!holds && homes.outcome == Outcome::True, "{id:?} {variant}");
                    }
                    ("false", code) => {
                        assert_eq!((variant, code), ("talent", "NO_TALENT_CERTIFICATE"));
                        assert!(!holds && homes.outcome == Outcome::True, "{id:?}");
                    }
                    (_, code) => {
                        let is_clean = knows && buyer.is_restriction_clean;
                        // A damaged id of somebody else's could be this person's.
                        let is_pity = is_clean && homes.outcome != Outcome::Unavailable;
                        assert!(!is_pity || code == "SOURCE_UNREADABLE", "{id:?} {variant} {code}");
                        pity += usize::from(is_pity);
                    }
                }
                clean += usize::from(knows && homes.outcome != Outcome::Unavailable);
            }
        });
    assert!(clean > 1000 && pity * 50 <= clean, "{pity} of {clean}");
    for variant in ["local", "insured", "taxed", "talent", "alone"] {
        came(&counted, variant, &["true", "false RESTRICTED", "false HOME_FOUND", "unavailable"]);
    }
    came(&counted, "local", &["false NOT_LOCAL"]);
    came(&counted, "talent", &["false NO_TALENT_CERTIFICATE"]);
    for variant in ["insured", "taxed", "alone"] {
        came(&counted, variant, &["false TOO_FEW_MONTHS"]);
    }
}
