#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use proptest::prelude::*;

use super::*;
use crate::CivilDay;
use crate::key::{KeyKind, KeyWhose, whose};

const NUMBER: &str = "LSVAA49J132047371";
const OTHER: &str = "LBV5S3102ESJ25655";

fn stated() -> Declared {
    Declared {
        schemes: [Scheme::VinTail].into(),
        nothing: ["无".to_owned()].into(),
        unknown: ["不详".to_owned()].into(),
        ..Declared::default()
    }
}

fn of(number: &str) -> Vin {
    Vin::canonical(number).unwrap()
}

/// The number with the check digit that the others make.
fn checked(text: &str) -> Option<Vin> {
    "0123456789X".chars().find_map(|check| {
        let whole = format!("{}{check}{}", text.get(..CHECK)?, text.get(CHECK + 1..)?);
        Vin::canonical(&whole)
    })
}

/// Some vehicle's number.
fn numbers() -> impl Strategy<Value = Vin> {
    "[LWJK][A-HJ-NPR-Z]{2}[A-HJ-NPR-Z0-9]{5}0[A-HJ-NPR-TV-Y1-9][A-HJ-NPR-Z0-9][0-9]{6}"
        .prop_filter_map("filled in", |text| checked(&text))
}

#[test]
fn numbers_of_the_standard_are_read_and_no_others() {
    // Of makers here and elsewhere, one with `X` for ten.
    for number in [
        NUMBER,
        OTHER,
        "LATPAB071W1005301",
        "LDC613P23A1305189",
        "LSJA24U62JG269225",
        "1M8GDM9AXKP042788",
    ] {
        assert_eq!(of(number).as_str(), number);
        assert!(!format!("{:?}", of(number)).contains(number));
    }
    for text in [
        // A wrong check digit, a letter that none has, lower case, too short, too long.
        "LSVAA49J232047371",
        "LSVAA49J13204737I",
        "lsvaa49j132047371",
        "LSVAA49J13204737",
        "LSVAA49J1320473711",
        // Fillings and a person's number that was cut, though the check digit is right; one made
        // for another market, which has none.
        "11111111111111111",
        "00000000000000000",
        "11010519491231009",
        "WVWZZZ1KZ6W000001",
        "",
    ] {
        assert_eq!(Vin::canonical(text), None, "{text}");
    }
    let digits = checked("11010519491231002").or_else(|| checked("33010619900307425"));
    assert_eq!(digits, None, "digits alone");
}

#[test]
fn each_number_of_a_vehicle_counts_as_its_owner_states_it() {
    let one = vec![of(NUMBER)];
    for (raw, by_itself, as_stated) in [
        (NUMBER, Some(one.clone()), Some(one.clone())),
        (" lsva a49j-1320 47371 ", Some(one.clone()), Some(one.clone())),
        ("ＬＳＶＡＡ４９Ｊ１３２０４７３７１", Some(one.clone()), Some(one.clone())),
        ("无", None, Some(vec![])),
        ("不详", None, None),
        // Other numbers of vehicles: plates, an engine's, that of a registration certificate.
        ("浙A12345", None, None),
        ("粤BD12345", None, None),
        ("EA888-123456", None, None),
        ("330012345678", None, None),
        // What is stated of tails is a doubt, and no name.
        ("32047371", None, None),
        ("LSVAA49J232047371", None, None),
        ("LSVAA49JI32047371", None, None),
        ("", None, None),
        ("LSVAA49J132047371，", None, None),
        ("LSVAA49J132047371（事故车）", None, None),
    ] {
        assert_eq!(accounted(&Declared::default(), raw), by_itself, "{raw}");
        assert_eq!(accounted(&stated(), raw), as_stated, "{raw}");
    }
    let both = format!("{NUMBER};{OTHER};{NUMBER}");
    assert_eq!(accounted(&Declared::default(), &both), Some(vec![of(NUMBER), of(OTHER)]));
    assert!(is_regular(NUMBER) && is_regular("lsvaa49j132047371"));
    assert!(!is_regular(" LSVAA49J132047371") && !is_regular("LSVAA49J232047371"));
}

