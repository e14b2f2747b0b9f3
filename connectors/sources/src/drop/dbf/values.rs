//! Values of fields, as text.

use chrono::{Days, NaiveDate};

use crate::float_text;

pub fn not_blank(raw: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(raw);
    let text = text.trim_matches([' ', '\0']);
    (!text.is_empty()).then(|| text.to_owned())
}

/// The digits as they are, as far as the programs that wrote them could count: they keep numbers
/// as doubles.
pub fn written_number(text: &str) -> String {
    match text.parse::<f64>() {
        Ok(number) if number.abs() >= 1e15 => float_text::double(number),
        _ => text.to_owned(),
    }
}

pub fn written_day(text: &str) -> String {
    let part = |range| text.get(range).and_then(|part: &str| part.parse::<u32>().ok());
    let day = || NaiveDate::from_ymd_opt(part(0..4)?.cast_signed(), part(4..6)?, part(6..8)?);
    day().filter(|_| text.len() == 8).map_or(text.to_owned(), |day| day.to_string())
}

/// A day counted as astronomers do, and milliseconds of it.
pub fn julian(day: u32, milliseconds: u32) -> Option<String> {
    const FIRST: u32 = 2_305_448; // 1600-01-01
    let day = NaiveDate::from_ymd_opt(1600, 1, 1)?
        .checked_add_days(Days::new(u64::from(day.checked_sub(FIRST)?)))?;
    // FoxPro's clock is a millisecond short now and then.
    let seconds = milliseconds.checked_add(1)? / 1000;
    let (hours, rest) = (seconds / 3600, seconds % 3600);
    (hours < 24).then(|| {
        if seconds == 0 {
            day.to_string()
        } else {
            format!("{day}T{hours:02}:{:02}:{:02}", rest / 60, rest % 60)
        }
    })
}
