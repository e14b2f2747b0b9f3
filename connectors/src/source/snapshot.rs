//! Local indexed snapshots of what is read as a whole, be it a file or what an interface gives.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use rusqlite::{Connection, Statement, params};
use zerotrip_channel::files;
use zerotrip_datasets::file::MOST_COLUMNS;
use zerotrip_datasets::guess::Evidence;
use zerotrip_datasets::{Column, DatasetFile};
use zerotrip_proto::v1::ErrorCode;

use super::SourceError;
use super::profile::{KeyColumns, MOST_UNREADABLE, RaggedRow};
use super::table::{Moment, TableShape, TableSource, id_places, quote};
use crate::adjudications::{Adjudications, ragged_digest};

/// Bytes of one ragged row, all of which must be kept: an identifier cut off would be a person not asked about.
const MOST_RAGGED_TEXT: usize = 1 << 20;
/// Characters of it that are kept for its owner to see.
const EXCERPT_CHARS: usize = 400;
/// Rows of a snapshot.
const MOST_ROWS: u64 = 100_000_000;
/// Pages of a snapshot, of 4 KiB each: a small file can hold a great many rows, if they are all alike.
const MOST_PAGES: u64 = (16 << 30) >> 12;

/// How a dataset's snapshots are made.
#[derive(Debug)]
pub struct Snapshots {
    /// The dataset's id.
    pub dataset: String,
    /// Where they are kept.
    folder: PathBuf,
    fields: Vec<String>,
    columns: Vec<Column>,
    look_ups: Vec<KeyColumns>,
    ids: Vec<usize>,
    adjudications: Arc<Adjudications>,
}

/// A snapshot's file, of this process alone; it goes when nobody reads it any more. Two processes never share one: what stands in which
/// of its columns is known only to the one that wrote it.
#[derive(Debug)]
pub struct Temporary(PathBuf);

impl Temporary {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.0)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(path = %self.0.display(), %error, "an old snapshot cannot be removed");
        }
    }
}

impl Snapshots {
    /// Of a dataset; they are kept below `state`. What processes that are gone have left there is removed.
    pub fn new(dataset: &DatasetFile, state: &Path, adjudications: Arc<Adjudications>) -> Self {
        let snapshots = Self {
            dataset: dataset.id.clone(),
            folder: state.join("snapshots").join(&dataset.id),
            fields: dataset.columns.iter().map(|column| column.field.clone()).collect(),
            columns: dataset.columns.clone(),
            look_ups: KeyColumns::of(dataset),
            ids: id_places(dataset),
            adjudications,
        };
        snapshots.clean();
        snapshots
    }

    /// A file for a new snapshot, under a name that no other has, of this process or of another.
    pub fn file(&self) -> Result<Temporary, SourceError> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let folder = &self.folder;
        let failed = |error| SourceError::new(ErrorCode::SourceFailed, format!("`{}`: {error}", folder.display()));
        files::private_folder(folder).map_err(failed)?;
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Ok(Temporary(folder.join(format!("{}-{}-{number}.db", std::process::id(), this_process()))))
    }

    fn clean(&self) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return }; // there are none yet
        for path in entries.flatten().map(|entry| entry.path()) {
            let owner = path.file_name().and_then(|name| name.to_str()?.split_once('-'));
            let gone = owner.is_none_or(|(id, rest)| {
                let is_ours = id == std::process::id().to_string() && rest.starts_with(this_process());
                !is_ours && (id == std::process::id().to_string() || !Path::new("/proc").join(id).exists())
            });
            if gone && fs::remove_file(&path).is_err() {
                tracing::warn!(path = %path.display(), "an old snapshot cannot be removed");
            }
        }
    }

    /// Opens a snapshot that was written.
    pub fn open(&self, file: Temporary, as_of: SystemTime, ragged: Vec<RaggedRow>) -> Result<TableSource, SourceError> {
        let shape = TableShape {
            dataset: self.dataset.clone(),
            table: "drop".into(),
            fields: (0..self.fields.len()).map(|place| format!("c{place}")).collect(),
            columns: self.columns.clone(),
            look_ups: self.look_ups.clone(),
            ids: self.ids.clone(),
            moment: Moment::Fixed(as_of),
            ragged,
            adjudications: Arc::clone(&self.adjudications),
        };
        TableSource::open_snapshot(shape, file)
    }

    /// Writes what `read` gives into a new file at `path`, and syncs it. `origin` is what is read, for messages.
    pub fn write(
        &self,
        origin: &str,
        path: &Path,
        read: impl FnOnce(&mut Filling<'_>) -> Result<(), SourceError>,
    ) -> Result<Filled, SourceError> {
        let failed = |error: &rusqlite::Error| snapshot_failed(origin, error);
        let mut connection = Connection::open(path).map_err(|error| failed(&error))?;
        let settings = format!("pragma journal_mode = off; pragma synchronous = off; pragma max_page_count = {MOST_PAGES};");
        connection.execute_batch(&settings).map_err(|error| failed(&error))?;
        let columns: Vec<String> = (0..self.fields.len()).map(|place| format!("c{place} text")).collect();
        let transaction = connection.transaction().map_err(|error| failed(&error))?;
        transaction.execute(&format!("create table \"drop\" ({})", columns.join(", ")), []).map_err(|error| failed(&error))?;
        let filled = {
            let mut filling = Filling::new(origin, &self.fields, &transaction)?;
            read(&mut filling)?;
            filling.filled
        };
        for (number, place) in self.look_ups.iter().flat_map(|look_up| &look_up.columns).enumerate() {
            let sql = format!("create index i{number} on \"drop\" ({})", quote(&format!("c{place}")));
            transaction.execute(&sql, params![]).map_err(|error| failed(&error))?;
        }
        transaction.commit().map_err(|error| failed(&error))?;
        drop(connection);
        let synced = File::open(path).and_then(|file| file.sync_all());
        synced.map_err(|error| SourceError::new(ErrorCode::SourceFailed, format!("`{}`: {error}", path.display())))?;
        Ok(filled)
    }
}

