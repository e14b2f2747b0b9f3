//! A table in a SQLite file: the department's own, live, or the connector's snapshot of a file drop.

mod owner;
mod passing;
mod selecting;
mod sending;

use std::collections::HashSet;
use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use rusqlite::config::DbConfig;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Row, params_from_iter};
use tokio::sync::{Semaphore, mpsc};
use zerotrip_datasets::file::{Sqlite, SqliteAsOf};
use zerotrip_datasets::resident_id::ResidentId;
use zerotrip_datasets::{Column, DatasetFile};
use zerotrip_proto::v1::{ErrorCode, SemanticType};

use self::passing::Pass;
use self::sending::RowSender;
use super::present::Met;
use super::profile::{KeyColumns, RaggedRow};
use super::seen::Seen;
use super::snapshot::Temporary;
use super::{Counted, LookUp, LookUpEnd, RawRow, Select, SelectEnd, Source, SourceError, SourceFuture, Stop, Survey, UnreadableRow};
use crate::adjudications::Adjudications;

/// Read connections of one table, and so look-ups at once; more wait their turn within their deadline.
const READERS: usize = 4;
/// Keys of one statement: with three spellings each, well under SQLite's bound on parameters, and few enough to plan as index look-ups.
const KEYS_PER_STATEMENT: usize = 64;
/// Virtual-machine steps between two looks at the stop flag.
const STEPS_PER_POLL: i32 = 2_000;
/// Such looks, a millisecond or so, that a look-up may take on the thread that asks.
const POLLS_AT_ONCE: u32 = 25;
/// How long a look-up waits for whoever is writing.
const BUSY: Duration = Duration::from_millis(500);

/// Times that a look-up begins anew because the file has changed since.
const TRIES: usize = 5;

/// Where as-of comes from.
#[derive(Clone, Debug)]
pub enum Moment {
    /// The system is live: as-of is the start of the read transaction.
    Live,
    /// The system keeps it in a table of its own; the latest value counts.
    Recorded {
        /// The table.
        table: String,
        /// The column, RFC 3339 text.
        column: String,
    },
    /// A snapshot's, known from its drop.
    Fixed(SystemTime),
}

/// What to read, with the names as the system has them.
#[derive(Clone, Debug)]
pub struct TableShape {
    /// The dataset's id, for messages.
    pub dataset: String,
    /// The table.
    pub table: String,
    /// A column of the table for each column of the dataset file.
    pub fields: Vec<String>,
    /// The dataset file's columns.
    pub columns: Vec<Column>,
    /// The columns of each look-up.
    pub look_ups: Vec<KeyColumns>,
    /// Places of all columns of ids, looked up or not.
    pub ids: Vec<usize>,
    /// Where as-of comes from.
    pub moment: Moment,
    /// Rows that could not be split into columns.
    pub ragged: Vec<RaggedRow>,
    /// What the owner has stated of unreadable rows.
    pub adjudications: Arc<Adjudications>,
}

/// A table in a SQLite file.
pub struct TableSource {
    inner: Arc<Inner>,
}

struct Inner {
    /// No other table of this process has it.
    number: u64,
    shape: TableShape,
    path: PathBuf,
    /// A snapshot's own file, which goes with its last reader.
    _snapshot: Option<Temporary>,
    permits: Semaphore,
    readers: Mutex<Vec<Reader>>,
    /// Of a snapshot, which nobody changes: every reader sees what the first one saw.
    fixed: OnceLock<Arc<Pass>>,
}

/// A connection with the profile that it took itself: SQLite's `data_version` tells of other connections' writes, and only compares
/// with what the same connection was told before. A profile that readers shared could be older than the file that one of them sees.
struct Reader {
    connection: Connection,
    /// `select <row id>, <fields> from <table>`.
    select: String,
    /// The first part of `select`'s columns: how this table's row ids are called.
    row_id: &'static str,
    /// Where the log beside the file stands.
    log: PathBuf,
    /// The file as it was before this connection opened it.
    file: Option<Seen>,
    pass: Option<(i64, Arc<Pass>)>,
}

impl fmt::Debug for TableSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TableSource").field("dataset", &self.inner.shape.dataset).finish_non_exhaustive()
    }
}

