//! The read transaction in which everything is of one moment, on the file that is in its place.

use zerotrip_channel::deadline::Cancellation;
use zerotrip_proto::v1::ErrorCode;

use super::super::SourceError;
use super::super::file_identity::FileIdentity;
use super::{Inner, Moment, Reader};

/// Virtual-machine steps between two looks at the cancellation.
const STEPS_PER_POLL: i32 = 2_000;
/// Times that a look-up begins again because the file has changed since.
const TRIES: usize = 5;

impl Inner {
    /// One read transaction, so that the profile, as-of and rows are of one moment; interrupted
    /// when `cancellation` says so, or after `polls` polls.
    pub(super) fn in_transaction<T>(
        &self,
        reader: &mut Reader,
        cancellation: &Cancellation,
        mut polls: u32,
        work: impl FnOnce(&Self, &mut Reader) -> Result<T, SourceError>,
    ) -> Result<T, SourceError> {
        self.begin(reader)?;
        let poll = cancellation.clone();
        let interrupt = move || {
            polls = polls.saturating_sub(1);
            polls == 0 || poll.check().is_err()
        };
        let hook = reader.connection.progress_handler(STEPS_PER_POLL, Some(interrupt));
        hook.map_err(|error| self.failed(&error))?;
        let result = work(self, reader).and_then(|value| self.unchanged(reader).map(|()| value));
        let ended = self.execute(reader, "rollback");
        let unhook = reader
            .connection
            .progress_handler(0, None::<fn() -> bool>)
            .map_err(|error| self.failed(&error));
        // An interrupted statement says only that it was interrupted; the cancellation says why.
        let result = if result.is_err() {
            cancellation.check().map_err(SourceError::from).and(result)
        } else {
            result
        };
        result.and_then(|value| ended.and(unhook).map(|()| value))
    }

    /// Begins a transaction on the file that is in its place now.
    fn begin(&self, reader: &mut Reader) -> Result<(), SourceError> {
        for _ in 0..TRIES {
            self.execute(reader, "begin")?;
            // Its first read waits for a present writer; from then on it sees the file as it
            // is at this moment.
            let version = self.data_version(reader);
            let seen = self.seen(&reader.log);
            let is_in_place = matches!(&seen, Ok(seen) if *seen == reader.file);
            if is_in_place && let Ok(version) = version {
                reader.version = version;
                return Ok(());
            }
            let ended = self.execute(reader, "rollback");
            seen?;
            if is_in_place {
                version?;
            }
            ended?;
            *reader = self.connect()?;
        }
        Err(self.changing())
    }

    /// Proves at a look-up's end that the file is the one that it began with. The log beside it may
    /// have grown: SQLite sees to that.
    fn unchanged(&self, reader: &Reader) -> Result<(), SourceError> {
        if matches!(self.shape.moment, Moment::Fixed(_)) {
            return Ok(());
        }
        let now = FileIdentity::at(&self.path).map_err(|error| self.gone(&error))?;
        if reader.file.as_ref().is_some_and(|file| file.database == now) {
            Ok(())
        } else {
            Err(self.changing())
        }
    }

    fn changing(&self) -> SourceError {
        let detail = format!(
            "`{}` was replaced or changed while it was read; the next look-up reads it anew",
            self.path.display()
        );
        SourceError::new(ErrorCode::SourceFailed, detail)
    }

    /// What changes with the writes of other connections.
    pub(super) fn data_version(&self, reader: &Reader) -> Result<i64, SourceError> {
        let version = reader
            .connection
            .prepare_cached("pragma data_version")
            .and_then(|mut statement| statement.query_row([], |row| row.get(0)));
        version.map_err(|error| self.failed(&error))
    }

    fn execute(&self, reader: &Reader, sql: &str) -> Result<(), SourceError> {
        let done =
            reader.connection.prepare_cached(sql).and_then(|mut statement| statement.execute([]));
        done.map(|_| ()).map_err(|error| self.failed(&error))
    }
}
