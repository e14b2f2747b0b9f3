//! Calendar dates as registers really write them.

use chrono::{Datelike, NaiveDate};

use crate::fold;

/// Registers hold nothing older.
const FIRST_YEAR: i32 = 1800;

/// Reads a date: `19900101`, `1990-01-01`, `1990/1/1`, `1990.1.1`, `1990年1月1日`, Republican years
/// (`民国79年1月1日`, `民國…`), with full-width digits and blanks anywhere between the parts. A
/// time of day after it is ignored, if it is one and states no other offset than +08:00, for then
/// the day would be another.
///
/// `None` for anything else: two-digit years, lunar dates, remarks, days that do not exist, years
/// before 1800.
pub fn parse(raw: &str) -> Option<NaiveDate> {
    if raw.len() > 256 {
        return None;
    }
    // Nearly all are written so already.
    if let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = raw.as_bytes()
        && let Some([year, month, day]) = numbers([&[y1, y2, y3, y4], &[m1, m2], &[d1, d2]])
    {
        return i32::try_from(year)
            .ok()
            .filter(|year| FIRST_YEAR <= *year)
            .and_then(|year| NaiveDate::from_ymd_opt(year, month, day));
    }
    let text: String = fold::trimmed(raw)
        .chars()
        .map(fold::narrow)
        .map(|c| if fold::is_blank(c) { ' ' } else { c })
        .collect();
    let rest = text.as_str();
    let (republican, rest) = era(rest);
    let (first, rest) = digits(rest);

    if first.len() >= 8 && !republican {
        // `19900101`, perhaps with the time of day run on: `19900101123000`.
        let time = first.get(8..)?;
        if !(time.is_empty()
            || (time.len() == 6 && is_clock(time.get(..2)?, time.get(2..4)?, time.get(4..)?)))
            || !is_time_of_day(rest)
        {
            return None;
        }
        return date(first.get(..4)?, first.get(4..6)?, first.get(6..8)?, 0);
    }
    let (offset, widths) = if republican { (1911, 1..=3) } else { (0, 4..=4) };
    let (separator, rest) = mark(rest)?;
    let (month, rest) = digits(rest);
    let (second, rest) = mark(rest)?;
    let (day, rest) = digits(rest);
    let chinese = separator == '年' && second == '月';
    if !widths.contains(&first.len())
        || !(chinese || (separator == second && "-/.".contains(separator)))
    {
        return None;
    }
    let (end, rest) = if chinese { after_day(rest)? } else { (false, rest) };
    if !(end || rest.is_empty() || rest.starts_with([' ', 'T']))
        || !is_time_of_day(rest)
        || month.len() > 2
        || day.len() > 2
    {
        return None;
    }
    date(first, month, day, offset)
}

/// Days since 1970-01-01, as Arrow's Date32 counts them.
pub fn to_date32(date: NaiveDate) -> i32 {
    const EPOCH: i32 = 719_163; // 1970-01-01 in days from the year 1
    date.num_days_from_ce() - EPOCH
}

/// The day that Arrow's Date32 counts so; `None` beyond the calendar.
pub fn from_date32(days: i32) -> Option<NaiveDate> {
    NaiveDate::from_epoch_days(days)
}

fn date(year: &str, month: &str, day: &str, offset: i32) -> Option<NaiveDate> {
    let year = year
        .parse::<i32>()
        .ok()?
        .checked_add(offset)
        .filter(|year| (FIRST_YEAR..=9999).contains(year))?;
    NaiveDate::from_ymd_opt(year, month.parse().ok()?, day.parse().ok()?)
}

/// Parts of nothing but digits, as numbers.
fn numbers(parts: [&[u8]; 3]) -> Option<[u32; 3]> {
    let mut numbers = [0; 3];
    for (number, digits) in numbers.iter_mut().zip(parts) {
        for digit in digits {
            *number = *number * 10
                + u32::from(Some(digit).filter(|digit| digit.is_ascii_digit())? - b'0');
        }
    }
    Some(numbers)
}

fn era(text: &str) -> (bool, &str) {
    let rest = text.strip_prefix("中华").or_else(|| text.strip_prefix("中華")).unwrap_or(text);
    match rest.strip_prefix("民国").or_else(|| rest.strip_prefix("民國")) {
        Some(rest) => (true, rest),
        None => (false, text),
    }
}

