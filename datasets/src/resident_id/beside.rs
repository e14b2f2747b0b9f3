//! Damaged ids in texts: names, remarks, addresses, numbers of other things. Most of what is there
//! is not an id. So this is a grammar of what only makes sense as one; whose it could be,
//! [`Suspect`] tells.
//!
//! What a text holds is looked at in runs of digits, `X` and masks. A run is an id's if it is
//!
//! - **masked**, 18 or 15 characters long with at least four masks side by side, or of any length
//!   with at least ten characters that are shown, but for bank cards, of 16 or 19 characters from
//!   `62` on: a telephone number shows seven of its eleven; or
//! - **mistyped**, 17 to 19 characters, of which some id is one slip away; or
//! - **cut**, its first 14 to 17 characters: division and day of birth to the letter.
//!
//! Always, some id must look so: a province, a century, a month and a day. And a row as long as an
//! id, of unreadable signs, could be any person's.

use super::matching::{Suspect, is_mask, looks_cut, looks_mistyped};
use super::{Reading, parse};
use crate::fold;

/// The longest run that could be one id.
const LONGEST: usize = 24;
/// Characters that are shown of a masked id of any length.
const SHOWN: usize = 10;
/// The same where its length is an id's.
const SHOWN_OF_WHOLE: usize = 6;
/// Masks side by side.
const MASKS: usize = 4;
/// Signs and digits that can be an id, how many of them are signs, and of how many kinds.
const FEWEST_SIGNS: usize = 15;
const STRANGE: usize = 6;
const KINDS_OF_SIGNS: usize = 3;
/// Other characters between two of them.
const MOST_BETWEEN: usize = 3;
/// Groups that one id is written in.
const MOST_GROUPS: usize = 4;

/// A damaged id in a text.
#[derive(Clone, Debug)]
pub struct Damaged {
    /// Whose it could be.
    pub suspect: Suspect,
    /// Whether it is masked: no other number looks so by chance.
    pub is_masked: bool,
}

/// The damaged ids in a text. Whole ones are [`super::persons_in`]'s.
pub fn damaged_in(raw: &str) -> Vec<Damaged> {
    // Hardly anything else shows this many digits; the last character may be an `X`.
    if raw.len() < SHOWN
        || raw.bytes().filter(u8::is_ascii_digit).count() + 1 < SHOWN_OF_WHOLE && raw.is_ascii()
    {
        return Vec::new();
    }
    let text = fold::narrowed(raw);
    let mut damaged = damaged_in_reading(&text);
    damaged.extend(fold::resolved(raw).map(|text| damaged_in_reading(&text)).unwrap_or_default());
    if !raw.is_ascii() && is_strange(&text) {
        damaged.push(Damaged { suspect: Suspect::anybody(), is_masked: true });
    }
    damaged
}

/// Whether a text holds a row as long as an id of digits and of unknown signs, of which
/// three are not alike: they can be digits to their writer, and so any person's.
fn is_strange(text: &str) -> bool {
    let (mut signs, mut length, mut strange, mut gap) = (Vec::new(), 0_usize, 0_usize, 0_usize);
    for c in text.chars() {
        let is_sign = fold::is_strange(c);
        if !is_sign && fold::digit(c).is_none() {
            gap += 1;
            continue;
        }
        if gap > MOST_BETWEEN {
            (length, strange) = (0, 0);
            signs.clear();
        }
        gap = 0;
        length += 1;
        if is_sign {
            strange += 1;
            if !signs.contains(&c) {
                signs.push(c);
            }
        }
        if length >= FEWEST_SIGNS && strange >= STRANGE && signs.len() >= KINDS_OF_SIGNS {
            return true;
        }
    }
    false
}

/// The same of one way to read the text.
fn damaged_in_reading(text: &str) -> Vec<Damaged> {
    let text = text.to_ascii_uppercase();
    let is_part = |c: char| c.is_ascii_digit() || c == 'X' || is_mask(c);
    let mut damaged: Vec<Damaged> = text.split(|c: char| !is_part(c)).filter_map(one).collect();
    // In groups that one blank or stroke divides: all of them, or some with masks among them, for
    // what is before and behind an id is divided so, too.
    for run in text.split(|c: char| !is_part(c) && !matches!(c, ' ' | '-')) {
        let groups: Vec<&str> = run.split([' ', '-']).filter(|group| !group.is_empty()).collect();
        if groups.len() > 1 {
            damaged.extend(one(&groups.concat()));
        }
        let windows = (2..=MOST_GROUPS.min(groups.len().saturating_sub(1)))
            .flat_map(|size| groups.windows(size));
        damaged
            .extend(windows.filter_map(|window| one(&window.concat())).filter(|one| one.is_masked));
    }
    damaged
}

/// What this run is, if that is a damaged id.
fn one(run: &str) -> Option<Damaged> {
    let length = run.chars().count();
    if !(SHOWN..=LONGEST).contains(&length) || !matches!(parse(run), Reading::Unreadable) {
        return None;
    }
    let hides = |c: char| is_mask(c) || c == 'X';
    let body = run.strip_suffix('X').filter(|body| !body.ends_with(hides)).unwrap_or(run);
    let shown = run.chars().filter(|c| !is_mask(*c)).count() - body.matches('X').count();
    let is_masked = body.contains(hides);
    let is_one = if is_masked {
        let longest = body.split(|c| !hides(c)).map(|row| row.chars().count()).max().unwrap_or(0);
        let is_card = matches!(length, 16 | 19) && run.starts_with("62");
        // This many masks show how many characters they hide, or nearly.
        (matches!(length, 15 | 18) && longest >= MASKS && shown >= SHOWN_OF_WHOLE)
            || (shown >= SHOWN && !is_card)
    } else {
        match length {
            17 => looks_mistyped(run) || looks_cut(run),
            18 | 19 => looks_mistyped(run),
            14..=16 => looks_cut(run),
            _ => false,
        }
    };
    let suspect = is_one.then(|| Suspect::new(run)).filter(|suspect| !suspect.is_anybodys())?;
    Some(Damaged { suspect, is_masked })
}
