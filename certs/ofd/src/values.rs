//! Times and texts as seals have them (GB/T 38540): in one spelling each.

use chrono::{DateTime, NaiveDateTime, Utc};
use zerotrip_paper::der::{BITS, IA5, INTEGER, Reader, TIME, UTF8, element};

/// How a GeneralizedTime is written.
const FORMAT: &str = "%Y%m%d%H%M%SZ";

/// A day of RFC 3339, in UTC.
pub(crate) fn day(seconds: i64) -> Option<String> {
    let time = DateTime::<Utc>::from_timestamp(seconds, 0)?;
    Some(time.format("%Y-%m-%d").to_string()).filter(|text| text.len() == 10)
}

/// A time as GeneralizedTime has it.
pub(crate) fn time_text(seconds: i64) -> Option<String> {
    let time = DateTime::<Utc>::from_timestamp(seconds, 0)?;
    Some(time.format(FORMAT).to_string()).filter(|text| text.len() == 15)
}

/// The time that such a text says.
pub(crate) fn time_of(text: &str) -> Option<i64> {
    let seconds = NaiveDateTime::parse_from_str(text, FORMAT).ok()?.and_utc().timestamp();
    (time_text(seconds)? == text).then_some(seconds)
}

pub(crate) fn write_time(seconds: i64) -> Option<Vec<u8>> {
    Some(element(TIME, &[time_text(seconds)?.as_bytes()]))
}

pub(crate) fn read_time(reader: &mut Reader<'_>) -> Option<i64> {
    time_of(std::str::from_utf8(reader.take(TIME)?).ok()?)
}

/// A text of visible ASCII.
pub(crate) fn is_plain(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

pub(crate) fn read_plain(reader: &mut Reader<'_>, most: usize) -> Option<String> {
    let text = std::str::from_utf8(reader.take(IA5)?).ok()?;
    is_plain(text, most).then(|| text.to_owned())
}

pub(crate) fn write_plain(text: &str) -> Vec<u8> {
    element(IA5, &[text.as_bytes()])
}

/// A text of visible characters in any language.
pub(crate) fn is_name(text: &str, most: usize) -> bool {
    let is_shown = |c: char| !c.is_control() && !zerotrip_text::is_invisible(c);
    (1..=most).contains(&text.chars().count()) && text.chars().all(is_shown)
}

pub(crate) fn read_name(reader: &mut Reader<'_>, most: usize) -> Option<String> {
    let text = std::str::from_utf8(reader.take(UTF8)?).ok()?;
    is_name(text, most).then(|| text.to_owned())
}

pub(crate) fn write_name(text: &str) -> Vec<u8> {
    element(UTF8, &[text.as_bytes()])
}

/// A small number, not negative.
pub(crate) fn write_number(number: u32) -> Vec<u8> {
    zerotrip_paper::der::unsigned(&number.to_be_bytes())
}

pub(crate) fn read_number(reader: &mut Reader<'_>) -> Option<u32> {
    let digits = reader.take(INTEGER)?;
    let number = digits.iter().fold(0u64, |all, digit| all << 8 | u64::from(*digit));
    let number = u32::try_from(number).ok().filter(|_| digits.len() <= 5)?;
    (write_number(number).get(2..)? == digits).then_some(number)
}

/// A BIT STRING of whole bytes.
pub(crate) fn write_bits(bytes: &[u8]) -> Vec<u8> {
    element(BITS, &[&[0], bytes])
}

pub(crate) fn read_bits<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    match reader.take(BITS)?.split_first()? {
        (0, bytes) => Some(bytes),
        _ => None,
    }
}
