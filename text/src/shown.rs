//! Other people's words on a terminal, and what is wrong with a file of theirs.

/// Most characters of a name.
const MOST_NAME: usize = 100;
/// Most characters of a parser's words.
const MOST_WORDS: usize = 300;
/// The longest key that is named.
const MOST_KEY: usize = 64;

/// Another party's words as a terminal can show them: nothing moves the cursor, reverses the order
/// of reading, or is there without being seen.
pub fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_invisible(c) && !is_variation(c) {
            out.extend(c.escape_unicode())
        } else {
            out.push(c)
        }
    }
    out
}

/// Whether a character is not seen, or changes how others are read: control characters, line and
/// paragraph separators, and Unicode's `Bidi_Control` and `Default_Ignorable_Code_Point` (UAX #44).
/// Two texts that differ in such characters alone look alike, or one looks like a third.
pub fn is_invisible(c: char) -> bool {
    c.is_control()
        || is_variation(c)
        || matches!(
            c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
                | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// Variation selectors: which form of the character before them is meant. Names have them.
fn is_variation(c: char) -> bool {
    matches!(
        c,
        '\u{180b}'..='\u{180d}' | '\u{180f}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}'
    )
}

/// A name that another party sent, for an error: its first 100 characters.
pub fn cut(text: &str) -> String {
    text.chars().take(MOST_NAME).collect()
}

/// What is wrong with a TOML text: the line, the key on it, and the parser's words, cut short. The
/// value is left out: it may be a secret.
pub fn toml_fault(text: &str, error: &toml::de::Error) -> String {
    let why: String = shown(error.message()).chars().take(MOST_WORDS).collect();
    let Some(before) = error.span().and_then(|span| text.get(..span.start)) else { return why };
    let at = before.rfind('\n').map_or(0, |at| at + 1);
    let line = before.matches('\n').count() + 1;
    let key = text
        .get(at..)
        .and_then(|rest| rest.lines().next()?.split_once('='))
        .map(|(key, _)| key.trim());
    match key.filter(|key| (1..=MOST_KEY).contains(&key.len())) {
        Some(key) => format!("line {line}, `{}`: {why}", shown(key)),
        None => format!("line {line}: {why}"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn words_cannot_move_what_is_read() {
        assert_eq!(
            shown("a\u{1b}[2Kb\r\n\u{202e}c\u{2066}\u{200f}婚姻"),
            "a\\u{1b}[2Kb\\u{d}\\u{a}\\u{202e}c\\u{2066}\\u{200f}婚姻"
        );
        assert_eq!(shown("3\u{200f}3\u{ad}0\u{feff}"), "3\\u{200f}3\\u{ad}0\\u{feff}");
        assert_eq!(shown("葛\u{e0100}"), "葛\u{e0100}", "a name keeps its form");
    }

    #[test]
    fn a_fault_in_a_file_names_its_line_and_key() {
        let fault =
            |text: &str| toml_fault(text, &text.parse::<toml::Table>().map(drop).unwrap_err());
        assert!(
            fault("a = 1\nb = 2\na = 3\n").starts_with("line 3, `a`: "),
            "{}",
            fault("a = 1\nb = 2\na = 3\n")
        );
        let text = "\n  most = \"\u{9}x\"\n";
        let said = toml_fault(
            text,
            &toml::from_str::<std::collections::BTreeMap<String, u64>>(text).unwrap_err(),
        );
        assert!(said.starts_with("line 2, `most`: invalid type"), "{said}");
        let deep = fault(&format!("a = {}", "[".repeat(5000)));
        assert!(deep.len() < 500 && deep.starts_with("line 1"), "{deep}");
        assert!(!fault("a = \"\u{1b}[2J\"").contains('\u{1b}'));
    }
}
