#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

use proptest::prelude::*;

use super::*;

mod beside;
mod cells;
mod disguised;
mod oracle;
mod twice;

/// One that could have been issued.
fn any_id() -> impl Strategy<Value = ResidentId> {
    let days = NaiveDate::from_ymd_opt(1880, 1, 1).unwrap();
    let province =
        prop::sample::select(vec![11u32, 13, 21, 33, 44, 50, 65, 71, 81, 82, 83, 91, 95]);
    (province, 0u32..10_000, 0i64..53_000, 1u16..=995)
        .prop_map(move |(province, rest, day, sequence)| {
            ResidentId::from_parts(
                province * 10_000 + rest,
                days + chrono::Duration::days(day),
                sequence,
            )
            .unwrap()
        })
        .prop_filter("issued", plausible::is_plausible)
}

/// A spelling that an old system could hold: full-width digits, blanks anywhere, either case,
/// either generation.
fn any_spelling() -> impl Strategy<Value = (ResidentId, String)> {
    (any_id(), any::<prop::sample::Index>(), prop::collection::vec((0u8..6, 0u8..8), 18)).prop_map(
        |(id, which, slips)| {
            let spellings = id.spellings();
            let mut out = String::new();
            for (c, (width, blank)) in which.get(&spellings).chars().zip(slips) {
                out.push(if width == 0 {
                    char::from_u32(u32::from(c) + 0xfee0).unwrap()
                } else {
                    c
                });
                match blank {
                    0 => out.push(' '),
                    1 => out.push('\u{3000}'),
                    2 => out.push_str("\u{a0}\t"),
                    _ => {}
                }
            }
            (id, out)
        },
    )
}

#[derive(Clone, Debug)]
enum Slip {
    Replace(prop::sample::Index, char),
    Insert(prop::sample::Index, char),
    Drop(prop::sample::Index),
    Swap(prop::sample::Index),
}

fn slip() -> impl Strategy<Value = Slip> {
    let c = prop_oneof![prop::char::range('0', '9'), Just('X'), Just('O'), Just('?'), Just('l')];
    prop_oneof![
        (any::<prop::sample::Index>(), c.clone()).prop_map(|(at, c)| Slip::Replace(at, c)),
        (any::<prop::sample::Index>(), c).prop_map(|(at, c)| Slip::Insert(at, c)),
        any::<prop::sample::Index>().prop_map(Slip::Drop),
        any::<prop::sample::Index>().prop_map(Slip::Swap),
    ]
}

