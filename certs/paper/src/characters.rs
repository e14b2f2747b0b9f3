//! Which characters a paper shows, and where a line of them can end.
//!
//! A character is shown by one glyph, from left to right; nothing is joined, stacked or reordered.
//! So only blocks of characters that are written so are accepted; which of them can be printed
//! depends on the fonts.

/// Whether a character is written by one glyph of its own.
pub(crate) fn is_printable(c: char) -> bool {
    matches!(c,
        ' '..='~'
        | '\u{a1}'..='\u{ac}' | '\u{ae}'..='\u{24f}' // Latin, without no-break space, soft hyphen
        | '\u{391}'..='\u{3ce}' // Greek
        | '\u{400}'..='\u{45f}' // Cyrillic
        | '\u{1e00}'..='\u{1eff}'
        | '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{205e}' // punctuation, without bidi controls
        | '\u{2070}'..='\u{209c}' | '\u{20a0}'..='\u{20bf}'
        | '\u{2100}'..='\u{22ff}' | '\u{2460}'..='\u{266f}'
        | '\u{2e80}'..='\u{2fd5}' // radicals
        | '\u{3000}'..='\u{3029}' | '\u{3030}'..='\u{303d}'
        | '\u{3041}'..='\u{3096}' | '\u{309b}'..='\u{312f}'
        | '\u{3131}'..='\u{3163}' | '\u{31a0}'..='\u{33ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{fad9}'
        | '\u{fe10}'..='\u{fe19}' | '\u{fe30}'..='\u{fe6b}'
        | '\u{ff01}'..='\u{ff9f}' | '\u{ffe0}'..='\u{ffee}'
        | '\u{20000}'..='\u{2fa1d}' | '\u{30000}'..='\u{323af}' // extensions B and later
    )
}

/// Whether a line can end before or after it, as Chinese text can almost anywhere.
fn is_wide(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe4f}' | '\u{ff01}'..='\u{ffef}' | '\u{20000}'..='\u{3fffd}')
}

/// What must not begin a line (GB/T 15834, 5; CLREQ 3.1.2).
fn is_closing(c: char) -> bool {
    "、。，．：；？！）】》」』〉〕］｝〗〙’”…—～·‧・％‰℃〜々ー,.:;?!)]}%".contains(c)
}

/// What must not end a line.
fn is_opening(c: char) -> bool {
    "（【《「『〈〔［｛〖〘‘“￥＄（([{¥$№".contains(c)
}

/// Whether a line can end between these two.
pub(crate) fn can_break(before: char, after: char) -> bool {
    if after == ' ' || is_opening(before) || is_closing(after) {
        return false;
    }
    if before == ' ' {
        return true;
    }
    // A dash or an ellipsis of two is one.
    if before == after && matches!(before, '—' | '…') {
        return false;
    }
    is_wide(before)
        || is_wide(after)
        || (matches!(before, '/' | '-' | ':' | '—' | '…') && after.is_alphabetic())
        // Between the parts of a name, such as a register's or a host's.
        || (matches!(before, '.' | '_') && after.is_ascii_lowercase())
}

/// Whether a line may end here where it has no better place: any place but before what closes.
pub(crate) fn can_break_in_need(before: char, after: char) -> bool {
    !is_opening(before) && !is_closing(after)
}
