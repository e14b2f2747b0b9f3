#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use proptest::prelude::*;

use super::*;
use crate::normal::division::PROVINCES;
use crate::normal::uscc::{ALPHABET, Uscc};
use crate::resident_id::{Declared, Scheme};

const CODE: &str = "91330100799655058B";
const OTHER: &str = "91330106MA2CC3X723";

fn stated() -> Declared {
    Declared {
        schemes: [Scheme::OrganisationCode, Scheme::TaxNumber, Scheme::ResidentId].into(),
        nothing: ["无".to_owned()].into(),
        unknown: ["不详".to_owned()].into(),
        ..Declared::default()
    }
}

fn of(code: &str) -> Uscc {
    Uscc::canonical(code).unwrap()
}

fn characters() -> impl Strategy<Value = u8> {
    prop::sample::select(ALPHABET.to_vec())
}

/// Some enterprise's code, by the standard: authority, category, division, organisation, check.
fn codes() -> impl Strategy<Value = Uscc> {
    let division = (prop::sample::select(PROVINCES.to_vec()), 0..10_000_u32);
    let division = division.prop_map(|(province, rest)| format!("{province}{rest:04}"));
    let body = prop::collection::vec(prop::sample::select(ALPHABET.to_vec()), 8);
    let kinds = prop::sample::select(vec!["91", "92", "93", "52", "11", "12", "N1", "Y1", "A1"]);
    (kinds, division, body).prop_filter_map("no code", |(kind, division, body)| {
        let body = String::from_utf8(body).unwrap();
        let check = |text: String, of: &dyn Fn(&str) -> bool| {
            let all = ALPHABET.iter().map(|c| format!("{text}{}", char::from(*c)));
            all.into_iter().find(|text| of(text))
        };
        let part = check(body, &|text| OrganisationCode::of(text.as_bytes()).is_some())?;
        let code =
            check(format!("{kind}{division}{part}"), &|text| Uscc::canonical(text).is_some())?;
        super::code(&code)
    })
}

#[test]
fn each_number_of_an_enterprise_counts_as_its_owner_states_it() {
    let code = vec![Number::Code(of(CODE))];
    let part = vec![Number::Organisation(of(CODE).organisation().unwrap())];
    let other = Number::Code(of(OTHER));
    for (raw, by_itself, as_stated) in [
        (CODE, Some(code.clone()), Some(code.clone())),
        (" 91330100-79965505-8b ", Some(code.clone()), Some(code.clone())),
        ("９１３３０１００７９９６５５０５８Ｂ", Some(code.clone()), Some(code.clone())),
        ("79965505-8", None, Some(part.clone())),
        ("799655058", None, Some(part.clone())),
        ("330106799655058", None, Some(part.clone())),
        ("无", None, Some(vec![])),
        ("不详", None, None),
        ("11010519491231002X", None, Some(vec![])),
        // The check character of each of them is wrong.
        ("91330100799655058A", None, None),
        ("799655057", None, None),
        ("330106799655057", None, None),
        // A registration number says nothing of the code.
        ("330100000012346", None, None),
        // Fillings, with the right check character or not.
        ("000000000000000000", None, None),
        ("111111111", None, None),
        ("", None, None),
        ("91330100799655058B；79965505-8", None, Some(vec![code[0], part[0]])),
        ("91330100799655058B，", None, None),
    ] {
        assert_eq!(accounted(&Declared::default(), raw), by_itself, "{raw}");
        assert_eq!(accounted(&stated(), raw), as_stated, "{raw}");
    }
    let both = format!("{CODE};{OTHER};{CODE}");
    assert_eq!(accounted(&Declared::default(), &both), Some(vec![code[0], other]));
    assert!(is_regular(CODE) && is_regular("91330100799655058b"));
    assert!(!is_regular(" 91330100799655058B") && !is_regular("799655058"));
}