/// Returns how many edits it cost.
fn apply(text: &mut Vec<char>, slip: &Slip) -> usize {
    match slip {
        Slip::Replace(at, c) => {
            let at = at.index(text.len());
            text[at] = *c;
            1
        }
        Slip::Insert(at, c) => {
            text.insert(at.index(text.len() + 1), *c);
            1
        }
        Slip::Drop(at) => {
            text.remove(at.index(text.len()));
            1
        }
        Slip::Swap(at) => {
            let at = at.index(text.len() - 1);
            text.swap(at, at + 1);
            1
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn every_spelling_reads_as_its_person((id, raw) in any_spelling()) {
        prop_assert_eq!(parse(&raw), Reading::Person(id));
        prop_assert_eq!(is_irregular(&raw), !id.spellings().contains(&raw));
    }

    #[test]
    fn regular_spellings_are_regular(id in any_id()) {
        for spelling in id.spellings() {
            prop_assert_eq!(parse(&spelling), Reading::Person(id));
            prop_assert!(!is_irregular(&spelling));
        }
    }

    #[test]
    fn anything_read_as_a_person_is_a_spelling_or_irregular(raw in "[ 0-9xX０-９\u{3000}]{15,20}") {
        if let Reading::Person(id) = parse(&raw) {
            prop_assert!(id.spellings().contains(&raw) != is_irregular(&raw));
        }
    }

    #[test]
    fn a_wrong_character_is_never_read_as_a_person_or_another_scheme(id in any_id(), at in 0usize..18, c in prop::char::range('0', '9')) {
        let mut text: Vec<char> = id.as_str().chars().collect();
        prop_assume!(text[at] != c);
        text[at] = c;
        let raw: String = text.into_iter().collect();
        prop_assert_eq!(parse(&raw), Reading::Unreadable);
        prop_assert!(ResidentId::new_strict(&raw).is_err());
    }

    #[test]
    fn what_needs_no_folding_is_read_as_what_does(id in any_id(), at in 0usize..18, c in prop::char::range('0', 'X')) {
        let mut raw = id.as_str().to_owned();
        prop_assert_eq!(parse(&raw), parse(&format!(" {raw}")));
        raw.replace_range(at..=at, c.encode_utf8(&mut [0; 4]));
        prop_assert_eq!(parse(&raw), parse(&format!(" {raw}")));
    }

    #[test]
    fn a_mistyped_spelling_could_match((id, raw) in any_spelling(), slips in prop::collection::vec(slip(), 1..=2)) {
        let mut text: Vec<char> = crate::fold::identifier(&raw).chars().collect();
        let cost: usize = slips.iter().map(|slip| apply(&mut text, slip)).sum();
        prop_assume!(cost <= 2);
        let raw: String = text.into_iter().collect();
        prop_assert!(could_match(&raw, &id), "{}", raw);
        match parse(&raw) {
            Reading::Code(code) => prop_assert!(false, "read as `{}`", code),
            Reading::Person(_) | Reading::Unreadable => {}
        }
    }

    #[test]
    fn a_masked_spelling_could_match((id, raw) in any_spelling(), from in 0usize..14, hidden in 1usize..12, stars in 2usize..10) {
        let text = crate::fold::identifier(&raw);
        let to = (from + hidden).min(text.len());
        let same_length = format!("{}{}{}", &text[..from], "*".repeat(to - from), &text[to..]);
        let shorter = format!("{}{}{}", &text[..from], "＊".repeat(stars), &text[to..]);
        prop_assert!(could_match(&same_length, &id), "{}", same_length);
        prop_assert!(could_match(&shorter, &id), "{}", shorter);
    }

    #[test]
    fn a_truncated_spelling_could_match((id, raw) in any_spelling(), from in 0usize..15, length in 0usize..18) {
        let text = crate::fold::identifier(&raw);
        let part = &text[from..(from + length).min(text.len())];
        prop_assert!(could_match(part, &id), "{}", part);
    }

    #[test]
    fn an_overlong_cell_could_match((id, raw) in any_spelling(), before in "[0-9]{0,9}", after in "(/[0-9]{3,18})?") {
        let cell = format!("{before}{raw}{after}");
        prop_assert!(could_match(&cell, &id), "{}", cell);
    }

    #[test]
    fn two_in_one_cell_could_match_each(ids in [any_id(), any_id()], between in "[(（]夫[)）]|；；|//|与|、", before in "(夫|共有人：)?") {
        let [one, two] = ids.map(|id| id.first_generation().unwrap_or_else(|| id.as_str().to_owned()));
        let cell = format!("{before}{one}{between}{two}(妻)");
        prop_assert!(ids.iter().all(|id| could_match(&cell, id)), "{}", cell);
    }

    #[test]
    fn a_separated_spelling_could_match(id in any_id(), short in any::<bool>(), places in prop::collection::btree_set(1usize..15, 1..8), c in prop::sample::select("-./_·•—：".chars().collect::<Vec<_>>())) {
        let mut text: Vec<char> = id.first_generation().filter(|_| short).unwrap_or_else(|| id.as_str().to_owned()).chars().collect();
        for at in places.into_iter().rev() {
            text.insert(at, c);
        }
        let raw: String = text.into_iter().collect();
        prop_assert!(could_match(&raw, &id), "{}", raw);
    }

    #[test]
    fn what_a_spreadsheet_leaves_could_match(id in any_id(), short in any::<bool>(), digits in 1usize..=17, lower in any::<bool>(), wide in any::<bool>()) {
        let text = id.first_generation().filter(|_| short).unwrap_or_else(|| id.as_str().to_owned());
        prop_assume!(!text.ends_with('X'));
        let number: u128 = text.parse().unwrap();
        // Rounded half up to so many digits, as a general format or a fixed one shows it.
        let digits = digits.min(text.len() - 1);
        let unit = 10_u128.pow(u32::try_from(text.len() - digits).unwrap());
        let rounded = ((number + unit / 2) / unit).to_string();
        for fraction in [&rounded[1..], rounded[1..].trim_end_matches('0')] {
            let point = if fraction.is_empty() { "" } else { "." };
            let mut cell = format!("{}{point}{fraction}E+{}", &rounded[..1], text.len() - 1);
            if lower {
                cell = cell.to_lowercase().replace('+', "");
            }
            if wide {
                cell = cell.chars().map(|c| char::from_u32(u32::from(c) + 0xfee0).unwrap()).collect();
            }
            prop_assert_eq!(parse(&cell), Reading::Unreadable);
            prop_assert!(could_match(&cell, &id), "{} for {}", cell, id.as_str());
        }
        #[expect(clippy::cast_precision_loss, reason = "that is what is tested")]
        let real = format!("{:e}", number as f64);
        prop_assert!(could_match(&real, &id), "{} for {}", real, id.as_str());
        if text.len() == 18 {
            for kept in [number / 1000, (number + 500) / 1000] {
                let cell = format!("{kept}000");
                prop_assert!(is_spreadsheet_rounded(&cell));
                prop_assert!(could_match(&cell, &id) && Suspect::rounded(&cell).could_match(&id), "{} for {}", cell, id.as_str());
            }
        }
    }

    #[test]
    fn strangers_do_not_match(id in any_id(), other in any_id(), at in 0usize..18) {
        let mut text: Vec<char> = other.as_str().chars().collect();
        text[at] = '0';
        let raw: String = text.into_iter().collect();
        prop_assume!(raw[..8] != id.as_str()[..8] && !Suspect::new(&raw).is_anybodys());
        prop_assert!(!could_match(&raw, &id), "{} for {}", raw, id.as_str());
    }

    #[test]
    fn parse_never_panics(raw in any::<String>()) {
        let _ = parse(&raw);
        let _ = Suspect::new(&raw).is_anybodys();
        let _ = ResidentId::new_strict(&raw);
    }
}

#[test]
fn neighbours_seldom_match() {
    // The hardest strangers: one district, one year of birth. One wrong check character must not
    // stop the whole cohort.
    let day = |n: i64| NaiveDate::from_ymd_opt(1990, 1, 1).unwrap() + chrono::Duration::days(n);
    let suspect = "330106199005171231";
    assert_eq!(parse(suspect), Reading::Unreadable);
    let cohort: Vec<ResidentId> = (0..20_000)
        .map(|n| ResidentId::from_parts(330_106, day(n * 7 % 365), (n * 37 % 1000) as u16).unwrap())
        .collect();
    let hits = cohort.iter().filter(|id| could_match(suspect, id)).count();
    assert!(hits * 200 < cohort.len(), "{hits} of {}", cohort.len());
}

#[test]
fn the_standards_own_examples() {
    // GB 11643's examples: a check character of `X`, and one that is a digit.
    for text in ["11010519491231002X", "440524188001010014"] {
        assert_eq!(ResidentId::new_strict(text).unwrap().as_str(), text);
    }
    let woman = ResidentId::new_strict("11010519491231002x").unwrap();
    assert!(woman.is_female());
    assert_eq!(woman.birth_date(), NaiveDate::from_ymd_opt(1949, 12, 31).unwrap());
    assert_eq!(woman.spellings(), ["11010519491231002X", "11010519491231002x", "110105491231002"]);
    assert_eq!(
        ResidentId::new_strict("440524188001010014").unwrap().spellings(),
        ["440524188001010014"]
    );
}

#[test]
fn spreadsheets_spoil_no_more_than_they_must() {
    let id = ResidentId::new_strict("330106199005171231").unwrap_err();
    assert!(matches!(id, StrictError::CheckCharacter { .. }));
    let id = ResidentId::from_parts(330_108, NaiveDate::from_ymd_opt(1991, 12, 15).unwrap(), 793)
        .unwrap();
    let far = ResidentId::new_strict("11010519491231002X").unwrap();
    for cell in [
        "3.30108E+17",
        "3.30108199112157E+17",
        "3.30108e17",
        "330108E+12",
        "３．３０１０８ｅ＋１７",
    ] {
        assert!(could_match(cell, &id) && !could_match(cell, &far), "{cell}");
    }
    assert!(Suspect::new("3.3e17").is_anybodys() && Suspect::new("3.301E+17").is_anybodys());
    assert!(!Suspect::rounded("330108199112157000").could_match(&far));
    for cell in [
        "33010819911215700",
        "33010819911215700X",
        "330108199112157001",
        "0330108199112157000",
        "E",
    ] {
        assert!(!is_spreadsheet_rounded(cell), "{cell}");
    }
}

#[test]
fn an_id_in_pieces_is_found_among_the_cells_of_a_row() {
    let id = "330106197801021217";
    let person =
        ResidentId::from_parts(330_106, NaiveDate::from_ymd_opt(1978, 1, 2).unwrap(), 121).unwrap();
    let id = {
        assert!(person.as_str().len() == id.len());
        person.as_str()
    };
    let found = |cells: &[&str]| persons_among(cells.iter().map(|cell| Some(*cell)));
    let (division, day, tail) = (&id[..6], &id[6..14], &id[14..]);
    let dashed = format!("{}-{}-{}", &day[..4], &day[4..6], &day[6..]);
    assert_eq!(found(&["室", &id[..17], &id[17..], "2020"]), [(1, person)]);
    assert_eq!(found(&[division, &dashed, "", tail]), [(0, person)]);
    assert_eq!(found(&["7", division, &id[6..], "9"]), [(1, person)]);
    let each: Vec<&str> = (0..18).map(|at| &id[at..=at]).collect();
    assert_eq!(found(&each), [(0, person)]);
    assert_eq!(found(&[id, "1"]), [(0, person)], "whole in one cell");
    assert_eq!(
        found(&[division, "室", &id[6..]]),
        [],
        "with words between they are no pieces of one"
    );
    assert_eq!(found(&[&id[..17], &id[17..], id]).len(), 2);
}

proptest! {
    #[test]
    fn an_id_cut_anywhere_is_found(id in any_id(), cuts in prop::collection::btree_set(1usize..18, 1..5), before in prop::collection::vec("[0-9]{1,6}", 0..3)) {
        prop_assume!(matches!(parse(id.as_str()), Reading::Person(_)));
        let mut cells = before.clone();
        let ends: Vec<usize> = cuts.into_iter().chain([18]).collect();
        let mut from = 0;
        for end in ends {
            cells.push(id.as_str()[from..end].to_owned());
            from = end;
        }
        let found = persons_among(cells.iter().map(|cell| Some(cell.as_str())));
        prop_assert!(found.contains(&(before.len(), id)), "{cells:?}: {found:?}");
    }
}

#[test]
fn what_was_never_issued_is_nobody_who_can_be_asked_about() {
    let day = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).unwrap();
    let (today, born) = (day(2026, 11, 29), day(1978, 1, 2));
    let issued = |division, birth, sequence| {
        let id = ResidentId::from_parts(division, birth, sequence).unwrap();
        ResidentId::issued(id.as_str(), CivilDay::of(today)).is_ok()
    };
    assert!(
        issued(330_106, born, 121)
            && issued(330_106, today, 121)
            && issued(933_010, born, 121)
            && issued(810_000, born, 5)
    );
    assert!(!issued(330_106, day(2026, 11, 30), 121), "born tomorrow");
    assert!(!issued(330_106, day(1800, 1, 2), 121), "born before there were numbers");
    assert!(!issued(330_106, born, 0), "sequence 000");
    assert!(!issued(170_106, born, 121), "no such province");
}

#[test]
fn never_shows_the_birth_date() {
    let id = ResidentId::new_strict("11010519491231002X").unwrap();
    assert_eq!(format!("{id} {id:?}"), "110105********002X 110105********002X");
}

/// The code of an enterprise that begins so.
fn credit_code(first: &str) -> String {
    let codes = "0123456789ABCDEFGHJKLMNPQRTUWXY".chars().map(|check| format!("{first}{check}"));
    codes.into_iter().find(|code| uscc::is_valid(code.as_bytes())).unwrap()
}

#[test]
fn credit_codes_are_told_by_themselves_and_other_schemes_by_their_owner_only() {
    let code = credit_code("91330106MA2B1W7C3");
    assert_eq!(parse(&code.to_lowercase()), Reading::Code(code.clone()));
    let declared = |schemes: &[Scheme]| Declared {
        schemes: schemes.iter().copied().collect(),
        ..Declared::default()
    };
    let every: Vec<Scheme> = SCHEMES.iter().map(|(_, scheme)| *scheme).collect();
    let whole = [
        (Scheme::Passport, "e12345670"),
        (Scheme::Passport, "EA1357924"),
        (Scheme::HongKongMacauPermit, "h1357924680"),
        (Scheme::TaiwanPermit, "01357924"),
        (Scheme::PermanentResidence, "USA310077010112"),
        (Scheme::MilitaryId, "军字第2001988号"),
        (Scheme::OrganisationCode, "D2143569X"),
    ];
    for (scheme, raw) in whole {
        let of = |declared: &Declared| declared.accounted(raw);
        assert_eq!(
            (of(&declared(&[])), of(&declared(&[scheme]))),
            (None, Some(Vec::new())),
            "{raw}"
        );
        let others: Vec<Scheme> = every.iter().copied().filter(|other| *other != scheme).collect();
        assert_eq!(of(&declared(&others)), None, "{raw}");
        assert!(
            could_match(raw, &ResidentId::new_strict("11010519491231002X").unwrap()),
            "{raw}: anybody's"
        );
    }
    // Cut, filled, mistyped, or what could be left of an id: of no scheme.
    for raw in [
        "E123456",
        "E00000000",
        "X12345670",
        "H123456789",
        "19900517",
        "00000000",
        "33010619",
        "D2143569Y",
        "军字第号",
        "123456789",
        "无",
    ] {
        assert_eq!(declared(&every).accounted(raw), None, "{raw}");
    }
    for raw in [
        "",
        "无",
        "12345678",
        "330106900101",
        "X12345678",
        "330106190001011234",
        "91330106MA2B1W7C3P",
        "91110108MA01X2Y3",
    ] {
        assert_eq!(parse(raw), Reading::Unreadable, "{raw}");
    }
}

/// What was found to leave somebody out, from outside: `O` is somebody's whole id, `P` a part of
/// the other's.
#[test]
fn what_is_not_accounted_for_could_be_anybodys() {
    let stranger = ResidentId::new_strict("11010519491231002X").unwrap();
    let o = "440524199001010019".to_owned();
    let o = (0..10)
        .map(|d| format!("{}{d}", &o[..17]))
        .chain([format!("{}X", &o[..17])])
        .find(|id| ResidentId::new_strict(id).is_ok())
        .unwrap();
    let code = credit_code("91330106MA2B1W7C3");
    let cells: Vec<String> = vec![
        // Somebody else beside a whole id.
        format!("{o}等3人"),
        format!("{o}等"),
        format!("{o}、同上"),
        format!("{o};"),
        format!("{o}(已故)继承人未定"),
        format!("{o};3.3E+17"),
        format!("{o},"),
        format!(";{o}"),
        format!("{o};;{o}"),
        format!("{o}*"),
        format!("{o}…"),
        format!("{o}~"),
        format!("{code};"),
        format!("{code}等"),
        format!("{o}及配偶"),
        format!("{o}/无"),
        format!("{o} 妻"),
        format!("{o}-{o}-1"),
        // Placeholders.
        "110105194912310000".into(),
        "110105194912319999".into(),
        "330106000000001234".into(),
        "0".repeat(18),
        "1".repeat(18),
        "9".repeat(18),
        "X".repeat(18),
        "9".repeat(15),
        "1".repeat(15),
        "0".repeat(8),
        "0".repeat(15),
        "123456789012345678".into(),
        "987654321098765432".into(),
        "123456789".into(),
        "0".into(),
        "-".into(),
        "NULL".into(),
        r"\N".into(),
        "无".into(),
        "不详".into(),
        "合计".into(),
        "同上".into(),
        "888888888888888888".into(),
        "000000000000000".into(),
        // Other schemes, other columns' cells, other numbers.
        "E12345670".into(),
        "H1357924680".into(),
        "HT2019000123".into(),
        "2019-05-12".into(),
        "13857142857".into(),
        "0571-87654321".into(),
        "西湖区文三路1号".into(),
        "张三".into(),
        "4.5".into(),
        "1/2".into(),
        "#REF!".into(),
        "TRUE".into(),
        "浙(2019)杭州市不动产权第0012345号".into(),
        "201905120000123".into(),
        "12".into(),
        "A-101".into(),
        "军字第2001988号".into(),
    ];
    for raw in cells {
        assert_eq!(Declared::default().accounted(&raw), None, "{raw}");
        assert!(could_match(&raw, &stranger), "{raw}");
    }
}

#[test]
fn the_rest_of_a_cell_is_judged_by_itself() {
    let p = ResidentId::new_strict("11010519491231002X").unwrap();
    let far = ResidentId::new_strict("440524188001010014").unwrap();
    let o = ResidentId::from_parts(330_106, NaiveDate::from_ymd_opt(1990, 5, 17).unwrap(), 123)
        .unwrap();
    let o = o.as_str();
    for rest in [
        "1101051949",
        "110105194912310",
        "110105194912310021",
        "110105********002X",
        "110105XXXXXXXX002X",
        "110105*002X",
        "110105…002X",
        "110105~002X",
        "1.10105E+17",
    ] {
        for cell in [
            format!("{o};{rest}"),
            format!("{rest}、{o}"),
            format!("{o} {rest}"),
            format!("{o}/{rest}"),
            rest.to_owned(),
        ] {
            assert!(could_match(&cell, &p), "{cell}");
            assert!(!could_match(&cell, &far), "{cell}");
        }
    }
    // Whole ones, each by itself.
    let list = format!("{o}；{p}", p = p.as_str());
    let declared = Declared { nothing: ["配偶".to_owned()].into(), ..Declared::default() };
    assert_eq!(
        declared.accounted(&list).unwrap().iter().map(ResidentId::as_str).collect::<Vec<_>>(),
        [o, p.as_str()]
    );
    assert_eq!(declared.accounted(&format!("{o}、配偶")).unwrap().len(), 1);
    assert_eq!(Declared::default().accounted(&format!("{o}、配偶")), None);
}

#[test]
fn a_mask_names_whom_it_shows_and_nobody_near() {
    // Sixteen such rows once blocked 139 persons: a mask was taken for a slip of the pen besides.
    let day = |n: i64| NaiveDate::from_ymd_opt(1990, 1, 1).unwrap() + chrono::Duration::days(n);
    let cohort: Vec<ResidentId> = (0..20_000)
        .map(|n| {
            ResidentId::from_parts(330_106, day(n * 7 % 365), (n * 37 % 995 + 1) as u16).unwrap()
        })
        .collect();
    let id = cohort[77];
    for cell in [
        format!("{}**{}", &id.as_str()[..12], &id.as_str()[14..]),
        format!("{}****{}", &id.as_str()[..10], &id.as_str()[14..]),
    ] {
        assert!(could_match(&cell, &id));
        let hits = cohort
            .iter()
            .filter(|other| other.as_str()[..10] != id.as_str()[..10] && could_match(&cell, other))
            .count();
        assert_eq!(hits, 0, "{cell}");
    }
}

#[test]
fn what_cannot_have_been_issued_accounts_for_nobody() {
    for raw in [
        "111111111111111",
        "330106199005170004",
        "440524184201010011",
        "990106199005171236",
        "330106190001010009",
    ] {
        let valid = (0..10)
            .map(|d| d.to_string())
            .chain(["X".to_owned()])
            .map(|d| format!("{}{d}", &raw[..raw.len() - 1]));
        for raw in valid
            .chain([raw.to_owned()])
            .filter(|raw| raw.len() == 15 || ResidentId::new_strict(raw).is_ok())
        {
            assert!(!matches!(parse(&raw), Reading::Person(_)), "{raw}");
        }
    }
    // Set aside for people born in the 1800s, and given to others: both could be meant.
    let short = "330108600412997";
    assert_eq!(parse(short), Reading::Unreadable);
    for long in ["33010819600412997", "33010818600412997"] {
        let id = (0..10)
            .map(|d| d.to_string())
            .chain(["X".to_owned()])
            .find_map(|d| ResidentId::new_strict(&format!("{long}{d}")).ok())
            .unwrap();
        assert!(
            could_match(short, &id) && !id.spellings().iter().any(|spelling| spelling == short),
            "{long}"
        );
    }
}

#[test]
fn strict_errors_say_the_remedy() {
    let said = |text: &str| ResidentId::new_strict(text).unwrap_err().to_string();
    assert_eq!(
        said("1101051949123100"),
        "a resident id has 18 characters, and this has 16: copy the number from the card in full"
    );
    assert_eq!(
        said("110105491231002"),
        "this is a 15-digit first-generation id: give the 18-character number on the present card"
    );
    assert_eq!(
        said("1101O519491231002X"),
        "`O` at position 5 is not a digit: only the last character may be `X`"
    );
    assert_eq!(
        said("11010519491331002X"),
        "positions 7 to 14 (`19491331`) are not a date of birth: compare them with the card"
    );
    assert_eq!(
        said("110105194912310021"),
        "the check character `1` does not fit the other 17: a digit is mistyped or two are \
         swapped; compare with the card"
    );
}

#[test]
fn fifteen_digits_may_be_what_is_left_of_eighteen() {
    let id = |text: &str| ResidentId::new_strict(text).unwrap();
    // Born on 2001-12-20: cut to 15 characters, it reads as somebody's of 1920.
    let child =
        ResidentId::from_parts(330_111, NaiveDate::from_ymd_opt(2001, 12, 20).unwrap(), 805)
            .unwrap();
    let cut = &child.as_str()[..15];
    assert!(matches!(parse(cut), Reading::Person(other) if other != child));
    assert!(is_doubtful(cut) && doubtfuls(&child).any(|digits| Some(digits) == short_digits(cut)));
    // The same without its century reads as somebody's of 1901.
    let short = format!("{}{}", &child.as_str()[..6], &child.as_str()[8..17]);
    assert!(matches!(parse(&short), Reading::Person(other) if other != child));
    assert!(
        is_doubtful(&short) && doubtfuls(&child).any(|digits| Some(digits) == short_digits(&short))
    );
    // Month and day exchanged, it reads as somebody's of another day: it could be either's.
    let born = |month, day| {
        ResidentId::from_parts(330_106, NaiveDate::from_ymd_opt(1987, month, day).unwrap(), 794)
            .unwrap()
    };
    let (one, exchanged) = (born(5, 12), born(12, 5).first_generation().unwrap());
    assert!(
        matches!(parse(&exchanged), Reading::Person(other) if other == born(12, 5))
            && is_doubtful(&exchanged)
    );
    assert!(doubtfuls(&one).any(|digits| Some(digits) == short_digits(&exchanged)));
    assert!(
        !is_doubtful(&born(5, 13).first_generation().unwrap())
            && !is_doubtful(&born(5, 5).first_generation().unwrap())
    );
    // Nearly all old ids are nobody else's.
    let old = id("11010519491231002X");
    assert!(!is_doubtful(&old.first_generation().unwrap()));
    assert!(
        !is_doubtful("11010519491231002X")
            && short_digits("11010519491231002X").is_none()
            && !is_doubtful("")
    );
}

#[test]
fn filler_is_of_no_scheme() {
    let every = Declared {
        schemes: SCHEMES.iter().map(|(_, scheme)| *scheme).collect(),
        ..Declared::default()
    };
    for raw in
        ["00000000-0", "000000000", "12345678", "87654321", "11111111", "E00000000", "H0000000000"]
    {
        assert_eq!(every.accounted(raw), None, "{raw}");
    }
}

#[test]
fn a_whole_id_is_seen_beside_whatever_it_stands() {
    let id = "11010519491231002X";
    for raw in [
        id.to_owned(),
        format!("张三 {id}"),
        format!("共有人{id}。"),
        format!("{id};1101051949"),
        "(110105491231002)".to_owned(),
    ] {
        assert!(names_somebody(&raw), "{raw}");
    }
    let of = |raw: &str| {
        persons_in(raw).iter().map(|person| person.as_str().to_owned()).collect::<Vec<_>>()
    };
    let other = "33010619900101123X";
    assert_eq!(of(&format!("{id} {other}、{id}")), [id, other], "each once");
    assert_eq!(of("ＩＤ：１１０１０５ 19491231 002x 2019-05-12"), [id]);
    assert_eq!(of(&format!("NO{id}20190512")), [id], "glued to something else");
    for spelt in [
        "110105-19491231-002X",
        "110105.19491231.002X",
        "1101051949年12月31日002x",
        "110105 1949-12-31 002X",
        "110105（19491231）002Х",
        "1,1,0,1,0,5,1,9,4,9,1,2,3,1,0,0,2,X",
        "一一〇一〇五一九四九一二三一〇〇二X",
        "壹壹零壹零伍壹玖肆玖壹贰叁壹零零贰X",
        "١١٠١٠٥١٩٤٩١٢٣١٠٠٢X",
        "①①⓪①⓪⑤①⑨④⑨①②③①⓪⓪②X",
        "9911010519491231002X88",
        "110105-491231-002",
    ] {
        assert_eq!(of(spelt), [id], "{spelt}");
    }
    let written = |first: char, least: u32| -> String {
        let sign = |c: char| {
            c.to_digit(10)
                .filter(|digit| *digit >= least)
                .map(|digit| char::from_u32(u32::from(first) + digit - least).unwrap())
        };
        id.chars().map(|c| sign(c).unwrap_or(c)).collect()
    };
    for spelt in crate::fold::ZEROS
        .map(|zero| written(zero, 0))
        .into_iter()
        .chain(crate::fold::ONES.map(|one| written(one, 1)))
    {
        assert_eq!(of(&spelt), [id], "{spelt}");
    }
    assert!(
        of("文一西路98号12幢3单元1203室，2019年5月12日交付，合同号 HT201905120000123，面积 98.50 \
            平方米")
        .is_empty()
    );
    for raw in ["", "张三", "110105194912310021", "33010619900517", "HT201905120000123"] {
        assert!(!names_somebody(raw), "{raw}");
    }
}
