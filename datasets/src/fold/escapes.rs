//! What stands for characters in a text that went through other programs, and what they put around
//! them. Only whoever looks for numbers in a text reads it so: what is said of a cell of ids is
//! what is written there.

use super::{reference, unescaped};

/// How often what was escaped was escaped again.
const MOST_LAYERS: usize = 4;
/// Bytes of a mark between `<` and `>`.
const MOST_MARK: usize = 256;

/// A text with every escape of it resolved, also those that were escaped again; `None` where it has
/// none.
pub(super) fn resolved(raw: &str) -> Option<String> {
    let mut text = unescaped(raw).into_owned();
    for _ in 0..MOST_LAYERS {
        let Some(next) = once(&text) else { break };
        text = next;
    }
    (text != raw).then_some(text)
}

/// One layer.
fn once(raw: &str) -> Option<String> {
    if !raw.contains(['&', '_', '\\', '%', '=', '+']) {
        return None;
    }
    let text = unescaped(raw);
    let mut done: Vec<u8> = Vec::with_capacity(text.len());
    let mut rest: &str = &text;
    while let Some(c) = rest.chars().next() {
        if let Some((byte, after)) = byte(rest) {
            done.push(byte);
            rest = after;
        } else if let Some((c, after)) = character(rest) {
            done.extend(c.to_string().bytes());
            rest = after;
        } else {
            let (this, after) = rest.split_at_checked(c.len_utf8()).unwrap_or((rest, ""));
            done.extend(this.bytes());
            rest = after;
        }
    }
    let done = String::from_utf8_lossy(&done).into_owned();
    (done != raw).then_some(done)
}

/// `%33` and `=33`, of which several can make one character, and `\x33`, `\063`.
fn byte(text: &str) -> Option<(u8, &str)> {
    let (digits, radix) =
        if let Some(digits) = text.strip_prefix(['%', '=']).or_else(|| text.strip_prefix("\\x")) {
            (digits.split_at_checked(2)?, 16)
        } else {
            (text.strip_prefix("\\")?.split_at_checked(3)?, 8)
        };
    let (digits, after) = digits;
    let is_number = digits.chars().all(|c| c.is_digit(radix));
    is_number.then(|| u8::from_str_radix(digits, radix).ok()).flatten().map(|byte| (byte, after))
}

/// `\u{33}`, `\u0033`, `\U00000033`, `%u0033`, `U+0033`, `&#51` and `&#x33` without their end.
fn character(text: &str) -> Option<(char, &str)> {
    let code =
        |digits: &str, radix: u32| u32::from_str_radix(digits, radix).ok().and_then(char::from_u32);
    if let Some(found) = reference(text) {
        return Some(found);
    }
    if let Some(number) = text.strip_prefix("&#") {
        let (number, radix) =
            number.strip_prefix(['x', 'X']).map_or((number, 10), |number| (number, 16));
        let length = number.chars().take_while(|c| c.is_digit(radix)).count();
        let (digits, after) = number.split_at_checked(length)?;
        return Some((code(digits, radix)?, after.strip_prefix(';').unwrap_or(after)));
    }
    if let Some(number) = text.strip_prefix("\\u{").or_else(|| text.strip_prefix("\\x{")) {
        let (digits, after) = number.split_once('}')?;
        return Some((code(digits, 16)?, after));
    }
    let (number, length) = [("\\u", 4), ("\\U", 8), ("%u", 4), ("U+", 4), ("\\", 4)]
        .into_iter()
        .find_map(|(mark, length)| text.strip_prefix(mark).map(|number| (number, length)))?;
    let (digits, after) = number.split_at_checked(length)?;
    digits
        .chars()
        .all(|c| c.is_ascii_hexdigit())
        .then(|| code(digits, 16))
        .flatten()
        .map(|c| (c, after))
}

/// A text without what is between `<` and `>`, `[` and `]`, `{` and `}`; `None` where there is
/// nothing such.
pub(super) fn without_markup(text: &str) -> Option<String> {
    let mut done = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['<', '[', '{']) {
        let (before, from) = rest.split_at_checked(at)?;
        done.push_str(before);
        let end = match from.chars().next() {
            Some('<') => '>',
            Some('[') => ']',
            _ => '}',
        };
        // What holds a digit is a text in brackets, and no mark.
        let mark = from
            .find(end)
            .filter(|end| *end <= MOST_MARK)
            .and_then(|end| from.split_at_checked(end + 1));
        match mark.filter(|(mark, _)| end == '>' || !mark.contains(|c: char| c.is_numeric())) {
            Some((_, after)) => rest = after,
            None => {
                done.push_str(from.get(..1)?);
                rest = from.get(1..)?;
            }
        }
    }
    done.push_str(rest);
    (done != text).then_some(done)
}

/// A text in which each day has its month and its day in two digits, as an id has: `1987年5月2日`
/// is `1987年05月02日`.
pub(super) fn with_whole_days(text: &str) -> Option<String> {
    let mut done = String::with_capacity(text.len() + 2);
    let mut digits = 0;
    // Whether what precedes is a year, or a year and a month.
    let (mut step, mut run) = (0, String::new());
    let mut changed = false;
    for c in text.chars().chain(['\0']) {
        if c.is_ascii_digit() {
            run.push(c);
            digits += 1;
            continue;
        }
        if digits > 0 {
            let is_part = matches!(digits, 1 | 2) && matches!(step, 1 | 2);
            if is_part && digits == 1 {
                done.push('0');
                changed = true;
            }
            done.push_str(&run);
            let is_year = run
                .get(run.len().saturating_sub(4)..)
                .is_some_and(|year| year.starts_with("19") || year.starts_with("20"));
            step = if is_part { step + 1 } else { usize::from(digits >= 4 && is_year) };
            run.clear();
            digits = 0;
        } else if !c.is_whitespace() {
            step = 0;
        }
        if !matches!(c, '年' | '月' | '日' | '-' | '/' | '.' | ' ') {
            step = 0;
        }
        if c != '\0' {
            done.push(c);
        }
    }
    changed.then_some(done)
}

/// The digit that a character looks like, or itself.
pub(super) fn look_alike(c: char) -> char {
    match c {
        'O' | 'o' | '○' | '◯' | 'О' | 'о' | 'Ο' | 'ο' => '0',
        'I' | 'l' | '|' => '1',
        c => c,
    }
}
