#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use proptest::prelude::*;

use super::*;

const HOME: &str = "330106001001GB00001F00010001";
const PARCEL_UNIT: &str = "330106001001GB00001W00000000";
const OTHER: &str = "330182005017JC00208F00010001";

fn stated() -> Declared {
    Declared {
        nothing: ["无".to_owned()].into(),
        unknown: ["不详".to_owned()].into(),
        ..Declared::default()
    }
}

fn of(code: &str) -> UnitCode {
    UnitCode::canonical(code).unwrap()
}

/// Some unit's code.
fn codes() -> impl Strategy<Value = UnitCode> {
    let fixture = prop_oneof!["[FLQ][0-9]{4}[0-9]{4}", Just("W00000000".to_owned())];
    ("(3301|4403|1101)[0-9]{2}[0-9]{6}[GJ][ABSXCDEFLNWY][0-9]{5}", fixture)
        .prop_filter_map("filled in", |(parcel, fixture)| {
            UnitCode::canonical(&format!("{parcel}{fixture}"))
        })
}

#[test]
fn codes_of_the_standard_are_read_and_no_others() {
    // A home, its parcel, a homestead, one of several buildings, a wood, sea without a district,
    // one of a division that was merged into another.
    for code in [
        HOME,
        PARCEL_UNIT,
        OTHER,
        "330106001001GB00001F99990001",
        "340123002004GD00021L00000003",
        "330900000000GH00012W00000000",
        "330103001001GB00001F00010001",
    ] {
        assert_eq!(of(code).as_str(), code);
        assert!(!format!("{:?}", of(code)).contains(code));
    }
    assert_eq!(of("330103001001GB00001F00010001").division(), "330103");
    for text in [
        // Lower case, a parcel, too short, too long, no such province.
        "330106001001gb00001f00010001",
        "330106001001GB00001",
        "330106001001GB00001F0001000",
        "330106001001GB00001F000100011",
        "990106001001GB00001F00010001",
        // Features that there are not; a fixture of none, and none that has a number.
        "330106001001KB00001F00010001",
        "330106001001GK00001F00010001",
        "330106001001GB00001K00010001",
        "330106001001GB00001W00010001",
        "330106001001GB00001F00000000",
        // Before the parcel was surveyed, and fillings.
        "330106000000GB00001F00010001",
        "330106001001GB00000F00010001",
        "330106001001GB99999F00010001",
        "330106001001GB00001F99999999",
        "330106001001GB00001F12345678",
        "0000000000000000000000000000",
        "",
    ] {
        assert_eq!(UnitCode::canonical(text), None, "{text}");
    }
}

#[test]
fn each_code_of_a_unit_counts_and_nothing_else_does() {
    let one = Some(vec![of(HOME)]);
    for (raw, read) in [
        (HOME, one.clone()),
        ("330106 001001 GB00001 F00010001", one.clone()),
        ("330106-001001-gb00001-f00010001", one.clone()),
        ("３３０１０６００１００１ＧＢ００００１Ｆ０００１０００１", one.clone()),
        (PARCEL_UNIT, Some(vec![of(PARCEL_UNIT)])),
        ("无", Some(vec![])),
        ("不详", None),
        ("330106001001GB00001", None),
        ("房权证杭西字第0012345号", None),
        ("浙（2021）杭州市不动产权第0012345号", None),
        ("330106001001GB00001F00010001等3个", None),
        ("330106001001GB0000IF00010001", None),
        ("", None),
    ] {
        assert_eq!(accounted(&stated(), raw), read, "{raw}");
    }
    let both = format!("{HOME}、{OTHER}");
    assert_eq!(accounted(&stated(), &both), Some(vec![of(HOME), of(OTHER)]));
    assert!(is_regular(HOME) && is_regular(&HOME.to_lowercase()));
    assert!(is_regular("330106 001001 GB00001 F00010001"), "as certificates print it");
    assert!(!is_regular("330106-001001-GB00001-F00010001"));
}

#[test]
fn what_is_left_of_a_code_is_its_own_and_what_is_not_understood_anybodys() {
    let (home, parcel, other) = (of(HOME), of(PARCEL_UNIT), of(OTHER));
    for (raw, is_homes, is_parcels) in [
        // Mistyped; letters for digits.
        ("330106001001GB00001F0001000", true, false),
        ("330106001001GB00001F000100011", true, false),
        ("330106001001KB00001F00010001", true, false),
        ("33O1O6OO1OO1GBOOOO1FOOO1OOO1", true, false),
        // The code of the parcel, and a fixture that is filled in: any unit's of it.
        ("330106001001GB00001", true, true),
        ("330106 001001 GB00001", true, true),
        ("330106001001GB00001F00000000", true, true),
        ("330106001001GB00001F99999999", true, true),
        ("330106001001GB", true, true),
        ("330106******GB00001F********", true, false),
        ("330106******GB00001*********", true, true),
        ("330106******GB00002*********", false, false),
    ] {
        let suspect = Suspect::new(raw);
        assert!(!suspect.is_anybodys(), "{raw}");
        assert_eq!(suspect.could_match(&home), is_homes, "{raw}");
        assert_eq!(suspect.could_match(&parcel), is_parcels, "{raw}");
        assert!(!suspect.could_match(&other), "{raw}");
    }
    for raw in [
        "",
        "无",
        "房权证杭西字第0012345号",
        "浙（2021）杭州市不动产权第0012345号",
        "杭西国用（2003）字第000123号",
        "330106001001",
        // Until the parcel is surveyed.
        "330106000000GB00001F00010001",
        "330106000000GB00001",
        "330106001001GB00000F00010001",
        "330106000000GB00001F********",
        "91330100799655058B",
        "330106199003074258",
        "****************************",
        "330106001001GB00001F00010001；车位",
    ] {
        assert!(Suspect::new(raw).is_anybodys(), "{raw}");
    }
}

