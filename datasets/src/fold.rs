//! How characters of old systems are brought to one form before anything is read from them: for
//! every source and every type in one place.

mod escapes;

use std::borrow::Cow;

/// Characters of an entity or an escape between its marks.
const MOST_ESCAPE: usize = 8;

/// Full-width forms (U+FF01–U+FF5E) and the ideographic space become ASCII; everything else stays.
pub(crate) fn narrow(c: char) -> char {
    match c {
        '\u{3000}' => ' ',
        '\u{ff01}'..='\u{ff5e}' => {
            u32::from(c).checked_sub(0xfee0).and_then(char::from_u32).unwrap_or(c)
        }
        _ => c,
    }
}

/// Blanks, and what is as invisible and holds nothing: white space of any script, what ends lines
/// and fills fields, soft hyphens, joiners, and marks that keep text in its order.
///
/// No other invisible character is one: tags, variation selectors and most control
/// characters are digits to a person who reads them so, and some marks turn text around. A cell
/// with such a character is not understood.
pub(crate) fn is_blank(c: char) -> bool {
    c.is_whitespace()
        || matches!(c,
            '\0' | '\u{1a}' | '\u{1c}'..='\u{1f}' | '\u{7f}' | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{202a}' | '\u{202c}' | '\u{202d}' | '\u{2060}' | '\u{2066}' | '\u{2068}' | '\u{2069}' | '\u{fe0e}' | '\u{fe0f}' | '\u{feff}')
}

/// What turns the text behind it around.
fn turns(c: char) -> bool {
    matches!(c, '\u{202b}' | '\u{202e}' | '\u{2067}')
}

/// An identifier's characters: unescaped, narrow, upper case, without blanks anywhere and without
/// the guard that a spreadsheet export put around it.
pub(crate) fn identifier(raw: &str) -> String {
    let text: String = unescaped(raw)
        .chars()
        .map(narrow)
        .filter(|c| !is_blank(*c))
        .map(|c| c.to_ascii_uppercase())
        .collect();
    match unguarded(&text) {
        inner if inner.len() == text.len() => text,
        inner => inner.to_owned(),
    }
}

/// The same with its blanks and its case: for text that is divided by them.
pub(crate) fn narrowed(raw: &str) -> String {
    unescaped(raw).chars().map(narrow).collect()
}

/// The zeros of all scripts with decimal digits (Unicode 16, category Nd), and of Mayan and
/// Kaktovik numerals, each followed by its one to nine.
#[rustfmt::skip]
pub(crate) const ZEROS: [char; 74] = [
    '\u{30}', '\u{660}', '\u{6f0}', '\u{7c0}', '\u{966}', '\u{9e6}', '\u{a66}', '\u{ae6}',
    '\u{b66}', '\u{be6}', '\u{c66}', '\u{ce6}', '\u{d66}', '\u{de6}', '\u{e50}', '\u{ed0}',
    '\u{f20}', '\u{1040}', '\u{1090}', '\u{17e0}', '\u{1810}', '\u{1946}', '\u{19d0}', '\u{1a80}',
    '\u{1a90}', '\u{1b50}', '\u{1bb0}', '\u{1c40}', '\u{1c50}', '\u{a620}', '\u{a8d0}', '\u{a900}',
    '\u{a9d0}', '\u{a9f0}', '\u{aa50}', '\u{abf0}', '\u{ff10}', '\u{104a0}', '\u{10d30}', '\u{10d40}',
    '\u{11066}', '\u{110f0}', '\u{11136}', '\u{111d0}', '\u{112f0}', '\u{11450}', '\u{114d0}',
    '\u{11650}', '\u{116c0}', '\u{116d0}', '\u{116da}', '\u{11730}', '\u{118e0}', '\u{11950}', '\u{11bf0}', '\u{11c50}', '\u{11d50}',
    '\u{11da0}', '\u{11f50}', '\u{16a60}', '\u{16ac0}', '\u{16b50}', '\u{1ccf0}', '\u{1d2c0}', '\u{1d2e0}', '\u{1d7ce}', '\u{1d7d8}', '\u{1d7e2}',
    '\u{1d7ec}', '\u{1d7f6}', '\u{1e140}', '\u{1e2f0}', '\u{1e950}', '\u{1fbf0}',
];
/// The ones of other rows of signs for one to nine: Roman, circled, in brackets, with a full stop,
/// ideographs in brackets and circles, Suzhou numerals, counting rods.
pub(crate) const ONES: [char; 20] = [
    '\u{1369}',
    '\u{10107}',
    '\u{102e1}',
    '\u{10e60}',
    '\u{11052}',
    '\u{1e8c7}',
    '\u{2160}',
    '\u{2170}',
    '\u{2460}',
    '\u{2474}',
    '\u{2488}',
    '\u{24f5}',
    '\u{2776}',
    '\u{2780}',
    '\u{278a}',
    '\u{3021}',
    '\u{3220}',
    '\u{3280}',
    '\u{1d360}',
    '\u{1d369}',
];

/// A digit of an id, in any of the scripts that digits are written in; `X` as it is meant. The text
/// is narrow.
pub(crate) fn digit(c: char) -> Option<u8> {
    // Figures, those of accountants and of radio operators, raised and lowered ones, Braille's,
    // Kangxi's radicals and double ones.
    const WRITTEN: [&str; 10] = [
        "〇零洞⓪⓿⁰₀⠚\u{f9b2}🄋🄌",
        "一壹弌壱幺么¹₁⠁⼀㆒",
        "二贰弍弐貳两兩²₂⠃⼆㆓",
        "三叁弎参參³₃⠉㆔\u{f96b}",
        "四肆亖⁴₄⠙㆕",
        "五伍⁵₅⠑",
        "六陆陸⁶₆⠋\u{f9d1}\u{f9d3}",
        "七柒拐⁷₇⠛",
        "八捌⁸₈⠓⼋",
        "九玖勾⁹₉⠊",
    ];
    let after = |first: char| {
        u32::from(c).checked_sub(u32::from(first)).and_then(|steps| u8::try_from(steps).ok())
    };
    if c.is_ascii() {
        return if c.is_ascii_digit() {
            after('0').map(|digit| b'0' + digit)
        } else {
            matches!(c, 'X' | 'x').then_some(b'X')
        };
    }
    let zero = ZEROS
        .partition_point(|zero| *zero <= c)
        .checked_sub(1)
        .and_then(|at| ZEROS.get(at))
        .copied();
    let decimal = || zero.and_then(after).filter(|digit| *digit < 10);
    let counted = || {
        ONES.into_iter()
            .find_map(|one| after(one).filter(|digit| *digit < 9).map(|digit| digit + 1))
    };
    let written = || {
        WRITTEN
            .iter()
            .position(|written| written.contains(c))
            .and_then(|digit| u8::try_from(digit).ok())
    };
    let digit = decimal().or_else(counted).or_else(written).map(|digit| b'0' + digit);
    let tag = || {
        u32::from(c)
            .checked_sub(0xe0000)
            .and_then(char::from_u32)
            .filter(char::is_ascii)
            .and_then(self::digit)
    };
    digit.or_else(|| "ХхⅩⅹ×ＸχΧ⠭".contains(c).then_some(b'X')).or_else(tag)
}

/// Everything that a text can be read as in a search for numbers: as written, with
/// what stands for characters in it resolved, without what marks it up, turned around, with its
/// days in full, and with letters for the digits that they look like.
pub(crate) fn readings(raw: &str) -> Vec<String> {
    let written = narrowed(raw);
    let resolved = resolved(raw);
    let text = resolved.clone().unwrap_or_else(|| written.clone());
    let mut readings = vec![written];
    let mut add = |reading: Option<String>| {
        if let Some(reading) = reading.filter(|reading| !readings.contains(reading)) {
            readings.push(reading);
        }
    };
    add(resolved);
    let bare = escapes::without_markup(&text);
    let text = bare.clone().unwrap_or(text);
    add(bare);
    add(text.contains(turns).then(|| text.chars().rev().collect()));
    add(escapes::with_whole_days(&text));
    add(text
        .contains(['O', 'o', 'I', 'l', '|', '○', '◯', 'О', 'о', 'Ο', 'ο'])
        .then(|| text.chars().map(escapes::look_alike).collect()));
    readings
}

/// A text with all that stands for characters in it resolved, also what was escaped again; `None`
/// where nothing does.
pub(crate) fn resolved(raw: &str) -> Option<String> {
    escapes::resolved(raw).map(|text| text.chars().map(narrow).collect())
}

/// Whether a reader may take a character for a digit that is not a known one: a sign of no
/// language's writing, or an invisible one.
pub(crate) fn is_strange(c: char) -> bool {
    let is_known = c.is_ascii() || c.is_alphabetic() || is_blank(c) || digit(narrow(c)).is_some();
    // Punctuation, marks and frames of any text.
    let is_punctuation = matches!(c, '\u{a0}'..='\u{bf}' | '\u{300}'..='\u{36f}' | '\u{2010}'..='\u{205e}' | '\u{20a0}'..='\u{20cf}'
        | '\u{2190}'..='\u{22ff}' | '\u{2500}'..='\u{25ff}' | '\u{3000}'..='\u{303f}' | '\u{30fb}' | '\u{fe10}'..='\u{fe6b}' | '\u{ff00}'..='\u{ffef}');
    !is_known && (c.is_numeric() || !is_punctuation)
}

/// Text without the padding around it.
pub(crate) fn trimmed(raw: &str) -> &str {
    raw.trim_matches(is_blank)
}

/// One layer of what keeps a spreadsheet from taking text for a number: `'330…`, `` `330… ``,
/// `"330…"`, `'330…'`, `="330…"`.
pub(crate) fn unguarded(text: &str) -> &str {
    let quoted = text.strip_prefix('=').unwrap_or(text);
    if let Some(inner) = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        return inner;
    }
    let Some(inner) = text.strip_prefix(['\'', '`', '\u{2018}', '\u{2019}']) else { return text };
    inner.strip_suffix(['\'', '`', '\u{2019}']).unwrap_or(inner)
}