#[test]
fn what_is_left_of_a_number_is_its_own_and_what_is_not_understood_anybodys() {
    let (one, other) = (of(NUMBER), of(OTHER));
    for (raw, is_its_own) in [
        // A wrong check digit, a digit lost, one too many, two slips.
        ("LSVAA49J232047371", true),
        ("LSVAA49J13204737", true),
        ("LSVAA49J1320473711", true),
        ("LSVAA49J132047363", true),
        // Letters for the digits that they look like, however many.
        ("LSVAA49JI32O4737I", true),
        ("lsvaa49ji32047371", true),
        ("LSVA*********7371", true),
        ("LSVA*********7372", false),
        ("LBV5S3102ESJ25655；LSVAA49J232047371", true),
        // Of one without a check digit, which nobody resembles here.
        ("WVWZZZ1KZ6W000001", false),
    ] {
        let suspect = Suspect::new(raw);
        assert!(!suspect.is_anybodys(), "{raw}");
        assert_eq!(suspect.could_match(&one), is_its_own, "{raw}");
    }
    assert!(!Suspect::new("LSVAA49J232047371").could_match(&other));
    for raw in [
        "",
        "无",
        "浙A12345",
        "粤BD12345",
        "32047371",
        "047371",
        "EA888-123456",
        "330012345678",
        "91330100799655058B",
        "11010519491231002X",
        "CN20154839571",
        "11111111111111111",
        "LSVXXXXXXXXXXXXXX",
        "LSVA****",
        "****7371",
        "LSVAA49J132047371 及挂车",
        "LSVAA49J232047371；浙A12345",
    ] {
        assert!(Suspect::new(raw).is_anybodys(), "{raw}");
    }
}

#[test]
fn what_is_glued_or_filled_with_characters_of_a_number_is_its_own_or_anybodys() {
    let one = of(NUMBER);
    for raw in [
        // An engine, a model or a plate before the last eight or six.
        "CSR123456 32047371",
        "CSR123456-32047371",
        "CSR12345632047371",
        "G4KD7654-32047371",
        "EA888GEN3 32047371",
        "SVW71810 32047371",
        "ZAD12345 32047371",
        "DCF1234567 047371",
        // Masks and fillings that a number could have.
        "LSVAA49J1XXX47371",
        "LSVAA4XXXXX047371",
        "LSVXXXXJ132047371",
        "LSVAA4XXX32047371",
        "XXXAA49J132047371",
        "LSVAA400000047371",
        "LSV00000000047371",
        "LSVAA49J100000371",
        "LSVAA49J132047000",
        "LSVAA499999047371",
        "LSVAA49J111111111",
        "LSVAA49J1AAA47371",
        "LSVAA49J1HHH47371",
        "LSVOOOOJ132047371",
        "LSVAA49J1OOOO7371",
        "LSVAA49J1QQQQ7371",
        "LSVAA49JIIIIIIIII",
        // With a right check digit by chance.
        "LSVAA49J1XXXX7371",
        "LSVAA49J1NNN47371",
    ] {
        assert_eq!(accounted(&stated(), raw), None, "{raw}");
        assert!(Suspect::new(raw).could_match(&one), "{raw}");
    }
}

#[test]
fn the_last_eight_are_a_doubt_for_those_that_end_so_where_that_is_stated() {
    let today = CivilDay::MAX;
    let read = |declared: &Declared, raw: &str| match whose(KeyKind::Vehicle, declared, raw, today)
    {
        KeyWhose::Could(suspect) => suspect,
        other => panic!("{raw}: {other:?}"),
    };
    let ends = read(&stated(), "32047371");
    assert!(!ends.is_anybodys());
    assert!(ends.could_match(&of(NUMBER).into()) && !ends.could_match(&of(OTHER).into()));
    assert!(read(&stated(), "3204-737 2").could_match(&of(NUMBER).into()), "one slip");
    assert!(!read(&stated(), "32047282").could_match(&of(NUMBER).into()), "two");
    assert!(read(&stated(), "esj25655").could_match(&of(OTHER).into()));
    // Of another length, filled in, and where nobody states them.
    for raw in ["047371", "00000000", "12345678", "不详", "浙A12345"] {
        assert!(read(&stated(), raw).is_anybodys(), "{raw}");
    }
    assert!(read(&Declared::default(), "32047371").is_anybodys());
}

