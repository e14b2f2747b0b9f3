//! Workbooks of the old format (`.xls`, Excel 97 to 2003): one sheet, read from memory.

mod book;
mod completeness;
mod compound;
mod kind;
mod records;
mod values;

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use zerotrip_datasets::file::Excel;
use zerotrip_proto::v1::ErrorCode;

use super::super::SourceError;
use super::file_kind::Expected;
use super::grid::{Grid, Layout};
use super::import::SnapshotWriter;
use super::sheets::{Glance, Sheets};
use super::{Format, unreadable};

use self::book::{Book, hidden_row, merged, records_of};

/// Bytes of a workbook, which stays in memory while it is read; no sheet has more than 65,536 rows.
const MOST_FILE: u64 = 256 << 20;
/// Rows of a sheet.
const MOST_ROWS: u32 = 1 << 16;

/// Sheets of an old workbook.
#[derive(Debug)]
pub struct Xls {
    sheets: Sheets,
}

impl Xls {
    /// As a dataset file describes it.
    pub fn new(spec: &Excel) -> Self {
        Self { sheets: Sheets::new(spec) }
    }
}

impl Format for Xls {
    fn expected(&self) -> Expected {
        Expected::Xls
    }

    fn read(&self, path: &Path, into: &mut SnapshotWriter<'_>) -> Result<(), SourceError> {
        let mut bytes = Vec::new();
        let file = File::open(path).map_err(|error| unreadable(path, &error))?;
        file.take(MOST_FILE + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| unreadable(path, &error))?;
        if bytes.len() as u64 > MOST_FILE {
            return Err(SourceError::new(
                ErrorCode::SourceLimit,
                format!("`{}` is over {MOST_FILE} bytes", path.display()),
            ));
        }
        let stream = compound::workbook(path, &bytes)?;
        drop(bytes);
        let book = Book::read(path, &stream)?;
        completeness::check(path, &stream, &book.bounds)?;
        let names: Vec<&str> = book.sheets.iter().map(|(name, _)| name.as_str()).collect();
        let header = self.sheets.header;
        let chosen = self.sheets.choose(path, &names, into, |place| {
            let mut glance = Glance::default();
            book.cells(path, book.sheet(path, &stream, place)?, |row, column, value| {
                glance.note(row, column, &value.into_text(book.is_1904), header);
                Ok(())
            })?;
            Ok(glance)
        })?;
        for place in &chosen {
            if chosen.len() > 1 {
                into.part(names.get(*place).copied().unwrap_or_default());
            }
            let sheet = book.sheet(path, &stream, *place)?;
            let layout = Layout { header, most_rows: MOST_ROWS, is_1904: book.is_1904 };
            let mut grid = Grid::new(path, into, layout, merged(path, sheet)?);
            records_of(path, sheet, |record| {
                if record.kind == kind::ROW && hidden_row(record.bytes()).is_some_and(|row| row.1) {
                    hidden_row(record.bytes()).into_iter().for_each(|(row, _)| grid.hide(row));
                }
                Ok(())
            })?;
            book.cells(path, sheet, |row, column, value| grid.cell(row, column, value))?;
            grid.end()?;
        }
        Ok(())
    }
}