/// HTML's character references (`&#8203;`, `&#x200b;`, `&nbsp;`), Office Open XML's escapes
/// (`_x0000_`) and JSON's (`\u0033`), which exports leave in texts.
fn unescaped(raw: &str) -> Cow<'_, str> {
    if !raw.contains(['&', '_', '\\']) {
        return raw.into();
    }
    let mut done = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find(['&', '_', '\\']) {
        let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
        done.push_str(before);
        let Some((c, after)) =
            reference(from).or_else(|| escape(from)).or_else(|| json_escape(from))
        else {
            let mark = from.chars().next().map_or(0, char::len_utf8);
            done.push_str(from.get(..mark).unwrap_or_default());
            rest = from.get(mark..).unwrap_or_default();
            continue;
        };
        done.push(c);
        rest = after;
    }
    done.push_str(rest);
    done.into()
}

/// The character that a reference at the beginning stands for, and what follows.
fn reference(text: &str) -> Option<(char, &str)> {
    let (name, after) =
        text.strip_prefix('&')?.split_once(';').filter(|(name, _)| name.len() <= MOST_ESCAPE)?;
    let c = match name {
        "nbsp" | "ensp" | "emsp" | "thinsp" => ' ',
        "zwnj" => '\u{200c}',
        "zwj" => '\u{200d}',
        "lrm" => '\u{200e}',
        "rlm" => '\u{200f}',
        "shy" => '\u{ad}',
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        "lt" => '<',
        "gt" => '>',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)?
        }
    };
    Some((c, after))
}

