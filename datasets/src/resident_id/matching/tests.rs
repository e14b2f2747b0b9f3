#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

use super::super::{fifteens, is_spreadsheet_rounded};
use super::id_patterns::SHORT_IDS;
use super::*;
use proptest::prelude::*;

/// The rule, by its definition: no filter, no automaton.
fn by_definition(suspect: &Suspect, key: &ResidentId) -> bool {
    let long = key.as_str();
    let short = format!("{}{}", &long[..6], &long[8..17]);
    // Month and day exchanged are one edit; where they are the same, there are none.
    let turned = |text: &str, at: usize| {
        format!("{}{}{}{}", &text[..at], &text[at + 2..at + 4], &text[at..at + 2], &text[at + 4..])
    };
    let exchanged = [turned(long, 10), turned(&short, 8)];
    let forms =
        [(long, 0), (short.as_str(), 0), (exchanged[0].as_str(), 1), (exchanged[1].as_str(), 1)];
    let distance = |cell: &[Token], form: &str, ends| {
        align(cell, form.len(), ends, |c, at| form.as_bytes().get(at) == Some(&c))
    };
    let is_taken = |take: &Take| {
        forms.iter().any(|(form, spent)| {
            distance(&take.tokens, form, Ends::Both) + spent <= take.most
                || take.part.is_some_and(|most| {
                    distance(&take.tokens, form, Ends::PartOfForm) + spent <= most
                })
                || (take.overlong
                    && distance(&take.tokens, form, Ends::PartOfCell) + spent <= take.most)
        })
    };
    suspect.anybody || suspect.takes.iter().any(is_taken)
}

fn any_id() -> impl Strategy<Value = ResidentId> {
    let first = chrono::NaiveDate::from_ymd_opt(1880, 1, 1).unwrap();
    // Few divisions, so that strangers are near too.
    (330_100u32..=330_109, 0i64..53_000, 0u16..=999).prop_map(move |(division, day, sequence)| {
        ResidentId::from_parts(division, first + chrono::Duration::days(day), sequence).unwrap()
    })
}

/// An id after up to four replaced, inserted or dropped characters, masks among them, with
/// something before and behind it.
fn any_cell() -> impl Strategy<Value = (ResidentId, String)> {
    let edit = (
        any::<prop::sample::Index>(),
        0u8..4,
        prop::sample::select("0123456789X*?甲".chars().collect::<Vec<_>>()),
    );
    let around = || prop_oneof![4 => Just(String::new()), 1 => "[0-9X]{1,6}", 1 => "[0-9*]{1,20}"];
    (any_id(), any::<bool>(), prop::collection::vec(edit, 0..5), around(), around()).prop_map(
        |(id, short, edits, before, after)| {
            let form =
                id.first_generation().filter(|_| short).unwrap_or_else(|| id.as_str().to_owned());
            let mut text: Vec<char> = form.chars().collect();
            for (at, what, c) in edits {
                let at = at.index(text.len());
                match what {
                    0 => text[at] = c,
                    1 => text.insert(at, c),
                    2 => drop(text.remove(at)),
                    _ => {
                        let month = form.len() - 8 + usize::from(form.len() == 15);
                        if text.len() > month + 4 {
                            text[month..month + 4].rotate_left(2);
                        }
                    }
                }
            }
            (id, format!("{before}{}{after}", text.into_iter().collect::<String>()))
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6_000))]

    #[test]
    fn filters_and_automaton_say_what_the_rule_says((id, cell) in any_cell(), other in any_id(), soup in "[0-9X*E./]{4,40}") {
        for raw in [&cell, &soup] {
            let suspect = Suspect::new(raw);
            for key in [&id, &other] {
                prop_assert_eq!(suspect.could_be(&Probe::new(key)), by_definition(&suspect, key), "{} for {}", raw, key.as_str());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn an_index_of_rounded_cells_says_what_the_rule_says(id in any_id(), from in 0usize..6, up in 0u64..3, other in any_id()) {
        let short = id.first_generation();
        let digits = match id.as_str().get(from..from + 15) {
            Some(digits) => digits,
            None => short.as_deref().unwrap_or("000000000000000"),
        };
        let Ok(kept) = digits.parse::<u64>() else { return Ok(()) };
        let raw = format!("{:015}000", kept.saturating_add(up).saturating_sub(1));
        prop_assume!(is_spreadsheet_rounded(&raw));
        let suspect = Suspect::rounded(&raw);
        for key in [&id, &other] {
            let by_index = rounded_digits(&raw).any(|digits| fifteens(key).any(|mine| mine == digits));
            prop_assert_eq!(suspect.could_match(key), by_index, "{} for {}", raw, key.as_str());
        }
    }
}

#[test]
fn patterns_take_every_id_that_could_be_issued() {
    let first = chrono::NaiveDate::from_ymd_opt(1870, 1, 1).unwrap();
    let fits = |text: &str| {
        let tokens: Vec<Token> = text.bytes().map(Token::Known).collect();
        LONG_IDS.is_near(&tokens, 0) || SHORT_IDS.is_near(&tokens, 0)
    };
    for division in
        (110..660).chain([710, 810, 820, 830]).chain(911..966).map(|three| three * 1000 + 102)
    {
        for day in (0..58_000).step_by(97) {
            let Some(id) =
                ResidentId::from_parts(division, first + chrono::Duration::days(day), 123)
            else {
                continue;
            };
            let long = id.as_str();
            if super::super::plausible::is_plausible(&id) {
                let short = format!("{}{}", &long[..6], &long[8..17]);
                assert!(fits(long) && (long.starts_with(['8', '9']) || fits(&short)), "{long}");
            }
        }
    }
    for no_id in [
        "330106199013171234",
        "330106199005321234",
        "000106199005171234",
        "330106219005171234",
        "330106901317123",
    ] {
        assert!(!fits(no_id), "{no_id}");
    }
}

#[test]
fn a_cell_of_one_digit_only_says_nothing() {
    let id = ResidentId::new_strict("11010519491231002X").unwrap();
    for length in [1, 8, 15, 18, 254, 256, 257] {
        assert!(Suspect::new(&"1".repeat(length)).could_match(&id), "{length}");
    }
}
