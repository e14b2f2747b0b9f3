//! Division codes (行政区划代码, GB/T 2260), and what became of those that were merged into others.

use crate::fold;

/// Provinces, regions and municipalities: the first two digits.
pub(crate) const PROVINCES: [&str; 34] = [
    "11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37", "41",
    "42", "43", "44", "45", "46", "50", "51", "52", "53", "54", "61", "62", "63", "64", "65", "71",
    "81", "82",
];

/// Districts whose whole area went to another, as the Ministry of Civil Affairs announced it: code,
/// successor, year. A *cell* that names one is read as its successor. A *coverage* never is: the
/// successor is wider.
const MERGED: &[(&str, &str, u16)] = &[
    ("110103", "110101", 2010), // 北京 崇文 → 东城
    ("110104", "110102", 2010), // 北京 宣武 → 西城
    ("120107", "120116", 2009), // 天津 塘沽 → 滨海新区
    ("120108", "120116", 2009), // 天津 汉沽 → 滨海新区
    ("120109", "120116", 2009), // 天津 大港 → 滨海新区
    ("310103", "310101", 2011), // 上海 卢湾 → 黄浦
    ("310108", "310106", 2015), // 上海 闸北 → 静安
    ("310119", "310115", 2009), // 上海 南汇 → 浦东新区
    ("320103", "320104", 2013), // 南京 白下 → 秦淮
    ("320107", "320106", 2013), // 南京 下关 → 鼓楼
    ("320502", "320508", 2012), // 苏州 沧浪 → 姑苏
    ("320503", "320508", 2012), // 苏州 平江 → 姑苏
    ("320504", "320508", 2012), // 苏州 金阊 → 姑苏
    ("330103", "330105", 2021), // 杭州 下城 → 拱墅
];

/// Districts that were divided among several: code, year. Such a code has no single successor, and
/// stays as it is where it is read.
const DIVIDED: &[(&str, u16)] = &[
    ("330104", 2021), // 杭州 江干 → 上城, and 下沙 and 白杨 → 钱塘
];

/// Reads a code of six digits, or the same with a statistical suffix of three or six zeros, into
/// the code in force now.
pub fn read(raw: &str) -> Option<String> {
    let text = fold::identifier(raw.get(..raw.len().min(256))?);
    let six = match text.len() {
        6 => text.as_str(),
        9 | 12 => text.strip_suffix(if text.len() == 9 { "000" } else { "000000" })?,
        _ => return None,
    };
    let valid = six.bytes().all(|c| c.is_ascii_digit())
        && PROVINCES.iter().any(|province| six.starts_with(province));
    valid.then(|| successor(six).to_owned())
}

/// The code and all that were merged into it, each with 6, 9 and 12 digits.
pub fn spellings(code: &str) -> Vec<String> {
    let before = MERGED.iter().map(|(old, ..)| *old).filter(|old| successor(old) == code);
    [code]
        .into_iter()
        .chain(before)
        .flat_map(|six| [six.to_owned(), format!("{six}000"), format!("{six}000000")])
        .collect()
}

/// The year in which a district was abolished, if that is known here. What a register covers cannot
/// be said with such a code: of the district that its area belongs to now, it covers a part.
pub fn abolished(code: &str) -> Option<u16> {
    let merged = MERGED.iter().map(|(old, _, year)| (*old, *year));
    merged.chain(DIVIDED.iter().copied()).find(|(old, _)| *old == code).map(|(_, year)| year)
}

/// The regions that all of these lists cover, each as it was named, sorted. A province's code
/// covers its prefectures', and theirs their counties' (GB/T 2260: two digits each, zeros for "all
/// of it"). It never works the other way: all of a city's counties, named one by one,
/// are these counties and not the city, for a list of today says nothing of what the city was.
pub fn common<L: AsRef<[String]>>(lists: &[L]) -> Vec<String> {
    let in_all = |code: &&String| {
        lists.iter().all(|list| list.as_ref().iter().any(|wide| covers(wide, code)))
    };
    let mut regions: Vec<String> =
        lists.iter().flat_map(|list| list.as_ref()).filter(in_all).cloned().collect();
    regions.sort();
    regions.dedup();
    regions
}

/// Whether the first code's area holds the second's.
pub fn covers(wide: &str, code: &str) -> bool {
    let stem = wide.strip_suffix("0000").or_else(|| wide.strip_suffix("00")).unwrap_or(wide);
    code.starts_with(stem)
}

fn successor(code: &str) -> &str {
    MERGED.iter().find(|(old, ..)| *old == code).map_or(code, |(_, new, _)| new)
}