#[test]
fn whatever_stands_behind_a_parcel_could_be_any_units_of_it() {
    let (home, other) = (of("330106001001GB00001F00010101"), of(OTHER));
    for behind in [
        "F1-101",
        "-1-101",
        "-1-1-101",
        " 1-101",
        " 101",
        "-101",
        "F101",
        "F1101",
        "1101",
        "-01-101",
        "-1-0101",
        "F1-0101",
        "F01-101",
        "F1 101",
        "-1-2-301",
        "F001-101",
        "F0001",
        "-0001-0101",
        "F00010000",
    ] {
        let raw = format!("330106001001GB00001{behind}");
        assert_eq!(accounted(&stated(), &raw), None, "{raw}");
        let suspect = Suspect::new(&raw);
        assert!(suspect.could_match(&home), "{raw}");
    }
    assert!(!Suspect::new("330106001001GB00001F1-101").could_match(&other));
    // Which parcel is not said, or no county is.
    for raw in [
        "330106001001GB1-1-101",
        "330106 1 1 GB00001",
        "000000001001GB00001F00010101",
        "999999001001GB00001F00010101",
        "330000001001GB00001F00010101",
        "330100001001GB00001F00010101",
        "330106999999GB00001F00010101",
    ] {
        assert_eq!(accounted(&stated(), raw), None, "{raw}");
        assert!(Suspect::new(raw).is_anybodys(), "{raw}");
    }
}

#[test]
fn units_are_found_in_texts_and_other_numbers_are_not_taken_for_them() {
    for raw in
        [HOME, "单元号330106001001GB00001F00010001，已抵押", "330106 001001 gb00001 f00010001。"]
    {
        assert_eq!(units_in(raw), [of(HOME)], "{raw}");
    }
    for raw in [
        "宗地 330106001001GB00001",
        "4200001234202411301234567890",
        "联系电话 13800138000",
        "91330100799655058B",
        "",
    ] {
        assert_eq!((units_in(raw), damaged_in(raw).len()), (vec![], 0), "{raw}");
    }
    for raw in ["原330106001001GB00001F0001000号", "见 330106******GB00001F********"] {
        let damaged = damaged_in(raw);
        assert_eq!((damaged.len(), units_in(raw)), (1, vec![]), "{raw}");
        assert!(damaged[0].could_match(&of(HOME)), "{raw}");
    }
}

proptest! {
    /// Whatever befalls a code, it is its own, anybody's, or another's whole code, which is near if
    /// one slip made it.
    #[test]
    fn a_damaged_code_is_never_passed_over(
        code in codes(),
        edits in prop::collection::vec((0..28_usize, 0..4_u8, "[0-9A-Z]"), 1..3),
        mask in prop::option::of((0..28_usize, 1..20_usize)),
        cut in prop::option::of(4..28_usize),
    ) {
        let mut text: Vec<u8> = code.as_str().bytes().collect();
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
        let whole = code.as_str();
        let mut is_slipped = true;
        if let Some((from, length)) = mask {
            let to = (from + length).min(LENGTH);
            text = format!("{}{}{}", &whole[..from], "*".repeat(to - from), &whole[to..]);
            is_slipped = false;
        } else if let Some(cut) = cut {
            text = whole[..cut].to_owned();
            is_slipped = false;
        }
        match accounted(&Declared::default(), &text).as_deref() {
            Some([read]) if *read == code => {}
            Some([read]) => {
                prop_assert!(is_slipped, "{} {}", whole, text);
                prop_assert!(slips > 1 || read.neighbours().any(|near| near == code));
            }
            _ => prop_assert!(Suspect::new(&text).could_match(&code), "{} {}", whole, text),
        }
    }

    /// Neighbours are one slip away, in both directions, and every slip that makes a code is one.
    #[test]
    fn every_slip_that_makes_a_code_makes_a_neighbour(
        code in codes(), at in 0..28_usize, c in "[0-9A-Z]",
    ) {
        let near: Vec<UnitCode> = code.neighbours().collect();
        for other in near.iter().step_by(17) {
            prop_assert!(*other != code);
            prop_assert!(other.neighbours().any(|back| back == code), "{other:?}");
        }
        let whole = code.as_str();
        let slip = format!("{}{c}{}", &whole[..at], &whole[at + 1..]);
        if let Some(read) = UnitCode::canonical(&slip) {
            prop_assert!(read == code || near.contains(&read), "{whole} {slip}");
        }
    }

    /// Spelled in any way it is read as itself.
    #[test]
    fn every_spelling_is_read(
        code in codes(), at in 0..28_usize,
        blank in prop::sample::select(vec![" ", "-", "\u{3000}", "\u{200b}", ""]),
    ) {
        let text = format!(" {}{blank}{} ", &code.as_str()[..at], &code.as_str()[at..]);
        for raw in [text.clone(), text.to_lowercase()] {
            prop_assert_eq!(accounted(&Declared::default(), &raw), Some(vec![code]));
            prop_assert_eq!(units_in(&raw), vec![code]);
        }
        for spelling in code.spellings() {
            prop_assert!(is_regular(&spelling));
        }
    }
}
