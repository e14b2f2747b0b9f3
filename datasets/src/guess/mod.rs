//! What a column of an unknown table holds, guessed from its values, with reasons. A guess is a
//! proposal to the column's owner: nothing is served by one.
//!
//! Pure: values in, a guess out. No guess holds a value of the column but the words of a list of
//! codes, and of those none that could be a person's.

pub(crate) mod fillers;
mod people;
mod reading;
#[cfg(test)]
mod tests;
mod vocabulary;
mod words;

use zerotrip_proto::v1::{Grade, SemanticType};

pub use self::fillers::{Filler, Says};
pub use self::reading::is_value;

use self::fillers::Fillers;
use self::reading::Tally;
use self::words::Words;
use crate::file::MOST_CODES;
use crate::fold;
use crate::mask::masked;

/// Values of a column that are looked at closely.
pub const MOST_VALUES: usize = 1000;
/// Characters of a value that are kept.
const MOST_CHARACTERS: usize = 160;
/// Masked examples of what cannot be read.
const MOST_EXAMPLES: usize = 3;
/// Fewer values than these are too few to tell that they repeat.
const FEW: u64 = 20;

/// What was seen of one column: its rows counted, its words as far as they are few, and an even
/// sample of its values.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    rows: u64,
    blanks: u64,
    words: Words,
    fillers: Fillers,
    /// Values that are not fillers.
    telling: u64,
    /// An even sample of those.
    sample: Vec<String>,
    /// One value in this many is kept, as a power of two.
    thinned: u32,
}

/// A guess.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guess {
    /// What the cells mean.
    pub semantic: SemanticType,
    /// How sure that is, from 0 to 100.
    pub confidence: u8,
    /// What speaks for it, in numbers.
    pub reason: String,
    /// How sensitive cells of this kind are.
    pub grade: Grade,
    /// Why.
    pub grade_reason: &'static str,
    /// Rows that were seen.
    pub rows: u64,
    /// Those of them without a value.
    pub blanks: u64,
    /// Of codes: those that were found.
    pub codes: Vec<String>,
    /// Of codes: how many different values were found that are not among them, for they occur
    /// seldom and could tell of a person.
    pub unlisted: usize,
    /// Words that fill a cell that has no value, or an unknown one.
    pub fillers: Vec<Filler>,
    /// Values of the column that cannot be read as what it is, masked.
    pub examples: Vec<String>,
}

impl Evidence {
    /// Takes the column's cell of the next row.
    pub fn note(&mut self, cell: Option<&str>) {
        self.rows += 1;
        let Some(text) = cell.map(fold::trimmed).filter(|text| !text.is_empty()) else {
            self.blanks += 1;
            return;
        };
        self.words.note(text);
        // What fills a cell says nothing of what the others hold.
        if self.fillers.note(text) {
            return;
        }
        self.telling += 1;
        if !(self.telling - 1).is_multiple_of(1 << self.thinned) {
            return;
        }
        if self.sample.len() >= MOST_VALUES {
            // Every second one goes, and from now on only every second one comes.
            let mut place = 0_usize;
            self.sample.retain(|_| {
                place += 1;
                !place.is_multiple_of(2)
            });
            self.thinned += 1;
            if !(self.telling - 1).is_multiple_of(1 << self.thinned) {
                return;
            }
        }
        self.sample.push(text.chars().take(MOST_CHARACTERS).collect());
    }

    /// Rows with a value.
    fn values(&self) -> u64 {
        self.rows - self.blanks
    }

    /// Whether a person's whole id is among the values that were looked at.
    pub fn holds_ids(&self) -> bool {
        self.sample.iter().any(|value| crate::resident_id::names_somebody(value))
    }

    /// What the column seems to hold.
    pub fn guess(&self) -> Guess {
        let tally = Tally::of(&self.sample);
        let codes = self.words.codes().filter(|_| self.values() >= FEW);
        let (semantic, reason, share) = match (tally.best(), codes) {
            // A list may be of nothing but words that could fill a cell: `有`, `无`.
            (None, Some(codes)) => {
                let (reason, share) = (codes.reason(), (codes.rows, self.values()));
                return Guess {
                    unlisted: codes.unlisted(),
                    ..self.guessed(&tally, SemanticType::Code, reason, share, codes.words)
                };
            }
            _ if self.sample.is_empty() => (SemanticType::Text, self.nothing(), (0, 1)),
            (Some(semantic), _) => {
                (semantic, tally.reason(semantic), (tally.read(semantic), tally.values))
            }
            (None, None) => {
                let nearest = tally.nearest();
                (
                    SemanticType::Text,
                    tally.text_reason(nearest),
                    (tally.values - tally.read(nearest), tally.values),
                )
            }
        };
        self.guessed(&tally, semantic, reason, share, Vec::new())
    }

    fn nothing(&self) -> String {
        match self.values() {
            0 => "no row has a value in it".to_owned(),
            values => format!("{values} values, and each of them only fills its cell"),
        }
    }

    fn guessed(
        &self,
        tally: &Tally<'_>,
        semantic: SemanticType,
        reason: String,
        share: (u64, u64),
        codes: Vec<String>,
    ) -> Guess {
        let (grade, grade_reason) = grade(semantic);
        let examples = tally.unread(semantic).take(MOST_EXAMPLES).map(masked).collect();
        let mut fillers = self.fillers.found(semantic == SemanticType::Date, self.values());
        fillers.retain(|filler| !codes.contains(&filler.word));
        let confidence = confidence(share);
        let (rows, blanks) = (self.rows, self.blanks);
        Guess {
            semantic,
            confidence,
            reason,
            grade,
            grade_reason,
            rows,
            blanks,
            codes,
            unlisted: 0,
            fillers,
            examples,
        }
    }
}

/// A part of a whole, as a percentage that few values do not drive high: three of three are 60.
fn confidence((read, of): (u64, u64)) -> u8 {
    u8::try_from(read * 100 / (of + 2)).unwrap_or(100)
}

/// How sensitive a type's cells are, before their owner has said otherwise.
fn grade(semantic: SemanticType) -> (Grade, &'static str) {
    match semantic {
        SemanticType::ResidentId => (Grade::L3, "it names a person"),
        SemanticType::PersonName => (Grade::L3, "a person's name"),
        SemanticType::Phone => (Grade::L3, "it reaches a person"),
        SemanticType::Address => (Grade::L3, "it tells where a person lives"),
        SemanticType::Date => (Grade::L2, "a date; take L3 for a date of birth or death"),
        SemanticType::Month => (Grade::L2, "a month"),
        SemanticType::Code => {
            (Grade::L2, "a code; take L3 where it tells of health, belief, marriage or punishment")
        }
        SemanticType::Money => {
            (Grade::L2, "an amount; take L3 where it is a person's income or debt")
        }
        SemanticType::Uscc => (Grade::L2, "it names an enterprise"),
        SemanticType::VesselNumber => (Grade::L2, "it names a vessel"),
        SemanticType::Vin => (Grade::L3, "it names a vehicle, and so its owner"),
        SemanticType::UnitCode => (Grade::L3, "it names a home or land, and so its owner"),
        SemanticType::DivisionCode => (Grade::L1, "divisions are published"),
        SemanticType::Text | SemanticType::Unspecified => {
            (Grade::L3, "free text can say anything; take L2 for a mere file number")
        }
    }
}

/// A number of rows, in words.
pub fn rows(count: u64) -> String {
    if count == 1 { "1 row".to_owned() } else { format!("{count} rows") }
}

/// Most words that a proposal lists as codes.
const MOST_WORDS: usize = if MOST_CODES < 40 { MOST_CODES } else { 40 };
