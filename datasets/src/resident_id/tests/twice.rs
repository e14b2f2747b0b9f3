//! Several accidents in one cell, and what such a cell costs: how many persons of a city it blocks.
//!
//! `ZEROTRIP_CITY=300000` measures a big one.

use super::cells::{number, random};
use super::*;

fn person(text: &str) -> ResidentId {
    ResidentId::new_strict(text).unwrap()
}

fn today() -> CivilDay {
    CivilDay::of(NaiveDate::from_ymd_opt(2026, 11, 28).unwrap())
}

fn concerns(raw: &str, person: &ResidentId) -> bool {
    match Declared::default().whose(raw, today()) {
        Whose::Person(one) => one == *person,
        Whose::Several(several) => several.contains(person),
        Whose::Organisation | Whose::Nobody => false,
        Whose::Could(suspect) => suspect.could_match(person),
    }
}

#[test]
fn the_cells_that_the_long_run_found_are_held() {
    for (raw, p) in [
        // Two slips before rounding: what is left looks like an id of 15 digits, and begins one of
        // 18 but for one slip.
        ("444052420130226000", "440524201307226444"),
        ("320050820130226000\u{202d}", "320508201307226543"),
        // The number of a birth to come, in a list.
        ("330102207103126320；933084198612282390", "330102200103126302"),
        ("330102207103196302/320508193601152963", "330102200103126302"),
        // A whole id with a digit before and behind it, divided by a blank, beside another.
        ("110105321028070 1110105202\u{3000}0012175422", "110105202001217542"),
        // Three slips that make the check character of a credit code right; nothing is registered
        // in division 102201.
        ("331022015086629736", "330102201508269736"),
        // Nothing shows a number so.
        ("35.30106E+13", "330106200203047543"),
        // Only if a `Z` can stand for a 1 is that an id.
        ("330130Z19610S33\u{200b}588", "320508200805201395"),
        // 15 digits of the sequences for another century, and no day of any: two slips, then.
        ("440_x000D_524790229996", "440524197905299265"),
    ] {
        assert!(concerns(raw, &person(p)), "{raw:?}");
    }
    // One slip before rounding: of persons born on 11 June 2012.
    let born = |month, day| {
        let day = NaiveDate::from_ymd_opt(2012, month, day).unwrap();
        (1..=995).filter(move |sequence| {
            concerns(
                "330010220120611000",
                &ResidentId::from_parts(330_102, day, *sequence).unwrap(),
            )
        })
    };
    assert_eq!((born(6, 11).count(), born(8, 24).count()), (995, 0));
    assert!(!concerns("330010220120611000", &person("330102201608053270")));
    // Only another letter shows that a code is one, and not a masked id with the right check
    // character.
    assert!(matches!(parse("92330106700XXXXTP0"), Reading::Code(_)));
    let masked = (0..100)
        .map(|end| format!("51330119XXXX1712{end:02}"))
        .filter(|code| uscc::is_valid(code.as_bytes()));
    let masked: Vec<String> = masked.collect();
    assert!(
        !masked.is_empty() && masked.iter().all(|code| parse(code) == Reading::Unreadable),
        "{masked:?}"
    );
    let national = (b'0'..=b'9').map(|last| format!("91100000MA2HXQ7B1{}", char::from(last)));
    assert!(national.filter(|code| matches!(parse(code), Reading::Code(_))).count() <= 1);
}

