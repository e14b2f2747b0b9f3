//! A look at every cell of a table on a server, for its owner's sake.

use super::super::findings::{Assay, Assayed};
use super::super::profile::KeyColumns;
use super::super::{RawRow, Rows, SourceError};
use super::Inner;
use super::cells::Cells;
use super::pool::Lease;
use super::system::{Asked, Only, Query, Session, Sink, System};

impl<S: System> Inner<S> {
    /// Reads every cell of every row, for the owner's sake: look-ups have no need of it.
    pub(super) async fn assay(&self, lease: &mut Lease<S>) -> Result<Assayed, SourceError> {
        let cells = self.cells()?;
        let mut assaying = Assaying { cells, row: Rows::default(), assay: Assay::new(&self.shape.columns, &self.shape.look_ups) };
        let query = Query { columns: cells.columns().iter().collect(), locator: &[], asked: Vec::new(), only: Only::default() };
        lease.session.read(&query, &mut assaying).await?;
        Ok(assaying.assay.finish(0))
    }

    /// What a look-up of one person sends.
    pub(super) fn steps(&self, lease: &Lease<S>, look_up: &KeyColumns) -> Result<Vec<String>, SourceError> {
        let cells = self.cells()?;
        let values = [String::new()];
        let columns = look_up.columns.iter().filter_map(|place| cells.column(*place));
        let asked = columns.map(|column| Asked { column, values: &values }).collect();
        Ok(vec![lease.session.statement(&Query { columns: cells.columns().iter().collect(), locator: &[], asked, only: Only::default() })])
    }
}

/// Takes rows, and keeps what is wrong with them.
struct Assaying<'a> {
    cells: &'a Cells,
    row: Rows,
    /// What was found so far.
    assay: Assay<'a>,
}

impl Sink for Assaying<'_> {
    fn take(&mut self, row: RawRow<'_>) -> Result<bool, SourceError> {
        self.row.clear();
        self.cells.settle(0.., row, &mut self.row)?;
        self.assay.note(self.row.end_row(1));
        Ok(false)
    }

    async fn flush(&mut self) -> Result<(), SourceError> {
        Ok(())
    }
}
