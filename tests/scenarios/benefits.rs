//! Benefits of medical insurance: what the check says of everybody in cities whose register of
//! enrolments is untidy, held against who was enrolled, and for which months.

use zerotrip_tests::city::medical::{Benefits, medical};

use crate::cities::{came, each_city, system, values};

fn from_and_until((from, until): &Benefits) -> Vec<(String, String)> {
    let until = until.clone().unwrap_or_default();
    values([("entitled_from", from.clone()), ("entitled_until", until)])
}

#[test]
fn who_has_benefits_today_is_who_was_enrolled() {
    let mut clean = 0;
    let counted = each_city(
        "medical-insurance-eligibility",
        760,
        |spec, _, out| medical(spec, system(spec, 0), out).unwrap(),
        |asked, spec, id, truth| {
            let any = truth.granted(spec.today, None);
            let awaited = truth.awaited(spec.today);
            let is_awaited = any.is_empty() && !awaited.is_empty();
            let of = |scheme| truth.granted(spec.today, Some(scheme));
            for (variant, silence, all, holds) in [
                ("entitled", "NOT_ENTITLED", &any, !any.is_empty()),
                ("employee", "NOT_ENTITLED_EMPLOYEE", &of("1"), !of("1").is_empty()),
                ("resident", "NOT_ENTITLED_RESIDENT", &of("2"), !of("2").is_empty()),
                ("waiting", "NOT_WAITING", &awaited, is_awaited),
            ] {
                let (word, code, facts) = asked.ask(id, variant);
                match word {
                    "true" => {
                        assert!(holds, "{id:?} {variant}");
                        let expected = match (variant, all.as_slice()) {
                            ("entitled", _) => Vec::new(),
                            ("waiting", [(from, _)]) => values([("entitled_from", from.clone())]),
                            (_, [one]) => from_and_until(one),
                            (_, several) => panic!("{id:?} {variant} {several:?}"),
                        };
                        assert_eq!(facts, expected, "{id:?} {variant}");
                    }
                    "false" => {
                        assert_eq!(code, silence);
                        assert!(!holds, "{id:?} {variant}");
                    }
                    _ => {
                        let is_open = variant != "entitled" && holds && all.len() > 1;
                        assert!(!truth.is_clean || is_open, "{id:?} {variant} {code}");
                    }
                }
            }
            clean += usize::from(truth.is_clean);
        },
    );
    assert!(clean > 500, "{clean}");
    let unread = "unavailable SOURCE_UNREADABLE";
    came(&counted, "entitled", &["true", "false NOT_ENTITLED", unread]);
    came(&counted, "employee", &["true", "false NOT_ENTITLED_EMPLOYEE", unread]);
    came(&counted, "resident", &["true", "false NOT_ENTITLED_RESIDENT", unread]);
    came(&counted, "waiting", &["true", "false NOT_WAITING", unread]);
}
