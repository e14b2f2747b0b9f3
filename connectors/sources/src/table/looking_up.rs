//! A look-up: on the thread that asks, if it is small, and else on another one.

use std::fmt::Write as _;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, SystemTime};

use rusqlite::params_from_iter;
use tokio::sync::mpsc;
use zerotrip_datasets::Key;
use zerotrip_proto::v1::ErrorCode;

use super::super::row_index::SeenRows;
use super::super::{CouldMatch, LookUp, LookUpEnd, RestsOn, Rows, SourceError};
use super::connecting::BUSY;
use super::row_sender::RowSender;
use super::{Inner, Moment, Reader, quote};

/// Keys of a look-up on the thread that asks.
const KEYS_AT_ONCE: usize = 64;
/// Keys whose spellings are in memory together.
const KEYS_TOGETHER: usize = 4096;
/// Values of one statement, well under SQLite's bound on parameters, and few enough to plan as
/// index look-ups: a power of two.
const VALUES_PER_STATEMENT: usize = 256;
/// Of so few, each value is asked for by itself where an index serves: to ask for some at once,
/// SQLite makes a table of them.
const KEYS_BY_THEMSELVES: usize = 2;
/// Such looks, a millisecond or so, that a look-up may take on the thread that asks.
const POLLS_AT_ONCE: u32 = 25;

impl Inner {
    /// The look-up on the thread that asks, if it is as small as nearly all are: an index answers
    /// sooner than another thread wakes. `None` if it is not, or another connection is writing, or
    /// no reader is at hand: then it takes another thread, from the beginning.
    pub(super) fn at_once(
        &self,
        look_up: &LookUp,
    ) -> Result<Option<(Rows, LookUpEnd)>, SourceError> {
        if look_up.keys.len() > KEYS_AT_ONCE {
            return Ok(None);
        }
        let Ok(_permit) = self.permits.try_acquire() else { return Ok(None) };
        let Some(mut reader) = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop()
        else {
            return Ok(None);
        };
        let busy = |reader: &Reader, wait| {
            reader.connection.busy_timeout(wait).map_err(|error| self.failed(&error))
        };
        busy(&reader, Duration::ZERO)?;
        let mut rows = RowSender::new(None, look_up);
        let found = self.look_up(&mut reader, look_up, POLLS_AT_ONCE, &mut rows);
        busy(&reader, BUSY)?;
        match found {
            Ok(end) => {
                self.give_back(reader);
                Ok(Some((rows.batch, end)))
            }
            Err(error)
                if look_up.cancellation.check().is_ok() && (rows.full || may_pass(&error)) =>
            {
                // Its transaction is over, or the next user of the connection would not get a new
                // one.
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
        look_up.cancellation.check()?;
        Ok(end)
    }

    fn look_up(
        &self,
        reader: &mut Reader,
        look_up: &LookUp,
        polls: u32,
        rows: &mut RowSender<'_>,
    ) -> Result<LookUpEnd, SourceError> {
        let started = SystemTime::now();
        look_up.cancellation.check()?;
        self.in_transaction(reader, &look_up.cancellation, polls, |inner, reader| {
            let pass = inner.fresh_pass(reader, &look_up.cancellation)?;
            rows.watch = Some((Arc::clone(&pass), SeenRows::default()));
            let profile = &pass.profile;
            look_up.require_kind(|place| profile.kind_of(place))?;
            profile.require_stated()?;
            let as_of = inner.as_of(reader, started)?;
            for keys in look_up.keys.chunks(KEYS_TOGETHER) {
                inner.select_keys(reader, &look_up.columns, keys, rows)?;
            }
            let irregular = profile.irregular_rows(&look_up.columns, &look_up.keys);
            if !irregular.is_empty() {
                let ids: Vec<String> = irregular.iter().map(i64::to_string).collect();
                inner.select(reader, &format!("{} = ?1", reader.row_id), ids.chunks(1), rows)?;
            }
            if let (Some(present), Some((_, met))) = (&pass.row_index, &mut rows.watch)
                && let Some(place) = met.misses(present, &look_up.columns, &look_up.keys)
            {
                return Err(inner.lost(place));
            }
            let (columns, known) = (look_up.columns.clone(), Arc::clone(&pass));
            let could_match = CouldMatch::new(Arc::clone(&look_up.keys), move |keys| {
                known.profile.could_match(&columns, keys)
            });
            // Every write to a live file makes a new pass for every reader.
            let rests_on = if matches!(inner.shape.moment, Moment::Fixed(_)) {
                RestsOn::Pass
            } else {
                RestsOn::Rows
            };
            let rests_on = rests_on(pass.number);
            Ok(LookUpEnd { as_of, rows: profile.rows, could_match, rests_on })
        })
    }

    /// One of the columns holds one of the values, each bound once.
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

    /// Rows in which one of these columns holds a regular spelling of one of these keys.
    fn select_keys(
        &self,
        reader: &Reader,
        columns: &[usize],
        keys: &[Key],
        sender: &mut RowSender<'_>,
    ) -> Result<(), SourceError> {
        let mut values: Vec<String> = keys.iter().flat_map(Key::spellings).collect();
        let is_indexed = reader.is_indexed(columns);
        if keys.len() <= KEYS_BY_THEMSELVES && is_indexed {
            return columns.iter().try_for_each(|place| {
                self.select(reader, &self.key_condition(&[*place], 1), values.chunks(1), sender)
            });
        }
        // Where each statement reads the whole table, it is one: the last value is repeated.
        if let Some(last) = values.last().filter(|_| !is_indexed).cloned() {
            let enough = values
                .len()
                .next_power_of_two()
                .min(values.len().next_multiple_of(VALUES_PER_STATEMENT));
            values.resize(enough, last);
        }
        // Of powers of two, so that few texts serve all look-ups.
        let (mut rest, mut size) = (values.as_slice(), VALUES_PER_STATEMENT);
        while size > 0 {
            let (now, later) = rest.split_at(rest.len() / size * size);
            if !now.is_empty() {
                self.select(reader, &self.key_condition(columns, size), now.chunks(size), sender)?;
            }
            (rest, size) = (later, size / 2);
        }
        Ok(())
    }

    /// Rows for which this holds, with one set of values after the other.
    fn select<'a>(
        &self,
        reader: &Reader,
        condition: &str,
        asked: impl Iterator<Item = &'a [String]>,
        sender: &mut RowSender<'_>,
    ) -> Result<(), SourceError> {
        let sql = format!("{} where {condition}", reader.select);
        let mut statement =
            reader.connection.prepare_cached(&sql).map_err(|error| self.failed(&error))?;
        for values in asked {
            let mut found =
                statement.query(params_from_iter(values)).map_err(|error| self.failed(&error))?;
            while let Some(row) = found.next().map_err(|error| self.failed(&error))? {
                let id: i64 = row.get(0).map_err(|error| self.failed(&error))?;
                sender.send(id, |batch| self.add_cells(row, batch))?;
            }
        }
        Ok(())
    }
}

/// Whether a look-up that failed so on the asking thread may succeed with more time: it was
/// interrupted, or another connection is writing.
fn may_pass(error: &SourceError) -> bool {
    matches!(error.code, ErrorCode::SourceTimeout | ErrorCode::SourceFailed)
}
