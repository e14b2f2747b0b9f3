//! Rows by group, and what they come to: counted, added up, least and greatest, all on cells as
//! they are read.

use std::collections::BTreeMap;

use crate::cell::CellReading;
use crate::predicate::{Predicate, Truth, Value};

/// Most groups of one question.
pub const MOST_GROUPS: usize = 100_000;

/// What is asked of a whole dataset; columns by their place in the dataset file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Rows are counted by the values of these columns.
    pub by: Vec<usize>,
    /// Only those of which this holds.
    pub only: Predicate,
    /// And what is made of them.
    pub measures: Vec<Measure>,
}

/// What is made of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Amounts are added up.
    Sum(usize),
    /// The least value.
    Least(usize),
    /// The greatest.
    Greatest(usize),
}

/// A group's value of a column.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// Nothing.
    Blank,
    /// Something that cannot be read, or whose code is not in the closed list.
    Unreadable,
    /// A value.
    Value(Value),
}

/// A group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// Its rows.
    pub rows: u64,
    /// One for each measure; `None` where no row has a value.
    pub measures: Vec<Option<Value>>,
    /// In so many of its rows a measured cell cannot be read.
    pub unreadable: u64,
}

/// What a question came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// By the values of the columns of `by`.
    pub groups: BTreeMap<Vec<Key>, Group>,
    /// Rows of which it cannot be said whether they belong: a cell that decides it cannot be read.
    pub undecided: u64,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AggregateError {
    /// Too many groups.
    #[error("over {MOST_GROUPS} groups; count by fewer columns, or by columns of codes")]
    Groups,
    /// A sum beyond all money.
    #[error("a sum has over 38 digits; are these amounts?")]
    Overflow,
}

impl Question {
    /// The columns that it needs, each once.
    pub fn columns(&self) -> Vec<usize> {
        let mut needed = self.by.clone();
        needed.extend(self.measures.iter().map(|measure| measure.column()));
        needed.sort_unstable();
        needed.dedup();
        self.only.columns(&mut needed);
        needed
    }
}

impl Measure {
    /// Of which column.
    pub fn column(self) -> usize {
        match self {
            Self::Sum(column) | Self::Least(column) | Self::Greatest(column) => column,
        }
    }

    fn take(
        self,
        before: Option<Value>,
        found: Value,
        times: u64,
    ) -> Result<Option<Value>, AggregateError> {
        Ok(Some(match (self, before, found) {
            (Self::Sum(_), before, Value::Money(fen)) => {
                let before = if let Some(Value::Money(before)) = before { before } else { 0 };
                let more =
                    fen.checked_mul(i128::from(times)).and_then(|more| before.checked_add(more));
                Value::Money(more.ok_or(AggregateError::Overflow)?)
            }
            (Self::Sum(_), before, _) => return Ok(before),
            (_, None, found) => found,
            (Self::Least(_), Some(before), found) => before.min(found),
            (Self::Greatest(_), Some(before), found) => before.max(found),
        }))
    }
}

impl Answer {
    /// Takes so many equal rows, whose cell at a place is read by `cell`.
    pub fn note<'a>(
        &mut self,
        question: &Question,
        times: u64,
        cell: &impl Fn(usize) -> CellReading<'a>,
    ) -> Result<(), AggregateError> {
        match question.only.truth(cell) {
            Truth::False => return Ok(()),
            Truth::Unknown => {
                self.undecided += times;
                return Ok(());
            }
            Truth::True => {}
        }
        let key = |column: &usize| match cell(*column) {
            CellReading::Null => Key::Blank,
            reading => Value::of(reading).map_or(Key::Unreadable, Key::Value),
        };
        let keys: Vec<Key> = question.by.iter().map(key).collect();
        if self.groups.len() >= MOST_GROUPS && !self.groups.contains_key(&keys) {
            return Err(AggregateError::Groups);
        }
        let group = self.groups.entry(keys).or_default();
        group.rows += times;
        group.measures.resize(question.measures.len(), None);
        let mut unreadable = false;
        for (measure, measured) in question.measures.iter().zip(&mut group.measures) {
            let reading = cell(measure.column());
            unreadable |= reading.is_spoilt();
            if let Some(found) = Value::of(reading) {
                *measured = measure.take(measured.take(), found, times)?;
            }
        }
        group.unreadable += if unreadable { times } else { 0 };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use super::*;

    #[test]
    fn rows_come_to_what_they_are() {
        let question = Question {
            by: vec![0],
            only: Predicate::All(Vec::new()),
            measures: vec![Measure::Sum(1), Measure::Least(1), Measure::Greatest(1)],
        };
        let rows = [
            (CellReading::Code("a"), CellReading::Money(5), 2),
            (CellReading::Code("a"), CellReading::Money(-1), 1),
            (CellReading::Code("a"), CellReading::Unreadable, 3),
            (CellReading::Code("a"), CellReading::Null, 4),
            (CellReading::UnknownCode, CellReading::Null, 1),
        ];
        let mut answer = Answer::default();
        for (code, amount, times) in rows {
            answer
                .note(&question, times, &|place| {
                    if place == 0 { code.clone() } else { amount.clone() }
                })
                .unwrap();
        }
        let money = |fen| Some(Value::Money(fen));
        let a = Group { rows: 10, measures: vec![money(9), money(-1), money(5)], unreadable: 3 };
        assert_eq!(answer.groups[&vec![Key::Value(Value::Text("a".into()))]], a);
        assert_eq!(
            answer.groups[&vec![Key::Unreadable]],
            Group { rows: 1, measures: vec![None, None, None], unreadable: 0 }
        );
        let huge = answer.note(&question, u64::MAX, &|place| {
            if place == 0 { CellReading::Null } else { CellReading::Money(i128::MAX) }
        });
        assert_eq!(huge, Err(AggregateError::Overflow));
    }

    #[test]
    fn what_cannot_be_decided_is_counted_apart() {
        let only = Predicate::Not(Box::new(Predicate::Blank(0)));
        let question = Question { by: Vec::new(), only, measures: Vec::new() };
        let mut answer = Answer::default();
        for reading in [CellReading::Null, CellReading::Unreadable, CellReading::Date(3)] {
            answer.note(&question, 2, &|_| reading.clone()).unwrap();
        }
        assert_eq!((answer.undecided, answer.groups[&Vec::new()].rows), (2, 2));
    }
}
