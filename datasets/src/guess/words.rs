//! The distinct values of a column, as long as they are few: what a list of codes would be made of.

use std::collections::BTreeMap;

use super::fillers::says;
use super::people::is_name;
use super::vocabulary::is_state;
use super::{FEW, MOST_WORDS};
use crate::resident_id::Suspect;

/// Distinct values that are remembered before a column counts as one of many.
const MOST_DISTINCT: usize = 256;
/// Bytes of a code.
const MOST_BYTES: usize = 48;
/// A value less frequent than this, by number or by share of the rows, is a slip of
/// the pen, or a remark.
const OFTEN: u64 = 3;
const ONCE_IN: u64 = 500;
/// A run of digits that could be part of a person's number.
const MOST_DIGITS: usize = 5;
/// Digits or letters of a rare code: too few to number persons by.
const SHORT: usize = 3;

/// Every distinct value with its count; none where there are too many, or too long ones.
#[derive(Clone, Debug)]
pub(super) struct Words(Option<BTreeMap<String, u64>>);

impl Default for Words {
    fn default() -> Self {
        Self(Some(BTreeMap::new()))
    }
}

/// Values that could be a closed list.
pub(super) struct Codes {
    /// The words of the list, in their order, but for what could be a person's name.
    pub(super) words: Vec<String>,
    /// Rows that hold a value which is taken for one of the list.
    pub(super) rows: u64,
    /// Rows with a value.
    of: u64,
    /// Values that could be names.
    names: usize,
    /// Values that are not listed, and the rows that hold them.
    others: (usize, u64),
}

impl Words {
    pub(super) fn note(&mut self, text: &str) {
        let Some(words) = &mut self.0 else { return };
        if let Some(count) = words.get_mut(text) {
            *count += 1;
        } else if text.len() <= MOST_BYTES && words.len() < MOST_DISTINCT {
            words.insert(text.to_owned(), 1);
        } else {
            self.0 = None;
        }
    }

    /// The values as codes, if few of them stand for nearly all rows, and none of them could tell
    /// of a person.
    ///
    /// Marks such as `?` are not words of any list and do not count here. A word that occurs
    /// seldom is of the list if it cannot be anything else; a remark is not.
    pub(super) fn codes(&self) -> Option<Codes> {
        let words = self.0.as_ref()?;
        let rows_of = |words: &[(&String, u64)]| words.iter().map(|(_, count)| count).sum::<u64>();
        let of: u64 = words.values().sum();
        let spoken: Vec<(&String, u64)> = words
            .iter()
            .map(|(word, count)| (word, *count))
            .filter(|(word, _)| is_spoken(word))
            .collect();
        let all = rows_of(&spoken);
        let least = (all / ONCE_IN).max(OFTEN);
        let (often, seldom): (Vec<_>, Vec<_>) =
            spoken.into_iter().partition(|(_, count)| *count >= least);
        let names = often.iter().filter(|(word, _)| is_name(word)).count();
        let is_sure = |(word, _): &(&String, u64)| is_sure(word, &often);
        let listed: Vec<(&String, u64)> =
            seldom.iter().copied().filter(is_sure).chain(often.iter().copied()).collect();
        let rows = rows_of(&listed);
        let is_list = !often.is_empty()
            && listed.len() <= MOST_WORDS
            && all >= FEW
            && rows * 10 >= all * 9
            && listed.len() as u64 * 5 <= rows
            && names * 2 <= often.len()
            && often.iter().all(|(word, _)| is_code(word));
        let mut without_names: Vec<String> = listed
            .iter()
            .filter(|(word, _)| !is_name(word))
            .map(|(word, _)| (*word).clone())
            .collect();
        without_names.sort_unstable();
        is_list.then(|| Codes {
            words: without_names,
            rows,
            of,
            names,
            others: (words.len() - listed.len(), of - rows),
        })
    }
}

impl Codes {
    /// Different values that are not listed.
    pub(super) fn unlisted(&self) -> usize {
        self.others.0 + self.names
    }

    pub(super) fn reason(&self) -> String {
        let mut reason = format!(
            "{} values stand for {} of {} rows",
            self.words.len() + self.names,
            self.rows,
            self.of
        );
        if self.names > 0 {
            reason.push_str(&format!("; {} of them could be names and are not listed", self.names));
        }
        if self.others.0 > 0 {
            reason.push_str(&format!(
                "; {} others, in {}, are not listed",
                self.others.0,
                super::rows(self.others.1)
            ));
        }
        reason
    }
}

/// Whether a value is a word: a mark, such as `?`, is not, nor what a program writes for nothing,
/// such as `NULL`.
fn is_spoken(word: &str) -> bool {
    word.chars().any(char::is_alphanumeric) && !(word.is_ascii() && says(word).is_some())
}

/// Whether a value can be nothing but a code: a short number, a letter, or a number or letters as
/// long as a frequent code; or words that say the state of a record.
fn is_sure(word: &str, often: &[(&String, u64)]) -> bool {
    let like = |is: fn(&u8) -> bool| word.bytes().all(|byte| is(&byte));
    let as_long = |is: fn(&u8) -> bool| {
        often
            .iter()
            .any(|(known, _)| known.len() == word.len() && known.bytes().all(|byte| is(&byte)))
    };
    if like(u8::is_ascii_digit) {
        return word.len() <= SHORT || (word.len() <= MOST_DIGITS && as_long(u8::is_ascii_digit));
    }
    if like(u8::is_ascii_alphanumeric) {
        return word.len() == 1 || (word.len() <= SHORT && as_long(u8::is_ascii_alphanumeric));
    }
    is_state(word)
}

/// Whether a value is a word that could be a code: no fraction, no share, no number with decimals,
/// nothing of a person's.
fn is_code(word: &str) -> bool {
    let digits = word.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or(0);
    let is_quantity = digits > 0 && word.contains(['/', '%', '.', '％', '／']);
    let is_plain = word.chars().all(|c| {
        c.is_alphanumeric()
            || matches!(c, '-' | '_' | ' ' | '(' | ')' | '（' | '）' | '、' | '/' | '·')
    });
    digits <= MOST_DIGITS
        && !is_quantity
        && is_plain
        && (word.len() < 15 || Suspect::new(word).is_anybodys())
}
