//! A look-up: on the thread that asks, if it is small, and else on one of its own.

use std::fmt::Write as _;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, SystemTime};

use rusqlite::params_from_iter;
use tokio::sync::mpsc;
use zerotrip_datasets::resident_id::ResidentId;
use zerotrip_proto::v1::ErrorCode;

use super::super::present::Met;
use super::super::{LookUp, LookUpEnd, Rows, SourceError};
use super::sending::RowSender;
use super::{BUSY, Inner, Reader, quote};

/// Keys of one statement: with three spellings each, well under SQLite's bound on parameters, and few enough to plan as index look-ups.
const KEYS_PER_STATEMENT: usize = 64;
/// Such looks, a millisecond or so, that a look-up may take on the thread that asks.
const POLLS_AT_ONCE: u32 = 25;

impl Inner {
    /// The look-up on the thread that asks, if it is as small as nearly all are: an index answers sooner than another thread wakes.
    /// `None` if it is not, or somebody is writing, or no reader is at hand: then it takes a thread of its own, from the beginning.
    pub(super) fn at_once(&self, look_up: &LookUp) -> Result<Option<(Rows, LookUpEnd)>, SourceError> {
        if look_up.keys.len() > KEYS_PER_STATEMENT {
            return Ok(None);
        }
        let Ok(_permit) = self.permits.try_acquire() else { return Ok(None) };
        let Some(mut reader) = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop() else { return Ok(None) };
        let busy = |reader: &Reader, wait| reader.connection.busy_timeout(wait).map_err(|error| self.failed(&error));
        busy(&reader, Duration::ZERO)?;
        let mut rows = RowSender::new(None, look_up);
        let found = self.look_up(&mut reader, look_up, POLLS_AT_ONCE, &mut rows);
        busy(&reader, BUSY)?;
        match found {
            Ok(end) => {
                self.give_back(reader);
                Ok(Some((rows.batch, end)))
            }
            Err(error) if look_up.stop.check().is_ok() && (rows.full || may_pass(&error)) => {
                // Its transaction is over, or whoever takes it next would not get one of their own.
                if reader.connection.is_autocommit() {
                    self.give_back(reader);
                }
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    pub(super) fn look_up_streaming(
        &self,
        reader: &mut Reader,
        look_up: &LookUp,
        out: &mpsc::Sender<Rows>,
    ) -> Result<LookUpEnd, SourceError> {
        let mut rows = RowSender::new(Some(out), look_up);
        let end = self.look_up(reader, look_up, u32::MAX, &mut rows)?;
        rows.flush()?;
        look_up.stop.check()?;
        Ok(end)
    }

    fn look_up(&self, reader: &mut Reader, look_up: &LookUp, polls: u32, rows: &mut RowSender<'_>) -> Result<LookUpEnd, SourceError> {
        let started = SystemTime::now();
        look_up.stop.check()?;
        self.in_transaction(reader, &look_up.stop, polls, |inner, reader| {
            let pass = inner.fresh_pass(reader, &look_up.stop)?;
            rows.watch = Some((Arc::clone(&pass), Met::default()));
            let profile = &pass.profile;
            let as_of = inner.as_of(reader, started)?;
            for keys in look_up.keys.chunks(KEYS_PER_STATEMENT) {
                let values = spellings(keys);
                inner.select(reader, &inner.key_condition(&look_up.columns, values.len()), &values, rows)?;
            }
            let by_row_id = format!("{} = ?1", reader.row_id);
            for row in profile.irregular_rows(&look_up.columns, &look_up.keys) {
                inner.select(reader, &by_row_id, &[row.to_string()], rows)?;
            }
            if let (Some(present), Some((_, met))) = (&pass.present, &mut rows.watch)
                && let Some(place) = met.misses(present, &look_up.columns, &look_up.keys)
            {
                return Err(inner.lost(place));
            }
            Ok(LookUpEnd { as_of, rows: profile.rows, could_match: profile.could_match(&look_up.columns, &look_up.keys) })
        })
    }

    /// One of the columns holds one of so many values, each bound once.
    pub(super) fn key_condition(&self, columns: &[usize], values: usize) -> String {
        let mut condition = String::with_capacity(columns.len() * (values * 5 + 32));
        for field in columns.iter().filter_map(|place| self.shape.fields.get(*place)) {
            let join = if condition.is_empty() { "" } else { " or " };
            condition.push_str(join);
            condition.push_str(&quote(field));
            condition.push_str(" in (");
            for number in 1..=values {
                let end = if number == values { ")" } else { "," };
                // Writing into a string does not fail.
                let _written = write!(condition, "?{number}{end}");
            }
        }
        condition
    }

    fn select(&self, reader: &Reader, condition: &str, values: &[String], sender: &mut RowSender<'_>) -> Result<(), SourceError> {
        let sql = format!("{} where {condition}", reader.select);
        let mut statement = reader.connection.prepare_cached(&sql).map_err(|error| self.failed(&error))?;
        let mut found = statement.query(params_from_iter(values)).map_err(|error| self.failed(&error))?;
        while let Some(row) = found.next().map_err(|error| self.failed(&error))? {
            let id: i64 = row.get(0).map_err(|error| self.failed(&error))?;
            sender.send(id, |batch| self.add_cells(row, batch))?;
        }
        Ok(())
    }
}

/// Whether a look-up that failed so on the asking thread may succeed with more time: it was interrupted, or somebody is writing.
fn may_pass(error: &SourceError) -> bool {
    matches!(error.code, ErrorCode::SourceTimeout | ErrorCode::SourceFailed)
}

/// Every regular spelling of these keys. The last one is repeated up to a power of two, so that few statements serve all look-ups.
fn spellings(keys: &[ResidentId]) -> Vec<String> {
    let mut values: Vec<String> = keys.iter().flat_map(ResidentId::spellings).collect();
    if let Some(last) = values.last().cloned() {
        values.resize(values.len().next_power_of_two(), last);
    }
    values
}
