//! What a request says for a parameter, read.

use std::fmt;

use chrono::NaiveDate;

use crate::normal::uscc::Uscc;
use crate::{CivilMonth, Key};

/// What a parameter says.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// Whom the request asks about.
    Subject(Key),
    /// Another enterprise.
    Enterprise(Uscc),
    /// A civil day.
    Date(NaiveDate),
    /// From the beginning of the first month to the end of the last.
    Period {
        /// The first month.
        first: CivilMonth,
        /// The last month, not before the first.
        last: CivilMonth,
    },
    /// A whole number.
    Number(i64),
    /// A division code of six digits.
    Region(String),
    /// A word of the declared list.
    Code(String),
}

/// What a request says for a parameter, read.
#[derive(Clone, PartialEq, Eq)]
pub struct Argument {
    /// The parameter's name in the definition.
    pub name: String,
    /// What it says.
    pub value: Value,
    /// Its canonical text.
    text: String,
}

impl Argument {
    pub(super) fn new(name: &str, value: Value) -> Self {
        let text = match &value {
            Value::Subject(subject) => subject.as_str().to_owned(),
            Value::Enterprise(code) => code.as_str().to_owned(),
            Value::Date(day) => day.format("%Y-%m-%d").to_string(),
            Value::Period { first, last } => format!("{first}/{last}"),
            Value::Number(number) => number.to_string(),
            Value::Region(code) | Value::Code(code) => code.clone(),
        };
        Self { name: name.to_owned(), value, text }
    }

    /// The one text of its value: what is signed, hashed and shown.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Who is asked about, if it names them.
    pub fn subject(&self) -> Option<Key> {
        match &self.value {
            Value::Subject(subject) => Some(*subject),
            _ => None,
        }
    }
}

impl Value {
    /// The first and the last day of a period, or the day of a date.
    pub fn days(&self) -> Option<(NaiveDate, NaiveDate)> {
        match self {
            Self::Date(day) => Some((*day, *day)),
            Self::Period { first, last } => Some((first.first_day(), last.last_day())),
            _ => None,
        }
    }
}

impl<K: Into<Key>> From<K> for Value {
    fn from(key: K) -> Self {
        Self::Subject(key.into())
    }
}

/// Numbers of persons, enterprises and things are masked.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Subject(subject) => subject.fmt(f),
            Self::Enterprise(code) => code.fmt(f),
            Self::Date(day) => day.fmt(f),
            Self::Period { first, last } => write!(f, "{first}/{last}"),
            Self::Number(number) => number.fmt(f),
            Self::Region(text) | Self::Code(text) => text.fmt(f),
        }
    }
}

impl fmt::Debug for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={:?}", self.name, self.value)
    }
}