fn digits(text: &str) -> (&str, &str) {
    let text = text.trim_start_matches(' ');
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or(("", text))
}

/// The separator between two parts.
fn mark(text: &str) -> Option<(char, &str)> {
    let text = text.trim_start_matches(' ');
    let mark = text.chars().next()?;
    Some((mark, text.get(mark.len_utf8()..)?))
}

/// The `日` or `号` that a Chinese date ends in; it may be missing only at the very end.
fn after_day(text: &str) -> Option<(bool, &str)> {
    let rest = text.trim_start_matches(' ');
    match rest.strip_prefix('日').or_else(|| rest.strip_prefix('号')) {
        Some(rest) => Some((true, rest)),
        None => rest.is_empty().then_some((false, "")),
    }
}

/// Nothing, or `12:30`, `12:30:00`, `12:30:00.000`, each with or without `+08:00`.
fn is_time_of_day(text: &str) -> bool {
    let text = text.trim_matches(' ');
    let text = text.strip_prefix('T').unwrap_or(text);
    if text.is_empty() {
        return true;
    }
    let text = text
        .strip_suffix("+08:00")
        .or_else(|| text.strip_suffix("+0800"))
        .unwrap_or(text)
        .trim_end_matches(' ');
    let (clock, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let mut parts = clock.split(':');
    let (Some(hour), Some(minute), second, None) =
        (parts.next(), parts.next(), parts.next().unwrap_or("0"), parts.next())
    else {
        return false;
    };
    is_clock(hour, minute, second)
        && !fraction.is_empty()
        && fraction.bytes().all(|c| c.is_ascii_digit())
}

fn is_clock(hour: &str, minute: &str, second: &str) -> bool {
    let below = |text: &str, limit: u8| {
        text.len() <= 2
            && text.bytes().all(|c| c.is_ascii_digit())
            && text.parse::<u8>().is_ok_and(|n| n < limit)
    };
    below(hour, 24) && below(minute, 60) && below(second, 61)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_way_of_writing_it() {
        let day = NaiveDate::from_ymd_opt(1990, 1, 1);
        for raw in [
            "19900101",
            "1990-01-01",
            "1990/1/1",
            "1990.1.1",
            "1990年1月1日",
            "1990年01月01号",
            "１９９０．１．１",
            " 1990 - 1 - 1\u{3000}",
            "1990 年 1 月 1 日",
            "民国79年1月1日",
            "民國 79 年 1 月 1 日",
            "中華民國79年1月1日",
            "民国79.1.1",
            "1990-01-01 12:30",
            "1990-01-01T00:00:00",
            "1990-01-01 00:00:00.000",
            "1990-01-01T08:00:00+08:00",
            "19900101123000",
            "1990年1月1日 8:30",
            "1990年1月1",
            "19900101\0",
        ] {
            assert_eq!(parse(raw), day, "{raw}");
        }
    }

    #[test]
    fn what_is_not_a_date_is_not_guessed() {
        for raw in [
            "",
            "无",
            "90-01-01",
            "900101",
            "1990-13-01",
            "1990-02-30",
            "0000-00-00",
            "1990-1",
            "1990年1月",
            "1990.1/1",
            "1990-01-01 农历",
            "1990.1.1(补)",
            "19900101x",
            "1990-01-01T23:00:00Z",
            "1990-01-01 25:00",
            "199001011",
            "民国前1年1月1日",
            "1799-12-31",
            "79年1月1日",
        ] {
            assert_eq!(parse(raw), None, "{raw}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(raw in any::<String>()) {
            let _ = parse(&raw);
        }

        #[test]
        fn near_dates_never_panic(raw in "[0-9０-９年月日./ T:+-]{0,24}") {
            let _ = parse(&raw);
        }

        #[test]
        fn the_usual_way_of_writing_is_read_as_any_other(raw in "[0-9]{4}[-/0]([01][0-9]|[0-9]{2})-[0-3][0-9]") {
            prop_assert_eq!(parse(&raw), parse(&format!(" {raw}")));
        }

        #[test]
        fn date32_counts_days(days in -60_000i32..200_000) {
            let date = NaiveDate::from_ymd_opt(1970, 1, 1).unwrap() + chrono::Duration::days(days.into());
            prop_assert_eq!(to_date32(date), days);
            prop_assert_eq!(parse(&date.format("%Y/%-m/%-d").to_string()), Some(date));
        }
    }
}