/// The character of `_xHHHH_` at the beginning, and what follows.
fn escape(text: &str) -> Option<(char, &str)> {
    let code = text.strip_prefix("_x")?;
    let (digits, after) = code.split_at_checked(4)?;
    let after = after.strip_prefix('_')?;
    Some((char::from_u32(u32::from_str_radix(digits, 16).ok()?)?, after))
}

/// The character of `\uHHHH` at the beginning, and what follows.
fn json_escape(text: &str) -> Option<(char, &str)> {
    let (digits, after) = text.strip_prefix("\\u")?.split_at_checked(4)?;
    let code = digits
        .bytes()
        .all(|c| c.is_ascii_hexdigit())
        .then(|| u32::from_str_radix(digits, 16).ok())??;
    Some((char::from_u32(code)?, after))
}

/// Whether a character is a digit in any script, or is written for one.
pub fn is_digit(c: char) -> bool {
    c.is_numeric() || digit(narrow(c)).is_some_and(|digit| digit != b'X')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guards_escapes_and_invisible_characters_fold_away() {
        for raw in [
            "'330106199005171234",
            "`330106199005171234",
            "=\"330106199005171234\"",
            "\"330106199005171234\"",
            "'330106199005171234'",
            "\u{1f}330106199005171234",
            "\u{202d}330106199005171234\u{202c}",
            "330106&#8203;199005171234",
            "330106&#x200B;19900517&nbsp;1234",
            "330106_x0000_199005171234",
            "\\u003330106\\u0031990\\uff105171234\\u200b",
            "330106\u{fe0f}19900517\u{2066}1234\u{61c}",
            "\t３３０１０６ 19900517\u{3000}1234\0",
        ] {
            assert_eq!(identifier(raw), "330106199005171234", "{raw:?}");
        }
        // One layer, and only what is known: the rest stays to be judged.
        assert_eq!(identifier("''330106"), "'330106");
        assert_eq!(identifier("&unknown;330106"), "&UNKNOWN;330106");
        assert_eq!(identifier("_330106&"), "_330106&");
        assert_eq!(identifier("_x00_330106"), "_X00_330106");
        assert_eq!(identifier("\\u003+330106"), "\\U003+330106");
    }
}
