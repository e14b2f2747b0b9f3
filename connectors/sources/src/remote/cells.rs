//! A dataset's columns as the server has them, and what the text of their cells becomes.

use std::borrow::Cow;

use zerotrip_proto::v1::ErrorCode;

use super::super::{RawRow, Rows, SourceError};
use super::relation::{Column, Form, Relation};

/// Bytes of one cell.
const MOST_CELL: usize = 1 << 20;

/// A dataset's columns, as the server has them, in the dataset file's order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cells {
    columns: Vec<Column>,
    ids: Vec<usize>,
}

impl Cells {
    /// Finds the fields of a dataset file in the table; `ids` are the places of those that hold
    /// ids, `keys` of those that are looked up.
    pub fn of(
        relation: &Relation,
        table: &str,
        fields: &[String],
        ids: &[usize],
        keys: &[usize],
    ) -> Result<Self, SourceError> {
        let drift = |detail: String| SourceError::new(ErrorCode::SourceDrift, detail);
        let mut columns = Vec::with_capacity(fields.len());
        for (place, field) in fields.iter().enumerate() {
            let found = relation.columns.iter().find(|column| column.name == *field);
            let column = found.ok_or_else(|| {
                drift(format!("`{table}` has no column `{field}`; correct the column's `field`"))
            })?;
            if column.form == Form::Refused {
                return Err(drift(format!(
                    "column `{field}` is of type `{}`, which has no text to rely upon; name a \
                     column of text or numbers instead",
                    column.type_name
                )));
            }
            if keys.contains(&place) && !super::table_profile::holds_ids(column.form) {
                return Err(drift(format!(
                    "column `{field}` is of type `{}`, in which no id can be looked up; name a \
                     column of text or whole numbers",
                    column.type_name
                )));
            }
            columns.push(column.clone());
        }
        Ok(Self { columns, ids: ids.to_vec() })
    }

    /// All columns.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Whether the column at this place is of ids.
    pub fn holds_ids(&self, place: usize) -> bool {
        self.ids.contains(&place)
    }

    /// Whether the column of this name is of ids.
    pub fn is_id(&self, name: &str) -> bool {
        self.ids
            .iter()
            .any(|place| self.columns.get(*place).is_some_and(|column| column.name == name))
    }

    /// The column at this place.
    pub fn column(&self, place: usize) -> Option<&Column> {
        self.columns.get(place)
    }

    /// Refuses columns that are no longer what they were.
    pub fn unchanged(&self, now: &Self) -> Result<(), SourceError> {
        let mut pairs = self.columns.iter().zip(&now.columns);
        let Some((was, is)) = pairs.find(|(was, is)| was.form != is.form) else { return Ok(()) };
        let detail = format!(
            "column `{}` was of type `{}` and is of type `{}` now; if that is meant, restart the \
             connector",
            was.name, was.type_name, is.type_name
        );
        Err(SourceError::new(ErrorCode::SourceDrift, detail))
    }

    /// Brings the text of the cells of the columns at these places to what the dataset reads.
    pub fn settle(
        &self,
        places: impl Iterator<Item = usize>,
        row: RawRow<'_>,
        into: &mut Rows,
    ) -> Result<(), SourceError> {
        for (place, cell) in places.zip(row.iter()) {
            match cell {
                Some(text) => into.cell(Some(&self.settled(place, text)?)),
                None => into.cell(None),
            }
        }
        Ok(())
    }

    /// Brings the text of a cell of the column at this place to what the dataset reads.
    pub fn settled<'a>(&self, place: usize, text: &'a str) -> Result<Cow<'a, str>, SourceError> {
        let Some(column) = self.columns.get(place) else { return Ok(text.into()) };
        if text.len() > MOST_CELL {
            let detail = format!(
                "a cell of column `{}` is over {MOST_CELL} bytes; name another column",
                column.name
            );
            return Err(SourceError::new(ErrorCode::SourceLimit, detail));
        }
        Ok(match column.form {
            // Only part of an id's digits are left of it. Written out in full it could be read as
            // another's; so, it is unreadable.
            Form::Float if self.ids.contains(&place) => {
                text.parse::<f64>().map_or(text.into(), |number| format!("{number:e}").into())
            }
            // `+08` is `+08:00`, and dates are read with no other way of writing it.
            Form::Moment
                if text
                    .len()
                    .checked_sub(3)
                    .and_then(|at| text.get(at..))
                    .is_some_and(|zone| zone.starts_with(['+', '-'])) =>
            {
                format!("{text}:00").into()
            }
            _ => text.into(),
        })
    }
}
