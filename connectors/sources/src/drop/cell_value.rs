//! What a cell of a spreadsheet holds, and its text.

use chrono::{Days, NaiveDate};

use super::super::float_text;

/// The text of a value that is missing: no semantic type reads it.
const LOST: &str = "\u{fffd}";

/// What a cell holds.
#[derive(Clone, Debug)]
pub enum CellValue {
    Text(String),
    Number(f64),
    /// A number that is shown as a date or a time of day.
    Date(f64),
    /// True or false.
    Truth(bool),
    /// An error such as `#REF!`.
    Error(String),
    /// A formula whose value was never stored, or a text that is not where it should be.
    Lost,
}

impl CellValue {
    /// Its text.
    pub fn into_text(self, is_1904: bool) -> String {
        match self {
            Self::Text(text) | Self::Error(text) => text,
            Self::Number(number) => float_text::double(number),
            Self::Date(number) => {
                moment(number, is_1904).unwrap_or_else(|| float_text::double(number))
            }
            Self::Truth(true) => "TRUE".to_owned(),
            Self::Truth(false) => "FALSE".to_owned(),
            Self::Lost => LOST.to_owned(),
        }
    }
}

/// A spreadsheet's day and time of day in ISO form; `None` for what is neither.
fn moment(number: f64, is_1904: bool) -> Option<String> {
    const DAY_SECONDS: f64 = 86_400.0;
    if !(0.0..2_958_466.0).contains(&number) {
        return None;
    }
    let seconds = (number * DAY_SECONDS).round();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "below 3 million days of seconds, and not negative"
    )]
    let seconds = seconds as u64;
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let clock = format!("{:02}:{:02}:{:02}", rest / 3600, rest / 60 % 60, rest % 60);
    let first = match (is_1904, days) {
        (true, _) => NaiveDate::from_ymd_opt(1904, 1, 1)?,
        (false, 0) => return Some(clock),
        (false, 1..=59) => NaiveDate::from_ymd_opt(1899, 12, 31)?,
        // A day that only spreadsheets have in 1900.
        (false, 60) => return Some("1900-02-29".to_owned()),
        (false, _) => NaiveDate::from_ymd_opt(1899, 12, 30)?,
    };
    let day = first.checked_add_days(Days::new(days))?;
    Some(if rest == 0 { day.to_string() } else { format!("{day}T{clock}") })
}

/// Whether a number in this format is shown as a date or a time of day.
pub fn is_date_format(code: &str) -> bool {
    let mut characters = code.chars();
    while let Some(c) = characters.next() {
        match c {
            ';' => return false,
            '"' => {
                let _quoted = characters.by_ref().find(|c| *c == '"');
            }
            // The next one is shown as it is, or is as wide as a blank.
            '\\' | '_' | '*' => {
                let _shown = characters.next();
            }
            '[' => {
                let inside: String = characters.by_ref().take_while(|c| *c != ']').collect();
                // Hours that have passed are not a time of day.
                if !inside.is_empty()
                    && inside.chars().all(|c| matches!(c, 'h' | 'm' | 's' | 'H' | 'M' | 'S'))
                {
                    return false;
                }
            }
            'y' | 'm' | 'd' | 'h' | 's' | 'Y' | 'M' | 'D' | 'H' | 'S' => return true,
            _ => {}
        }
    }
    false
}

/// The same for a format that every spreadsheet knows by its number.
pub fn is_known_date_format(number: u32) -> bool {
    matches!(number, 14..=22 | 27..=36 | 45 | 47 | 50..=58)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn days_are_counted_as_spreadsheets_count_them() {
        let day = |number| moment(number, false).unwrap();
        assert_eq!(
            [1.0, 59.0, 60.0, 61.0].map(day),
            ["1900-01-01", "1900-02-28", "1900-02-29", "1900-03-01"]
        );
        assert_eq!(
            [46_348.0, 46_348.5, 0.25, 46_347.999_999_99].map(day),
            ["2026-11-22", "2026-11-22T12:00:00", "06:00:00", "2026-11-22"]
        );
        assert_eq!(moment(0.0, true).unwrap(), "1904-01-01");
        assert_eq!(moment(44_886.0, true).unwrap(), "2026-11-22");
        assert_eq!(day(2_958_465.0), "9999-12-31");
        for number in [-1.0, 2_958_466.0, 110_105_491_231_002.0, f64::NAN, f64::INFINITY] {
            assert_eq!(moment(number, false), None, "{number}");
        }
    }

    #[test]
    fn formats_of_dates_are_told_from_others() {
        for date in [
            "yyyy-mm-dd",
            "yyyy\"年\"m\"月\"d\"日\"",
            "[$-804]aaaa;yyyy",
            "[$-F800]dddd\\, mmmm dd",
            "h:mm AM/PM",
            "D.M.YY;@",
        ] {
            assert_eq!(is_date_format(date), !date.starts_with("[$-804]aaaa"), "{date}");
        }
        for other in [
            "General",
            "0.00",
            "#,##0;[Red]-#,##0",
            "0\"days\"",
            "[h]:mm:ss",
            "@",
            "0.00E+00",
            "\\d0",
            "_d0",
            "[Red]0",
            "",
        ] {
            assert!(!is_date_format(other), "{other}");
        }
        assert!(
            is_known_date_format(14)
                && is_known_date_format(31)
                && !is_known_date_format(46)
                && !is_known_date_format(2)
        );
    }
}