impl TableSource {
    /// Opens the department's own database, read-only.
    pub fn open_live(dataset: &DatasetFile, spec: &Sqlite, base: &Path, adjudications: Arc<Adjudications>) -> Result<Self, SourceError> {
        let moment = match &spec.as_of {
            SqliteAsOf::Live => Moment::Live,
            SqliteAsOf::Table { table, column } => Moment::Recorded { table: table.clone(), column: column.clone() },
        };
        let fields = dataset.columns.iter().map(|column| column.field.clone()).collect();
        let shape = TableShape {
            dataset: dataset.id.clone(),
            table: spec.table.clone(),
            fields,
            columns: dataset.columns.clone(),
            look_ups: KeyColumns::of(dataset),
            ids: id_places(dataset),
            moment,
            ragged: Vec::new(),
            adjudications,
        };
        Self::open(shape, base.join(&spec.path), None)
    }

    /// Opens a snapshot of that shape.
    pub fn open_snapshot(shape: TableShape, file: Temporary) -> Result<Self, SourceError> {
        Self::open(shape, file.path().to_owned(), Some(file))
    }

    /// Opens a table of that shape and proves that it is there.
    fn open(shape: TableShape, path: PathBuf, snapshot: Option<Temporary>) -> Result<Self, SourceError> {
        let inner = Inner {
            number: super::next_number(),
            shape,
            path,
            _snapshot: snapshot,
            permits: Semaphore::new(READERS),
            readers: Mutex::new(Vec::new()),
            fixed: OnceLock::new(),
        };
        let mut reader = inner.connect()?;
        inner.fresh_pass(&mut reader, &Stop::at(std::time::Instant::now() + Duration::from_secs(600)))?;
        inner.give_back(reader);
        Ok(Self { inner: Arc::new(inner) })
    }

    async fn on_reader<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner, &mut Reader) -> Result<T, SourceError> + Send + 'static,
    ) -> Result<T, SourceError> {
        let run = |inner: &Inner| {
            let mut reader = inner.take()?;
            let result = work(inner, &mut reader);
            // A connection that failed is not used again: the next look-up opens a fresh one and meets the file as it is then.
            if result.is_ok() {
                inner.give_back(reader);
            }
            result
        };
        self.on_thread(run).await
    }

    /// The same on a connection that is made for it and goes with it.
    async fn apart<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner, &mut Reader) -> Result<T, SourceError> + Send + 'static,
    ) -> Result<T, SourceError> {
        self.on_thread(|inner| work(inner, &mut inner.connect()?)).await
    }

    async fn on_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, SourceError> + Send + 'static,
    ) -> Result<T, SourceError> {
        let inner = Arc::clone(&self.inner);
        let permit = inner.permits.acquire().await.map_err(|_| SourceError::new(ErrorCode::SourceFailed, "the connector is stopping"))?;
        let shared = Arc::clone(&inner);
        let done = tokio::task::spawn_blocking(move || work(&shared)).await;
        drop(permit);
        done.unwrap_or_else(|error| Err(SourceError::new(ErrorCode::SourceFailed, format!("the reader stopped: {error}"))))
    }
}

impl Source for TableSource {
    fn look_up<'a>(&'a self, look_up: LookUp, rows: mpsc::Sender<Vec<RawRow>>) -> SourceFuture<'a, LookUpEnd> {
        Box::pin(async move {
            let Some((small, end)) = self.inner.at_once(&look_up)? else {
                return self.on_reader(move |inner, reader| inner.look_up_streaming(reader, &look_up, &rows)).await;
            };
            if !small.is_empty() {
                rows.send(small).await.map_err(|_| hung_up())?;
            } else if rows.is_closed() {
                return Err(hung_up());
            }
            Ok(end)
        })
    }

    fn select<'a>(&'a self, select: Select, rows: mpsc::Sender<Vec<Counted>>) -> SourceFuture<'a, SelectEnd> {
        Box::pin(self.on_reader(move |inner, reader| inner.send_selected(reader, &select, &rows)))
    }

    fn survey(&self) -> SourceFuture<'_, Survey> {
        if self.inner.fixed.get().is_some() {
            return Box::pin(self.on_reader(Inner::survey));
        }
        // On a connection of its own: a look-up that came meanwhile would have to take another pass first.
        Box::pin(self.apart(Inner::survey))
    }

    fn unreadable(&self, most: usize) -> SourceFuture<'_, Vec<UnreadableRow>> {
        Box::pin(self.on_reader(move |inner, reader| inner.unreadable(reader, most)))
    }
}

