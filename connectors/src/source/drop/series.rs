//! What the names of files in one folder show of one another: one file of several days, or parts of one.

use chrono::{NaiveDate, NaiveTime};

/// Whether these are names of one file on several days: alike but for a day, and no two of the same day.
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

/// Whether the other file could be a further part of this one: called like it but for a number, and not of another day.
pub fn could_be_part(of: &str, other: &str) -> bool {
    of != other && without_number(of) == without_number(other) && !is_one_of_several_days([of, other])
}

/// A name without its digits, and what stands around numbers. `t (2).csv` is `t.csv` then.
fn without_number(name: &str) -> (String, String) {
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    let plain = |text: &str| {
        let kept =
            text.chars().filter(|c| !c.is_numeric() && !matches!(c, ' ' | '_' | '-' | '.' | '(' | ')' | '（' | '）' | '[' | ']' | '#'));
        kept.flat_map(char::to_lowercase).collect::<String>()
    };
    (plain(stem), ending.to_lowercase())
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
        let (Some(&(month_from, month_to)), Some(&(day_from, day_to))) = (runs.get(place + 1), runs.get(place + 2)) else { continue };
        let between = (name.get(to..month_from)?, name.get(month_to..day_from)?);
        if text.len() == 4
            && matches!(between, ("-", "-") | ("_", "_") | (".", ".") | ("年", "月"))
            && let Some(day) = day(text, name.get(month_from..month_to)?, name.get(day_from..day_to)?)
        {
            return Some((day, without(name, from, day_to)));
        }
    }
    None
}

/// Where digits stand in a name.
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
    fn a_further_part_is_called_alike_but_for_a_number() {
        for (of, other) in [
            ("t.csv", "t (2).csv"),
            ("t.csv", "t2.csv"),
            ("t.csv", "T_2.CSV"),
            ("t.xlsx", "t（1）.xlsx"),
            ("fw_330102.csv", "fw_330105.csv"),
            ("part-00000.parquet", "part-00001.parquet"),
            ("1.csv", "2.csv"),
            ("t.csv", "t-1.csv"),
            ("t-20261120.csv", "t-20261120_2.csv"),
        ] {
            assert!(could_be_part(of, other) && could_be_part(other, of), "{of} {other}");
        }
        for (of, other) in [
            ("t.csv", "t.xlsx"),
            ("t.csv", "t.csv"),
            ("t.csv", "marriage.csv"),
            ("m-20261120.csv", "m-20261121.csv"),
            ("t.csv", "t.csv.manifest.toml"),
        ] {
            assert!(!could_be_part(of, other), "{of} {other}");
        }
    }
}
