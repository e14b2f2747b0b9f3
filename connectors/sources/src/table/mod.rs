//! A table in a SQLite file: the department's own, live, or the connector's snapshot of a file
//! drop.

mod cells;
mod connecting;
mod errors;
mod looking_up;
mod profiling;
mod row_sender;
mod selecting;
mod survey;
mod table_profile;
mod transaction;

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use rusqlite::Connection;
use tokio::sync::{Semaphore, mpsc};
use zerotrip_channel::deadline::Cancellation;
use zerotrip_datasets::file::{Sqlite, SqliteAsOf};
use zerotrip_datasets::{Column, DatasetFile};
use zerotrip_proto::v1::ErrorCode;

use self::table_profile::TableProfile;
use super::file_identity::DatabaseIdentity;
use super::plausibility::PlausibilityRules;
use super::profile::{KeyColumns, RaggedRow};
use super::temporary::Temporary;
use super::{
    LookUp, LookUpEnd, Rows, Select, SelectEnd, Source, SourceError, SourceFuture, Survey,
    UnreadableRow,
};
use crate::rulings::Rulings;

/// Read connections of one table, and so look-ups at once; more wait their turn within their
/// deadline.
const READERS: usize = 4;

/// Where as-of comes from.
#[derive(Clone, Debug)]
pub enum Moment {
    /// The system is live: as-of is the start of the read transaction.
    Live,
    /// The system keeps it in a separate table; the latest value counts.
    Recorded {
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
    pub table: String,
    /// A column of the table for each column of the dataset file.
    pub fields: Vec<String>,
    /// The dataset file's columns.
    pub columns: Vec<Column>,
    /// The columns of each look-up.
    pub look_ups: Vec<KeyColumns>,
    /// Places of all columns of ids, looked up or not.
    pub ids: Vec<usize>,
    /// Places of columns of no look-up that can name a person that a row is about.
    pub mention_columns: Vec<usize>,
    /// What the checks take its columns to say.
    pub rules: Arc<PlausibilityRules>,
    /// Fields that name persons that the rows are not about; none where no person is looked up, or
    /// where no field is left.
    pub not_about: Option<BTreeSet<String>>,
    /// Where as-of comes from.
    pub moment: Moment,
    /// Rows that could not be split into columns.
    pub ragged: Vec<RaggedRow>,
    /// What the owner has stated of unreadable rows.
    pub rulings: Arc<Rulings>,
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
    /// Of a snapshot, which does not change: every reader sees what the first one saw.
    fixed: OnceLock<Arc<TableProfile>>,
}

/// A connection with the profile that it took itself: SQLite's `data_version` shows other
/// connections' writes, and only compares with what the same connection saw before. A profile
/// that readers shared could be older than the file that one of them sees.
struct Reader {
    connection: Connection,
    /// `select <row id>, <fields> from <table>`.
    select: String,
    /// Places of the columns that an index begins with.
    indexed: Vec<usize>,
    /// The first part of `select`'s columns: how this table's row ids are called.
    row_id: &'static str,
    /// Where the log beside the file is.
    log: PathBuf,
    /// The file as it was before this connection opened it.
    file: Option<DatabaseIdentity>,
    /// Of the transaction that it is in.
    version: i64,
    pass: Option<(i64, Arc<TableProfile>)>,
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
        rulings: Arc<Rulings>,
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
            mention_columns: KeyColumns::mention_columns(dataset, &look_ups),
            rules: Arc::new(PlausibilityRules::of(dataset)),
            not_about: (!look_ups.is_empty()).then(|| dataset.not_about.keys().cloned().collect()),
            look_ups,
            moment,
            ragged: Vec::new(),
            rulings,
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
        // On a separate connection: a look-up that came meanwhile would have to take another pass
        // first.
        Box::pin(self.apart(Inner::survey))
    }

    fn unreadable(&self, most: usize) -> SourceFuture<'_, Vec<UnreadableRow>> {
        Box::pin(self.on_reader(move |inner, reader| inner.unreadable(reader, most)))
    }
}

impl Inner {
    fn take(&self) -> Result<Reader, SourceError> {
        let kept = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        kept.map_or_else(|| self.connect(), Ok)
    }

    fn give_back(&self, reader: Reader) {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner).push(reader);
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
}

/// Places of a dataset's columns of ids.
pub fn id_places(dataset: &DatasetFile) -> Vec<usize> {
    let columns =
        dataset.columns.iter().enumerate().filter(|(_, column)| column.key_kind().is_some());
    columns.map(|(place, _)| place).collect()
}

/// An identifier, quoted as SQL has it.
pub fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests;