impl Inner {
    fn connect(&self) -> Result<Reader, SourceError> {
        let log = Seen::log_of(&self.path).map_err(|error| self.gone(&error))?;
        let file = self.seen(&log)?;
        if !self.path.is_file() {
            let detail = format!("no file at `{}`; mend `source.path` in the dataset file", self.path.display());
            return Err(SourceError::new(ErrorCode::SourceUnreachable, detail));
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags).map_err(|error| self.failed(&error))?;
        connection.busy_timeout(BUSY).map_err(|error| self.failed(&error))?;
        connection.pragma_update(None, "query_only", true).map_err(|error| self.failed(&error))?;
        // SQLite takes a quoted name that is no column for a text of that spelling: a column that is gone would read as rows of others.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false).map_err(|error| self.failed(&error))?;
        connection.set_prepared_statement_cache_capacity(64);
        let row_id = self.check_shape(&connection)?;
        let select = format!("select {row_id}, {} from {}", self.field_list(), quote(&self.shape.table));
        Ok(Reader { connection, select, row_id, log, file, pass: None })
    }

    /// What the file system says of a live database. SQLite does not notice that another file was moved or copied over its own. `None` for
    /// a snapshot, which nobody but this connector touches, and which is still read after a newer one has taken its place.
    fn seen(&self, log: &Path) -> Result<Option<Seen>, SourceError> {
        if matches!(self.shape.moment, Moment::Fixed(_)) {
            return Ok(None);
        }
        Seen::of(&self.path, log).map(Some).map_err(|error| self.gone(&error))
    }

    fn gone(&self, error: &std::io::Error) -> SourceError {
        let detail = format!("`{}`: {error}; mend `source.path` in the dataset file, or bring the file back", self.path.display());
        SourceError::new(ErrorCode::SourceUnreachable, detail)
    }

    /// Proves that the table and its columns are there, and says what its row ids are called.
    fn check_shape(&self, connection: &Connection) -> Result<&'static str, SourceError> {
        let (path, table) = (self.path.display(), &self.shape.table);
        let drift = |detail: String| Err(SourceError::new(ErrorCode::SourceDrift, detail));
        let kind = connection
            .query_row("select type, wr from pragma_table_list(?1) where schema = 'main'", [table], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()
            .map_err(|error| self.failed(&error))?;
        let (kind, without_row_id): (String, bool) = match kind {
            Some(kind) => kind,
            None => return drift(format!("`{path}` has no table `{table}`; mend `source.table`")),
        };
        if kind != "table" || without_row_id {
            let what = if kind == "table" { "table without row ids" } else { kind.as_str() };
            return drift(format!(
                "`{table}` in `{path}` is a {what}, whose unreadable rows could not be located; name the table behind it in `source.table`, \
                 or have its rows copied into an ordinary table"
            ));
        }
        let columns = connection
            .prepare("select name from pragma_table_info(?1)")
            .and_then(|mut statement| statement.query_map([table], |row| row.get(0))?.collect::<Result<HashSet<String>, _>>())
            .map_err(|error| self.failed(&error))?;
        if let Some(gone) = self.shape.fields.iter().find(|field| !columns.contains(*field)) {
            return drift(format!("table `{table}` has no column `{gone}`; mend the column's `field`"));
        }
        // A column of that name would hide the row id, and two rows may hold the same value in it.
        let free = ["rowid", "_rowid_", "oid"].into_iter().find(|name| !columns.iter().any(|column| column.eq_ignore_ascii_case(name)));
        match free {
            Some(row_id) => Ok(row_id),
            None => drift(format!("table `{table}` hides its row ids: it has columns `rowid`, `_rowid_` and `oid`; rename one")),
        }
    }

    fn take(&self) -> Result<Reader, SourceError> {
        let kept = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        kept.map_or_else(|| self.connect(), Ok)
    }

