//! What may be shown of a cell where its reader has no need of the whole.

/// Characters that are shown at each end, at most.
const MOST_SHOWN: usize = 4;
/// From this length on, which is that of an identifier, this many characters are shown.
const LONG: usize = 16;
/// Characters of a masked text.
const MOST_CHARACTERS: usize = 32;

/// A cell's two ends, and a `*` for every other character: `1101**********002X`. At least half
/// stays hidden, however short it is, and nothing that moves a terminal's cursor is shown.
pub fn masked(raw: &str) -> String {
    let length = raw.chars().count();
    let shown = if length >= LONG { MOST_SHOWN } else { (length / 6).max(usize::from(length > 2)) };
    let end = if length < 6 { 0 } else { shown };
    let mut text = String::new();
    for (place, c) in raw.chars().enumerate() {
        if place >= MOST_CHARACTERS && length - place > end {
            continue;
        }
        let is_plain = c.is_alphanumeric() || matches!(c, '-' | '.' | '/' | ' ' | '+');
        let is_end = place < shown || length - place <= end;
        text.push(match (is_end, is_plain) {
            (true, true) => c,
            (true, false) => '?',
            (false, _) => '*',
        });
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn most_of_a_cell_is_hidden() {
        let masks = [
            "110105194912310021",
            "11010519491231002X",
            "不详",
            "张三丰",
            "98.5",
            "无",
            "",
            "1998-02-30",
            "\u{1b}[2K\u{202e}abc",
        ]
        .map(masked);
        assert_eq!(
            masks,
            [
                "1101**********0021",
                "1101**********002X",
                "**",
                "张**",
                "9***",
                "*",
                "",
                "1********0",
                "?******c"
            ]
        );
    }

    proptest! {
        #[test]
        fn a_mask_never_shows_more_than_a_half(raw in any::<String>()) {
            let mask = masked(&raw);
            prop_assert!(mask.chars().count() <= MOST_CHARACTERS + MOST_SHOWN);
            let shown = mask.chars().filter(|c| *c != '*').count();
            prop_assert!(shown * 2 <= raw.chars().count());
            prop_assert!(!mask.contains(char::is_control));
        }
    }
}
