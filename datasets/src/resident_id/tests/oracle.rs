//! An independent oracle of id cells, written from the domain documents only (DOMAIN.md, issue 11
//! section A, cases 08 09 12 18 30). "Could this cell be, or include, p's, to a careful clerk?"
//! Simple and slow, by definition.
#![allow(
    clippy::all,
    clippy::pedantic,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "an oracle: written apart, by definition"
)]

use chrono::NaiveDate;

pub struct Declared {
    pub passport: bool,
    pub nothing: Vec<String>,
    pub unknown: Vec<String>,
}

const PROVINCES: [&str; 35] = [
    "11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37", "41",
    "42", "43", "44", "45", "46", "50", "51", "52", "53", "54", "61", "62", "63", "64", "65", "71",
    "81", "82", "83",
];
const SEPARATORS: [char; 5] = [';', ',', '、', '/', '|'];

/// What one item of a cell is, as to p.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Whose {
    Mine,
    Anybodys,
    Others,
}
use Whose::*;

// ---- identifiers
// -------------------------------------------------------------------------------------------------
fn digits(s: &str) -> bool {
    !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit())
}
fn date(s: &str) -> Option<NaiveDate> {
    if s.len() != 8 || !digits(s) {
        return None;
    }
    NaiveDate::from_ymd_opt(s[..4].parse().ok()?, s[4..6].parse().ok()?, s[6..].parse().ok()?)
}
fn check_17(s: &str) -> char {
    let w = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = s.bytes().zip(w).map(|(b, w)| (b - b'0') as u32 * w).sum();
    "10X98765432".as_bytes()[sum as usize % 11] as char
}
/// The shape of 18: place, a birth date in these years, digits; the check character is not looked
/// at.
fn shape_18(s: &str, strict: bool) -> bool {
    if s.len() != 18 || !digits(&s[..17]) || !(digits(&s[17..]) || &s[17..] == "X") {
        return false;
    }
    let place =
        PROVINCES.contains(&&s[..2]) || (s.starts_with('9') && PROVINCES.contains(&&s[1..3]));
    let (from, to) = if strict { ("19000101", "20260101") } else { ("18500101", "20301231") };
    let born = date(&s[6..14]).map_or(false, |d| date(from).unwrap() < d && d < date(to).unwrap());
    let fine = !strict || s.starts_with('9') || (&s[2..4] != "00" && &s[4..6] != "00");
    place && born && fine && &s[14..17] != "000"
}
fn id_18(s: &str, strict: bool) -> bool {
    shape_18(s, strict) && s.ends_with(check_17(&s[..17]))
}
fn id_15(s: &str, strict: bool) -> bool {
    s.len() == 15
        && digits(s)
        && !s.starts_with('9')
        && !s.starts_with('8')
        && !placeholder(s)
        && (shape_18(&format!("{}19{}0", &s[..6], &s[6..]), strict)
            || (&s[12..] >= "996" && shape_18(&format!("{}18{}0", &s[..6], &s[6..]), false)))
}
/// p in fifteen digits, if p can have had such a number.
fn short(p: &str) -> Option<String> {
    let old = &p[6..8] == "19" || (&p[6..8] == "18" && &p[14..17] >= "996");
    (old && !p.starts_with('9') && !p.starts_with('8')).then(|| format!("{}{}", &p[..6], &p[8..17]))
}
const CREDIT: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";
fn credit_check(s: &str) -> Option<char> {
    let mut sum = 0;
    let mut w = 1;
    for c in s.chars().take(17) {
        sum += CREDIT.find(c)? * w;
        w = w * 3 % 31;
    }
    CREDIT.chars().nth((31 - sum % 31) % 31)
}
fn credit_shape(s: &str) -> bool {
    s.len() == 18
        && s.chars().all(|c| CREDIT.contains(c))
        && digits(&s[2..8])
        && "123456789ANY".contains(&s[..1])
        && "123456789".contains(&s[1..2])
        && PROVINCES[..32].contains(&&s[2..4]) | (&s[2..8] == "100000")
        // A row of X may hide digits, of a person's id as well; another letter shows that it is a
        // code, hidden or not.
        && !(s.contains("XXXX") && s.chars().all(|c| c.is_ascii_digit() || c == 'X'))
}
fn credit(s: &str) -> bool {
    credit_shape(s) && s.chars().last() == credit_check(s)
}
/// The older fifteen-digit business registration number (MOD 11,10) and the nine of an
/// organisation: never demanded, never wrong.
fn old_organisation(s: &str) -> bool {
    if s.len() == 15 && digits(s) {
        let mut m = 10;
        for b in s[..14].bytes() {
            m = (m + (b - b'0') as u32) % 10;
            m = (if m == 0 { 10 } else { m }) * 2 % 11;
        }
        return PROVINCES.contains(&&s[..2]) && (m + (s.as_bytes()[14] - b'0') as u32) % 10 == 1;
    }
    if s.len() == 9 && s.bytes().all(|b| b.is_ascii_alphanumeric()) {
        let w = [3u32, 7, 9, 10, 5, 8, 4, 2];
        let sum: u32 = s.chars().zip(w).map(|(c, w)| c.to_digit(36).unwrap() * w).sum();
        return s.ends_with("0X987654321".chars().nth((sum % 11) as usize).unwrap()) // 11 - sum mod 11: 10 is X, 11 is 0
            && s[..8].chars().any(|c| c.is_ascii_alphabetic()) && !passport(s, false);
    }
    false
}
fn passport(s: &str, strict: bool) -> bool {
    let letters = s.chars().take_while(|c| c.is_ascii_uppercase()).count();
    if !s.is_ascii() || !digits(&s[letters..]) {
        return false;
    }
    if !strict {
        return (1..=2).contains(&letters) && (7..=9).contains(&s.len())
            || s.len() == 11 && (s.starts_with('H') || s.starts_with('M'));
    }
    s.len() == 9
        && s[letters..].bytes().any(|b| b != s.as_bytes()[8])
        && match letters {
            1 => "EG".contains(&s[..1]),
            2 => s.starts_with('E') && !"IO".contains(&s[1..2]),
            _ => false,
        }
}
fn placeholder(s: &str) -> bool {
    let c: Vec<char> = s.chars().collect();
    let step = |d: u8| {
        c.len() > 5
            && c.windows(2).all(|w| {
                w[0].is_ascii_digit()
                    && w[1].is_ascii_digit()
                    && (w[0] as u8 - b'0' + d) % 10 == w[1] as u8 - b'0'
            })
    };
    c.windows(2).all(|w| w[0] == w[1])
        || step(1)
        || step(9)
        || s.contains("00000000")
        || s.contains("99999999")
        || (c.len() == 18
            && s.is_ascii()
            && ["00000000", "11111111", "99999999"].contains(&&s[6..14]))
        || (c.len() == 15 && s.is_ascii() && &s[6..12] == "000000")
}
/// A whole, plausible identifier (or several without a mark between them), read leniently.
fn whole(s: &str, column: &Declared) -> bool {
    if !s.is_ascii() {
        return false;
    }
    if credit(s) && !digits(s) {
        return true;
    } // its organisation may end in many zeros
    if placeholder(s) {
        return false;
    }
    credit(s)
        || id_18(s, false)
        || id_15(s, false)
        || old_organisation(s)
        || (column.passport && passport(s, false))
        || [18, 15].iter().any(|&n| {
            s.len() > n
                && (id_18(&s[..n], false) || id_15(&s[..n], false))
                && whole(&s[n..], column)
        })
}

