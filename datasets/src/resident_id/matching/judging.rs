//! What a cell's text can be taken for.

use super::characters::{Character, MASKS, hidden, is_date, is_filled, meant};
use super::id_patterns::LONG_IDS;
use super::takes::{Take, exponent_form, rounded, rounded_to};
use crate::edits::LEVELS;
use crate::resident_id::characters::{KNOWN_ENOUGH, folded};
use crate::resident_id::{Reading, is_doubtful, parse};
use crate::{CivilDay, fold};

/// In exponent form, where their places are known.
const KNOWN_OF_EXPONENT: usize = 5;
/// Fewest characters of an id that was misread: it is whole.
const FEWEST_MISREAD: usize = 17;
/// What is divided is whole, but for a slip or two.
const FEWEST_DIVIDED: usize = 13;
/// An id with two characters too many.
const LONGEST: usize = 20;
/// Look-alikes in one id.
const MOST_SLIPS: usize = 2;

/// A person's id or a credit code, from its first character to its last.
fn is_whole(text: &str) -> bool {
    !matches!(parse(text), Reading::Unreadable)
}

/// What words with nothing but blanks between them can be taken for. Blanks divide one id, or
/// several: words that are not whole, side by side, must make one, and beside a whole one each must
/// be one, too.
pub(super) fn in_words(words: &[&str], today: CivilDay) -> Option<Vec<Take>> {
    let each = all_judged(words, today);
    let mut takes =
        if words.iter().any(|word| is_whole(word)) { each? } else { each.unwrap_or_default() };
    for run in words.chunk_by(|a, b| !is_whole(a) && !is_whole(b)).filter(|run| run.len() > 1) {
        takes.extend(judged(&run.join(" "))?);
    }
    Some(takes)
}

/// What each of these can be taken for; `None` if one of them is not a damaged id.
pub(super) fn all_judged(items: &[&str], today: CivilDay) -> Option<Vec<Take>> {
    let mut takes = Vec::new();
    for item in items {
        match parse(item) {
            Reading::Person(person) if person.birth_date() > today.date() => {
                takes.extend(judged(item)?)
            }
            Reading::Person(person) => takes.push(Take::exact(&person)),
            Reading::Code(_) => {}
            Reading::Unreadable => takes.extend(judged(item)?),
        }
        // A whole id of 15 digits, or one that a spreadsheet rounded, may be another's.
        takes.extend(rounded(item));
        if is_doubtful(item) {
            let digits: Vec<char> = folded(item).collect();
            takes.push(Take::typed(&digits));
        }
    }
    Some(takes)
}

/// What a text can be taken for, if it is a damaged spelling of one id, by the rule.
pub(super) fn judged(raw: &str) -> Option<Vec<Take>> {
    let text: Vec<char> = folded(raw).collect();
    let plain: String = text.iter().collect();
    if let Some(shown) = exponent_form(&plain) {
        // Nothing that shows numbers so puts blanks into them.
        let is_divided = fold::trimmed(raw).contains(fold::is_blank);
        return if is_divided { None } else { explained(rounded_to(&shown), KNOWN_OF_EXPONENT) };
    }
    // A whole id, and something that is not a slip of the pen behind or before it: it is unknown
    // who else is meant.
    let is_known = |c: char| c.is_ascii_digit() || c == 'X';
    let mut runs = text.split(|c| !is_known(*c));
    let is_whole = |run: &[char]| {
        is_whole(&run.iter().collect::<String>())
            || (matches!(run.len(), 15 | 18) && Take::typed(run).is_shape())
    };
    if runs.any(|run| run.len() < text.len() && is_whole(run)) {
        return None;
    }
    let kinds = text.iter().map(|c| Character::of(*c)).collect::<Option<Vec<_>>>()?;
    let count = |kind: Character| kinds.iter().filter(|one| **one == kind).count();
    let (known, slips, dividers) =
        (count(Character::Known), count(Character::LookAlike), count(Character::Divider));
    // It can be more than one id: where the first one ends is unknown.
    // And a point behind the first digit is a number's: it is unknown how many digits the number
    // had.
    let is_number = text.get(1) == Some(&'.');
    if known > LONGEST
        || slips > MOST_SLIPS
        || is_date(&plain)
        || is_number
        || (dividers > 0 && known < FEWEST_DIVIDED)
    {
        return None;
    }
    let whole: Vec<char> = text
        .iter()
        .zip(&kinds)
        .filter(|(_, kind)| **kind != Character::Divider)
        .map(|(c, _)| *c)
        .collect();
    let masks = hidden(&whole);
    let is_masked = masks.contains(&true);
    let marks = masks.iter().filter(|hidden| **hidden).count();
    let shown: String =
        whole.iter().zip(&masks).filter(|(_, hidden)| !**hidden).map(|(c, _)| *c).collect();
    let is_rounded = whole.ends_with(&['0', '0', '0']);
    // One kind of damage explains a cell; two would explain nearly everything. A mask that hides
    // nothing is not a mask. And what a filling machine wrote says nothing, nor what is beside it.
    let hides_nothing = is_whole(&shown.chars().collect::<Vec<_>>())
        || shown.len() >= 18
        || (shown.len() >= 15 && marks > 1);
    let is_twice = (is_masked && (slips + dividers > 0 || is_rounded))
        || (slips > 0 && (is_rounded || whole.len() < FEWEST_MISREAD));
    if is_filled(&whole) || is_twice || (is_masked && hides_nothing) {
        return None;
    }
    let mut takes = Vec::new();
    if is_masked {
        takes.push(Take::masked(&whole, &masks));
    }
    // What one mark hides may be one character, or a slip of the pen.
    match marks {
        0 => takes.push(Take::typed(&whole)),
        1 if !whole.iter().any(|c| MASKS.contains(*c)) => takes.push(Take::typed(&whole)),
        1 => takes.push(Take { least: 0, ..Take::typed(&whole) }),
        _ => {}
    }
    // A look-alike may stand for any character of the person's, but an id must be there to be seen.
    let meant: Vec<char> = whole.iter().map(|c| meant(*c)).collect();
    if slips > 0 && !Take::typed(&meant).is_some_ids() {
        return None;
    }
    let rounded = rounded(&whole.iter().collect::<String>());
    if !rounded.is_empty() {
        // The number may have been mistyped before; where it begins no id to the letter, it was.
        // That it looks like one of 15 by chance says nothing, for those are never cut so.
        let slips = (0..LEVELS - 1)
            .find(|slips| rounded.iter().any(|take| LONG_IDS.is_near(&take.tokens, *slips)))?;
        takes.extend(rounded.into_iter().map(|take| Take {
            most: slips + 1,
            least: slips,
            ..take
        }));
    }
    explained(takes, KNOWN_ENOUGH)
}

/// These, if at least one of them could be some id's.
fn explained(takes: Vec<Take>, fewest: usize) -> Option<Vec<Take>> {
    let enough = takes.iter().all(|take| take.known.total() >= fewest);
    (enough && takes.iter().any(Take::is_some_ids)).then_some(takes)
}
