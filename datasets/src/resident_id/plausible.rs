//! Which identifiers could have been issued at all. A placeholder (`111111111111111`,
//! `330106199005170000`) can have the form of an id, and even the right check character; it
//! accounts for no person.

use chrono::Datelike;

use super::ResidentId;
use super::characters::KNOWN_ENOUGH;
use crate::normal::division::PROVINCES;

/// The eldest who can have lived to get a number: numbers were given out from 1984 on.
const FIRST_BIRTH: i32 = 1870;
/// A character so often in a row was not typed from a card.
const SAME: usize = 4;
/// Nor were this many digits in their order, up or down.
const SEQUENCE: usize = 6;

/// Whether an id of the right form could have been issued: a province that there is, a birth from
/// 1870 on, a sequence that is given out, and enough characters that no filling machine would have
/// written.
pub(super) fn is_plausible(id: &ResidentId) -> bool {
    let text = id.as_str();
    let runs: usize = filled(text.as_bytes()).iter().filter(|filled| **filled).count();
    // `9999`, like `0000`, replaces the last four.
    is_given_out(id) && !text.ends_with("9999") && text.len() - runs >= KNOWN_ENOUGH
}

/// Whether numbers with this province, year of birth and sequence are given out at all.
pub(super) fn is_given_out(id: &ResidentId) -> bool {
    let text = id.as_str();
    let sequence = text.get(14..17);
    has_province(text.as_bytes())
        && id.birth_date().year() >= FIRST_BIRTH
        && sequence.is_some_and(|sequence| sequence != "000")
}

/// Whether a number begins with the code of a province, as ids and credit codes do; foreigners' ids
/// have it behind a 9 (GA/T 2180).
pub(super) fn has_province(text: &[u8]) -> bool {
    let from = usize::from(text.first() == Some(&b'9'));
    let province = text.get(from..from + 2).and_then(|two| std::str::from_utf8(two).ok());
    // Residence permits of Taiwan residents begin with 83.
    province.is_some_and(|two| PROVINCES.contains(&two) || (from == 0 && two == "83"))
}

/// For each character, whether it belongs to a run that a filling machine writes: the same
/// character four times and more, `XX`, or six digits and more in their order.
pub(crate) fn filled(text: &[u8]) -> Vec<bool> {
    let mut filled = vec![false; text.len()];
    let mut mark = |from: usize, to: usize| {
        filled.iter_mut().take(to).skip(from).for_each(|mark| *mark = true)
    };
    let mut from = 0;
    for run in text.chunk_by(|a, b| a == b) {
        if run.len() >= SAME || (run.len() >= 2 && run.first() == Some(&b'X')) {
            mark(from, from + run.len());
        }
        from += run.len();
    }
    for (at, in_order) in sequences(text).enumerate() {
        filled.iter_mut().skip(at).take(1).for_each(|filled| *filled |= in_order);
    }
    filled
}

/// For each character, whether it belongs to digits in their order, up or down; `…90` goes on after
/// the 9, as on a keyboard.
pub(super) fn sequences(text: &[u8]) -> impl Iterator<Item = bool> {
    let next = |digit: u8| if digit == b'9' { b'0' } else { digit + 1 };
    let digits = |a: &u8, b: &u8| a.is_ascii_digit() && b.is_ascii_digit();
    let runs = |in_order: &dyn Fn(&u8, &u8) -> bool| {
        let runs = text.chunk_by(in_order);
        runs.flat_map(|run| std::iter::repeat_n(run.len() >= SEQUENCE, run.len()))
            .collect::<Vec<_>>()
    };
    let up = runs(&|a, b| digits(a, b) && *b == next(*a));
    let down = runs(&|a, b| digits(a, b) && *a == next(*b));
    up.into_iter().zip(down).map(|(up, down)| up || down)
}