// ---- spelling
// -------------------------------------------------------------------------------------------------
fn invisible(c: char) -> bool {
    (c.is_control() && !"\t\n\r".contains(c))
        || matches!(c as u32, 0xAD | 0x600..=0x605 | 0x61C | 0x6DD | 0x70F | 0x180E | 0x200B..=0x200F
        | 0x202A..=0x202E | 0x2060..=0x206F | 0xFE00..=0xFE0F | 0xFEFF | 0xFFF9..=0xFFFB | 0x1D173..=0x1D17A | 0xE0001..=0xE007F)
}
fn width(c: char) -> char {
    match c as u32 {
        0xFF01..=0xFF5E => char::from_u32(c as u32 - 0xFEE0).unwrap(),
        0x3007 => '0',
        0x2010..=0x2012 | 0x2212 => '-',
        _ => c,
    }
    .to_ascii_uppercase()
}
fn decode(s: &str) -> String {
    let c: Vec<char> = s.chars().collect();
    let (mut out, mut i) = (String::new(), 0);
    while i < c.len() {
        let rest: String = c[i..c.len().min(i + 10)].iter().collect();
        if rest.starts_with('&') {
            if let Some(n) = rest.find(';') {
                let name = &rest[1..n];
                let code = if let Some(h) = name.strip_prefix("#x").or(name.strip_prefix("#X")) {
                    u32::from_str_radix(h, 16).ok()
                } else if let Some(d) = name.strip_prefix('#') {
                    d.parse().ok()
                } else {
                    match name {
                        "nbsp" | "ensp" | "emsp" | "thinsp" => Some(32),
                        "zwnj" | "zwj" | "lrm" | "rlm" | "shy" => Some(0x200B),
                        "quot" => Some(34),
                        "apos" => Some(39),
                        "amp" => Some(38),
                        _ => None,
                    }
                };
                if let Some(ch) = code.and_then(char::from_u32) {
                    out.push(ch);
                    i += rest[..=n].chars().count();
                    continue;
                }
            }
        }
        if i + 7 <= c.len()
            && c[i] == '_'
            && (c[i + 1] == 'x' || c[i + 1] == 'X')
            && c[i + 6] == '_'
        {
            let hex: String = c[i + 2..i + 6].iter().collect();
            if let Some(ch) = u32::from_str_radix(&hex, 16).ok().and_then(char::from_u32) {
                out.push(ch);
                i += 7;
                continue;
            }
        }
        out.push(c[i]);
        i += 1;
    }
    out
}
fn fold(cell: &str) -> String {
    decode(cell)
        .chars()
        .filter(|c| !invisible(*c))
        .map(width)
        .collect::<String>()
        .trim()
        .to_string()
}
fn bare(item: &str) -> &str {
    item.trim_matches(|c: char| c.is_whitespace() || "'`\"=[](){}“”‘’".contains(c))
}
fn look_alikes(s: &str) -> String {
    s.chars()
        .map(|c| match c {
            'O' | 'D' | 'Q' => '0',
            'I' | 'L' | '!' => '1',
            'Z' => '2',
            'S' => '5',
            'B' => '8',
            'G' => '6',
            c => c,
        })
        .collect()
}
/// Slips of the pen between two spellings: a wrong, lost, added character, or two neighbours
/// changed about.
fn slips(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > 4 {
        return 9;
    }
    let mut d = vec![vec![0usize; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            d[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let mut m = (d[i - 1][j - 1] + (a[i - 1] != b[j - 1]) as usize)
                    .min(d[i - 1][j] + 1)
                    .min(d[i][j - 1] + 1);
                if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    m = m.min(d[i - 2][j - 2] + 1);
                }
                m
            };
        }
    }
    d[a.len()][b.len()]
}
/// The same, where month and day may have been changed about as well: a slip by itself.
fn slips_from(a: &str, p: &str) -> usize {
    let turned: String = match p.len() {
        18 => [&p[..10], &p[12..14], &p[10..12], &p[14..]].concat(),
        15 => [&p[..8], &p[10..12], &p[8..10], &p[12..]].concat(),
        _ => p.to_string(),
    };
    slips(a, p).min(slips(a, &turned) + 1)
}
/// Can these (None: hidden, lost) be brought into the shape of an id of 18 or 15 by changing at
/// most so many characters?
fn within(c: &[Option<char>], most: usize) -> bool {
    static WORDS: std::sync::OnceLock<[Vec<Vec<char>>; 3]> = std::sync::OnceLock::new();
    let [places, years, days] = WORDS.get_or_init(|| {
        [
            PROVINCES.iter().map(|p| p.chars().collect()).collect(),
            (1850..=2030).map(|y| y.to_string().chars().collect()).collect(),
            (0..366)
                .map(|n| {
                    (NaiveDate::from_ymd_opt(2000, 1, 1).unwrap() + chrono::Days::new(n))
                        .format("%m%d")
                        .to_string()
                        .chars()
                        .collect()
                })
                .collect(),
        ]
    });
    let least = |at: usize, words: &[Vec<char>]| {
        let mut least = 9;
        for w in words {
            least =
                least.min((0..w.len()).filter(|&i| c[at + i].map_or(false, |a| a != w[i])).count());
            if least == 0 {
                break;
            }
        }
        least
    };
    let long = c.len() == 18;
    let day = if long { 10 } else { 8 };
    let mut n = (2..c.len())
        .filter(|i| !(day..day + 4).contains(i) && !(long && (6..10).contains(i)))
        .filter(|&i| c[i].map_or(false, |a| !(a.is_ascii_digit() || (a == 'X' && i == 17))))
        .count();
    if !(long && c[0] == Some('9')) {
        n += least(0, places);
    }
    if n <= most && long {
        n += least(6, years);
    }
    n <= most && n + least(day, days) <= most
}
/// All spellings of n characters with `left` lost characters put in, added ones taken out, or one
/// swap.
fn recognisable_slips(s: &[Option<char>], n: usize, left: usize) -> bool {
    slipped(s, n, left, 0)
}
fn slipped(s: &[Option<char>], n: usize, left: usize, from: usize) -> bool {
    if s.len() == n && within(s, left) {
        return true;
    }
    if left == 0 || s.len().abs_diff(n) > left {
        return false;
    }
    (from..=s.len()).any(|i| {
        let mut t = s.to_vec();
        if s.len() < n {
            t.insert(i, None)
        } else if i == s.len() {
            return false;
        } else if s.len() > n {
            t.remove(i);
        } else if i + 1 < s.len() {
            t.swap(i, i + 1)
        } else {
            return false;
        }
        slipped(&t, n, left - 1, i)
    })
}
fn recognisable_cut(s: &[Option<char>]) -> bool {
    let allowed = (s.len() >= 12) as usize;
    s.len() >= 8
        && [18, 15].iter().filter(|&&n| s.len() < n).any(|&n| {
            let lost = vec![None; n - s.len()];
            within(&[s, &lost[..]].concat(), allowed) || within(&[&lost[..], s].concat(), allowed)
        })
}
/// Do these begin an id of eighteen, but for so many slips (one at most)?
fn begins_long(s: &[Option<char>], most: usize) -> bool {
    let long = |s: &[Option<char>], most: usize| {
        within(&[s, &vec![None; 18 - s.len()][..]].concat(), most)
    };
    long(s, most)
        || most > 0
            && (0..s.len()).any(|i| {
                let (mut more, mut less, mut turned) = (s.to_vec(), s.to_vec(), s.to_vec());
                more.insert(i, None);
                less.remove(i);
                turned.swap(i, (i + 1).min(s.len() - 1));
                [more, less, turned].iter().any(|s| long(s, 0))
            })
}
fn is_mark(c: char) -> bool {
    "*?…~#_×●○■□•·※—–⋯".contains(c)
}
/// A masked spelling: Some is seen, None stands for what is hidden. X hides too, unless it ends an
/// id.
fn masked(s: &str) -> Option<Vec<Option<char>>> {
    let c: Vec<char> = s.replace("..", "……").chars().collect();
    let x = |i: usize| c[i] == 'X' && (i + 1 < c.len() || (i > 0 && c[i - 1] == 'X'));
    let v: Vec<_> = (0..c.len()).map(|i| (!is_mark(c[i]) && !x(i)).then_some(c[i])).collect();
    let seen_ok = v.iter().flatten().all(|c| c.is_ascii_digit() || *c == 'X');
    (v.contains(&None) && seen_ok).then_some(v)
}
/// Is a run of marks to be taken at its length (four and more, in a spelling as long as an id), or
/// as one mark for many?
fn exact(v: &[Option<char>]) -> bool {
    [15, 18].contains(&v.len()) && v.windows(4).any(|w| w.iter().all(|c| c.is_none()))
}
fn fits(v: &[Option<char>], p: &[char], free: bool) -> bool {
    match (v.first(), p.first()) {
        (None, None) => true,
        (None, Some(_)) => false,
        (Some(None), _) if free => {
            // a run of marks stands for any number
            let rest = &v[v.iter().take_while(|c| c.is_none()).count()..];
            (0..=p.len()).any(|n| fits(rest, &p[n..], true))
        }
        (Some(None), Some(_)) => fits(&v[1..], &p[1..], free),
        (Some(Some(c)), Some(q)) => c == q && fits(&v[1..], &p[1..], free),
        _ => false,
    }
}
/// d.dddE+17: the digits and the power.
fn exponent(s: &str) -> Option<(String, usize)> {
    let (m, e) = s.split_once('E')?;
    let e = e.trim_start_matches('+');
    let (a, b) = m.split_once('.').unwrap_or((m, ""));
    (a.len() == 1 && digits(a) && (b.is_empty() || digits(b)) && digits(e) && e.len() < 4)
        .then(|| (format!("{a}{b}"), e.parse().unwrap()))
}
fn rounds_to(p: &str, m: &str) -> bool {
    // the first digits of p, cut or rounded
    if !digits(p) || m.len() > p.len() || m.is_empty() {
        return false;
    }
    let (cut, want): (u64, u64) = (p[..m.len()].parse().unwrap(), m.parse().unwrap());
    want == cut
        || (m.len() < p.len() && p.as_bytes()[m.len()] >= b'5' && want == cut + 1)
        || m.trim_end_matches('0').len() >= 2
            && p.starts_with(m.trim_end_matches('0'))
            && m.trim_end_matches('0').len() >= 15
}