/// Tells this process from an earlier one of the same id: in a container it is always the same.
fn this_process() -> &'static str {
    static NAME: OnceLock<String> = OnceLock::new();
    NAME.get_or_init(|| uuid::Uuid::new_v4().simple().to_string())
}

/// What was read.
#[derive(Debug, Default)]
pub struct Filled {
    /// Rows, ragged ones included.
    pub rows: u64,
    /// Rows that could not be split into columns.
    pub ragged: Vec<RaggedRow>,
    /// For the owner.
    pub advice: Vec<String>,
}

/// A snapshot while something is read into it.
pub struct Filling<'a> {
    origin: &'a str,
    fields: &'a [String],
    sink: Sink<'a>,
    filled: Filled,
}

/// Where rows go.
enum Sink<'a> {
    /// Into a snapshot.
    Snapshot(Inserts<'a>),
    /// Nowhere: what its columns hold is only looked at.
    Sample(RefCell<Sample>),
}

/// What writes a snapshot.
struct Inserts<'a> {
    connection: &'a Connection,
    row: Statement<'a>,
    /// Remembers ids, once there are any.
    id: Option<Statement<'a>>,
}

/// What was seen of a file that no dataset file describes yet.
#[derive(Debug, Default)]
pub struct Sample {
    /// The columns' names, each with what was seen of it.
    pub columns: Vec<(String, Evidence)>,
    /// Columns that have no name, or cannot be read.
    pub passed_over: usize,
    /// Rows, ragged ones included.
    pub rows: u64,
    /// Rows that could not be split.
    pub ragged: usize,
    /// For the owner.
    pub advice: Vec<String>,
}

impl<'a> Filling<'a> {
    fn new(origin: &'a str, fields: &'a [String], connection: &'a Connection) -> Result<Self, SourceError> {
        let names: Vec<String> = (0..fields.len()).map(|place| format!(", c{place}")).collect();
        let sql = format!("insert into \"drop\" (rowid{}) values (?{})", names.concat(), ", ?".repeat(fields.len()));
        let row = connection.prepare(&sql).map_err(|error| snapshot_failed(origin, &error))?;
        Ok(Self { origin, fields, sink: Sink::Snapshot(Inserts { connection, row, id: None }), filled: Filled::default() })
    }

    /// For looking at a file.
    pub fn sample(origin: &'a str) -> Self {
        Self { origin, fields: &[], sink: Sink::Sample(RefCell::default()), filled: Filled::default() }
    }

    /// Whether the file is only looked at: then every column is wanted that can be read.
    pub fn is_sample(&self) -> bool {
        matches!(self.sink, Sink::Sample(_))
    }

    /// What was seen.
    pub fn into_sample(self) -> Sample {
        let seen = match self.sink {
            Sink::Sample(seen) => seen.into_inner(),
            Sink::Snapshot(_) => Sample::default(),
        };
        Sample { rows: self.filled.rows, ragged: self.filled.ragged.len(), advice: self.filled.advice, ..seen }
    }

