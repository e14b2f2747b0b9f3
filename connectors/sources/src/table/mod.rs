//! A table in a SQLite file: the department's own, live, or the connector's snapshot of a file
//! drop.

mod looking_up;
mod owner;
mod pass;
mod passing;
mod selecting;
mod sending;
mod transaction;

use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use rusqlite::config::DbConfig;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Row};
use tokio::sync::{Semaphore, mpsc};
use zerotrip_channel::deadline::Cancellation;
use zerotrip_datasets::file::{Sqlite, SqliteAsOf};
use zerotrip_datasets::{Column, DatasetFile};
use zerotrip_proto::v1::{ErrorCode, SemanticType};

use self::pass::Pass;
use super::profile::{KeyColumns, RaggedRow};
use super::rules::Rules;
use super::seen::Seen;
use super::temporary::Temporary;
use super::{
    LookUp, LookUpEnd, RawRow, Rows, Select, SelectEnd, Source, SourceError, SourceFuture, Survey,
    UnreadableRow,
};
use crate::rulings::Rulings;

/// Read connections of one table, and so look-ups at once; more wait their turn within their
/// deadline.
const READERS: usize = 4;
/// How long a look-up waits for whoever is writing.
const BUSY: Duration = Duration::from_millis(500);

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
    /// Places of columns of no look-up in which a row may name whom it is about.
    pub beside: Vec<usize>,
    /// What the checks take its columns to say.
    pub rules: Arc<Rules>,
    /// Fields in which persons are whom the rows are not about; none where nobody is looked up, or
    /// where no field is left.
    pub not_about: Option<BTreeSet<String>>,
    /// Where as-of comes from.
    pub moment: Moment,
    /// Rows that could not be split into columns.
    pub ragged: Vec<RaggedRow>,
    /// What the owner has stated of unreadable rows.
    pub adjudications: Arc<Rulings>,
}

/// A table in a SQLite file.
pub struct TableSource {
    inner: Arc<Inner>,
}

struct Inner {
    shape: TableShape,
    path: PathBuf,
    /// A snapshot's own file, which goes with its last reader.
    _snapshot: Option<Temporary>,
    permits: Semaphore,
    readers: Mutex<Vec<Reader>>,
    /// Of a snapshot, which nobody changes: every reader sees what the first one saw.
    fixed: OnceLock<Arc<Pass>>,
}

/// A connection with the profile that it took itself: SQLite's `data_version` tells of other
/// connections' writes, and only compares with what the same connection was told before. A profile
/// that readers shared could be older than the file that one of them sees.
struct Reader {
    connection: Connection,
    /// `select <row id>, <fields> from <table>`.
    select: String,
    /// Places of the columns that an index begins with.
    indexed: Vec<usize>,
    /// The first part of `select`'s columns: how this table's row ids are called.
    row_id: &'static str,
    /// Where the log beside the file stands.
    log: PathBuf,
    /// The file as it was before this connection opened it.
    file: Option<Seen>,
    /// Of the transaction that it is in.
    version: i64,
    pass: Option<(i64, Arc<Pass>)>,
}

impl Reader {
    /// Whether indexes serve a look-up in these columns.
    fn is_indexed(&self, columns: &[usize]) -> bool {
        columns.iter().all(|place| self.indexed.contains(place))
    }
}

impl fmt::Debug for TableSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TableSource")
            .field("dataset", &self.inner.shape.dataset)
            .finish_non_exhaustive()
    }
}