// ---- the question
// ------------------------------------------------------------------------------------------------
fn judge(item: &str, column: &Declared, p: &str) -> Whose {
    let same = |w: &String| fold(w) == item || bare(&fold(w)) == bare(item);
    if column.unknown.iter().any(same) {
        return Anybodys;
    }
    if column.nothing.iter().any(same) {
        return Others;
    }
    let item = bare(item);
    let mut s: String = item.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    if let Some((a, b)) = s.split_once('.') {
        if digits(a) && b.bytes().all(|c| c == b'0') {
            s = a.to_string();
        }
    }
    let p15 = short(p);
    let is_p = |s: &str| s == p || p15.as_deref() == Some(s);
    if s.is_empty() {
        return Anybodys;
    }
    if is_p(&s) {
        return Mine;
    }
    if whole(&s, column) {
        return Others;
    }
    if placeholder(&s) {
        return Anybodys;
    }
    if s.chars().any(|c| !c.is_ascii() && !is_mark(c)) {
        return Anybodys;
    } // 等, 同上, 已故 …: no slip of a pen
    if let Some((m, e)) = exponent(&s) {
        if (e == 17 && rounds_to(p, &m))
            || (e == 14 && p15.as_deref().map_or(false, |p| rounds_to(p, &m)))
        {
            return Mine;
        }
        return if (13..=19).contains(&e) { Others } else { Anybodys };
    }
    let alike = if s.len() >= 13 { look_alikes(&s) } else { s.clone() };
    if is_p(&alike) {
        return Mine;
    }
    if alike != s && whole(&alike, column) {
        return Others;
    }
    if [&s, &alike]
        .iter()
        .any(|s| slips_from(s, p) <= 2 || p15.as_ref().map_or(false, |p| slips_from(s, p) <= 2))
    {
        return Mine;
    }
    if s.len() == 18 && digits(&s) {
        if s.ends_with("000") && rounds_to(p, &s[..15]) {
            return Mine;
        }
        if (s.ends_with("0000") || s.ends_with("9999")) && s[..14] == p[..14] {
            return Mine;
        }
        // A slip, and then a spreadsheet: where the fifteen digits that are left begin an id but
        // for one slip, a clerk sees what happened, and asks who is two slips away at most.
        // Where they begin one to the letter, nothing shows that there was a slip: one is allowed
        // for. Whom else should he think of? Two slips and a rounding are three accidents:
        // of the 300,000 of a city, they would name nearly all. A rounded number may have
        // been rounded up.
        let kept = [
            s[..15].to_string(),
            format!("{:015}", s[..15].parse::<u64>().unwrap().saturating_sub(1)),
        ];
        let begins = |n: usize| {
            kept.iter().any(|kept| begins_long(&kept.chars().map(Some).collect::<Vec<_>>(), n))
        };
        if s.ends_with("000") && !s.ends_with("0000") {
            if let Some(made) = (0..2).find(|&n| begins(n)) {
                let mine =
                    kept.iter().any(|kept| (12..18).any(|n| slips(kept, &p[..n]) <= made + 1));
                return if mine { Mine } else { Others };
            }
        }
    }
    if let Some(v) = masked(&s) {
        let chars: Vec<char> = p.chars().collect();
        let old: Vec<char> = p15.as_deref().unwrap_or("").chars().collect();
        let free = !exact(&v);
        if v.iter().any(|c| c.is_some())
            && (fits(&v, &chars, free) || (p15.is_some() && fits(&v, &old, free)))
        {
            return Mine;
        }
        let seen = v.iter().flatten().count();
        if seen >= 15 {
            // a mark beside a whole number: a flaw of it, or "and others"
            let rest: String = v.iter().flatten().collect();
            // An old business number is told from an id by one digit alone. "And others" is written
            // behind it: before it or inside, a mark hides something, and the number is
            // not whole.
            let inside = v.last().unwrap().is_some();
            if whole(&rest, column) && !(inside && old_organisation(&rest) && !id_15(&rest, false))
            {
                return if s.contains('…') || s.contains("..") { Anybodys } else { Others };
            }
        }
        if recognisable_slips(&v, 18, 2) || recognisable_slips(&v, 15, 1) {
            return if seen == 0 { Anybodys } else { Others };
        }
        return if (6..18).contains(&seen) { Others } else { Anybodys };
    }
    if (8..18).contains(&s.len())
        && (p.starts_with(&s)
            || p.ends_with(&s)
            || p15.map_or(false, |p| p.starts_with(&s) || p.ends_with(&s)))
    {
        return Mine;
    }
    if credit_shape(&s) {
        return Others;
    } // a wrong check character: grey
    let v: Vec<_> = alike.chars().map(Some).collect();
    let cut = v.len() >= 14 || digits(s.strip_suffix('X').unwrap_or(&s));
    if recognisable_slips(&v, 18, 2)
        || recognisable_slips(&v, 15, 2)
        || (cut && recognisable_cut(&v))
    {
        return Others;
    }
    Anybodys
}

