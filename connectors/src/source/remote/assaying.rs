//! A look at every cell of a table on a server, for its owner's sake.

use super::super::SourceError;
use super::super::findings::Assay;
use super::cells::Cells;
use super::system::Sink;

/// Takes rows, and keeps what is wrong with them.
pub struct Assaying<'a> {
    cells: &'a Cells,
    /// What was found so far.
    pub assay: Assay<'a>,
}

impl<'a> Assaying<'a> {
    pub fn new(cells: &'a Cells, assay: Assay<'a>) -> Self {
        Self { cells, assay }
    }
}

impl Sink for Assaying<'_> {
    fn take(&mut self, mut row: Vec<Option<String>>) -> Result<bool, SourceError> {
        for (place, cell) in row.iter_mut().enumerate() {
            self.cells.settle(place, cell)?;
        }
        self.assay.note(&row.into_boxed_slice());
        Ok(false)
    }

    async fn flush(&mut self) -> Result<(), SourceError> {
        Ok(())
    }
}
