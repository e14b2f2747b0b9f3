//! What the names of files in one folder show of one another: one file of several days, or parts of
//! one.

use std::collections::BTreeSet;

use chrono::{NaiveDate, NaiveTime};
use zerotrip_datasets::is_digit;

/// What packs a file, and says nothing of what is in it.
const PACKED: &[&str] = &[".gz", ".bz2", ".xz", ".zst", ".zip", ".7z", ".rar", ".z", ".lz4"];
/// Words that number a file, or say that it is another copy or goes on: the names of parts differ
/// in them.
const COUNTERS: &[&str] = &[
    "copyof", "副本", "复件", "复制", "拷贝", "备份", "部分", "backup", "copy", "part", "page",
    "sheet", "bak", "new", "old", "vol", "第", "份", "册", "卷", "批", "页", "续", "补", "新",
    "旧",
];
/// Letters of a name from which on a longer word is another: `house` and `household`.
const WORD: usize = 3;
/// Numbers that no digit is in.
const NUMBERS: &str = "十百千两兩甲乙丙丁戊己庚辛壬癸上中下";

/// Whether these are names of one file on several days: alike but for a day, and no two of the same
/// day.
pub fn is_one_of_several_days<'a>(names: impl IntoIterator<Item = &'a str>) -> bool {
    let mut days = Vec::new();
    let mut rest: Option<String> = None;
    for name in names {
        let Some((day, without)) = day_of(name) else { return false };
        if days.contains(&day) || rest.as_ref().is_some_and(|rest| *rest != without) {
            return false;
        }
        days.push(day);
        rest = Some(without);
    }
    true
}

/// Names of drops, prepared for being compared with everything beside them.
#[derive(Debug, Default)]
pub struct Named {
    /// What is left of each without what numbers it, and the name as it is read.
    kept: BTreeSet<(String, String)>,
    days: BTreeSet<(String, NaiveDate)>,
    rests: BTreeSet<String>,
}

impl Named {
    /// Of these names.
    pub fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut named = Self::default();
        for name in names {
            let stem = stem_of(name);
            named.kept.insert((without_number(stem), read(stem).into_iter().collect()));
            if let Some((day, rest)) = day_of(name) {
                named.days.insert((rest.clone(), day));
                named.rests.insert(rest);
            }
        }
        named
    }

    /// Whether a file of this name could be a further part of one of these: its name begins like
    /// theirs, but for what numbers it, and is not that of another day.
    pub fn could_be_part(&self, other: &str) -> bool {
        let packed = PACKED.iter().find_map(|end| {
            other.get(..other.len().checked_sub(end.len())?).filter(|_| ends(other, end))
        });
        let is_another_day = day_of(packed.unwrap_or(other)).is_some_and(|(day, rest)| {
            self.rests.contains(&rest) && !self.days.contains(&(rest, day))
        });
        let stem = stem_of(other);
        let word: String = read(stem).into_iter().collect();
        let forms = [without_number(stem), letters(&read(stem))];
        !is_another_day
            && self.kept.iter().any(|(own, own_word)| {
                let is_alike = |form: &String| match own.is_empty() {
                    true => form.is_empty(),
                    false => begins_or_ends(form, own),
                };
                forms.iter().any(is_alike) && !is_longer_word(&word, own_word)
            })
    }
}

/// Whether a name begins like another, or has before it words without letters of the alphabet, such
/// as a district's.
fn begins_or_ends(form: &str, own: &str) -> bool {
    let before = form.strip_suffix(own);
    form.starts_with(own) || before.is_some_and(|before| !before.contains(|c: char| c.is_ascii()))
}

/// Whether a name of letters alone is the beginning of a longer word: that of another register.
fn is_longer_word(word: &str, own: &str) -> bool {
    let letters = word.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    own.len() >= WORD
        && own.bytes().all(|c| c.is_ascii_alphabetic())
        && letters.strip_prefix(own).is_some_and(|rest| {
            rest.len() > 1
                && !COUNTERS.contains(&rest)
                && rest.contains(|c| !matches!(c, 'i' | 'v' | 'x'))
        })
}

fn ends(name: &str, end: &str) -> bool {
    name.to_ascii_lowercase().ends_with(end)
}

