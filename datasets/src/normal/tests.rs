#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use proptest::prelude::*;

use super::*;

/// The same text as old systems may hold it: other case, full width, blanks and hyphens inside.
fn disguised(text: &str, dice: &[u8], blanks: &[char]) -> String {
    let mut out = String::new();
    for (at, c) in text.chars().enumerate() {
        let die = dice[at % dice.len()];
        let c = if die & 1 == 1 { c.to_ascii_lowercase() } else { c };
        let wide = (die & 6 == 6 && c.is_ascii_graphic())
            .then(|| char::from_u32(u32::from(c) + 0xfee0).unwrap());
        out.push(wide.unwrap_or(c));
        if die & 24 == 24 && !blanks.is_empty() {
            out.push(blanks[usize::from(die >> 5) % blanks.len()]);
        }
    }
    out
}

fn credit_code(first: &[u8]) -> String {
    const ALPHABET: &[u8] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
    const BEGINS: [&str; 4] = ["91330106", "53110000", "Y1650100", "12100000"];
    let mut code = BEGINS[usize::from(first[0]) % 4].as_bytes().to_vec();
    code.extend(first[8..].iter().map(|c| ALPHABET[usize::from(*c) % 31]));
    let first = code;
    let whole = ALPHABET
        .iter()
        .map(|last| [first.as_slice(), &[*last]].concat())
        .find(|code| uscc::is_valid(code))
        .unwrap();
    String::from_utf8(whole).unwrap()
}

proptest! {
    /// Whatever is read as X: every spelling of X is read as X again, so what an index gives for
    /// them is X's; and its own disguises are X.
    #[test]
    fn a_credit_code_is_found_in_every_disguise(first in proptest::collection::vec(any::<u8>(), 17), dice in proptest::collection::vec(any::<u8>(), 1..20)) {
        let code = credit_code(&first);
        for spelling in uscc::spellings(&code) {
            prop_assert_eq!(uscc::read(&spelling), Some(code.clone()));
        }
        prop_assert_eq!(uscc::read(&disguised(&code, &dice, &[' ', '\u{3000}', '-'])), Some(code.clone()));
        // One wrong character is never another enterprise's code.
        let mut wrong = code.into_bytes();
        let at = usize::from(dice[0]) % 18;
        wrong[at] = if wrong[at] == b'7' { b'8' } else { b'7' };
        prop_assert_eq!(uscc::read(std::str::from_utf8(&wrong).unwrap()), None);
    }

    #[test]
    fn a_division_is_found_in_every_disguise(six in 110_000u32..659_999, dice in proptest::collection::vec(any::<u8>(), 1..20)) {
        if let Some(code) = division::read(&six.to_string()) {
            prop_assert!(division::spellings(&code).iter().all(|spelling| division::read(spelling).as_ref() == Some(&code)));
            prop_assert!(division::spellings(&code).contains(&six.to_string()), "the old code of a merged one too");
            prop_assert_eq!(division::read(&disguised(&six.to_string(), &dice, &[' '])), Some(code));
        }
    }

    #[test]
    fn a_phone_number_is_found_in_every_disguise(
        mobile in any::<bool>(), second in 3u8..=9, rest in 100_000_000u64..999_999_999, area in 310u32..=999,
        dice in proptest::collection::vec(any::<u8>(), 1..20),
    ) {
        let raw = if mobile { format!("1{second}{rest}") } else { format!("0{area}-{}", rest / 100) };
        let number = phone::read(&raw).unwrap();
        prop_assert!(phone::spellings(&number).contains(&raw));
        for spelling in phone::spellings(&number) {
            prop_assert_eq!(phone::read(&spelling), Some(number.clone()), "{}", spelling);
        }
        prop_assert_eq!(phone::read(&disguised(&raw, &dice, &[' ', '-', '\u{3000}'])), Some(number));
    }

    #[test]
    fn money_is_exact(fen in -99_999_999_999i128..=99_999_999_999) {
        let (sign, whole, rest) = (if fen < 0 { "-" } else { "" }, fen.abs() / 100, fen.abs() % 100);
        prop_assert_eq!(money::read(&format!("{sign}{whole}.{rest:02}")), Some(fen));
        let digits = whole.to_string();
        let mut commas = String::new();
        for (at, c) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at) % 3 == 0 {
                commas.push(',');
            }
            commas.push(c);
        }
        prop_assert_eq!(money::read(&format!(" {sign}￥{commas}.{rest:02} 元")), Some(fen));
    }

    #[test]
    fn zeros_behind_the_decimals_round_nothing(fen in -99_999_999_999i128..=99_999_999_999, zeros in 0_usize..18, more in 1_u8..10) {
        let (sign, whole, rest) = (if fen < 0 { "-" } else { "" }, fen.abs() / 100, fen.abs() % 100);
        let zeros = "0".repeat(zeros);
        prop_assert_eq!(money::read(&format!("{sign}{whole}.{rest:02}{zeros}")), Some(fen));
        prop_assert_eq!(money::read(&format!("{sign}{whole}.{rest:02}{zeros}{more}")), None, "a part of a fen");
    }

    #[test]
    fn nothing_panics_and_what_is_read_is_stable(raw in ".{0,40}") {
        for read in [uscc::read, division::read, phone::read, person_name::read, address::read] {
            if let Some(canonical) = read(&raw) {
                prop_assert_eq!(read(&canonical), Some(canonical.clone()));
            }
        }
        let _either = money::read(&raw);
    }
}