/// A product that says of this cell "certainly not p" is WRONG.
pub fn must_not_exclude(cell: &str, column: &Declared, p: &str) -> bool {
    if column.unknown.iter().any(|w| w.trim() == cell.trim()) {
        return true;
    }
    if column.nothing.iter().any(|w| w.trim() == cell.trim() || fold(w) == fold(cell)) {
        return false;
    }
    let f = fold(cell);
    let run: String = f.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
    if run.contains(p)
        || f.split(|c: char| !c.is_ascii_alphanumeric()).any(|r| Some(r.to_string()) == short(p))
    {
        return true;
    }
    bare(&f).split(|c| SEPARATORS.contains(&c) || "和及与&+".contains(c) && !f.contains("E+")).any(
        |item| {
            let item = item.trim();
            let joined = judge(item, column, p);
            if joined == Anybodys && item.contains(char::is_whitespace) {
                return item.split_whitespace().any(|i| judge(i, column, p) != Others);
            }
            joined != Others
        },
    )
}

/// The cell is fully accounted for as others', or is a clean damaged spelling of an id far from
/// p's: no need to fear for p.
pub fn may_exclude(cell: &str, column: &Declared, p: &str) -> bool {
    if column.unknown.iter().any(|w| w.trim() == cell.trim()) {
        return false;
    }
    if column.nothing.iter().any(|w| w.trim() == cell.trim()) {
        return true;
    }
    let t: String =
        cell.trim_matches(|c: char| c.is_whitespace() || invisible(c)).chars().map(width).collect();
    let t = t
        .strip_prefix("=\"")
        .and_then(|t| t.strip_suffix('"'))
        .or(t.strip_prefix('\''))
        .or(t.strip_prefix('`'))
        .unwrap_or(&t);
    t.split(SEPARATORS).all(|item| far(item.trim(), column, p))
        && !must_not_exclude(cell, column, p)
}
fn far(item: &str, column: &Declared, p: &str) -> bool {
    let s: String = item.chars().filter(|c| *c != ' ' && *c != '-').collect();
    let p15 = short(p);
    let near =
        |n: usize| slips_from(&s, p) <= n || p15.as_ref().map_or(false, |p| slips_from(&s, p) <= n);
    if !s.is_ascii()
        || placeholder(&s)
        || s.len() < 8
        || item.starts_with('-')
        || item.ends_with('-')
    {
        return false;
    }
    let (filled, tail) =
        (s.ends_with("0000") || s.ends_with("9999"), |n: usize| s[..n].to_string());
    let placed = p.starts_with(&s[..6]) || !near(2); // who has a list of places may take an unknown one for a slip
    if id_18(&s, true) {
        return s != p && !filled && placed;
    }
    if id_15(&s, true) {
        return placed && p15.as_deref() != Some(&s) && !p.starts_with(&s) && !p.ends_with(&s);
    }
    if credit(&s) {
        return s == item && !near(2);
    }
    if column.passport && passport(&s, true) {
        return s == item && !p.starts_with('8') && !p.starts_with('9');
    }
    if let Some((m, 17)) = exponent(&s) {
        return s == item
            && m.len() >= 6
            && !m.ends_with("00")
            && PROVINCES.contains(&&m[..2])
            && m[..6].parse::<i64>().unwrap().abs_diff(p[..6].parse().unwrap()) > 2;
    }
    if s.len() == 18 && shape_18(&s, true) && !filled {
        return !near(3) && (!s.ends_with("000") || slips(&tail(15), &p[..15]) > 2);
    }
    if let Some(v) = masked(&s) {
        let seen = v.iter().flatten().count();
        return s == item
            && v.len() == 18
            && exact(&v)
            && !s.ends_with("000")
            && !s.ends_with("9999")
            && s.contains("****")
            && !s.contains('X')
            && seen >= 8
            && seen == s.bytes().filter(u8::is_ascii_digit).count()
            && v.iter().zip(p.chars()).filter(|(a, b)| a.map_or(false, |a| a != *b)).count() > 2
            && within(&v, 0);
    }
    if [14, 16, 17].contains(&s.len()) && digits(&s) {
        // cut at its end, the birth date whole
        let n = s.len();
        return shape_18(&format!("{s}1111")[..18], true)
            && !near(3)
            && slips(&s, &p[..n]) > 3
            && slips(&s, &p[18 - n..]) > 3
            && p15.map_or(true, |p| {
                n > 15 || (slips(&s, &p[..n]) > 3 && slips(&s, &p[15 - n..]) > 3)
            });
    }
    false
}