/// A number that reads as a person's too, and one that a spreadsheet may have rounded, are nobody's
/// in particular.
#[test]
fn what_reads_as_two_things_is_neither() {
    let mut persons = 0;
    for sequence in 0..1000 {
        for day in 1..29 {
            let birth = chrono::NaiveDate::from_ymd_opt(1985, 3, day).unwrap();
            let Some(id) = crate::ResidentId::from_parts(131_128, birth, sequence) else {
                continue;
            };
            if Uscc::canonical(id.as_str()).is_some() {
                assert_eq!(accounted(&stated(), id.as_str()), None, "{}", id.as_str());
                assert!(Suspect::new(id.as_str()).is_anybodys());
                persons += 1;
            }
        }
    }
    assert!(persons > 100, "{persons}");
    let rounded = (0..1000_u32).map(|n| format!("913301{n:03}996550000"));
    let rounded: Vec<String> = rounded.filter(|text| Uscc::canonical(text).is_some()).collect();
    assert!(!rounded.is_empty());
    for text in rounded {
        assert_eq!(accounted(&stated(), &text), None);
        assert!(!Suspect::new(&text).is_anybodys(), "{text}");
    }
}

#[test]
fn what_is_left_of_a_code_is_its_own_and_what_is_not_understood_anybodys() {
    let code = of(CODE);
    let other = of(OTHER);
    for (raw, is_its_own) in [
        ("91330100799655085B", true),
        ("9133010079965505B", true),
        ("913301007996550588B", true),
        ("9133010079965505SB", true),
        ("91330100********8B", true),
        ("9133**********058B", true),
        ("9133010079965", true),
        ("79965505-8", true),
        ("91330100799655058B；91330106MA2CC3X72?", true),
        ("91330100********8C", false),
        ("91330206********8B", false),
    ] {
        let suspect = Suspect::new(raw);
        assert!(!suspect.is_anybodys(), "{raw}");
        assert_eq!(suspect.could_match(&code), is_its_own, "{raw}");
    }
    assert!(!Suspect::new("91330100799655085B").could_match(&other));
    for raw in [
        "",
        "无",
        "330100000012346",
        "330106799655058",
        "913301007996550",
        "浙工商 3301",
        "9133******",
        "0571-87654321",
        "13800138000",
        "11010519491231002X",
        "91330100799655058B 及其分公司",
        "91330100799655058B；",
        "111111111111111111",
        "XXXXXXXXXXXXXXXXXX",
        "2020-05-06",
    ] {
        assert!(Suspect::new(raw).is_anybodys(), "{raw}");
    }
}

#[test]
fn what_is_left_of_an_organisation_code_is_its_own_too() {
    let code = of("113301021512406340");
    assert_eq!(code.organisation().unwrap().as_str(), "151240634");
    for raw in [
        "15124063*",
        "*51240634",
        "151***634",
        "1512***34",
        "151240***",
        "***240634",
        "1512XXX34",
        "1512??634",
        "1512*34",
        "33****151240634",
        "******151240634",
        "11330108151240634*",
        "15124063\u{2014}4",
        "15124063_4",
        "15124063-04",
        "1512406634",
        "151240634X",
        "330102151240634A",
        "33010215124063",
        "151246034",
    ] {
        assert!(Suspect::new(raw).could_match(&code), "{raw}");
    }
    // The whole code of another enterprise is another's.
    assert!(!Suspect::new(CODE).could_match(&code) && Suspect::new(CODE).could_match(&of(CODE)));
}

#[test]
fn digits_that_begin_with_a_province_could_be_any_enterprises() {
    // A registration number, with what was written behind it; a person's number with a slip, or
    // with what tax offices added.
    for raw in [
        "330106000012345",
        "330106000012345-1",
        "3301060000123450",
        "33010600001234512",
        "913301000123456",
        "330106198503020024",
        "33010619850302002401",
        "3301061985030200240",
        // Masked or filled in.
        "91330106MA2CXXXXXX",
        "91330106XXXXXXXX23",
        "91330106xxxxxxxxxx",
        "91330106MA00000023",
        "913301060000000000",
        "91330100000000000X",
    ] {
        assert!(Suspect::new(raw).is_anybodys(), "{raw}");
    }
}

#[test]
fn enterprises_are_found_in_texts_and_persons_are_not_taken_for_them() {
    for raw in [
        CODE,
        "委托91330100799655058B代办",
        "税号：9133 0100 7996 5505 8B.",
        "a91330100799655058B1",
    ] {
        assert_eq!(enterprises_in(raw), [of(CODE)], "{raw}");
    }
    for raw in ["33010619900307425X", "联系电话 0571-87654321", "2024-05-06 10:00:00", ""] {
        assert_eq!((enterprises_in(raw), damaged_in(raw).len()), (vec![], 0), "{raw}");
    }
    for raw in ["税号 91330100********8B", "91330100799655O58B", "原 9133010079965505MB"] {
        let damaged = damaged_in(raw);
        assert_eq!((enterprises_in(raw), damaged.len()), (vec![], 1), "{raw}");
        assert!(damaged[0].could_match(&of(CODE)), "{raw}");
    }
}