impl TableSource {
    /// Opens the department's own database, read-only.
    pub fn open_live(
        dataset: &DatasetFile,
        spec: &Sqlite,
        base: &Path,
        adjudications: Arc<Rulings>,
    ) -> Result<Self, SourceError> {
        let moment = match &spec.as_of {
            SqliteAsOf::Live => Moment::Live,
            SqliteAsOf::Table { table, column } => {
                Moment::Recorded { table: table.clone(), column: column.clone() }
            }
        };
        let fields = dataset.columns.iter().map(|column| column.field.clone()).collect();
        let look_ups = KeyColumns::of(dataset);
        let shape = TableShape {
            dataset: dataset.id.clone(),
            table: spec.table.clone(),
            fields,
            columns: dataset.columns.clone(),
            ids: id_places(dataset),
            beside: KeyColumns::beside(dataset, &look_ups),
            rules: Arc::new(Rules::of(dataset)),
            not_about: (!look_ups.is_empty()).then(|| dataset.not_about.keys().cloned().collect()),
            look_ups,
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
    fn open(
        shape: TableShape,
        path: PathBuf,
        snapshot: Option<Temporary>,
    ) -> Result<Self, SourceError> {
        let inner = Inner {
            shape,
            path,
            _snapshot: snapshot,
            permits: Semaphore::new(READERS),
            readers: Mutex::new(Vec::new()),
            fixed: OnceLock::new(),
        };
        let mut reader = inner.connect()?;
        reader.version = inner.data_version(&reader)?;
        inner.fresh_pass(&mut reader, &Cancellation::after(Duration::from_secs(600)))?;
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
            // A connection that failed is not used again: the next look-up opens a fresh one and
            // meets the file as it is then.
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
        let permit =
            inner.permits.acquire().await.map_err(|_| {
                SourceError::new(ErrorCode::SourceFailed, "the connector is stopping")
            })?;
        let shared = Arc::clone(&inner);
        let done = tokio::task::spawn_blocking(move || work(&shared)).await;
        drop(permit);
        done.unwrap_or_else(|error| {
            Err(SourceError::new(ErrorCode::SourceFailed, format!("the reader stopped: {error}")))
        })
    }
}

impl Source for TableSource {
    fn look_up<'a>(
        &'a self,
        look_up: LookUp,
        rows: mpsc::Sender<Rows>,
    ) -> SourceFuture<'a, LookUpEnd> {
        Box::pin(async move {
            let Some((small, end)) = self.inner.at_once(&look_up)? else {
                return self
                    .on_reader(move |inner, reader| {
                        inner.look_up_streaming(reader, &look_up, &rows)
                    })
                    .await;
            };
            if !small.is_empty() {
                rows.send(small).await.map_err(|_| SourceError::hung_up())?;
            } else if rows.is_closed() {
                return Err(SourceError::hung_up());
            }
            Ok(end)
        })
    }

