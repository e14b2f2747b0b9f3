//! A look-up's rows on their way out, each once.

use std::collections::HashSet;
use std::sync::Arc;

use tokio::sync::mpsc;
use zerotrip_proto::v1::ErrorCode;

use super::super::row_index::SeenRows;
use super::super::{LookUp, Rows, SourceError};
use super::table_profile::TableProfile;

/// Takes rows, each once, and sends them on in batches; or keeps them, as long as they are one
/// batch.
pub(super) struct RowSender<'a> {
    out: Option<&'a mpsc::Sender<Rows>>,
    pub(super) batch: Rows,
    seen: HashSet<i64>,
    /// What the pass saw, and which of it the look-up saw.
    pub(super) watch: Option<(Arc<TableProfile>, SeenRows)>,
    columns: &'a [usize],
    left: u64,
    /// There were more rows than could be kept.
    pub(super) full: bool,
}

impl<'a> RowSender<'a> {
    pub(super) fn new(out: Option<&'a mpsc::Sender<Rows>>, look_up: &'a LookUp) -> Self {
        let (columns, left) = (look_up.columns.as_slice(), look_up.most_rows);
        Self {
            out,
            batch: Rows::default(),
            seen: HashSet::new(),
            watch: None,
            columns,
            left,
            full: false,
        }
    }

    /// Takes the row of this id, whose cells `read` gives.
    pub(super) fn send(
        &mut self,
        id: i64,
        read: impl FnOnce(&mut Rows) -> Result<(), SourceError>,
    ) -> Result<(), SourceError> {
        if !self.seen.insert(id) {
            return Ok(());
        }
        self.left = self.left.checked_sub(1).ok_or_else(|| {
            SourceError::new(ErrorCode::DefinitionLimit, "more rows than the scan may deliver")
        })?;
        if self.batch.is_full() {
            self.flush()?;
        }
        read(&mut self.batch)?;
        let row = self.batch.end_row(1);
        if let Some((pass, met)) = &mut self.watch
            && let Some(present) = &pass.row_index
        {
            // Both are of one moment: a row that leads elsewhere is another person's, and none of
            // it leaves.
            let names = pass.profile.names(self.columns, row);
            if !met.note(present, names, id.cast_unsigned()) {
                let damaged = "an index leads to rows that hold another person; have the system's \
                               maintainer run `reindex`, and `pragma integrity_check` to see what \
                               else is damaged";
                return Err(SourceError::new(ErrorCode::SourceFailed, damaged));
            }
        }
        Ok(())
    }

    pub(super) fn flush(&mut self) -> Result<(), SourceError> {
        if self.batch.is_empty() {
            return Ok(());
        }
        let Some(out) = self.out else {
            self.full = true;
            return Err(SourceError::new(ErrorCode::SourceLimit, "more rows than one batch"));
        };
        out.blocking_send(self.batch.take()).map_err(|_| SourceError::hung_up())
    }
}