    fn give_back(&self, reader: Reader) {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner).push(reader);
    }

    /// The look-up on the thread that asks, if it is as small as nearly all are: an index answers sooner than another thread wakes.
    /// `None` if it is not, or somebody is writing, or no reader is at hand: then it takes a thread of its own, from the beginning.
    fn at_once(&self, look_up: &LookUp) -> Result<Option<(Vec<RawRow>, LookUpEnd)>, SourceError> {
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

    fn look_up_streaming(&self, reader: &mut Reader, look_up: &LookUp, out: &mpsc::Sender<Vec<RawRow>>) -> Result<LookUpEnd, SourceError> {
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
            if let (Some(present), Some((_, met))) = (&pass.present, &rows.watch)
                && let Some(place) = met.misses(present, &look_up.columns, &look_up.keys)
            {
                return Err(inner.lost(place));
            }
            let could_match = profile.could_match(&look_up.columns, &look_up.keys);
            // Every write to a live file makes a pass of its own for every reader: there each look-up is of its moment.
            let rests_on = matches!(inner.shape.moment, Moment::Fixed(_)).then_some(inner.number);
            Ok(LookUpEnd { as_of, rows: profile.rows, could_match, rests_on })
        })
    }

    /// One read transaction, so that the profile, as-of and rows are of one moment; interrupted when `stop` says so, or after so many
    /// looks at it.
    fn in_transaction<T>(
        &self,
        reader: &mut Reader,
        stop: &Stop,
        mut polls: u32,
        work: impl FnOnce(&Self, &mut Reader) -> Result<T, SourceError>,
    ) -> Result<T, SourceError> {
        self.begin(reader)?;
        let poll = stop.clone();
        let interrupt = move || {
            polls = polls.saturating_sub(1);
            polls == 0 || poll.check().is_err()
        };
        let hook = reader.connection.progress_handler(STEPS_PER_POLL, Some(interrupt));
        hook.map_err(|error| self.failed(&error))?;
        let result = work(self, reader).and_then(|value| self.unchanged(reader).map(|()| value));
        let ended = self.execute(reader, "rollback");
        let unhook = reader.connection.progress_handler(0, None::<fn() -> bool>).map_err(|error| self.failed(&error));
        // An interrupted statement says only that it was interrupted; why is the stop's to say.
        let result = if result.is_err() { stop.check().and(result) } else { result };
        result.and_then(|value| ended.and(unhook).map(|()| value))
    }

    /// Begins a transaction on the file that is in its place now.
    fn begin(&self, reader: &mut Reader) -> Result<(), SourceError> {
        for _ in 0..TRIES {
            if self.seen(&reader.log)? != reader.file {
                *reader = self.connect()?;
            }
            self.execute(reader, "begin")?;
            // Its first read waits for whoever writes just now, and from then on nobody may change the file.
            let seen = self.data_version(reader).and_then(|_| self.seen(&reader.log));
            if matches!(&seen, Ok(seen) if *seen == reader.file) {
                return Ok(());
            }
            self.execute(reader, "rollback")?;
            seen?;
        }
        Err(self.changing())
    }

    /// Proves at a look-up's end that the file is the one that it began with. The log beside it may have grown: SQLite sees to that.
    fn unchanged(&self, reader: &Reader) -> Result<(), SourceError> {
        let database = |seen: &Option<Seen>| seen.as_ref().map(|seen| seen.database);
        if database(&self.seen(&reader.log)?) == database(&reader.file) { Ok(()) } else { Err(self.changing()) }
    }

    fn changing(&self) -> SourceError {
        let detail = format!("`{}` was replaced or changed while it was read; the next look-up reads it anew", self.path.display());
        SourceError::new(ErrorCode::SourceFailed, detail)
    }

    fn data_version(&self, reader: &Reader) -> Result<i64, SourceError> {
        let version =
            reader.connection.prepare_cached("pragma data_version").and_then(|mut statement| statement.query_row([], |row| row.get(0)));
        version.map_err(|error| self.failed(&error))
    }

    fn execute(&self, reader: &Reader, sql: &str) -> Result<(), SourceError> {
        let done = reader.connection.prepare_cached(sql).and_then(|mut statement| statement.execute([]));
        done.map(|_| ()).map_err(|error| self.failed(&error))
    }

    /// Rows that reading the whole table finds and looking up does not.
    fn lost(&self, place: usize) -> SourceError {
        let field = self.shape.fields.get(place).map_or("", String::as_str);
        let detail = format!(
            "`{}`: rows of `{}` are not found by their `{field}`: its index is damaged; have the system's maintainer run `reindex`, and \
             `pragma integrity_check` to see what else is",
            self.path.display(),
            self.shape.table
        );
        SourceError::new(ErrorCode::SourceFailed, detail)
    }

    fn as_of(&self, reader: &Reader, started: SystemTime) -> Result<SystemTime, SourceError> {
        match &self.shape.moment {
            Moment::Live => Ok(started),
            Moment::Fixed(time) => Ok(*time),
            Moment::Recorded { table, column } => {
                let sql = format!("select max({}) from {}", quote(column), quote(table));
                let newest = reader.connection.prepare_cached(&sql).and_then(|mut statement| statement.query_row([], |row| row.get(0)));
                let text: Option<String> = newest.map_err(|error| self.failed(&error))?;
                let text = text.unwrap_or_default();
                let time = chrono::DateTime::parse_from_rfc3339(text.trim()).map_err(|_| {
                    let detail = format!("`{table}`.`{column}` holds `{text}`, not a time such as 2026-11-22T00:30:00+08:00");
                    SourceError::new(ErrorCode::SourceStale, detail)
                })?;
                Ok(time.into())
            }
        }
    }

    /// One of the columns holds one of so many values, each bound once.
    fn key_condition(&self, columns: &[usize], values: usize) -> String {
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
            sender.send(id, self.cells(row, 1)?)?;
        }
        Ok(())
    }

    fn field_list(&self) -> String {
        self.shape.fields.iter().map(|field| quote(field)).collect::<Vec<_>>().join(", ")
    }

    /// Cells as text: what the system calls a number or a date is read by its semantic type later.
    fn cells(&self, row: &Row<'_>, skip: usize) -> Result<RawRow, SourceError> {
        (0..self.shape.fields.len()).map(|place| self.cell(row, place + skip, place)).collect()
    }

    /// The cell of the column at `place`, which the row has at `at`.
    fn cell(&self, row: &Row<'_>, at: usize, place: usize) -> Result<Option<String>, SourceError> {
        Ok(match row.get_ref(at).map_err(|error| self.failed(&error))? {
            ValueRef::Null => None,
            ValueRef::Integer(number) => Some(number.to_string()),
            // Only part of an id's digits are left of it. Written out in full it could be read as another's; so, it is unreadable.
            ValueRef::Real(number) if self.shape.ids.contains(&place) => Some(format!("{number:e}")),
            ValueRef::Real(number) => Some(number.to_string()),
            ValueRef::Text(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
            ValueRef::Blob(_) => {
                let field = self.shape.fields.get(place).map_or("", String::as_str);
                let detail = format!("column `{field}` holds binary data; name a column of text instead");
                return Err(SourceError::new(ErrorCode::SourceDrift, detail));
            }
        })
    }

    fn failed(&self, error: &rusqlite::Error) -> SourceError {
        let code = match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::OperationInterrupted) => ErrorCode::SourceTimeout,
            Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => ErrorCode::SourceFailed,
            Some(rusqlite::ErrorCode::CannotOpen | rusqlite::ErrorCode::PermissionDenied) => ErrorCode::SourceUnreachable,
            _ if matches!(error, rusqlite::Error::SqliteFailure(_, Some(text)) if text.contains("no such")) => ErrorCode::SourceDrift,
            _ => ErrorCode::SourceFailed,
        };
        SourceError::new(code, format!("`{}`: {error}", self.path.display()))
    }
}

