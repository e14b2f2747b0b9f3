//! Ids in texts that other programs or somebody's hand have made unlike ids.

use super::*;

const ID: &str = "330106198705127949";

fn each(sign: impl Fn(char) -> String) -> String {
    ID.chars().map(sign).collect()
}

fn shifted(zero: u32) -> String {
    each(|c| char::from_u32(zero + c.to_digit(10).unwrap()).unwrap().to_string())
}

/// The id itself, with the right check character.
fn person() -> ResidentId {
    ResidentId::from_parts(330_106, NaiveDate::from_ymd_opt(1987, 5, 12).unwrap(), 794).unwrap()
}

#[test]
fn a_whole_id_is_seen_however_it_is_disguised() {
    assert_eq!(person().as_str(), ID);
    let code = |c: char| u32::from(c);
    let words = |words: &str| {
        each(|c| words.chars().nth(c.to_digit(10).unwrap() as usize).unwrap().to_string())
    };
    let reversed: String = ID.chars().rev().collect();
    let mut missed = Vec::new();
    for raw in [
        each(|c| format!("%{:x}", code(c))),
        each(|c| format!("={:X}", code(c))),
        each(|c| format!("\\x{:x}", code(c))),
        each(|c| format!("\\u{{{:x}}}", code(c))),
        each(|c| format!("\\u{:04x}", code(c))),
        each(|c| format!("\\{:03o}", code(c))),
        each(|c| format!("%u{:04x}", code(c))),
        each(|c| format!("U+{:04X} ", code(c))),
        each(|c| format!("&#{};", code(c))),
        each(|c| format!("&#{}", code(c))),
        each(|c| format!("&#x{:x};", code(c))),
        each(|c| format!("&amp;#{};", code(c))),
        each(|c| format!("&amp;amp;#{};", code(c))),
        each(|c| format!("%26%23{}%3B", code(c))),
        each(|c| format!("%EF%BC%{:X}", 0x90 + c.to_digit(10).unwrap())),
        "330106<b>19870512</b>7949".to_owned(),
        "330106<span class=\"c12\">19870512</span>7949".to_owned(),
        "330106[b]19870512[/b]7949".to_owned(),
        "330106，1987年5月12日，7949".to_owned(),
        "330106 1987-5-12 7949".to_owned(),
        "330106（1987/5/12）7949".to_owned(),
        words("洞幺两三四五六拐八勾"),
        words("零一二三四五六七八九"),
        words("⁰¹²³⁴⁵⁶⁷⁸⁹"),
        words("⠚⠁⠃⠉⠙⠑⠋⠛⠓⠊"),
        words("0⼀⼆三四五六七⼋九"),
        words("0፩፪፫፬፭፮፯፰፱"),
        words("O123456789"),
        words("○123456789"),
        shifted(0x2080),
        shifted(0x1d2e0),
        shifted(0xe0030),
        shifted(0x1fbf0),
        format!("\u{202e}{reversed}\u{202c}"),
        format!("张三\u{202e}{reversed}"),
    ] {
        for raw in [raw.clone(), format!("共有人：{raw}。"), format!("remark {raw} (2)")] {
            missed.extend((!persons_in(&raw).contains(&person())).then_some(raw));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
    // Signs that nobody reads as digits, each its own.
    let tiles = shifted(0x1f010);
    assert!(damaged_in(&tiles).iter().any(|damaged| damaged.suspect.is_anybodys()), "{tiles}");
    for raw in [
        "★★★★★★★★★★★★★★★★★★★★",
        "——————————————————————",
        "面积=98.50平方米，合计 100% 付清，折扣%20",
        "①②③④⑤⑥⑦⑧⑨⑩①②③④⑤⑥⑦⑧",
        "文三路 12 号 <见附件>，2019年5月2日",
        "📞13800138000 🏠 98㎡ 🚗",
        "C:\\users\\123\\456",
    ] {
        assert!(persons_in(raw).is_empty() && damaged_in(raw).is_empty(), "{raw}");
    }
}

#[test]
fn what_nobody_sees_and_holds_something_is_not_folded_away() {
    let other = "11010519491231002X";
    let today = CivilDay::of(NaiveDate::from_ymd_opt(2026, 11, 29).unwrap());
    let concerns = |raw: &str| match Declared::default().whose(raw, today) {
        Whose::Could(suspect) => suspect.could_match(&person()),
        Whose::Person(one) => one == person(),
        Whose::Several(all) => all.contains(&person()),
        Whose::Organisation | Whose::Nobody => false,
    };
    let hidden = |zero: u32| shifted(zero);
    for raw in [
        format!("{other}{}", hidden(0xe0030)),
        format!("{other}{}", hidden(0xfe00)),
        format!("{other}{}", hidden(0xe0100)),
        format!("{other}{}", hidden(0x1)),
        format!("{other}\u{202e}"),
        format!("\u{202e}{}", other.chars().rev().collect::<String>()),
        format!("{other}\u{2067}"),
        format!("{other}\u{fff9}1\u{fffb}"),
    ] {
        assert!(concerns(&raw), "{raw:?}");
    }
    // What exports leave, and holds nothing.
    for blank in [
        "\u{feff}", "\u{200b}", "\u{202d}", "\u{ad}", "\0", "\u{1f}", "\u{1a}", "\u{fe0f}",
        "\u{200e}", "\u{2060}", "\r\n", "\u{85}",
    ] {
        assert!(
            !concerns(&format!("{other}{blank}")) && !concerns(&format!("{blank}{other}")),
            "{blank:?}"
        );
    }
}

#[test]
fn pieces_make_an_id_in_any_order_and_with_words_between() {
    let valid = |cells: &[&str]| {
        pieces_among(cells.iter().map(|cell| Some(*cell))).iter().any(|(_, is_valid)| *is_valid)
    };
    for cells in [
        &["330106", "1987-05-12", "男", "7949"][..],
        &["1987-05-12", "330106", "7949"],
        &["7949", "男", "330106", "1987/5/12"],
        &["330106", "1987年5月12日", "7949"],
        &["330106", "男", "1987-05-12 00:00:00", "7949"],
        &["33010619870512", "汉", "7949"],
        &["7949", "33010619870512"],
        &["330106", "1987", "5", "12", "男", "7949"],
        &["330106", "x", "1987", "x", "0512", "x", "7949"],
    ] {
        assert!(valid(cells), "{cells:?}");
    }
    for cells in [
        &["330106", "1987-05-12", "男", "7940"][..],
        &["330106", "7949"],
        &["男", "汉"],
        &["990106", "1987-05-12", "7949"],
    ] {
        assert!(!valid(cells), "{cells:?}");
    }
}
