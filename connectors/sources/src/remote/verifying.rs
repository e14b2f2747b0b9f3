//! Verifies that a table is what it was when its source was opened, that none of its rows are
//! hidden from this reader, and of when they are.

use std::time::SystemTime;

use zerotrip_datasets::file::SqliteAsOf;
use zerotrip_proto::v1::ErrorCode;

use super::super::SourceError;
use super::super::timestamp::parse_timestamp;
use super::Inner;
use super::cells::Cells;
use super::lineage::Lineage;
use super::pool::Lease;
use super::system::{Relation, Session as _, System};

impl<S: System> Inner<S> {
    /// What the catalogue says now, held against what it said when the source was opened.
    pub(super) async fn relation(&self, lease: &mut Lease<S>) -> Result<Relation, SourceError> {
        let relation = lease.session.relation().await?;
        let cells = Cells::of(
            &relation,
            &self.shape.table,
            &self.shape.fields,
            &self.shape.ids,
            &self.shape.keys,
        )?;
        self.first.get_or_init(|| cells.clone()).unchanged(&cells)?;
        Ok(relation)
    }

    /// Verifies that nothing is hidden and, of a live table, that its rows are current; or says up
    /// to when its server has followed another one. An extract says itself of when it is.
    pub(super) async fn proven(
        &self,
        lease: &mut Lease<S>,
    ) -> Result<(Lineage, Option<SystemTime>), SourceError> {
        let lineage = lease.session.lineage().await?;
        lineage.require_complete(&self.shape.table, self.shape.nothing_hidden.as_deref())?;
        if !self.is_live() {
            return Ok((lineage, None));
        }
        lineage.require_current(&self.shape.table)?;
        if !lease.session.follows() {
            return Ok((lineage, None));
        }
        let followed = lease.session.followed().await?.ok_or_else(|| {
            let remedy = "name the table and column that tell of when its rows are in \
                          `source.as_of`, or attach the system itself";
            let detail = format!(
                "{} follows another server and cannot say how far; {remedy}",
                self.pool.address()
            );
            SourceError::new(ErrorCode::SourceStale, detail)
        })?;
        Ok((lineage, Some(followed)))
    }

    pub(super) fn is_live(&self) -> bool {
        matches!(self.shape.as_of, SqliteAsOf::Live)
    }

    /// An extract's own time.
    pub(super) async fn recorded(
        &self,
        lease: &mut Lease<S>,
    ) -> Result<Option<SystemTime>, SourceError> {
        let SqliteAsOf::Table { table, column } = &self.shape.as_of else { return Ok(None) };
        let text = lease.session.newest(table, column).await?.unwrap_or_default();
        let time = parse_timestamp(&text).ok_or_else(|| {
            let detail = format!(
                "`{table}`.`{column}`, which `source.as_of` names, holds no time such as \
                 2026-11-22T00:30:00+08:00"
            );
            SourceError::new(ErrorCode::SourceStale, detail)
        })?;
        Ok(Some(time))
    }

    pub(super) fn cells(&self) -> Result<&Cells, SourceError> {
        self.first.get().ok_or_else(|| {
            SourceError::new(ErrorCode::SourceFailed, "the table was never looked at")
        })
    }
}