fn hung_up() -> SourceError {
    SourceError::new(ErrorCode::SourceTimeout, "the hub hung up")
}

/// Whether a look-up that failed so on the asking thread may succeed with more time: it was interrupted, or somebody is writing.
fn may_pass(error: &SourceError) -> bool {
    matches!(error.code, ErrorCode::SourceTimeout | ErrorCode::SourceFailed)
}

/// Every row as the table itself has it: an index that holds all the columns could have lost one.
fn whole(reader: &Reader) -> String {
    format!("{} not indexed", reader.select)
}

/// Places of a dataset's columns of ids.
pub fn id_places(dataset: &DatasetFile) -> Vec<usize> {
    let columns = dataset.columns.iter().enumerate().filter(|(_, column)| column.semantic == SemanticType::ResidentId);
    columns.map(|(place, _)| place).collect()
}

/// Every regular spelling of these keys. The last one is repeated up to a power of two, so that few statements serve all look-ups.
fn spellings(keys: &[ResidentId]) -> Vec<String> {
    let mut values: Vec<String> = keys.iter().flat_map(ResidentId::spellings).collect();
    if let Some(last) = values.last().cloned() {
        values.resize(values.len().next_power_of_two(), last);
    }
    values
}

/// An identifier, quoted as SQL has it.
pub fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests;
