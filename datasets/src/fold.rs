//! How characters of old systems are brought to one form before anything is read from them.

/// Full-width forms (U+FF01–U+FF5E) and the ideographic space become ASCII; everything else stays.
pub(crate) fn narrow(c: char) -> char {
    match c {
        '\u{3000}' => ' ',
        '\u{ff01}'..='\u{ff5e}' => u32::from(c).checked_sub(0xfee0).and_then(char::from_u32).unwrap_or(c),
        _ => c,
    }
}

/// Blanks and what pads like blanks: white space of any script, zero-width marks, byte-order marks, NUL.
pub(crate) fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\0' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

/// An identifier's characters: narrow, upper case, without blanks anywhere.
pub(crate) fn identifier(raw: &str) -> String {
    raw.chars().map(narrow).filter(|c| !is_blank(*c)).map(|c| c.to_ascii_uppercase()).collect()
}

/// Text without the padding around it.
pub(crate) fn trimmed(raw: &str) -> &str {
    raw.trim_matches(is_blank)
}
