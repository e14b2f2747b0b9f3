//! Telephone numbers of the mainland (YD/T 1081, E.164): mobiles and land lines with their area
//! code.

use crate::fold;

/// Reads a number into E.164, such as `+8613800138000` or `+8657188886666`. A land line without its
/// area code is not a particular person's, so it is unreadable; so is an extension, and two numbers
/// in one cell.
pub fn read(raw: &str) -> Option<String> {
    let text = fold::identifier(raw.get(..raw.len().min(256))?);
    let digits: String =
        text.chars().filter(|c| !matches!(c, '-' | '(' | ')' | '.' | '－' | '—')).collect();
    let digits = digits.strip_prefix('+').unwrap_or(&digits);
    if !digits.bytes().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let international = digits
        .strip_prefix("0086")
        .or_else(|| digits.strip_prefix("86").filter(|rest| rest.len() >= 10));
    let national = international.unwrap_or(digits);
    let subscriber =
        if is_mobile(national) { national } else { national.strip_prefix('0').unwrap_or(national) };
    let known = is_mobile(subscriber)
        || (is_land_line(subscriber) && (international.is_some() || national.starts_with('0')));
    known.then(|| format!("+86{subscriber}"))
}

/// With and without the country's code, with the hyphens that people write.
pub fn spellings(number: &str) -> Vec<String> {
    let Some(subscriber) = number.strip_prefix("+86") else { return vec![number.to_owned()] };
    let mut spellings = vec![
        number.to_owned(),
        format!("86{subscriber}"),
        format!("0086{subscriber}"),
        format!("+86-{subscriber}"),
    ];
    if is_mobile(subscriber) {
        spellings.push(subscriber.to_owned());
        if let (Some(first), Some(second), Some(third)) =
            (subscriber.get(..3), subscriber.get(3..7), subscriber.get(7..))
        {
            spellings.push(format!("{first}-{second}-{third}"));
        }
    } else {
        spellings.push(format!("0{subscriber}"));
        let (area, rest) =
            subscriber.split_at_checked(area_digits(subscriber)).unwrap_or((subscriber, ""));
        spellings.extend([
            format!("0{area}-{rest}"),
            format!("(0{area}){rest}"),
            format!("+86-{area}-{rest}"),
        ]);
    }
    spellings
}

fn is_mobile(text: &str) -> bool {
    text.len() == 11
        && text.starts_with('1')
        && text.as_bytes().get(1).is_some_and(|c| (b'3'..=b'9').contains(c))
}

/// An area code (10, 2x, or three digits) and seven or eight digits.
fn is_land_line(text: &str) -> bool {
    let rest = text.len().saturating_sub(area_digits(text));
    let area = text.as_bytes().first().is_some_and(|c| (b'1'..=b'9').contains(c));
    let beijing_or_elsewhere = text.starts_with("10") || !text.starts_with('1');
    area && beijing_or_elsewhere && (7..=8).contains(&rest) && !is_mobile(text)
}

fn area_digits(text: &str) -> usize {
    if text.starts_with("10") || text.starts_with('2') { 2 } else { 3 }
}