    /// The file's columns, unnamed ones as `None`. Returns the place in the file of each column of the dataset.
    pub fn header(&self, names: &[Option<String>]) -> Result<Vec<usize>, SourceError> {
        let drift = |detail: String| Err(SourceError::new(ErrorCode::SourceDrift, format!("`{}` {detail}", self.origin)));
        let mut known: HashMap<&str, usize> = HashMap::new();
        for (place, name) in names.iter().enumerate() {
            let Some(name) = name.as_deref() else { continue };
            if known.insert(name, place).is_some() {
                return drift(format!("has column `{name}` twice in its header; rename one of them"));
            }
        }
        if let Sink::Sample(seen) = &self.sink {
            let named = names.iter().enumerate().filter_map(|(place, name)| Some((place, name.clone().filter(|name| !name.is_empty())?)));
            let named: Vec<(usize, String)> = named.collect();
            let mut seen = seen.borrow_mut();
            seen.passed_over = names.len() - named.len();
            seen.columns = named.iter().map(|(_, name)| (name.clone(), Evidence::default())).collect();
            if seen.columns.len() > MOST_COLUMNS {
                return drift(format!("has {} columns, and a dataset at most {MOST_COLUMNS}", seen.columns.len()));
            }
            return Ok(named.into_iter().map(|(place, _)| place).collect());
        }
        let mut places = Vec::with_capacity(self.fields.len());
        for field in self.fields {
            match known.get(field.as_str()) {
                Some(place) => places.push(*place),
                None => return drift(format!("has no column `{field}`; mend the column's `field`, or what `[source]` says of the file")),
            }
        }
        Ok(places)
    }

    /// A row: one cell for each column of the dataset. `number` is its own, by which its owner finds it.
    pub fn row(&mut self, number: u64, cells: impl IntoIterator<Item = Option<String>>) -> Result<(), SourceError> {
        self.count()?;
        let number = i64::try_from(number).map_err(|_| self.broken("too many rows"))?;
        let insert = match &mut self.sink {
            Sink::Snapshot(inserts) => &mut inserts.row,
            Sink::Sample(seen) => {
                for ((_, evidence), cell) in seen.get_mut().columns.iter_mut().zip(cells) {
                    evidence.note(cell.as_deref());
                }
                return Ok(());
            }
        };
        let bind = || {
            insert.raw_bind_parameter(1, number)?;
            for (place, cell) in cells.into_iter().enumerate() {
                insert.raw_bind_parameter(place + 2, cell)?;
            }
            insert.raw_execute()
        };
        bind().map(|_| ()).map_err(|error| snapshot_failed(self.origin, &error))
    }

    /// Whether this is the first row with this id; they are kept on disk, for there can be many.
    pub fn is_first(&mut self, id: &str) -> Result<bool, SourceError> {
        let remember = |connection: &'a Connection| {
            connection.execute_batch("create temp table ids (id text primary key) without rowid")?;
            connection.prepare("insert or ignore into ids values (?1)")
        };
        let failed = |error: rusqlite::Error| snapshot_failed(self.origin, &error);
        let Sink::Snapshot(inserts) = &mut self.sink else { return Ok(true) }; // a sample counts for nothing
        let insert = match &mut inserts.id {
            Some(insert) => insert,
            none => none.insert(remember(inserts.connection).map_err(failed)?),
        };
        insert.execute([id]).map(|added| added == 1).map_err(failed)
    }

    /// A row that could not be split into its columns, with all of its text.
    pub fn ragged(&mut self, line: u64, text: &str) -> Result<(), SourceError> {
        self.count()?;
        if text.len() > MOST_RAGGED_TEXT {
            return Err(self.broken(&format!("the row at line {line} is over {MOST_RAGGED_TEXT} bytes; is a quote left open?")));
        }
        self.filled.ragged.push(RaggedRow { line, digest: ragged_digest(text), excerpt: text.chars().take(EXCERPT_CHARS).collect() });
        if self.filled.ragged.len() > MOST_UNREADABLE {
            return Err(self.broken("too many rows of another width than the header; is it of that kind, and the header's row right?"));
        }
        Ok(())
    }

    fn count(&mut self) -> Result<(), SourceError> {
        self.filled.rows += 1;
        if self.filled.rows > MOST_ROWS {
            return Err(SourceError::new(ErrorCode::SourceLimit, format!("`{}` holds over {MOST_ROWS} rows", self.origin)));
        }
        Ok(())
    }

    /// Something that the owner should know.
    pub fn advise(&mut self, advice: String) {
        self.filled.advice.push(advice);
    }

    fn broken(&self, what: &str) -> SourceError {
        SourceError::new(ErrorCode::SourceUnreadable, format!("`{}`: {what}", self.origin))
    }
}

fn snapshot_failed(origin: &str, error: &rusqlite::Error) -> SourceError {
    SourceError::new(ErrorCode::SourceFailed, format!("the snapshot of `{origin}` cannot be written: {error}"))
}
