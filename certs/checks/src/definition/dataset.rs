//! What a check takes the datasets to be: column types, the meanings of codes, what dates date.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use zerotrip_proto::v1;
use zerotrip_text::Bilingual;

/// What a check takes a dataset to be. An owner who states something else is not asked: a date that
/// is stated as text compares as text, and a look-up that looks in one of two columns finds half of
/// the rows.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedDataset {
    /// `<member>.<name>`.
    pub id: String,
    /// What people call it.
    pub title: Option<Bilingual>,
    /// What its columns are, and the meanings of their codes (`<column>.<meaning>`), for people.
    #[serde(default)]
    pub words: BTreeMap<String, Bilingual>,
    /// Each column that a scan asks for, and its semantic type, by its name in a dataset file.
    pub columns: BTreeMap<String, String>,
    /// For look-ups by whose columns the SQL joins: the columns.
    #[serde(default)]
    pub lookup: BTreeMap<String, Vec<String>>,
}

/// What the codes of one column may mean: every word that the check's SQL knows. A dataset with
/// another is not asked, for a word that no condition names would hide what it means.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Code {
    /// Of which dataset.
    pub dataset: String,
    /// Which column.
    pub column: String,
    /// The words.
    pub meanings: BTreeSet<String>,
}

/// What a date is the date of, and so between which days it can be
/// (`zerotrip_datasets::plausible`).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DateOf {
    /// Of which dataset.
    pub dataset: String,
    /// Which column.
    pub column: String,
    /// What it dates.
    pub role: Role,
    /// The columns of the persons that it concerns; none: the person that the look-up's own column
    /// names.
    #[serde(default)]
    pub persons: Vec<String>,
    /// For an event or a beginning: the age, in years, that they all have by then, 0 to 120. An
    /// event without it is not before their births; a beginning without it can be older than they
    /// are. For a birth: the age of the parents.
    pub least_age: Option<u32>,
    /// For a birth: the columns of the parents, where a scan asks for them.
    #[serde(default)]
    pub parents: Vec<String>,
    /// For an event or a beginning: the first day on which it can have been, such as the one on
    /// which its law came into force.
    #[serde(default, deserialize_with = "day")]
    pub not_before: Option<NaiveDate>,
}

/// What a date dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Something that the register records.
    Event,
    /// The end of something that was in the register.
    End,
    /// The birth of the person, as it is inside the id.
    Birth,
    /// The beginning of what the row records.
    Begin,
    /// The last day for which it holds, which can be to come.
    Limit,
    /// When the row came to say what it says: bounded as an end is.
    #[serde(rename = "recorded")]
    RecordedOn,
}

fn day<'de, D: Deserializer<'de>>(text: D) -> Result<Option<NaiveDate>, D::Error> {
    let text = String::deserialize(text)?;
    let day = NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok().filter(|_| text.len() == 10);
    day.map(Some).ok_or_else(|| D::Error::custom("not a day; write it as `1991-05-01`"))
}

impl From<Role> for v1::DateRole {
    fn from(role: Role) -> Self {
        match role {
            Role::Event => Self::Event,
            Role::End => Self::End,
            Role::Birth => Self::Birth,
            Role::Begin => Self::Begin,
            Role::Limit => Self::Limit,
            Role::RecordedOn => Self::RecordedOn,
        }
    }
}
