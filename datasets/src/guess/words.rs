//! The distinct values of a column, as long as they are few: what a list of codes would be made of.

use std::collections::BTreeMap;

use super::MOST_WORDS;
use super::people::is_name;
use crate::resident_id::Suspect;

/// Distinct values that are remembered before a column counts as one of many.
const MOST_DISTINCT: usize = 256;
/// Bytes of a code.
const MOST_BYTES: usize = 48;
/// A value that stands less often than this, or less often than once in so many rows, is a slip of the pen, or a remark.
const OFTEN: u64 = 3;
const ONCE_IN: u64 = 500;
/// A run of digits that could be part of somebody's number.
const MOST_DIGITS: usize = 5;

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
    /// Those that stand often, in their order, but for what could be somebody's name.
    pub(super) words: Vec<String>,
    /// Rows that hold one of them.
    pub(super) rows: u64,
    /// Fewest rows that a listed value stands in.
    least: u64,
    /// Values that could be names.
    names: usize,
    /// Values that stand too seldom, and the rows that hold them.
    rare: (usize, u64),
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

    /// The values as codes, if few of them stand for nearly all rows, and none of them could tell of a person.
    pub(super) fn codes(&self) -> Option<Codes> {
        let words = self.0.as_ref()?;
        let all: u64 = words.values().sum();
        let least = (all / ONCE_IN).max(OFTEN);
        let often: Vec<(&String, u64)> = words.iter().map(|(word, count)| (word, *count)).filter(|(_, count)| *count >= least).collect();
        let rows: u64 = often.iter().map(|(_, count)| count).sum();
        let names = often.iter().filter(|(word, _)| is_name(word)).count();
        let is_list = (1..=MOST_WORDS).contains(&often.len())
            && rows * 10 >= all * 9
            && often.len() as u64 * 5 <= rows
            && names * 2 <= often.len()
            && often.iter().all(|(word, _)| is_code(word));
        is_list.then(|| Codes {
            words: often.iter().filter(|(word, _)| !is_name(word)).map(|(word, _)| (*word).clone()).collect(),
            rows,
            least,
            names,
            rare: (words.len() - often.len(), all - rows),
        })
    }
}

impl Codes {
    pub(super) fn reason(&self) -> String {
        let mut reason = format!("{} values stand for {} of {} rows", self.words.len() + self.names, self.rows, self.rows + self.rare.1);
        if self.names > 0 {
            reason.push_str(&format!("; {} of them could be names and are not listed", self.names));
        }
        if self.rare.0 > 0 {
            reason.push_str(&format!("; {} others stand less than {} times each and are not listed", self.rare.0, self.least));
        }
        reason
    }
}

/// Whether a value is a word that could be a code: no fraction, no share, no number with decimals, nothing of a person's.
fn is_code(word: &str) -> bool {
    let digits = word.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or(0);
    let is_quantity = digits > 0 && word.contains(['/', '%', '.', '％', '／']);
    let is_plain = word.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | ' ' | '(' | ')' | '（' | '）' | '、' | '/' | '·'));
    digits <= MOST_DIGITS && !is_quantity && is_plain && (word.len() < 15 || Suspect::new(word).is_anybodys())
}
