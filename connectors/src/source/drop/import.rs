//! From a file to a local indexed snapshot, whatever the file's format.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::{Connection, Statement, params};
use zerotrip_datasets::file::MOST_COLUMNS;
use zerotrip_datasets::guess::Evidence;
use zerotrip_datasets::resident_id::SuspectRow;
use zerotrip_datasets::{Column, DatasetFile};
use zerotrip_proto::v1::ErrorCode;
use zerotrip_trust::digest::Hasher;

use super::super::SourceError;
use super::super::profile::{KeyColumns, MOST_UNREADABLE, RaggedRow};
use super::super::table::{Moment, TableShape, TableSource, id_places, quote};
use super::place::{Arrived, MOST_FILE, Place};
use super::{Current, Format, unreadable};
use crate::adjudications::{Adjudications, ragged_digest};

/// Bytes of one ragged row, all of which must be kept: an identifier cut off would be a person not asked about.
const MOST_RAGGED_TEXT: usize = 1 << 20;
/// Characters of it that are kept for its owner to see.
const EXCERPT_CHARS: usize = 400;
/// Rows of a file.
const MOST_ROWS: u64 = 100_000_000;
/// Pages of a snapshot, of 4 KiB each: a small file can hold a great many rows, if they are all alike.
const MOST_PAGES: u64 = (16 << 30) >> 12;

/// How a dataset's drops become snapshots.
#[derive(Debug)]
pub struct Import {
    /// The dataset's id.
    pub dataset: String,
    /// Where its drops arrive.
    pub place: Place,
    fields: Vec<String>,
    columns: Vec<Column>,
    look_ups: Vec<KeyColumns>,
    ids: Vec<usize>,
    format: Arc<dyn Format>,
    state: PathBuf,
    adjudications: Arc<Adjudications>,
}

impl Import {
    /// For a dataset; snapshots are kept below `state`.
    pub fn new(dataset: &DatasetFile, place: Place, format: Arc<dyn Format>, state: &Path, adjudications: Arc<Adjudications>) -> Self {
        Self {
            dataset: dataset.id.clone(),
            place,
            fields: dataset.columns.iter().map(|column| column.field.clone()).collect(),
            columns: dataset.columns.clone(),
            look_ups: KeyColumns::of(dataset),
            ids: id_places(dataset),
            format,
            state: state.join("snapshots").join(&dataset.id),
            adjudications,
        }
    }

    /// Makes a drop the snapshot that serves, if it is whole.
    pub fn import(&self, drop: Arrived) -> Result<Current, SourceError> {
        let path = drop.stamp.path.as_path();
        let digest = digest(path)?;
        if drop.manifest.as_ref().is_some_and(|manifest| manifest.sha256 != digest) {
            let detail = format!("`{}` does not match its manifest's sha256; it may be half-written", path.display());
            return Err(SourceError::new(ErrorCode::SourceTruncated, detail));
        }
        fs::create_dir_all(&self.state).map_err(|error| unreadable(&self.state, &error))?;
        let target = self.state.join(format!("{}.db", digest.get(..32).unwrap_or_default()));
        let part = with_suffix(&target, &format!(".{}.part", std::process::id()));
        let filled = self.fill(&drop, &part).and_then(|filled| {
            fs::rename(&part, &target).map_err(|error| unreadable(&target, &error))?;
            Ok(filled)
        });
        let filled = filled.inspect_err(|_| {
            // The half-filled snapshot is of no use; that it may not be there is no second fault.
            let _gone = fs::remove_file(&part);
        })?;
        self.forget_older(&target);
        let shape = TableShape {
            dataset: self.dataset.clone(),
            table: "drop".into(),
            fields: (0..self.fields.len()).map(|place| format!("c{place}")).collect(),
            columns: self.columns.clone(),
            look_ups: self.look_ups.clone(),
            ids: self.ids.clone(),
            moment: Moment::Fixed(drop.as_of),
            ragged: filled.ragged,
            adjudications: Arc::clone(&self.adjudications),
        };
        Ok(Current { table: TableSource::open(shape, &target)?, stamp: drop.stamp, as_of: drop.as_of, advice: filled.advice })
    }

    /// Copies a drop into a snapshot, and proves that it was whole and stayed as it was.
    fn fill(&self, drop: &Arrived, part: &Path) -> Result<Filled, SourceError> {
        let path = drop.stamp.path.as_path();
        let filled = self.copy(path, part)?;
        if let Some(manifest) = &drop.manifest
            && manifest.rows != filled.rows
        {
            let detail = format!("`{}` holds {} rows, its manifest says {}", path.display(), filled.rows, manifest.rows);
            return Err(SourceError::new(ErrorCode::SourceTruncated, detail));
        }
        if !self.place.is_still(&drop.stamp)? {
            return Err(SourceError::new(ErrorCode::SourceTruncated, format!("`{}` changed while it was read", path.display())));
        }
        Ok(filled)
    }

