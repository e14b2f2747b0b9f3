//! Amounts of money in yuan, as text.

use crate::fold;

/// Digits of an amount, fen included, as it travels.
pub const PRECISION: u8 = 20;
/// Those after the point.
pub const SCALE: i8 = 2;
/// Largest amount, in fen: what a decimal of that many digits holds.
const MOST_FEN: i128 = 99_999_999_999_999_999_999;

/// Reads an amount into fen: sign, currency mark (`¥`, `RMB`, `CNY`), commas every three digits, at
/// most two decimals that are not zeros at their end, `元` or `万元`. Capital numerals, parts of a
/// fen and commas in odd places are unreadable: money is never rounded or guessed.
pub fn read(raw: &str) -> Option<i128> {
    let text = fold::identifier(raw.get(..raw.len().min(256))?);
    let text = text.replace('￥', "¥");
    let (negative, text) = match text.strip_prefix(['-', '−']) {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(&text)),
    };
    let text = ["¥", "RMB", "CNY", "人民币"]
        .iter()
        .find_map(|mark| text.strip_prefix(mark))
        .unwrap_or(text);
    let (text, unit) = match (
        text.strip_suffix("万元").or_else(|| text.strip_suffix('万')),
        text.strip_suffix('元'),
    ) {
        (Some(rest), _) => (rest, 10_000),
        (None, Some(rest)) => (rest, 1),
        (None, None) => (text, 1),
    };
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let most_decimals = if unit == 1 { 2 } else { 6 };
    let digits = |part: &str| part.bytes().all(|c| c.is_ascii_digit());
    if !digits(decimals) || (text.contains('.') && decimals.is_empty()) {
        return None;
    }
    // `numeric(18,4)` and FoxPro's currency write 1234.5000: zeros at the end take nothing away.
    let decimals = decimals.trim_end_matches('0');
    if decimals.len() > most_decimals {
        return None;
    }
    let mut groups = whole.split(',');
    let first = groups.next().filter(|first| !first.is_empty() && digits(first))?;
    let mut plain = first.to_owned();
    for group in groups {
        if group.len() != 3 || !digits(group) || first.len() > 3 {
            return None;
        }
        plain.push_str(group);
    }
    // Units of a millionth of what is written, so that every allowed decimal is whole.
    let written: i128 = format!("{plain}{decimals:0<6}").parse().ok()?;
    let fen = written.checked_mul(unit)?.checked_div(10_000)?;
    (fen <= MOST_FEN).then_some(if negative { -fen } else { fen })
}
