//! Other people's words on a terminal.

/// The hub's words as a terminal may show them: nothing that moves the cursor, or turns the order of what is read.
pub fn shown(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}');
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || turns(c) { out.extend(c.escape_unicode()) } else { out.push(c) }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_cannot_move_what_is_read() {
        assert_eq!(shown("a\u{1b}[2Kb\r\n\u{202e}c\u{2066}\u{200f}婚姻"), "a\\u{1b}[2Kb\\u{d}\\u{a}\\u{202e}c\\u{2066}\\u{200f}婚姻");
    }
}
