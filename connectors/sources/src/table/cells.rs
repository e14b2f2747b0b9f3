//! The cells of a table's rows, as text.

use rusqlite::Row;
use rusqlite::types::ValueRef;
use zerotrip_proto::v1::ErrorCode;

use super::{Inner, Reader, quote};
use crate::{RawRow, Rows, SourceError};

impl Inner {
    pub(super) fn field_list(&self) -> String {
        self.shape.fields.iter().map(|field| quote(field)).collect::<Vec<_>>().join(", ")
    }

    /// Every row as the table itself has it, with these fields of no column behind: an index that
    /// holds all the columns could have lost one.
    pub(super) fn whole(&self, reader: &Reader, left: &[String]) -> String {
        let left: String = left.iter().map(|name| format!(", {}", quote(name))).collect();
        let table = quote(&self.shape.table);
        format!("select {}, {}{left} from {table} not indexed", reader.row_id, self.field_list())
    }

    /// Cells as text: what the system calls a number or a date is read by its semantic type later.
    pub(super) fn add_cells(&self, row: &Row<'_>, into: &mut Rows) -> Result<(), SourceError> {
        (0..self.shape.fields.len()).try_for_each(|place| self.cell(row, place + 1, place, into))
    }

    pub(super) fn cells<'a>(
        &self,
        row: &Row<'_>,
        into: &'a mut Rows,
    ) -> Result<RawRow<'a>, SourceError> {
        self.add_cells(row, into)?;
        Ok(into.end_row(1))
    }

    /// The cell of the column at `place`, which the row has at `at`.
    pub(super) fn cell(
        &self,
        row: &Row<'_>,
        at: usize,
        place: usize,
        into: &mut Rows,
    ) -> Result<(), SourceError> {
        match row.get_ref(at).map_err(|error| self.failed(&error))? {
            ValueRef::Null => into.cell(None),
            ValueRef::Integer(number) => into.shown(number),
            // Only part of an id's digits are left of it. Written out in full it could be read as
            // another's; so, it is unreadable.
            ValueRef::Real(number) if self.shape.ids.contains(&place) => {
                into.shown(format_args!("{number:e}"))
            }
            ValueRef::Real(number) => into.shown(number),
            ValueRef::Text(bytes) => into.bytes(bytes),
            ValueRef::Blob(_) => {
                let field = self.shape.fields.get(place).map_or("", String::as_str);
                let detail =
                    format!("column `{field}` holds binary data; name a column of text instead");
                return Err(SourceError::new(ErrorCode::SourceDrift, detail));
            }
        }
        Ok(())
    }
}