#[test]
fn an_abolished_district_is_never_its_successor() {
    let lists = |codes: &[&str]| codes.iter().map(|code| (*code).to_owned()).collect::<Vec<_>>();
    let common = |one: &[&str], other: &[&str]| division::common(&[lists(one), lists(other)]);
    // Whatever two registers state, the answer is about nothing that one of them does not name.
    for (old, new) in [
        ("330103", "330105"),
        ("330104", "330102"),
        ("330104", "330114"),
        ("120107", "120116"),
        ("310108", "310106"),
    ] {
        assert!(division::abolished(old).is_some() && division::abolished(new).is_none());
        assert!(common(&[old], &[new]).is_empty(), "{old} is a part of {new}");
        assert_eq!(common(&[old], &[old]), [old], "as it was stated");
    }
    assert_eq!(
        division::read("330104").as_deref(),
        Some("330104"),
        "divided in 2021: it has no single successor"
    );
    // A part is not the whole, and parts do not add up to it.
    assert_eq!(common(&["330100"], &["330102", "330105"]), ["330102", "330105"]);
    assert_eq!(common(&["330000"], &["330100", "310000"]), ["330100"]);
    assert!(common(&["330102", "330105"], &["330106"]).is_empty());
}

proptest! {
    #[test]
    fn a_common_region_was_named_and_is_covered_by_every_list(
        lists in proptest::collection::vec(proptest::collection::vec(prop_oneof!["33(00|01|02)0[0-3]", "(33|31)0000", "33010[2-6]"], 0..5), 1..4)
    ) {
        for region in division::common(&lists) {
            prop_assert!(lists.iter().flatten().any(|named| *named == region));
            for list in &lists {
                let stem = |code: &str| code.trim_end_matches("00").trim_end_matches("00").to_owned();
                prop_assert!(list.iter().any(|wide| region.starts_with(&stem(wide))), "{region} is not in {list:?}");
            }
        }
    }
}

#[test]
fn what_is_doubtful_is_unreadable() {
    for raw in [
        "",
        "1,23",
        "12,34.00",
        "1.234",
        "1.",
        ".5",
        "壹万元整",
        "1e5",
        "1,2345",
        "1234,567",
        "--1",
        "1.2.3",
    ] {
        assert_eq!(money::read(raw), None, "{raw}");
    }
    assert_eq!(
        (money::read("12.5万元"), money::read("-1,234.5"), money::read("0")),
        (Some(12_500_000), Some(-123_450), Some(0))
    );
    assert_eq!(
        (money::read("1234.5000"), money::read("12.34560000万"), money::read("0.0000")),
        (Some(123_450), Some(12_345_600), Some(0))
    );
    assert_eq!((money::read("1234.5050"), money::read("0.00100万")), (None, Some(1_000)));
    for raw in [
        "8888 6666",
        "13800138000/13900139000",
        "1380013800",
        "0571-88886666-801",
        "12800138000",
        "+1 202 555 0100",
    ] {
        assert_eq!(phone::read(raw), None, "{raw}");
    }
    assert_eq!(phone::read("(010) 6505 1234").as_deref(), Some("+861065051234"));
    for raw in ["33010", "990106", "330106001", "33O106"] {
        assert_eq!(division::read(raw), None, "{raw}");
    }
    assert_eq!(division::read("330103000000").as_deref(), Some("330105"), "下城 is 拱墅 now");
    assert_eq!(person_name::read(" 张　三 ").as_deref(), Some("张三"));
    assert_eq!(person_name::read("买买提•艾力").as_deref(), Some("买买提·艾力"));
    assert_eq!(person_name::read("ANNA  LEE").as_deref(), Some("ANNA LEE"));
    assert_eq!(address::read("文三路 ３９１號　２－５０１").as_deref(), Some("文三路391号2-501"));
}

#[test]
fn a_month_is_read_as_registers_write_it() {
    for raw in [
        "2024-03",
        "2024-3",
        "2024/03",
        "2024/3",
        "202403",
        "2024年3月",
        "2024年03月",
        "2024年3月份",
        " ２０２４年３月 ",
        "2024 - 03",
    ] {
        assert_eq!(month::read(raw, false).unwrap().to_string(), "2024-03", "{raw}");
    }
    for raw in [
        "2024.3",
        "2024.03",
        "24-03",
        "20243",
        "2024-13",
        "2024-0",
        "2024-00",
        "202413",
        "2024年",
        "2024年3",
        "3月",
        "2024-03~2024-05",
        "2024-03,2024-04",
        "18991",
        "189912",
        "220001",
        "无",
        "",
    ] {
        assert_eq!(month::read(raw, true), None, "{raw}");
    }
    for whole in ["2024-03-01", "2024/3/31", "20240301", "2024年3月1日"] {
        assert_eq!(month::read(whole, false), None, "{whole}");
        assert_eq!(month::read(whole, true).unwrap().to_string(), "2024-03", "{whole}");
    }
}

proptest! {
    #[test]
    fn a_month_has_one_form(raw in "[0-9年月/. -]{0,12}", days in any::<bool>()) {
        if let Some(month) = month::read(&raw, days) {
            prop_assert_eq!(month::read(&month.to_string(), false), Some(month));
        }
    }
}
