//! Damaged ids outside the columns of ids, and what is no id there.

use super::cells::{number, random};
use super::*;

fn hinted(raw: &str, person: &ResidentId) -> bool {
    damaged_in(raw).iter().any(|damaged| damaged.suspect.could_match(person))
}

proptest! {
    #[test]
    fn a_damaged_id_in_a_text_hints_at_its_person(
        id in any_id(),
        from in 4usize..8,
        shown in 2usize..5,
        mask in prop::sample::select(vec!['*', '＊', '×', 'X', '●', '#', '?']),
        at in 0usize..16,
        digit in 0u8..10,
        (before, after) in prop::sample::select(vec![("", ""), ("共有人", "（已故）"), ("证号：", "，电话13800138000"), ("1998-05-06 ", " 100.00元"), ("张三(", ")")]),
    ) {
        let text = id.as_str();
        prop_assume!(!text.ends_with('X') || mask != 'X');
        prop_assume!(!text.ends_with("000"));
        // Five of one digit, or six in their order, are what a machine fills in.
        prop_assume!(text.as_bytes().chunk_by(|a, b| a == b).all(|run| run.len() < 4));
        prop_assume!(plausible::sequences(text.as_bytes()).all(|in_order| !in_order));
        let masks = |count: usize| mask.to_string().repeat(count);
        let masked = format!("{}{}{}", &text[..from], masks(18 - from - shown), &text[18 - shown..]);
        let short = format!("{}{}{}", &text[..6], masks(1), &text[14..]);
        let parted = format!("{} {} {}", &text[..6], masks(8), &text[14..]);
        let mut wrong = text.as_bytes().to_vec();
        wrong[at] = b'0' + digit;
        let wrong = String::from_utf8(wrong).unwrap();
        let mut doubled = text.to_owned();
        doubled.insert(at, char::from(text.as_bytes()[at]));
        for damaged in [masked, short, parted, wrong, doubled, text[..17].to_owned(), text[..16].to_owned(), text[..14].to_owned()] {
            // A number of another person, or of a birth to come, is a whole one.
            let whole = persons_in(&damaged);
            // A slip can make six digits in their order of others, or four of one: those are passed
            // over as above.
            let mut runs = damaged.as_bytes().chunk_by(|a, b| a == b);
            let is_filled = runs.any(|run| run.len() > 3 && run[0].is_ascii_digit())
                || plausible::sequences(damaged.as_bytes()).any(|in_order| in_order);
            let raw = format!("{before}{damaged}{after}");
            prop_assert!(!whole.is_empty() || is_filled || hinted(&raw, &id), "{}", raw);
        }
    }
}

#[test]
fn other_numbers_are_no_damaged_ids() {
    for raw in [
        "",
        "138****1234",
        "13800138000",
        "0571-8888****",
        "6222021234567890",
        "622202******7890",
        "6222021234567890123",
        "1998-05-06",
        "1998-05-06 12:30:00",
        "20190506123000",
        "202605061230001234",
        "1234567.89",
        "浙（2019）杭州市不动产权第0012345号",
        "杭房权证西移字第09123456号",
        "330106********",
        "33010600100100GB00001F00010001",
        "文三路****号",
        "************",
        "--------",
        "000000000000000000",
        "91330106MA27XYZ123",
        "330106000012345",
        "HT2019-0012",
        "330106001001GB00123",
    ] {
        assert!(damaged_in(raw).is_empty(), "{raw}: {:?}", damaged_in(raw));
    }
}

#[test]
fn what_registers_hold_beside_ids_seldom_looks_like_one() {
    let mut dice = random(number("ZEROTRIP_SEED", 20_261_129));
    let mut upto = |n: u64| dice() % n;
    let cells = number("ZEROTRIP_CELLS", 100_000);
    let mut hits: Vec<String> = Vec::new();
    for _ in 0..cells {
        let (a, b, c) = (upto(100_000_000), upto(10_000), upto(1_000_000_000));
        let (year, month, day) = (1950 + upto(77), 1 + upto(12), 1 + upto(28));
        let raw = match upto(13) {
            0 => format!("1{}{a:08}{}", 3 + upto(7), upto(10)),
            1 => format!("0571-{a:08}"),
            2 => format!("1{}{}****{b:04}", 3 + upto(7), upto(10)),
            3 => format!("62{:02}{b:04}{a:08}", upto(100)),
            4 => format!("62{:02}{b:04}{a:08}{:03}", upto(100), upto(1000)),
            5 => format!("62{:02}{:02}******{b:04}", upto(100), upto(100)),
            6 => format!("{year}{month:02}{day:02}{:02}{:02}{:02}", upto(24), upto(60), upto(60)),
            7 => format!("{year}{month:02}{day:02}{:02}{:02}{b:04}", upto(24), upto(60)),
            8 => format!("杭房权证西移字第{a:08}号"),
            9 => format!("浙（{year}）杭州市不动产权第{:07}号", upto(10_000_000)),
            10 => format!("{c}.{:02}", upto(100)),
            11 => format!("330106{:03}{:03}GB{:05}F{a:08}", upto(200), upto(200), upto(100_000)),
            _ => format!("{c:09}{c:09}"),
        };
        hits.extend((!damaged_in(&raw).is_empty()).then_some(raw));
    }
    println!(
        "{} of {cells} look like a damaged id, {:?}",
        hits.len(),
        hits.iter().take(5).collect::<Vec<_>>()
    );
    assert!(hits.len() as u64 * 1_000 <= cells, "{:?}", hits.iter().take(20).collect::<Vec<_>>());
}