// ---- cells
// -------------------------------------------------------------------------------------------------
type Rng<'a> = &'a mut dyn FnMut() -> u64;
fn pick<'a, T: ?Sized>(r: Rng, v: &[&'a T]) -> &'a T {
    v[r() as usize % v.len()]
}
fn upto(r: Rng, n: usize) -> usize {
    (r() >> 7) as usize % n.max(1)
}
fn number(r: Rng, n: usize) -> String {
    (0..n).map(|_| char::from(b'0' + upto(r, 10) as u8)).collect()
}
fn with<T>(v: &mut Vec<T>, i: usize, t: T) {
    let i = i.min(v.len());
    v.insert(i, t)
}
fn slip(r: Rng, s: &str) -> String {
    let mut c: Vec<char> = s.chars().collect();
    if c.len() < 2 {
        return s.to_string();
    }
    let i = upto(r, c.len());
    match upto(r, 5) {
        0 => {
            c.remove(i);
        }
        1 => {
            let d = c[i];
            with(&mut c, i, d)
        }
        2 => {
            let d = number(r, 1).chars().next().unwrap();
            with(&mut c, i, d)
        }
        3 => {
            let i = i.min(c.len() - 2);
            c.swap(i, i + 1)
        }
        _ => c[i] = number(r, 1).chars().next().unwrap(),
    }
    c.into_iter().collect()
}
fn insert(r: Rng, s: &str, what: &str) -> String {
    let c: Vec<char> = s.chars().collect();
    let i = match upto(r, 4) {
        0 => 0,
        1 => c.len(),
        _ => upto(r, c.len() + 1),
    };
    c[..i].iter().collect::<String>() + what + &c[i..].iter().collect::<String>()
}
fn mask(r: Rng, s: &str) -> String {
    let a = pick(r, &[&0usize, &1, &3, &4, &6, &8, &10, &12, &14]).min(&s.len()).to_owned();
    let b = (a + 1 + upto(r, 12)).min(s.len());
    let m = pick(r, &["*", "*", "*", "?", "X", "x", "＊", "…", "~", "×", "●", "#", "—"]);
    let n = match upto(r, 4) {
        0 => 1,
        1 => 1 + upto(r, 8),
        _ => b - a,
    };
    format!("{}{}{}", &s[..a], m.repeat(n), &s[b..])
}
fn cut(r: Rng, s: &str) -> String {
    let n = (if upto(r, 6) == 0 { upto(r, 8) } else { 8 + upto(r, 10) }).min(s.len());
    if upto(r, 3) == 0 { s[s.len() - n..].to_string() } else { s[..n].to_string() }
}
fn scientific(r: Rng, s: &str) -> String {
    let n = *pick(r, &[&1usize, &2, &6, &6, &6, &10, &15]);
    let m = &s[..n.min(s.len())];
    format!(
        "{}{}{}E{}{}",
        &m[..1],
        if m.len() > 1 { "." } else { "" },
        &m[1..],
        pick(r, &["+", "+", ""]),
        s.len() - 1
    )
}
fn fill(r: Rng) -> String {
    let n = *pick(r, &[&18usize, &18, &15, &17, &8, &1]);
    match upto(r, 4) {
        0 => "123456789012345678"[..n].to_string(),
        _ => pick(r, &["0", "9", "1", "X", "x", "*", "8", "０"]).repeat(n),
    }
}
fn word(r: Rng) -> String {
    pick(
        r,
        &[
            "无",
            "NULL",
            "\\N",
            "-",
            "--",
            "不详",
            "合计",
            "同上",
            "",
            " ",
            "\u{200B}",
            "/",
            "null",
            "N/A",
            "0000-00-00",
            "暂无",
            "待查",
            "房管局",
            "(已故)继承人未定",
            "见附件",
        ],
    )
    .to_string()
}
fn organisation(r: Rng) -> String {
    let place = pick(r, &["330106", "330102", "110108"]);
    let body: String = (0..9).map(|_| CREDIT.chars().nth(upto(r, 31)).unwrap()).collect();
    let s = format!(
        "{}{place}{}{}",
        pick(r, &["91", "92", "12", "52", "11"]),
        if upto(r, 2) == 0 { "MA2" } else { "700" },
        &body[..6]
    );
    let right = credit_check(&s).unwrap();
    format!("{s}{}", if upto(r, 3) == 0 { CREDIT.chars().nth(upto(r, 31)).unwrap() } else { right })
}
fn other_number(r: Rng) -> String {
    let (a, b) = (number(r, 8), number(r, 4));
    match upto(r, 10) {
        0 => format!("E{a}"),
        1 => format!("E{}{}", pick(r, &["A", "K", "Z"]), &a[..7]),
        2 => format!("G{a}"),
        3 => format!("H{a}01"),
        4 => format!("1{}{}{a}", pick(r, &["38", "50", "86", "99"]), "").chars().take(11).collect(),
        5 => format!("HT{}-{b}", 1995 + upto(r, 30)),
        6 => format!("{}{a}", 1995 + upto(r, 30)),
        7 => format!("{:04}-{:02}-{:02}", 1950 + upto(r, 75), 1 + upto(r, 12), 1 + upto(r, 28)),
        8 => format!("{:04}{:02}{:02}", 1950 + upto(r, 75), 1 + upto(r, 12), 1 + upto(r, 28)),
        _ => format!("军字第{b}号"),
    }
}
fn person(r: Rng, id: &str) -> String {
    match (upto(r, 10), short(id)) {
        (0..=2, Some(s)) => s,
        (3, Some(s)) => format!("{}{}", &s[..12], 996 + upto(r, 4)),
        _ => id.to_string(),
    }
}
fn dress(r: Rng, s: String) -> String {
    match upto(r, 16) {
        0 => s.to_lowercase(),
        1 => s
            .chars()
            .map(|c| {
                if ('!'..='~').contains(&c) {
                    char::from_u32(c as u32 + 0xFEE0).unwrap()
                } else {
                    c
                }
            })
            .collect(),
        2 | 3 => {
            let b = pick(r, &[" ", "  ", "\u{3000}", "\u{A0}", "\t", "-", "\n"]);
            insert(r, &s, b)
        }
        4 | 5 => {
            let b = pick(
                r,
                &[
                    "\u{200B}", "\u{FEFF}", "\u{202D}", "\u{1F}", "\u{0}", "\u{61C}", "\u{2066}",
                    "\u{FE0F}",
                ],
            );
            insert(r, &s, b)
        }
        6 => match upto(r, 4) {
            0 => format!("'{s}"),
            1 => format!("`{s}"),
            2 => format!("=\"{s}\""),
            _ => format!("\u{202D}{s}\u{202C}"),
        },
        7 => {
            let b = pick(r, &["&#8203;", "&nbsp;", "&#x200b;", "_x0000_", "_x000D_", "&zwnj;"]);
            insert(r, &s, b)
        }
        _ => s,
    }
}
/// Month and day the other way about, as some write them.
fn turned(s: &str) -> String {
    match (s.is_ascii(), s.len()) {
        (true, 18) => [&s[..10], &s[12..14], &s[10..12], &s[14..]].concat(),
        (true, 15) => [&s[..8], &s[10..12], &s[8..10], &s[12..]].concat(),
        _ => s.to_string(),
    }
}
fn damage(r: Rng, s: &str) -> String {
    match upto(r, 12) {
        11 => {
            let t = turned(s);
            if upto(r, 2) == 0 { t } else { slip(r, &t) }
        }
        0 | 1 => slip(r, s),
        2 => {
            let t = slip(r, s);
            slip(r, &t)
        }
        3 => {
            let n = 1 + upto(r, 3);
            (0..n).fold(s.to_string(), |t, _| {
                let (a, b) = pick(
                    r,
                    &[
                        &('0', "O"),
                        &('1', "l"),
                        &('1', "I"),
                        &('2', "Z"),
                        &('5', "S"),
                        &('8', "B"),
                        &('0', "〇"),
                    ],
                );
                t.replacen(*a, b, 1)
            })
        }
        4 | 5 => mask(r, s),
        6 | 7 => cut(r, s),
        8 => scientific(r, s),
        9 if s.len() == 18 => format!("{}000", &s[..15]),
        _ if s.len() == 18 => match upto(r, 4) {
            0 => format!("{}0000", &s[..14]),
            1 => format!("{}9999", &s[..14]),
            2 => format!("{}00000000{}", &s[..6], &s[14..]),
            _ => format!("{} {} {}", &s[..6], &s[6..14], &s[14..]),
        },
        _ => slip(r, s),
    }
}
fn rest(r: Rng, p: &str) -> String {
    let d = {
        let q = person(r, p);
        damage(r, &q)
    };
    match upto(r, 8) {
        0..=2 => d,
        3 => pick(r, &["等3人", "等", "同上", "", "(已故)继承人未定", "3.3E+17", "…", "共有"])
            .to_string(),
        4 => word(r),
        5 => fill(r),
        6 => other_number(r),
        _ => organisation(r),
    }
}
/// One cell of an id column: p's, another's, several persons', or nobody can say whose.
pub fn generate(rng: &mut dyn FnMut() -> u64, p: &str, others: &[String]) -> String {
    let r = rng;
    let other =
        if others.is_empty() { p.to_string() } else { others[upto(r, others.len())].clone() };
    let who = if upto(r, 2) == 0 { p.to_string() } else { other.clone() };
    let s = match upto(r, 20) {
        0..=2 => person(r, &who),
        3..=7 => {
            let q = person(r, &who);
            damage(r, &q)
        }
        8..=12 => {
            // several
            let sep = *pick(r, &[&";", &",", &"、", &"/", &"|", &"；", &"，", &"; ", &"", &" "]);
            let mut parts = vec![person(r, &other)];
            if upto(r, 3) == 0 {
                let o =
                    if others.is_empty() { p } else { &others[upto(r, others.len())] }.to_string();
                parts.push(person(r, &o));
            }
            let last = match upto(r, 4) {
                0 => person(r, &who),
                _ => rest(r, p),
            };
            let at = if upto(r, 4) == 0 { 0 } else { parts.len() };
            with(&mut parts, at, last);
            parts.join(sep)
        }
        13 => fill(r),
        14 => word(r),
        15 => organisation(r),
        16 | 17 => other_number(r),
        18 => {
            let q = damage(r, &who);
            damage(r, if q.is_ascii() && q.len() > 1 { &q } else { &who })
        }
        _ => (0..upto(r, 22))
            .map(|_| {
                *pick(
                    r,
                    &[
                        &'0', &'1', &'3', &'9', &'X', &'E', &'*', &' ', &'-', &';', &'等', &'无',
                        &'张', &'.', &'+',
                    ],
                )
            })
            .collect(),
    };
    dress(r, s)
}

