#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use chrono::NaiveDate;
use proptest::prelude::*;

use super::*;
use crate::CivilDay;
use crate::key::{KeyKind, KeyWhose, whose};
use crate::normal::vessel_number::VesselNumber;
use crate::resident_id::{Declared, Scheme};

const NUMBER: &str = "CN20154839571";
const OTHER: &str = "CN19987301264";

fn stated() -> Declared {
    Declared {
        schemes: [Scheme::VesselDigits].into(),
        nothing: ["无".to_owned()].into(),
        unknown: ["不详".to_owned()].into(),
        ..Declared::default()
    }
}

fn of(number: &str) -> VesselNumber {
    VesselNumber::canonical(number).unwrap()
}

/// Some vessel's number: a year, and digits that no machine filled in.
fn numbers() -> impl Strategy<Value = VesselNumber> {
    (1950..2026_u16, 0..10_000_000_u32).prop_filter_map("filled in", |(year, serial)| {
        VesselNumber::canonical(&format!("CN{year}{serial:07}"))
    })
}

#[test]
fn each_number_of_a_vessel_counts_as_its_owner_states_it() {
    let one = vec![of(NUMBER)];
    for (raw, by_itself, as_stated) in [
        (NUMBER, Some(one.clone()), Some(one.clone())),
        (" cn2015 4839-571 ", Some(one.clone()), Some(one.clone())),
        ("ＣＮ２０１５４８３９５７１", Some(one.clone()), Some(one.clone())),
        ("20154839571", None, Some(one.clone())),
        ("无", None, Some(vec![])),
        ("不详", None, None),
        // Other numbers of vessels: IMO, MMSI, official number, number of the survey.
        ("IMO 9074729", None, None),
        ("413000000", None, None),
        ("160115000123", None, None),
        ("2015C2300123", None, None),
        ("13800138000", None, None),
        // Fillings, and years in which no keel was laid.
        ("CN20150000000", None, None),
        ("CN20151234567", None, None),
        ("CN00004839571", None, None),
        ("CN18994839571", None, None),
        ("CN2015483957", None, None),
        ("CN201548395711", None, None),
        ("", None, None),
        ("CN20154839571，", None, None),
    ] {
        assert_eq!(accounted(&Declared::default(), raw), by_itself, "{raw}");
        assert_eq!(accounted(&stated(), raw), as_stated, "{raw}");
    }
    let both = format!("{NUMBER};{OTHER};{NUMBER}");
    assert_eq!(accounted(&Declared::default(), &both), Some(vec![of(NUMBER), of(OTHER)]));
    assert!(is_regular(NUMBER) && is_regular("cn20154839571"));
    assert!(!is_regular(" CN20154839571") && !is_regular("20154839571"));
}

#[test]
fn a_keel_that_is_to_be_laid_is_a_slip_in_a_number() {
    let today = CivilDay::of(NaiveDate::from_ymd_opt(2026, 11, 30).unwrap());
    let future = "CN20624839571";
    assert!(is_to_come(&of(future), today) && !is_to_come(&of("CN20264839571"), today));
    let read = |raw: &str| whose(KeyKind::Vessel, &Declared::default(), raw, today);
    let KeyWhose::Could(suspect) = read(future) else { panic!("read as a vessel's") };
    // 2026, with its last digits swapped.
    assert!(!suspect.is_anybodys() && suspect.could_match(&of("CN20264839571").into()));
    assert!(matches!(read(&format!("{NUMBER};{future}")), KeyWhose::Could(_)));
    assert!(matches!(read(NUMBER), KeyWhose::One(_)));
}

#[test]
fn what_is_left_of_a_number_is_its_own_and_what_is_not_understood_anybodys() {
    let (one, other) = (of(NUMBER), of(OTHER));
    for (raw, is_its_own) in [
        ("CN2015483957", true),
        ("CN201548395711", true),
        ("CN2O154839571", true),
        ("GN20154839571", true),
        ("CN2015483", true),
        ("CN2015*****71", true),
        ("CN20154839571；CN1998****264", true),
        ("CN2015*****72", false),
        ("CN2014*****71", false),
    ] {
        let suspect = Suspect::new(raw);
        assert!(!suspect.is_anybodys(), "{raw}");
        assert_eq!(suspect.could_match(&one), is_its_own, "{raw}");
    }
    assert!(!Suspect::new("CN2015483957").could_match(&other));
    for raw in [
        "",
        "无",
        "20154839571",
        "13800138000",
        "****4839571",
        "CN20****",
        "IMO 9074729",
        "413000000",
        "2015C2300123",
        "浙岱渔 03185",
        "91330100799655058B",
        "CN20154839571 及其附属艇",
        "CN20154839571；",
        "CN20150000000",
        "CNXXXXXXXXXXX",
        "2015-08-03",
    ] {
        assert!(Suspect::new(raw).is_anybodys(), "{raw}");
    }
}