#[test]
fn vehicles_are_found_in_texts_and_other_numbers_are_not_taken_for_them() {
    for raw in [
        NUMBER,
        "车架号LSVAA49J132047371，已抵押",
        "vin: lsva a49j-132047371.",
        "1LSVAA49J1320473712",
    ] {
        assert_eq!(vehicles_in(raw), [of(NUMBER)], "{raw}");
    }
    // One that was made elsewhere counts where it stands alone.
    let import = "1M8GDM9AXKP042788";
    assert_eq!(vehicles_in(&format!("VIN {import} 2015")), [of(import)]);
    assert_eq!(vehicles_in(&format!("A{import}B")), []);
    for raw in [
        "联系电话 13800138000",
        "91330100799655058B",
        "LibreOffice70123",
        "LOG_2024_01_01_12",
        "2024-05-06 10:00",
        "",
    ] {
        assert_eq!((vehicles_in(raw), damaged_in(raw).len()), (vec![], 0), "{raw}");
    }
    for raw in ["见LSVA*********7371号", "原 LSVAA49J232047371", "LSVAA49J13204737"] {
        let damaged = damaged_in(raw);
        assert_eq!((damaged.len(), vehicles_in(raw)), (1, vec![]), "{raw}");
        assert!(damaged[0].could_match(&of(NUMBER)), "{raw}");
    }
}

proptest! {
    /// Whatever befalls a number, it is its own, anybody's, or another's whole number, which is
    /// near if one slip made it.
    #[test]
    fn a_damaged_number_is_never_passed_over(
        number in numbers(),
        edits in prop::collection::vec((0..17_usize, 0..4_u8, "[0-9A-Z]"), 1..3),
        mask in prop::option::of((0..17_usize, 1..12_usize)),
        cut in prop::option::of(4..17_usize),
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
            let to = (from + length).min(LENGTH);
            text = format!("{}{}{}", &whole[..from], "*".repeat(to - from), &whole[to..]);
            is_slipped = false;
        } else if let Some(cut) = cut {
            text = whole[cut..].to_owned();
            is_slipped = false;
        }
        match accounted(&stated(), &text).as_deref() {
            Some([read]) if *read == number => {}
            Some([read]) => {
                prop_assert!(is_slipped, "{} {}", whole, text);
                prop_assert!(slips > 1 || read.neighbours().any(|near| near == number));
            }
            _ => {
                prop_assert!(Suspect::new(&text).could_match(&number), "{} {}", whole, text);
                prop_assert!(suspect(&stated(), &text).could_match(&number), "{} {}", whole, text);
            }
        }
    }

    /// One slip is noticed, or makes a neighbour; neighbours are few, and one slip away in both
    /// directions.
    #[test]
    fn one_slip_is_noticed_or_makes_a_neighbour(
        number in numbers(), at in 0..17_usize, c in "[A-HJ-NPR-Z0-9]",
    ) {
        let near: Vec<Vin> = number.neighbours().collect();
        prop_assert!((1..=60).contains(&near.len()), "{}", near.len());
        for other in &near {
            prop_assert!(*other != number);
            prop_assert!(other.neighbours().any(|back| back == number), "{other:?}");
        }
        let whole = number.as_str();
        let slip = format!("{}{c}{}", &whole[..at], &whole[at + 1..]);
        if let Some(read) = Vin::canonical(&slip) {
            prop_assert!(read == number || near.contains(&read), "{whole} {slip}");
        }
    }

    /// Spelled in any way it is read as itself.
    #[test]
    fn every_spelling_is_read(
        number in numbers(), at in 0..17_usize,
        blank in prop::sample::select(vec![" ", "-", "\u{3000}", "\u{200b}", ""]),
    ) {
        let text = format!(" {}{blank}{} ", &number.as_str()[..at], &number.as_str()[at..]);
        for raw in [text.clone(), text.to_lowercase()] {
            prop_assert_eq!(accounted(&Declared::default(), &raw), Some(vec![number]));
            prop_assert!(vehicles_in(&raw).contains(&number));
        }
    }
}
