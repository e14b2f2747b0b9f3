//! Takes the rows that a driver's process sends, and passes on those that were asked for.

use std::collections::HashSet;

use zerotrip_datasets::KeyKind;
use zerotrip_proto::v1::ErrorCode;

use super::super::system::{Asked, Query, Sink};
use super::process::BatchSink;
use crate::{Rows, SourceError};

/// Where rows go that are none.
pub struct NoRows;

impl BatchSink for NoRows {
    async fn take(&mut self, _: Vec<Vec<Option<String>>>) -> Result<(), SourceError> {
        Err(odd())
    }
}

/// Rows on their way to where they are wanted.
pub struct Reader<'a, K> {
    pub sink: &'a mut K,
    pub row: Rows,
    pub cells: usize,
    pub padded: Vec<bool>,
    pub persons: Option<PersonFilter>,
    /// How many came.
    pub rows: u64,
    /// How many more are wanted. The others are read all the same, for only an answer's end shows
    /// that it was one.
    pub left: u64,
}

impl<K: Sink> BatchSink for Reader<'_, K> {
    async fn take(&mut self, batch: Vec<Vec<Option<String>>>) -> Result<(), SourceError> {
        for mut row in batch {
            self.rows += 1;
            if row.len() != self.cells.max(1) {
                return Err(odd());
            }
            if self.left == 0 {
                continue;
            }
            self.left -= 1;
            row.truncate(self.cells);
            for (cell, _) in row.iter_mut().zip(&self.padded).filter(|(_, padded)| **padded) {
                if let Some(text) = cell {
                    text.truncate(text.trim_end_matches(' ').len());
                }
            }
            self.row.clear();
            row.iter().for_each(|cell| self.row.cell(cell.as_deref()));
            if self.persons.as_ref().is_none_or(|persons| persons.are_in(&row))
                && self.sink.take(self.row.end_row(1))?
            {
                self.sink.flush().await?;
            }
        }
        Ok(())
    }
}

/// Rows of a table that is read whole: those that have what was asked for where it was asked for.
pub struct PersonFilter {
    places: Vec<usize>,
    persons: HashSet<String>,
}

impl PersonFilter {
    /// None where every row is wanted.
    pub fn of(query: &Query<'_>) -> Option<Self> {
        if query.asked.is_empty() {
            return None;
        }
        let place = |asked: &Asked<'_>| {
            query.columns.iter().position(|column| column.name == asked.column.name)
        };
        let places = query.asked.iter().filter_map(place).collect();
        let persons =
            query.asked.iter().flat_map(|asked| asked.values).map(|value| said(value)).collect();
        Some(Self { places, persons })
    }

    pub fn are_in(&self, row: &[Option<String>]) -> bool {
        let cells = self.places.iter().filter_map(|place| row.get(*place)?.as_deref());
        cells.map(said).any(|said| self.persons.contains(&said))
    }
}

/// What a value says, however it is spelled.
fn said(text: &str) -> String {
    let key = KeyKind::ALL.iter().find_map(|kind| kind.read(text));
    key.map_or_else(|| text.to_owned(), |key| key.as_str().to_owned())
}

pub fn odd() -> SourceError {
    SourceError::new(
        ErrorCode::SourceFailed,
        "`zerotrip-odbc` answered something else than was asked for; is it of the connector's own \
         version?",
    )
}