proptest! {
    #[test]
    fn month_and_day_exchanged_are_one_slip(id in any_id(), at in 0usize..18, digit in 0u8..10) {
        let text = id.as_str();
        let turned = format!("{}{}{}{}", &text[..10], &text[12..14], &text[10..12], &text[14..]);
        let mut other = turned.clone();
        other.replace_range(at..=at, &digit.to_string());
        for raw in [turned, other] {
            prop_assume!(parse(&raw) == Reading::Unreadable);
            prop_assert!(concerns(&raw, &id), "{}", raw);
            let list = format!("110105197511302554;{raw}");
            prop_assert!(concerns(&list, &id), "{}", list);
        }
    }

    #[test]
    fn the_number_of_a_birth_to_come_is_a_slip_in_a_list_too(id in any_id(), other in any_id(), years in 1i32..70, mark in prop::sample::select(vec![";", "、", " / ", "\n", " "])) {
        prop_assume!(id.birth_date() <= today().date() && other.birth_date() <= today().date());
        // Only the year and the check character are wrong.
        let text = id.as_str();
        let wrong = (0..=9).map(|last| format!("{}{:04}{}{last}", &text[..6], 2026 + years, &text[10..17]));
        let wrong = wrong.chain([format!("{}{:04}{}X", &text[..6], 2026 + years, &text[10..17])]);
        for unborn in wrong.filter(|one| matches!(parse(one), Reading::Person(_))) {
            for raw in [unborn.clone(), format!("{}{mark}{unborn}", other.as_str()), format!("{unborn}{mark}{}", other.as_str())] {
                let whose = Declared::default().whose(&raw, today());
                prop_assert!(matches!(whose, Whose::Could(_)), "{} {:?}", raw, whose);
                prop_assert!(concerns(&raw, &person(&unborn)), "{}", raw);
                prop_assert!(raw == unborn || concerns(&raw, &other), "{}", raw);
                // A year that differs in two digits is a slip of two.
                let far = unborn[6..10].bytes().zip(text[6..10].bytes()).filter(|(a, b)| a != b).count();
                let off = far + usize::from(unborn[17..] != text[17..]);
                prop_assert!(off > 2 || concerns(&raw, &id), "{}", raw);
            }
        }
    }

    #[test]
    fn who_stands_there_to_the_letter_is_never_passed_over(id in any_id(), other in any_id(), before in "[0-9]{0,2}", after in "[0-9]{0,2}", at in 1usize..17, blank in prop::sample::select(vec![" ", "\u{3000}", "-", "\u{a0} "])) {
        prop_assume!(id.birth_date() <= today().date() && other.birth_date() <= today().date());
        let (from, to) = id.as_str().split_at(at);
        for raw in [format!("{} {before}{from}{blank}{to}{after}", other.as_str()), format!("{before}{from}{blank}{to}{after};{}", other.as_str())] {
            prop_assert!(concerns(&raw, &id), "{}", raw);
        }
    }

    #[test]
    fn slips_before_rounding_are_held_for(id in any_id(), slips in prop::collection::vec((0u8..4, 0usize..15, 0u8..10), 1..=2)) {
        // What comes between two neighbours that are exchanged is a third edit.
        let is_between = matches!(slips.as_slice(), [(2, at, _), (1, then, _)] if *then == at + 1)
            || matches!(slips.as_slice(), [(3, at, _), (2, then, _)] if then + 1 == *at);
        prop_assume!(!is_between);
        let mut digits: Vec<u8> = id.as_str().bytes().take(17).collect();
        for (what, at, digit) in &slips {
            match what {
                0 => digits[*at] = b'0' + digit,
                1 => digits.insert(*at, b'0' + digit),
                2 => digits.swap(*at, at + 1),
                _ => drop(digits.remove(*at)),
            }
        }
        let kept = String::from_utf8(digits[..15].to_vec()).unwrap();
        let raw = format!("{kept}000");
        prop_assume!(parse(&raw) == Reading::Unreadable);
        // Where an id begins so to the letter, nothing shows that there were slips: one is allowed
        // for.
        let is_century = ["18", "19", "20"].contains(&&kept[6..8]);
        let begins = is_century && ("01"..="12").contains(&&kept[10..12]) && ("01"..="31").contains(&&kept[12..14]);
        prop_assert!((begins && slips.len() > 1) || concerns(&raw, &id), "{}", raw);
    }
}