    fn copy(&self, path: &Path, part: &Path) -> Result<Filled, SourceError> {
        let failed = |error: &rusqlite::Error| snapshot_failed(path, error);
        let _stale = fs::remove_file(part); // left by a crash; usually there is none
        let mut connection = Connection::open(part).map_err(|error| failed(&error))?;
        let settings = format!("pragma journal_mode = off; pragma synchronous = off; pragma max_page_count = {MOST_PAGES};");
        connection.execute_batch(&settings).map_err(|error| failed(&error))?;
        let columns: Vec<String> = (0..self.fields.len()).map(|place| format!("c{place} text")).collect();
        let transaction = connection.transaction().map_err(|error| failed(&error))?;
        transaction.execute(&format!("create table \"drop\" ({})", columns.join(", ")), []).map_err(|error| failed(&error))?;
        let filled = self.read(path, &transaction)?;
        for (number, place) in self.look_ups.iter().flat_map(|look_up| &look_up.columns).enumerate() {
            let sql = format!("create index i{number} on \"drop\" ({})", quote(&format!("c{place}")));
            transaction.execute(&sql, params![]).map_err(|error| failed(&error))?;
        }
        transaction.commit().map_err(|error| failed(&error))?;
        drop(connection);
        File::open(part).and_then(|file| file.sync_all()).map_err(|error| unreadable(part, &error))?;
        Ok(filled)
    }

    fn read(&self, path: &Path, connection: &Connection) -> Result<Filled, SourceError> {
        let mut filling = Filling::new(path, &self.fields, connection)?;
        self.format.read(path, &mut filling)?;
        Ok(filling.filled)
    }

    /// Snapshots of earlier drops; whoever still reads one keeps it open.
    fn forget_older(&self, newest: &Path) {
        let Ok(entries) = fs::read_dir(&self.state) else { return };
        for path in entries.flatten().map(|entry| entry.path()) {
            if path != newest && fs::remove_file(&path).is_err() {
                tracing::warn!(path = %path.display(), "an old snapshot cannot be removed");
            }
        }
    }
}

/// What a file held.
#[derive(Debug, Default)]
struct Filled {
    rows: u64,
    ragged: Vec<RaggedRow>,
    advice: Vec<String>,
}

/// A snapshot while a file is read into it.
pub struct Filling<'a> {
    path: &'a Path,
    fields: &'a [String],
    sink: Sink<'a>,
    filled: Filled,
}

/// Where rows go.
enum Sink<'a> {
    /// Into a snapshot.
    Snapshot(Statement<'a>),
    /// Nowhere: what its columns hold is only looked at.
    Sample(RefCell<Sample>),
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
    fn new(path: &'a Path, fields: &'a [String], connection: &'a Connection) -> Result<Self, SourceError> {
        let names: Vec<String> = (0..fields.len()).map(|place| format!(", c{place}")).collect();
        let sql = format!("insert into \"drop\" (rowid{}) values (?{})", names.concat(), ", ?".repeat(fields.len()));
        let insert = connection.prepare(&sql).map_err(|error| snapshot_failed(path, &error))?;
        Ok(Self { path, fields, sink: Sink::Snapshot(insert), filled: Filled::default() })
    }

    /// For looking at a file.
    pub fn sample(path: &'a Path) -> Self {
        Self { path, fields: &[], sink: Sink::Sample(RefCell::default()), filled: Filled::default() }
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
        let drift = |detail: String| Err(SourceError::new(ErrorCode::SourceDrift, format!("`{}` {detail}", self.path.display())));
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
            Sink::Snapshot(insert) => insert,
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
        bind().map(|_| ()).map_err(|error| snapshot_failed(self.path, &error))
    }

    /// A row that could not be split into its columns, with all of its text.
    pub fn ragged(&mut self, line: u64, text: &str) -> Result<(), SourceError> {
        self.count()?;
        if text.len() > MOST_RAGGED_TEXT {
            return Err(self.broken(&format!("the row at line {line} is over {MOST_RAGGED_TEXT} bytes; is a quote left open?")));
        }
        self.filled.ragged.push(RaggedRow {
            line,
            suspect: SuspectRow::new(text),
            digest: ragged_digest(text),
            excerpt: text.chars().take(EXCERPT_CHARS).collect(),
        });
        if self.filled.ragged.len() > MOST_UNREADABLE {
            return Err(self.broken("too many rows of another width than the header; is it of that kind, and the header's row right?"));
        }
        Ok(())
    }

    fn count(&mut self) -> Result<(), SourceError> {
        self.filled.rows += 1;
        if self.filled.rows > MOST_ROWS {
            return Err(SourceError::new(ErrorCode::SourceLimit, format!("`{}` holds over {MOST_ROWS} rows", self.path.display())));
        }
        Ok(())
    }

    /// Something that the owner should know.
    pub fn advise(&mut self, advice: String) {
        self.filled.advice.push(advice);
    }

    fn broken(&self, what: &str) -> SourceError {
        SourceError::new(ErrorCode::SourceUnreadable, format!("`{}`: {what}", self.path.display()))
    }
}

fn digest(path: &Path) -> Result<String, SourceError> {
    // One byte more than is allowed: a file that grows while it is read is told by the stamp afterwards.
    let mut file = File::open(path).map_err(|error| unreadable(path, &error))?.take(MOST_FILE + 1);
    let mut hasher = Hasher::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let read = file.read(&mut buffer).map_err(|error| unreadable(path, &error))?;
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
        hasher.update(bytes);
    }
    Ok(hex::encode(hasher.finish()))
}

/// The path with more behind its name.
pub fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut text = path.as_os_str().to_owned();
    text.push(suffix);
    PathBuf::from(text)
}

fn snapshot_failed(path: &Path, error: &rusqlite::Error) -> SourceError {
    SourceError::new(ErrorCode::SourceFailed, format!("the snapshot of `{}` cannot be written: {error}", path.display()))
}