fn stem_of(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// A name as the eye reads it, without what numbers it: its digits, numbers in words, and what
/// is around them. `t (2)` is `t` then, and so are `T二`, `t第二部分` and `t_b`.
fn without_number(name: &str) -> String {
    let read = read(name);
    let is_between = |c: &char| matches!(c, '_' | '-' | ' ' | '.' | '(' | '[' | '#');
    // A last word of one letter counts, and so does a Roman number.
    let end = read.iter().rposition(is_between).filter(|at| {
        let (before, word) = read.split_at(*at);
        let is_number = word.len() == 2
            || word.iter().skip(1).all(|c| matches!(c, 'i' | 'v' | 'x' | ')' | ']'));
        is_number && before.iter().any(|c| is_kept(*c))
    });
    letters(read.get(..end.unwrap_or(read.len())).unwrap_or_default())
}

/// A name as the eye reads it.
fn read(name: &str) -> Vec<char> {
    name.chars().flat_map(|c| seen(c).to_lowercase()).collect()
}

/// The parts of a name that are not numbers.
fn letters(read: &[char]) -> String {
    let mut kept: String = read.iter().filter(|c| is_kept(**c)).collect();
    for word in COUNTERS
        .iter()
        .filter(|word| kept.len() > word.len() || !word.is_ascii())
        .copied()
        .collect::<Vec<_>>()
    {
        kept = kept.replace(word, "");
    }
    kept
}

/// What distinguishes names: letters that are not numbers.
fn is_kept(c: char) -> bool {
    c.is_alphanumeric() && !c.is_numeric() && (c == 'x' || !is_digit(c)) && !NUMBERS.contains(c)
}

/// The Latin letter that a character looks like: one in full width, and those of Greek and
/// Cyrillic.
fn seen(c: char) -> char {
    const ALIKE: &[(&str, char)] = &[
        ("αаΑА", 'a'),
        ("ΒВвЬьβ", 'b'),
        ("сСϲⅽ", 'c'),
        ("ԁⅾ", 'd'),
        ("еЕΕεё", 'e'),
        ("ɡԌ", 'g'),
        ("һНнΗ", 'h'),
        ("іІΙιїı", 'i'),
        ("јЈ", 'j'),
        ("кКΚκ", 'k'),
        ("ӏⅼ", 'l'),
        ("мМΜⅿ", 'm'),
        ("ηпΝп", 'n'),
        ("оОοΟσօ", 'o'),
        ("рРΡρ", 'p'),
        ("ԛ", 'q'),
        ("гⲅ", 'r'),
        ("ѕЅ", 's'),
        ("тТΤτ", 't'),
        ("υս", 'u'),
        ("νѵ", 'v'),
        ("ѡωԝ", 'w'),
        ("хХΧχ", 'x'),
        ("уУΥγү", 'y'),
        ("Ζζ", 'z'),
    ];
    let wide = || {
        u32::from(c)
            .checked_sub(0xfee0)
            .filter(|c| (0x21..=0x7e).contains(c))
            .and_then(char::from_u32)
    };
    let alike = || ALIKE.iter().find(|(those, _)| those.contains(c)).map(|(_, letter)| *letter);
    wide().or_else(alike).unwrap_or(c)
}

/// The first day in a name, with a time run on to it, and the name without it.
fn day_of(name: &str) -> Option<(NaiveDate, String)> {
    let runs = runs(name);
    for (place, &(from, to)) in runs.iter().enumerate() {
        let text = name.get(from..to)?;
        if matches!(text.len(), 8 | 12 | 14)
            && let Some(day) = day(text.get(..4)?, text.get(4..6)?, text.get(6..8)?)
            && is_time(text.get(8..)?)
        {
            return Some((day, without(name, from, to)));
        }
        let (Some(&(month_from, month_to)), Some(&(day_from, day_to))) =
            (runs.get(place + 1), runs.get(place + 2))
        else {
            continue;
        };
        let between = (name.get(to..month_from)?, name.get(month_to..day_from)?);
        if text.len() == 4
            && matches!(between, ("-", "-") | ("_", "_") | (".", ".") | ("年", "月"))
            && let Some(day) =
                day(text, name.get(month_from..month_to)?, name.get(day_from..day_to)?)
        {
            return Some((day, without(name, from, day_to)));
        }
    }
    None
}

/// Where a name has digits.
fn runs(name: &str) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for (at, _) in name.bytes().enumerate().filter(|(_, byte)| byte.is_ascii_digit()) {
        match runs.last_mut().filter(|(_, to)| *to == at) {
            Some((_, to)) => *to = at + 1,
            None => runs.push((at, at + 1)),
        }
    }
    runs
}

fn without(name: &str, from: usize, to: usize) -> String {
    format!("{}\0{}", name.get(..from).unwrap_or_default(), name.get(to..).unwrap_or_default())
}

fn day(year: &str, month: &str, day: &str) -> Option<NaiveDate> {
    let year: i32 = year.parse().ok().filter(|year| (1990..2100).contains(year))?;
    let part = |text: &str| text.parse::<u32>().ok().filter(|_| text.len() <= 2);
    NaiveDate::from_ymd_opt(year, part(month)?, part(day)?)
}