#[test]
fn vessels_are_found_in_texts_and_other_numbers_are_not_taken_for_them() {
    for raw in [NUMBER, "拖带CN20154839571进港", "识别号：cn2015 4839 571.", "1CN201548395712"]
    {
        assert_eq!(vessels_in(raw), [of(NUMBER)], "{raw}");
    }
    for raw in ["联系电话 13800138000", "CN-2024-05-06 10:00", "IMO 9074729", ""] {
        assert_eq!((vessels_in(raw), damaged_in(raw).len()), (vec![], 0), "{raw}");
    }
    for raw in ["见CN2015*****71号", "原 CN2015483957", "CN201548395711"] {
        let whole = vessels_in(raw);
        let damaged = damaged_in(raw);
        // With a digit more, it is whole in another's place as well.
        assert_eq!(damaged.len(), 1, "{raw}");
        assert!(damaged[0].could_match(&of(NUMBER)) || whole == [of(NUMBER)], "{raw}");
    }
}

proptest! {
    /// Whatever befalls a number, it is its own, anybody's, or another's whole number, which is
    /// near if one slip made it.
    #[test]
    fn a_damaged_number_is_never_passed_over(
        number in numbers(),
        edits in prop::collection::vec((0..13_usize, 0..4_u8, "[0-9A-Z]"), 1..3),
        mask in prop::option::of((0..13_usize, 1..10_usize)),
        cut in prop::option::of(4..13_usize),
    ) {
        let mut text: Vec<u8> = number.as_str().bytes().collect();
        let slips = edits.len();
        for (at, kind, c) in edits {
            let (at, c) = (at.min(text.len() - 1), c.as_bytes()[0]);
            match kind {
                0 => text[at] = c,
                1 => text.insert(at, c),
                2 => drop(text.remove(at)),
                _ if at + 1 < text.len() => text.swap(at, at + 1),
                _ => {}
            }
        }
        let mut text = String::from_utf8(text).unwrap();
        let whole = number.as_str();
        let mut is_slipped = true;
        if let Some((from, length)) = mask {
            let to = (from + length).min(13);
            text = format!("{}{}{}", &whole[..from], "*".repeat(to - from), &whole[to..]);
            is_slipped = false;
        } else if let Some(cut) = cut {
            text = whole[..cut].to_owned();
            is_slipped = false;
        }
        match accounted(&Declared::default(), &text).as_deref() {
            Some([read]) if *read == number => {}
            // One slip makes a neighbour of it; two can make any other.
            Some([read]) => {
                prop_assert!(is_slipped, "{} {}", whole, text);
                prop_assert!(slips > 1 || read.neighbours().any(|near| near == number));
            }
            _ => prop_assert!(Suspect::new(&text).could_match(&number), "{} {}", whole, text),
        }
    }

    /// Neighbours are one slip away, in both directions, and no number is its own.
    #[test]
    fn neighbours_are_one_slip_away(number in numbers()) {
        let mut count = 0;
        for near in number.neighbours() {
            prop_assert!(near != number);
            prop_assert!(near.neighbours().any(|back| back == number), "{near:?}");
            count += 1;
        }
        prop_assert!((60..=109).contains(&count), "{count}");
    }

    /// Spelled in any way it is read as itself.
    #[test]
    fn every_spelling_is_read(
        number in numbers(), at in 0..13_usize,
        blank in prop::sample::select(vec![" ", "-", "\u{3000}", "\u{200b}", ""]),
    ) {
        let text = format!(" {}{blank}{} ", &number.as_str()[..at], &number.as_str()[at..]);
        for raw in [text.clone(), text.to_lowercase()] {
            prop_assert_eq!(accounted(&Declared::default(), &raw), Some(vec![number]));
            prop_assert_eq!(vessels_in(&raw), vec![number]);
        }
    }
}
