//! A JSON value, and what a pointer's steps lead to in it.

use std::borrow::Cow;

/// The step that means each element of an array.
pub const EACH: &str = "*";

/// A value.
#[derive(Debug, PartialEq, Eq)]
pub enum Json<'a> {
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as it is written.
    Number(&'a str),
    Text(Cow<'a, str>),
    Array(Vec<Json<'a>>),
    /// An object; no two of its names are equal.
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

impl Json<'_> {
    /// What a pointer's steps lead to; what leads through `null` leads to it. `None` if there is
    /// nothing.
    pub fn at(&self, steps: &[String]) -> Option<&Self> {
        let Some((step, rest)) = steps.split_first() else { return Some(self) };
        match self {
            Self::Null => Some(self),
            Self::Object(members) => members.iter().find(|(name, _)| name == step)?.1.at(rest),
            Self::Array(values) => values.get(index(step)?)?.at(rest),
            Self::Bool(_) | Self::Number(_) | Self::Text(_) => None,
        }
    }
}

/// More elements beside the one that a step leads to.
#[derive(Debug)]
pub struct Beside;

impl Json<'_> {
    /// The same where a number leads to the only element of an array; an error where there are
    /// others beside it.
    pub fn only(&self, steps: &[String]) -> Result<Option<&Self>, Beside> {
        let Some((step, rest)) = steps.split_first() else { return Ok(Some(self)) };
        match self {
            Self::Array(values) if values.len() > 1 && index(step).is_some() => Err(Beside),
            _ => self.at(std::slice::from_ref(step)).map_or(Ok(None), |inner| inner.only(rest)),
        }
    }
}

/// The place in an array that a step names.
pub fn index(step: &str) -> Option<usize> {
    let is_index =
        step == "0" || (!step.starts_with('0') && step.bytes().all(|c| c.is_ascii_digit()));
    if is_index { step.parse().ok() } else { None }
}
