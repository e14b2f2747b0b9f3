//! Whose a cell is, where every character of it is accounted for: by whole identifiers, or by words
//! that its owner has declared. A cell of which this says nothing could be any person's.

use std::collections::BTreeSet;

use super::characters::{MOST_PERSONS, SEPARATORS};
use super::matching::Suspect;
use super::schemes::Scheme;
use super::{Reading, ResidentId, is_doubtful, is_spreadsheet_rounded, parse};
use crate::{CivilDay, fold};

/// What an owner has declared of a column of ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    /// Schemes besides resident ids and credit codes.
    pub schemes: BTreeSet<Scheme>,
    /// Words that say that there is no person, as they are written, without blanks around.
    pub nothing: BTreeSet<String>,
    /// Words that say that the person is unknown.
    pub unknown: BTreeSet<String>,
    /// The column that says to which scheme an id belongs.
    pub scheme_by: Option<SchemeBy>,
    /// Of months: whether the day of a whole date says nothing.
    pub day_is_ignored: bool,
    /// Of numbers of things: whether they are selected in a register, and never typed.
    pub is_selected: bool,
}

/// The column that says to which scheme an id belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemeBy {
    /// Its name.
    pub column: String,
    /// Its words, as they are written, for those without a resident id, such as enterprises.
    pub other: BTreeSet<String>,
}

impl SchemeBy {
    /// Whether that column's cell says that the id is not a resident id.
    pub fn says_other(&self, raw: Option<&str>) -> bool {
        raw.is_some_and(|raw| self.other.contains(fold::trimmed(raw)))
    }
}

/// Whose a cell is.
#[derive(Clone, Debug)]
pub enum Whose {
    /// This person's.
    Person(ResidentId),
    /// These persons', each once.
    Several(Vec<ResidentId>),
    /// An organisation's, by its credit code.
    Organisation,
    /// Not the id of a person who can be asked about, by its owner's word: a word for nothing, or a
    /// number under a declared scheme.
    Nobody,
    /// Not accounted for: it counts for every person whose it could be.
    Could(Suspect),
}

impl Declared {
    /// Whose the cell is, on that day: the number of a birth to come is not yet a person's, alone
    /// or in a list. The cell is not blank.
    pub fn whose(&self, raw: &str, today: CivilDay) -> Whose {
        let is_born = |person: &ResidentId| person.birth_date() <= today.date();
        if self.nothing.is_empty() && self.unknown.is_empty() {
            match parse(raw) {
                Reading::Person(person) if is_born(&person) => return Whose::Person(person),
                Reading::Code(_) => return Whose::Organisation,
                Reading::Person(_) | Reading::Unreadable => {}
            }
        }
        match self.accounted(raw).filter(|persons| persons.iter().all(is_born)).as_deref() {
            Some([]) => Whose::Nobody,
            Some([person]) => Whose::Person(*person),
            Some(several) => Whose::Several(several.to_vec()),
            None => Whose::Could(self.suspect(raw, today)),
        }
    }

    /// The persons in the cell, if every character of it is accounted for.
    pub fn accounted(&self, raw: &str) -> Option<Vec<ResidentId>> {
        if raw.len() > 4096 {
            return None;
        }
        if let Some(whole) = self.item(raw) {
            return Some(whole.into_iter().collect());
        }
        // One by one, each certain by itself: nothing may be empty, and nothing left over.
        let text = fold::narrowed(raw);
        let text = fold::unguarded(fold::trimmed(&text));
        let mut persons: Vec<ResidentId> = Vec::new();
        let mut items = 0;
        for item in text.split(SEPARATORS) {
            let found =
                self.item(item).filter(|_| !is_doubtful(item) && !is_spreadsheet_rounded(item))?;
            persons.extend(found.filter(|person| !persons.contains(person)));
            items += 1;
        }
        (items > 1 && persons.len() <= MOST_PERSONS).then_some(persons)
    }

    /// Whose one identifier, or one word, is: `Some(None)`: no person who can be asked about.
    fn item(&self, raw: &str) -> Option<Option<ResidentId>> {
        let word = fold::trimmed(raw);
        // An owner's word counts before its looks: a placeholder may have the right check
        // character.
        if self.unknown.contains(word) {
            return None;
        }
        if self.nothing.contains(word) {
            return Some(None);
        }
        match parse(raw) {
            Reading::Person(person) => Some(Some(person)),
            Reading::Code(_) => Some(None),
            Reading::Unreadable => {
                let text = fold::identifier(raw);
                // What could be left of a person's id is not another scheme's number, whatever it
                // looks like.
                let fits = self.schemes.iter().any(|scheme| scheme.fits(&text));
                (fits
                    && (!text.starts_with(|c: char| c.is_ascii_digit())
                        || Suspect::new(raw).is_anybodys()))
                .then_some(None)
            }
        }
    }

    /// Whether a word says that the person is unknown.
    pub fn is_unknown(&self, raw: &str) -> bool {
        self.unknown.contains(fold::trimmed(raw))
    }

    /// A word for "not known" could be any person's, however it could be read.
    fn suspect(&self, raw: &str, today: CivilDay) -> Suspect {
        if self.is_unknown(raw) { Suspect::anybody() } else { Suspect::on(raw, today) }
    }
}