/// So many residents of one city's districts, evenly by birth.
fn city(dice: &mut impl FnMut() -> u64) -> Vec<ResidentId> {
    let first = NaiveDate::from_ymd_opt(1930, 1, 1).unwrap();
    let somebody = |_| {
        let division = 330_102 + u32::try_from(dice() % 8).unwrap();
        let birth = first + chrono::Duration::days(i64::try_from(dice() % 35_000).unwrap());
        ResidentId::from_parts(division, birth, u16::try_from(dice() % 995 + 1).unwrap()).unwrap()
    };
    (0..number("ZEROTRIP_CITY", 3_000)).map(somebody).collect()
}

#[test]
fn a_cell_with_one_accident_blocks_few() {
    let mut dice = random(number("ZEROTRIP_SEED", 7));
    let persons = city(&mut dice);
    let probes: Vec<Probe> = persons.iter().map(Probe::new).collect();
    let mut slip = |text: &str| {
        let mut characters: Vec<char> = text.chars().collect();
        let at = usize::try_from(dice() % 14).unwrap();
        let digit = char::from(b'0' + u8::try_from(dice() % 10).unwrap());
        match dice() % 4 {
            0 => characters[at] = digit,
            1 => characters.insert(at, digit),
            2 => characters.swap(at, at + 1),
            _ => drop(characters.remove(at)),
        }
        characters.into_iter().collect::<String>()
    };
    let other = ResidentId::from_parts(330_106, NaiveDate::from_ymd_opt(1990, 5, 17).unwrap(), 123)
        .unwrap();
    let rounded = |text: &str| format!("{}000", &text[..15]);
    let unborn = |text: &str| {
        let year = format!("{}2071{}", &text[..6], &text[10..17]);
        let last = (b'0'..=b'9').chain([b'X']).map(|last| format!("{year}{}", char::from(last)));
        last.into_iter().find(|one| matches!(parse(one), Reading::Person(_))).unwrap_or_default()
    };
    let mut twice: Vec<[String; 4]> = Vec::new();
    for id in persons.iter().take(40) {
        let (once, other) = (slip(id.as_str()), slip(id.as_str()));
        let both = slip(&once);
        twice.push([rounded(&other), rounded(&both), once, both]);
    }
    let of = |kind: usize| twice.iter().map(|made| made[kind].clone()).collect::<Vec<_>>();
    let made = |kind: &dyn Fn(&str) -> String| {
        persons.iter().take(40).map(|id| kind(id.as_str())).collect::<Vec<_>>()
    };
    // How many cells may be anybody's, and whom the others may block, of 3,000.
    let kinds = [
        ("one slip", of(2), 0, 2.0),
        ("two slips", of(3), 20, 2.0),
        // A tenth ends in four zeros, as what a machine fills in does.
        ("rounded", made(&|text| rounded(text)), 8, 3.0),
        ("a slip, rounded", of(0), 10, 4.0),
        ("two slips, rounded", of(1), 20, 4.0),
        ("a birth to come", made(&|text| unborn(text)), 0, 2.0),
        (
            "a birth to come, in a list",
            made(&|text| format!("{};{}", other.as_str(), unborn(text))),
            0,
            2.0,
        ),
        ("masked, eight", made(&|text| format!("{}********{}", &text[..6], &text[14..])), 0, 3.0),
        ("cut after 14", made(&|text| text[..14].to_owned()), 0, 4.0),
    ];
    for (kind, cells, most_anybodys, most_blocked) in &kinds {
        let suspects =
            cells.iter().filter_map(|raw| match Declared::default().whose(raw, today()) {
                Whose::Could(suspect) => Some(suspect),
                _ => None,
            });
        let (anybodys, narrow): (Vec<Suspect>, Vec<Suspect>) =
            suspects.partition(Suspect::is_anybodys);
        let blocked: usize = narrow
            .iter()
            .map(|suspect| probes.iter().filter(|probe| suspect.could_be(probe)).count())
            .sum();
        let (each, all) = (blocked as f64 / narrow.len().max(1) as f64, persons.len());
        println!(
            "{kind}: of {} cells {} are anybody's, each other one blocks {each:.1} of {all}",
            cells.len(),
            anybodys.len()
        );
        assert!(
            anybodys.len() <= *most_anybodys && (all > 3_000 || each <= *most_blocked),
            "{kind}"
        );
    }
}
