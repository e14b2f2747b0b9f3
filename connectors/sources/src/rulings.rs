//! What an owner has ruled of rows that cannot be read: which persons they can concern.
//!
//! A row is known by the digest of its cells, not by its place: tomorrow's drop has it on another
//! line. A ruling covers as many such rows as there were when it was signed.

use std::collections::HashMap;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use zerotrip_datasets::{CivilDay, Key, KeyKind, ResidentId};
use zerotrip_proto::hash_domain;
use zerotrip_trust::digest::{Digest, Hasher};

/// Most persons that one row can concern by name.
pub const MOST_PERSONS: usize = 64;

/// Whom a row can concern.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Concerns {
    /// No person who can be asked about: an organisation, a person without a resident id, a row
    /// that is void.
    Nobody,
    /// These persons or enterprises. Of the kind that none of them is of, nothing is said.
    Persons(#[serde(with = "ids")] Vec<Key>),
    /// Every person born in these years, both included.
    Born {
        /// The first year.
        from: i32,
        /// The last year.
        to: i32,
    },
}

impl Concerns {
    /// Whether a row of which this was stated can be about this one.
    pub fn could_be(&self, key: &Key) -> bool {
        match self {
            Self::Nobody => false,
            Self::Persons(persons) => {
                persons.contains(key) || !persons.iter().any(|known| known.kind() == key.kind())
            }
            Self::Born { from, to } => key
                .birth_date()
                .is_none_or(|born| (*from..=*to).contains(&chrono::Datelike::year(&born))),
        }
    }

    /// Reads what a clerk types: `nobody`, ids or credit codes separated by commas, or `born 1952`
    /// or `born 1950-1955`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text == "nobody" {
            return Ok(Self::Nobody);
        }
        if let Some(years) = text.strip_prefix("born ") {
            let (from, to) = years.split_once('-').unwrap_or((years, years));
            let year = |text: &str| {
                text.trim().parse::<i32>().ok().filter(|year| (1800..2100).contains(year))
            };
            return match (year(from), year(to)) {
                (Some(from), Some(to)) if from <= to => Ok(Self::Born { from, to }),
                _ => Err("write years such as `born 1952` or `born 1950-1955`".into()),
            };
        }
        let mut persons = Vec::new();
        for id in text.split([',', '，']) {
            persons.push(typed(id)?);
        }
        persons.sort_unstable();
        persons.dedup();
        if persons.len() > MOST_PERSONS {
            return Err(format!("at most {MOST_PERSONS} persons; give the years of birth instead"));
        }
        Ok(Self::Persons(persons))
    }
}

/// A key as a clerk types it: a resident's, or one of another kind where it is none.
fn typed(text: &str) -> Result<Key, String> {
    match ResidentId::issued(text, CivilDay::at(SystemTime::now())) {
        Ok(id) => Ok(Key::Resident(id)),
        Err(error) => {
            let mut others = KeyKind::ALL.into_iter().filter(|kind| *kind != KeyKind::Resident);
            let key = others.find_map(|kind| kind.typed(text));
            key.ok_or_else(|| format!("`{}`: {error}", text.trim()))
        }
    }
}

/// Ids in a file that a clerk can open: canonical, or the file is refused.
mod ids {
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};
    use zerotrip_datasets::Key;

    pub(super) fn serialize<S: Serializer>(ids: &[Key], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(ids.iter().map(Key::as_str))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Key>, D::Error> {
        let texts = Vec::<String>::deserialize(from)?;
        let ids: Option<Vec<Key>> = texts.iter().map(|text| Key::canonical(text)).collect();
        ids.ok_or_else(|| {
            D::Error::custom("somebody is named by what is no number of any known kind")
        })
    }
}

/// What an owner has stated and signed, by row.
#[derive(Clone, Debug, Default)]
pub struct Rulings {
    /// Grows with every signing.
    pub version: u64,
    /// SHA-256 of the signed statement; empty where there is none.
    pub digest: Vec<u8>,
    /// By the digest of the rows.
    pub rulings: HashMap<Digest, Stated>,
}

/// What an owner has stated of rows that are alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stated {
    /// The persons that they can concern.
    pub concerns: Concerns,
    /// Of how many rows it was stated; of more, nothing is.
    pub rows: u64,
}

impl Rulings {
    /// What is stated of rows of that digest.
    pub fn of(&self, row: &Digest) -> Option<&Stated> {
        self.rulings.get(row)
    }

    /// Whether nothing is stated.
    pub fn is_empty(&self) -> bool {
        self.rulings.is_empty()
    }
}

impl FromIterator<(Digest, Concerns)> for Rulings {
    fn from_iter<T: IntoIterator<Item = (Digest, Concerns)>>(rulings: T) -> Self {
        let stated = rulings.into_iter().map(|(row, concerns)| (row, Stated { concerns, rows: 1 }));
        Self { rulings: stated.collect(), ..Self::default() }
    }
}

/// A row's digest: of its cells in the order of the dataset file's columns, NULL and empty apart.
pub fn row_digest<'a>(cells: impl IntoIterator<Item = Option<&'a str>>) -> Digest {
    let mut hasher = Hasher::with_domain(hash_domain::ADJUDICATED_ROW);
    for cell in cells {
        hasher.update(&[u8::from(cell.is_some())]);
        hasher.update_framed(cell.unwrap_or_default().as_bytes());
    }
    hasher.finish()
}

/// The digest of a row that could not be split into cells.
pub fn ragged_digest(text: &str) -> Digest {
    let mut hasher = Hasher::with_domain(hash_domain::ADJUDICATED_RAGGED_ROW);
    hasher.update_framed(text.as_bytes());
    hasher.finish()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use super::*;

    const LI: &str = "11010519491231002X";
    const CODE: &str = "91330100799655058B";
    const OTHER: &str = "91330106MA2CC3X723";

    #[test]
    fn what_a_clerk_types_is_understood_or_explained() {
        let li = Key::canonical(LI).unwrap();
        let alibaba = Key::canonical(CODE).unwrap();
        let could = |text: &str| Concerns::parse(text).unwrap().could_be(&li);
        assert!(
            could("11010519491231002x , 440524188001010014")
                && could("born 1949")
                && could("born 1940-1950")
        );
        let concerns = |text: &str| Concerns::parse(text).unwrap().could_be(&alibaba);
        assert!(concerns(CODE) && concerns("91330100 799655058b"));
        assert!(concerns(LI) && concerns("born 1950"), "nothing is said of enterprises");
        assert!(!concerns("nobody") && !concerns(OTHER));
        assert!(!could("nobody") && !could("440524188001010014") && !could("born 1950"));
        for wrong in [
            "",
            "everybody",
            "110105491231002",
            "born",
            "born 49",
            "born 1950-1940",
            "11010519491231002X;",
            "born 1950-",
        ] {
            assert!(Concerns::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_rows_digest_tells_null_from_blank_and_one_split_from_another() {
        let digests = [
            row_digest([Some("a"), None]),
            row_digest([Some("a"), Some("")]),
            row_digest([None, Some("a")]),
            row_digest([Some("a")]),
            row_digest([Some("a,")]),
            ragged_digest("a,"),
            ragged_digest("a"),
        ];
        let distinct: std::collections::HashSet<Digest> = digests.into_iter().collect();
        assert_eq!(distinct.len(), digests.len());
    }
}