fn is_time(text: &str) -> bool {
    let part = |range| text.get(range).map_or(Some(0), |part: &str| part.parse::<u32>().ok());
    let time = || NaiveTime::from_hms_opt(part(0..2)?, part(2..4)?, part(4..6)?);
    text.is_empty() || time().is_some()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, reason = "tests")]
    use super::*;

    #[test]
    fn days_are_told_from_parts() {
        for names in [
            &["m-20261120.csv", "m-20261121.csv"][..],
            &["m-20261120.csv", "m-20251120.csv", "m-20261119.csv"],
            &["产权2026年11月2日.xlsx", "产权2026年11月20日.xlsx"],
            &["a_2026-11-02_v1.csv", "a_2026-11-03_v1.csv"],
            &["x202611200130.csv", "x20261121013000.csv"],
            &["only-20261120.csv"],
        ] {
            assert!(is_one_of_several_days(names.iter().copied()), "{names:?}");
        }
        for names in [
            &["fw_330102.csv", "fw_330105.csv"][..],
            &["fw_330102_20261120.csv", "fw_330105_20261121.csv"],
            &["m-20261120-1.csv", "m-20261120-2.csv"],
            &["m-20261120.csv", "m-20261120 (2).csv"],
            &["m-20261120.csv", "m-latest.csv"],
            &["m-20261320.csv", "m-20261321.csv"],
            &["part-00000.parquet", "part-00001.parquet"],
            &["a.csv", "b.csv"],
        ] {
            assert!(!is_one_of_several_days(names.iter().copied()), "{names:?}");
        }
    }

    #[test]
    fn a_further_part_begins_like_the_file_it_belongs_to() {
        for (of, other) in [
            ("t.csv", "t (2).csv"),
            ("t.csv", "t2.csv"),
            ("t.csv", "T_2.CSV"),
            ("t.xlsx", "t（1）.xlsx"),
            ("fw_330102.csv", "fw_330105.csv"),
            ("part-00000.parquet", "part-00001.parquet"),
            ("1.csv", "2.csv"),
            ("一.csv", "二.csv"),
            ("t.csv", "t-1.csv"),
            ("t-20261120.csv", "t-20261120_2.csv"),
            ("t_a.csv", "t_b.csv"),
            ("产权一.csv", "产权二.csv"),
            ("产权（上城）第一部分.csv", "产权（上城）第二部分.csv"),
            ("t-i.csv", "t-ii.csv"),
            ("own.csv", "ownpart2.csv"),
        ] {
            let could_be_part = |of: &str, other: &str| Named::of([of]).could_be_part(other);
            assert!(could_be_part(of, other) && could_be_part(other, of), "{of} {other}");
        }
        for other in [
            "o二.csv",
            "o（二）.csv",
            "o第二部分.csv",
            "oII.csv",
            "o_part2.csv",
            "o.csv.1",
            "o.csv.part2",
            "o.csv.gz",
            "o②.csv",
            "oⅡ.csv",
            "o２.csv",
            "o.1",
            "O",
            "o2.CSV",
            "o续.csv",
            "o补.csv",
            "ob.csv",
            "o_b.csv",
            "o - 副本.csv",
            "o.txt",
            "ο.csv",
            "о2.csv",
            "ｏ.csv",
            "o.csv~",
            "副本o.csv",
            "Copy of o.csv",
            "2-o.csv",
            "o\u{200b}.csv",
            "o.csv.bak",
            "o甲.csv",
            "o.xlsx",
            "o.d",
            "复件 o.csv",
            "副本 o.csv",
            "新 o.csv",
            "backup o.csv",
            "new_o.csv",
            "旧-o.csv",
            "西湖区 o.csv",
            "杭州o.csv",
        ] {
            assert!(Named::of(["o.csv"]).could_be_part(other), "{other}");
        }
        for (of, other) in [
            ("t.csv", "marriage.csv"),
            ("owners.csv", "titles.csv"),
            ("owners.csv", "marriage_owners.csv"),
            ("房产.csv", "婚姻.csv"),
            ("m-20261120.csv", "m-20261121.csv"),
            ("m-20261120.csv", "m-20261119.csv.gz"),
            ("1.csv", "owners.csv"),
            ("house.csv", "household.csv"),
            ("own.csv", "owner.csv"),
        ] {
            assert!(!Named::of([of]).could_be_part(other), "{of} {other}");
        }
        assert!(Named::of(["own.csv"]).could_be_part("ownii.csv"));
        // A day that one of them has already is a part of that day.
        assert!(Named::of(["m-20261120.csv", "m-20261121.csv"]).could_be_part("m-20261120.csv.gz"));
    }
}