#[cfg(test)]
mod tests {
    use super::*;
    fn id(s: &str) -> String {
        format!("{s}{}", check_17(s))
    }
    fn column() -> Declared {
        Declared { passport: false, nothing: vec![], unknown: vec![] }
    }
    fn must(cell: &str, p: &str) {
        assert!(must_not_exclude(cell, &column(), p), "{cell:?} could be {p}'s");
    }
    fn may(cell: &str, p: &str) {
        assert!(may_exclude(cell, &column(), p), "{cell:?} is not {p}'s");
    }
    fn people() -> (String, String, String) {
        (id("33010619620315794"), id("33010219910412123"), id("11010819751130255"))
    }

    #[test]
    fn several_persons_in_one_cell() {
        let (p, o, q) = people();
        for rest in [
            &p[..10],
            &p[8..],
            &format!("{}********{}", &p[..6], &p[14..]),
            &format!("{}8{}", &p[..9], &p[10..]),
            "等3人",
            "等",
            "、同上",
            "",
            "(已故)继承人未定",
            "3.3E+17",
            "…",
            "无",
        ] {
            for sep in [";", "；", "、", "/", "|", ","] {
                must(&format!("{o}{sep}{rest}"), &p);
                must(&format!("{rest}{sep}{o}"), &p);
            }
        }
        for c in ["O等3人", "O等", "O、同上", "O;", "O(已故)继承人未定", "O…"] {
            must(&c.replace('O', &o), &p);
        }
        may(&format!("{o};{q}"), &p);
        may(&format!("{o}、{q}"), &p);
        must(&format!("{o}{p}"), &p);
        must(&format!("{o} {p}"), &p);
    }
    #[test]
    fn month_and_day_the_other_way_about() {
        let (p, o, _) = people();
        let q = id("33012219870512171");
        for (mine, cell) in [
            (&p, "330106196215037946"),
            (&q, "330122198705121715"),
            (&q, "330122198712051715"),
            (&q, "33012219871205171"),
        ] {
            assert!(
                cell == "330122198705121715" || must_not_exclude(cell, &column(), mine),
                "{cell} {mine}"
            );
        }
        assert!(!must_not_exclude("330122198712051715", &column(), &o));
        assert!(!may_exclude("330122198712051715", &column(), &q));
    }
    #[test]
    fn placeholders() {
        let (p, o, _) = people();
        for c in ["0", "1", "9", "X", "*"] {
            must(&c.repeat(18), &p);
            must(&c.repeat(15), &p);
            must(&c.repeat(8), &p);
        }
        must("123456789012345678", &p);
        must("330106000000007946", &p);
        must("330106000000000000", &p);
        for end in ["0000", "9999"] {
            must(&format!("{}{end}", &p[..14]), &p);
            assert!(!may_exclude(&format!("{}{end}", &o[..14]), &column(), &p));
        }
    }
    #[test]
    fn masks_and_escapes() {
        let (p, o, _) = people();
        for m in
            ["XXXXXXXX", "********", "*", "?", "…", "~", "xxxxxxxx", "＊＊", "........", "******"]
        {
            must(&format!("{}{m}{}", &p[..6], &p[14..]), &p);
            assert!(
                !must_not_exclude(&format!("{}{m}{}", &o[..6], &o[14..]), &column(), &p),
                "{m}"
            );
        }
        for e in ["&#8203;", "_x0000_", "&nbsp;", "\u{200B}", " ", "-", "\u{1F}"] {
            must(&format!("{}{e}{}", &p[..6], &p[6..]), &p);
        }
        may(&format!("{}********{}", &o[..6], &o[14..]), &p);
    }
    #[test]
    fn foreign_schemes_only_where_declared() {
        let (p, o, _) = people();
        let yes = Declared { passport: true, ..column() };
        for c in ["E12345678", "EA1234567", "G12345678"] {
            must(c, &p);
            assert!(may_exclude(c, &yes, &p));
            assert!(!may_exclude(c, &yes, "810000198508150024"));
        }
        for c in [
            "军字第1234号",
            "13812345678",
            "HT2019-0012",
            "201977553456",
            "1998-05-06",
            "20190102",
            "330106",
        ] {
            must(c, &p);
            assert!(must_not_exclude(c, &yes, &p));
        }
        must(&format!("{o};E12345678"), &p);
    }
    #[test]
    fn fifteen_digits() {
        let p = "33010819600412997X";
        must("330108600412997", p);
        must("330108600412997", "330108186004129976");
        may("330108600412995", p);
        may("330108600412123", p);
        must("111111111111111", p);
    }
    #[test]
    fn damaged_spellings_are_narrowed() {
        let (p, o, _) = people();
        let wrong = |s: &str| format!("{}{}", &s[..17], if s.ends_with('1') { '2' } else { '1' });
        for f in [
            &wrong as &dyn Fn(&str) -> String,
            &|s| s[..14].into(),
            &|s| s[..17].into(),
            &|s| format!("{}000", &s[..15]),
            &|s| format!("{}.{}E+17", &s[..1], &s[1..6]),
        ] {
            must(&f(&p), &p);
            may(&f(&o), &p);
        }
        for c in [p[..8].to_string(), p[10..].to_string(), p.replacen('0', "O", 3)] {
            must(&c, &p);
        }
        must(&p[..7], &o);
        must(&p[11..], &o);
    }
    #[test]
    fn clean_cells() {
        let (p, o, q) = people();
        for c in [
            o.clone(),
            format!("'{o}"),
            format!("=\"{o}\""),
            format!("`{o}"),
            format!("\u{1F}{o}"),
            format!("\u{202D}{o}\u{202C}"),
            format!(" {o}\t"),
            short(&o).unwrap(),
            o.to_lowercase(),
            format!("{o},{q}"),
            "91330106MA2ABCDE04".into(),
        ] {
            if c.starts_with("913") {
                let c = format!("{}{}", &c[..17], credit_check(&c).unwrap());
                may(&c, &p);
            } else {
                may(&c, &p);
            }
        }
        for c in [
            p.clone(),
            format!("'{p}"),
            format!("=\"{p}\""),
            short(&p).unwrap(),
            format!("{o},{p}"),
        ] {
            must(&c, &p);
        }
        let twin = id("33010619620315796");
        may(&twin, &p);
        may(&short(&twin).unwrap(), &p);
    }
    #[test]
    fn words_count_only_when_declared() {
        let (p, ..) = people();
        let d = Declared {
            passport: false,
            nothing: vec!["无".into(), "0000-00-00".into(), "\\N".into(), "0".repeat(18)],
            unknown: vec!["不详".into()],
        };
        for w in ["无", "0000-00-00", "\\N", "000000000000000000"] {
            must(w, &p);
            assert!(may_exclude(w, &d, &p));
        }
        for w in ["不详", "合计", "", "-", "NULL"] {
            must(w, &p);
            assert!(must_not_exclude(w, &d, &p));
        }
    }
    #[test]
    fn slips_and_cuts_of_p_are_ps() {
        let mut x = 7u64;
        let mut rng = move || {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            x
        };
        for p in [
            people().0,
            people().2,
            id("44030119881208001"),
            id("51010420050606112"),
            "810000198508150024".into(),
            "933084198508150021".into(),
        ] {
            for _ in 0..2000 {
                let once = slip(&mut rng, &p);
                for c in [&once, &slip(&mut rng, &once)] {
                    assert!(
                        slips(c, &p) > 2
                            || whole(c, &column())
                            || placeholder(c)
                            || must_not_exclude(c, &column(), &p),
                        "{c} {p}"
                    );
                }
                for c in [&p[..8 + upto(&mut rng, 10)], &p[10 - upto(&mut rng, 10)..]] {
                    assert!(whole(c, &column()) || must_not_exclude(c, &column(), &p), "{c} {p}");
                }
            }
        }
    }
    #[test]
    fn the_two_never_contradict() {
        let (p, o, q) = people();
        let others =
            [o, q, id("33010619620315796"), id("44030119881208001"), id("51010420050606112")];
        let mut x = 88172645463325252u64;
        let mut rng = move || {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            x
        };
        let (mut m, mut e) = (0, 0);
        for _ in 0..20_000 {
            let c = generate(&mut rng, &p, &others);
            let (a, b) = (must_not_exclude(&c, &column(), &p), may_exclude(&c, &column(), &p));
            assert!(!(a && b), "{c:?}");
            m += a as usize;
            e += b as usize;
            if std::env::var_os("SHOW").is_some() {
                println!(
                    "{} {c:?}",
                    if a {
                        "MUST"
                    } else if b {
                        "may "
                    } else {
                        "grey"
                    }
                );
            }
        }
        println!("must {m}, may {e}, of 20000");
        assert!(m > 6000 && e > 1500, "{m} {e}");
    }
}