fn edit(text: &mut Vec<u8>, edits: Vec<(usize, u8, u8)>) {
    for (at, kind, c) in edits {
        let at = at.min(text.len() - 1);
        match kind {
            0 => text[at] = c,
            1 => text.insert(at, c),
            2 => drop(text.remove(at)),
            _ if at + 1 < text.len() => text.swap(at, at + 1),
            _ => {}
        }
    }
}

proptest! {
    /// Whatever befalls a code, it is its own or anybody's, and never passed over.
    #[test]
    fn a_damaged_code_is_never_passed_over(
        code in codes(),
        edits in prop::collection::vec((0..18_usize, 0..4_u8, characters()), 1..3),
        mask in prop::option::of((0..18_usize, 1..12_usize)),
        cut in prop::option::of(6..18_usize),
    ) {
        let mut text: Vec<u8> = code.as_str().bytes().collect();
        edit(&mut text, edits);
        let mut text = String::from_utf8(text).unwrap();
        let whole = code.as_str();
        if let Some((from, length)) = mask {
            let to = (from + length).min(18);
            text = format!("{}{}{}", &whole[..from], "*".repeat(to - from), &whole[to..]);
        } else if let Some(cut) = cut {
            text = whole[..cut].to_owned();
        }
        // One that reads as another's whole code is another's.
        let is_anothers = matches!(
            accounted(&Declared::default(), &text).as_deref(),
            Some([Number::Code(read)]) if *read != code
        );
        prop_assert!(is_anothers || Suspect::new(&text).could_match(&code), "{} {}", whole, text);
    }

    /// So it is with an organisation code, alone or in a tax number.
    #[test]
    fn a_damaged_organisation_code_is_never_passed_over(
        code in codes(), division in prop::option::of("33[0-9]{4}"),
        edits in prop::collection::vec((0..15_usize, 0..4_u8, characters()), 0..3),
        mask in prop::option::of((0..15_usize, 1..9_usize)),
    ) {
        let part = code.organisation().unwrap();
        let whole = format!("{}{}", division.unwrap_or_default(), part.as_str());
        let mut text: Vec<u8> = whole.bytes().collect();
        match mask {
            Some((from, length)) => {
                let from = from.min(text.len() - 1);
                let to = (from + length).min(text.len());
                text.splice(from..to, b"***".iter().copied());
            }
            None => edit(&mut text, edits),
        }
        let text = String::from_utf8(text).unwrap();
        let is_anothers = matches!(
            accounted(&stated(), &text).as_deref(),
            Some([Number::Code(_)]) | Some([Number::Organisation(_)]) | Some([])
        );
        prop_assert!(is_anothers || Suspect::new(&text).could_match(&code), "{} {}", whole, text);
    }

    /// Each of its numbers is its own, and no other enterprise's.
    #[test]
    fn the_numbers_of_before_name_it_alone(
        code in codes(), other in codes(), division in "33[0-9]{4}",
    ) {
        let part = code.organisation().unwrap();
        let tax = format!("{division}{}", part.as_str());
        for raw in [part.as_str(), tax.as_str()] {
            if let Some(numbers) = accounted(&stated(), raw) {
                prop_assert_eq!(numbers, vec![Number::Organisation(part)], "{}", raw);
            }
            prop_assert!(Suspect::new(raw).could_match(&code), "{}", raw);
        }
        prop_assume!(other.organisation() != code.organisation());
        let suspect = Suspect::new(part.as_str());
        prop_assert!(suspect.is_anybodys() || !suspect.could_match(&other));
    }

    /// Spelled in any way it is read as itself.
    #[test]
    fn every_spelling_is_read(
        code in codes(), at in 0..18_usize,
        blank in prop::sample::select(vec![" ", "-", "\u{3000}", "\u{200b}", ""]),
    ) {
        let text = format!(" {}{blank}{} ", &code.as_str()[..at], &code.as_str()[at..]);
        for raw in [text.clone(), text.to_lowercase()] {
            prop_assert_eq!(accounted(&Declared::default(), &raw), Some(vec![Number::Code(code)]));
            prop_assert_eq!(enterprises_in(&raw), vec![code]);
        }
    }
}