    fn select<'a>(
        &'a self,
        select: Select,
        rows: mpsc::Sender<Rows>,
    ) -> SourceFuture<'a, SelectEnd> {
        Box::pin(self.on_reader(move |inner, reader| inner.send_selected(reader, &select, &rows)))
    }

    fn survey(&self) -> SourceFuture<'_, Survey> {
        if self.inner.fixed.get().is_some() {
            return Box::pin(self.on_reader(Inner::survey));
        }
        // On a connection of its own: a look-up that came meanwhile would have to take another pass
        // first.
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
            let detail = format!(
                "no file at `{}`; mend `source.path` in the dataset file",
                self.path.display()
            );
            return Err(SourceError::new(ErrorCode::SourceUnreachable, detail));
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection =
            Connection::open_with_flags(&self.path, flags).map_err(|error| self.failed(&error))?;
        connection.busy_timeout(BUSY).map_err(|error| self.failed(&error))?;
        connection.pragma_update(None, "query_only", true).map_err(|error| self.failed(&error))?;
        // SQLite takes a quoted name that is no column for a text of that spelling: a column that
        // is gone would read as rows of others.
        connection
            .set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)
            .map_err(|error| self.failed(&error))?;
        connection.set_prepared_statement_cache_capacity(64);
        let row_id = self.check_shape(&connection)?;
        let select =
            format!("select {row_id}, {} from {}", self.field_list(), quote(&self.shape.table));
        let indexed = self.indexed(&connection)?;
        Ok(Reader { connection, select, indexed, row_id, log, file, version: 0, pass: None })
    }

    /// What the file system says of a live database. SQLite does not notice that another file was
    /// moved or copied over its own. `None` for a snapshot, which nobody but this connector
    /// touches, and which is still read after a newer one has taken its place.
    fn seen(&self, log: &Path) -> Result<Option<Seen>, SourceError> {
        if matches!(self.shape.moment, Moment::Fixed(_)) {
            return Ok(None);
        }
        Seen::of(&self.path, log).map(Some).map_err(|error| self.gone(&error))
    }

    fn gone(&self, error: &std::io::Error) -> SourceError {
        let detail = format!(
            "`{}`: {error}; mend `source.path` in the dataset file, or bring the file back",
            self.path.display()
        );
        SourceError::new(ErrorCode::SourceUnreachable, detail)
    }

    /// Proves that the table and its columns are there, and says what its row ids are called.
    fn check_shape(&self, connection: &Connection) -> Result<&'static str, SourceError> {
        let (path, table) = (self.path.display(), &self.shape.table);
        let drift = |detail: String| Err(SourceError::new(ErrorCode::SourceDrift, detail));
        let kind = connection
            .query_row(
                "select type, wr from pragma_table_list(?1) where schema = 'main'",
                [table],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()
            .map_err(|error| self.failed(&error))?;
        let (kind, without_row_id): (String, bool) = match kind {
            Some(kind) => kind,
            None => return drift(format!("`{path}` has no table `{table}`; mend `source.table`")),
        };
        if kind != "table" || without_row_id {
            let what = if kind == "table" { "table without row ids" } else { kind.as_str() };
            return drift(format!(
                "`{table}` in `{path}` is a {what}, whose unreadable rows could not be located; \
                 name the table behind it in `source.table`, or have its rows copied into an \
                 ordinary table"
            ));
        }
        let columns = connection
            .prepare("select name from pragma_table_info(?1)")
            .and_then(|mut statement| {
                statement
                    .query_map([table], |row| row.get(0))?
                    .collect::<Result<HashSet<String>, _>>()
            })
            .map_err(|error| self.failed(&error))?;
        if let Some(gone) = self.shape.fields.iter().find(|field| !columns.contains(*field)) {
            return drift(format!(
                "table `{table}` has no column `{gone}`; mend the column's `field`"
            ));
        }
        // A column of that name would hide the row id, and two rows may hold the same value in it.
        let free = ["rowid", "_rowid_", "oid"]
            .into_iter()
            .find(|name| !columns.iter().any(|column| column.eq_ignore_ascii_case(name)));
        match free {
            Some(row_id) => Ok(row_id),
            None => drift(format!(
                "table `{table}` hides its row ids: it has columns `rowid`, `_rowid_` and `oid`; \
                 rename one"
            )),
        }
    }

    /// Places of the columns that an index of all rows begins with, as it was when the file was
    /// opened.
    fn indexed(&self, connection: &Connection) -> Result<Vec<usize>, SourceError> {
        let sql = "select distinct i.name from pragma_index_list(?1) l join \
                   pragma_index_info(l.name) i where i.seqno = 0 and not l.partial";
        let indexed = connection
            .prepare(sql)
            .and_then(|mut statement| {
                statement
                    .query_map([&self.shape.table], |row| row.get(0))?
                    .collect::<Result<HashSet<Option<String>>, _>>()
            })
            .map_err(|error| self.failed(&error))?;
        let fields = self.shape.fields.iter().enumerate();
        Ok(fields
            .filter(|(_, field)| indexed.contains(&Some((*field).clone())))
            .map(|(place, _)| place)
            .collect())
    }

    fn take(&self) -> Result<Reader, SourceError> {
        let kept = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        kept.map_or_else(|| self.connect(), Ok)
    }

    fn give_back(&self, reader: Reader) {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner).push(reader);
    }

    /// Rows that reading the whole table finds and looking up does not.
    fn lost(&self, place: usize) -> SourceError {
        let field = self.shape.fields.get(place).map_or("", String::as_str);
        let detail = format!(
            "`{}`: rows of `{}` are not found by their `{field}`: its index is damaged; have the \
             system's maintainer run `reindex`, and `pragma integrity_check` to see what else is",
            self.path.display(),
            self.shape.table
        );
        SourceError::new(ErrorCode::SourceFailed, detail)
    }

    /// A table's rows stand in the order of their ids; in a file that was overwritten while it was
    /// open, pages of two files stand together.
    fn out_of_order(&self) -> SourceError {
        let detail = format!(
            "`{}`: rows of `{}` are not in the order of their ids: the file is damaged, or was \
             overwritten in place; put a whole one beside it and rename that",
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
                let newest = reader
                    .connection
                    .prepare_cached(&sql)
                    .and_then(|mut statement| statement.query_row([], |row| row.get(0)));
                let text: Option<String> = newest.map_err(|error| self.failed(&error))?;
                let text = text.unwrap_or_default();
                let time = chrono::DateTime::parse_from_rfc3339(text.trim()).map_err(|_| {
                    let detail = format!(
                        "`{table}`.`{column}`, which `source.as_of` names, holds no time such as \
                         2026-11-22T00:30:00+08:00"
                    );
                    SourceError::new(ErrorCode::SourceStale, detail)
                })?;
                Ok(time.into())
            }
        }
    }

    fn field_list(&self) -> String {
        self.shape.fields.iter().map(|field| quote(field)).collect::<Vec<_>>().join(", ")
    }

    /// Every row as the table itself has it, with these fields of no column behind: an index that
    /// holds all the columns could have lost one.
    fn whole(&self, reader: &Reader, left: &[String]) -> String {
        let left: String = left.iter().map(|name| format!(", {}", quote(name))).collect();
        let table = quote(&self.shape.table);
        format!("select {}, {}{left} from {table} not indexed", reader.row_id, self.field_list())
    }

    /// Cells as text: what the system calls a number or a date is read by its semantic type later.
    fn add_cells(&self, row: &Row<'_>, into: &mut Rows) -> Result<(), SourceError> {
        (0..self.shape.fields.len()).try_for_each(|place| self.cell(row, place + 1, place, into))
    }

    fn cells<'a>(&self, row: &Row<'_>, into: &'a mut Rows) -> Result<RawRow<'a>, SourceError> {
        self.add_cells(row, into)?;
        Ok(into.end_row(1))
    }

    /// The cell of the column at `place`, which the row has at `at`.
    fn cell(
        &self,
        row: &Row<'_>,
        at: usize,
        place: usize,
        into: &mut Rows,
    ) -> Result<(), SourceError> {
        match row.get_ref(at).map_err(|error| self.failed(&error))? {
            ValueRef::Null => into.cell(None),
            ValueRef::Integer(number) => into.shown(number),
            // Only part of an id's digits are left of it. Written out in full it could be read as
            // another's; so, it is unreadable.
            ValueRef::Real(number) if self.shape.ids.contains(&place) => {
                into.shown(format_args!("{number:e}"))
            }
            ValueRef::Real(number) => into.shown(number),
            ValueRef::Text(bytes) => into.bytes(bytes),
            ValueRef::Blob(_) => {
                let field = self.shape.fields.get(place).map_or("", String::as_str);
                let detail =
                    format!("column `{field}` holds binary data; name a column of text instead");
                return Err(SourceError::new(ErrorCode::SourceDrift, detail));
            }
        }
        Ok(())
    }

    fn failed(&self, error: &rusqlite::Error) -> SourceError {
        let code = match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::OperationInterrupted) => ErrorCode::SourceTimeout,
            Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => {
                ErrorCode::SourceFailed
            }
            Some(rusqlite::ErrorCode::CannotOpen | rusqlite::ErrorCode::PermissionDenied) => {
                ErrorCode::SourceUnreachable
            }
            _ if matches!(error, rusqlite::Error::SqliteFailure(_, Some(text)) if text.contains("no such")) => {
                ErrorCode::SourceDrift
            }
            _ => ErrorCode::SourceFailed,
        };
        SourceError::new(code, format!("`{}`: {error}", self.path.display()))
    }
}

/// Places of a dataset's columns of ids.
pub fn id_places(dataset: &DatasetFile) -> Vec<usize> {
    let columns = dataset
        .columns
        .iter()
        .enumerate()
        .filter(|(_, column)| column.semantic == SemanticType::ResidentId);
    columns.map(|(place, _)| place).collect()
}

/// An identifier, quoted as SQL has it.
pub fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests;
