//! Rows of the whole table by a condition, of which the server does what it can.

use tokio::sync::mpsc;
use zerotrip_proto::v1::ErrorCode;

use super::super::select::Condition;
use super::super::{RawRow, Rows, Select, SelectEnd, SourceError};
use super::cells::Cells;
use super::pool::Lease;
use super::system::{Form, Pushdown, Query, Session, Sink, System};
use super::{Inner, caller_gone};

impl<S: System> Inner<S> {
    /// Sends what is selected, in one read-only transaction.
    pub(super) async fn select(
        &self,
        select: &Select,
        rows: &mpsc::Sender<Rows>,
    ) -> Result<SelectEnd, SourceError> {
        select.cancellation.check()?;
        let gone = caller_gone(&select.cancellation, rows);
        tokio::pin!(gone);
        let mut lease = tokio::select! {
            lease = self.pool.begin(&select.cancellation) => lease?,
            why = &mut gone => return Err(why),
        };
        let done = tokio::select! {
            done = self.send_selected(&mut lease, select, rows) => done,
            why = &mut gone => Err(why),
        };
        self.settle(lease, done).await
    }

    async fn send_selected(
        &self,
        lease: &mut Lease<S>,
        select: &Select,
        rows: &mpsc::Sender<Rows>,
    ) -> Result<SelectEnd, SourceError> {
        // What the catalogue says now, so that a column that is another one since is not read as it
        // was.
        self.relation(lease).await?;
        let recorded = self.recorded(lease).await?;
        let (_, followed) = self.proven(lease).await?;
        let cells = self.cells()?;
        let is_day = |place: usize| {
            cells.column(place).is_some_and(|column| {
                column.form == Form::Plain && column.type_name.eq_ignore_ascii_case("date")
            })
        };
        let condition = Condition::of(&select.only, &self.shape.columns, is_day);
        let counted = S::COUNTS && select.counted;
        let first = select.first.filter(|_| condition.is_all() && !counted);
        let only = Pushdown { condition: Some((&condition, cells)), counted, first };
        let columns = select.columns.iter().filter_map(|place| cells.column(*place)).collect();
        let query = Query { columns, locator: &[], asked: Vec::new(), only };
        let mut selected = Selected {
            rows,
            cells,
            places: &select.columns,
            counted,
            batch: Rows::default(),
            left: select.most_rows,
        };
        lease.session.read(&query, &mut selected).await?;
        selected.flush().await?;
        let as_of = recorded.unwrap_or(lease.begun).min(lease.begun);
        Ok(SelectEnd { as_of: followed.map_or(as_of, |followed| followed.min(as_of)), ragged: 0 })
    }
}

/// Rows on their way out.
struct Selected<'a> {
    rows: &'a mpsc::Sender<Rows>,
    cells: &'a Cells,
    places: &'a [usize],
    counted: bool,
    batch: Rows,
    left: u64,
}

impl Sink for Selected<'_> {
    fn take(&mut self, row: RawRow<'_>) -> Result<bool, SourceError> {
        let limit =
            || SourceError::new(ErrorCode::SourceLimit, "more rows than the selection may deliver");
        self.left = self.left.checked_sub(1).ok_or_else(limit)?;
        let times = if self.counted {
            let times = row.iter().last().flatten().and_then(|times| times.parse().ok());
            times.ok_or_else(|| {
                SourceError::new(
                    ErrorCode::SourceDrift,
                    "the server counts in something else than numbers",
                )
            })?
        } else {
            1
        };
        self.cells.settle(self.places.iter().copied(), row, &mut self.batch)?;
        self.batch.end_row(times);
        Ok(self.batch.is_full())
    }

    async fn flush(&mut self) -> Result<(), SourceError> {
        if self.batch.is_empty() {
            return Ok(());
        }
        self.rows.send(self.batch.take()).await.map_err(|_| SourceError::hung_up())
    }
}
