//! Local indexed snapshots of what is read as a whole, be it a file or what an interface gives.

mod error;
mod midnights;
mod summary;
mod writer;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use rusqlite::{Connection, params};
use zerotrip_channel::files;
use zerotrip_datasets::{Column, DatasetFile, KeyKind};
use zerotrip_proto::v1::ErrorCode;

use self::error::snapshot_failed;
use super::SourceError;
use super::plausibility::PlausibilityRules;
use super::profile::{KeyColumns, RaggedRow};
use super::table::{Moment, TableShape, TableSource, id_places, quote};
use super::temporary::Temporary;
use crate::rulings::Rulings;

pub use self::summary::{Sample, SnapshotSummary};
pub use self::writer::SnapshotWriter;

/// Pages of a snapshot, of 4 KiB each: a small file can hold a great many rows, if they are all
/// alike.
const MOST_PAGES: u64 = (16 << 30) >> 12;

/// How a dataset's snapshots are made.
#[derive(Debug)]
pub struct Snapshots {
    /// The dataset's id.
    pub dataset: String,
    /// Where they are kept.
    folder: PathBuf,
    columns: Vec<Column>,
    look_ups: Vec<KeyColumns>,
    ids: Vec<usize>,
    mention_columns: Vec<usize>,
    rules: Arc<PlausibilityRules>,
    not_about: Option<BTreeSet<String>>,
    rulings: Arc<Rulings>,
}

impl Snapshots {
    /// Of a dataset; they are kept below `state`. What processes that are gone have left there is
    /// removed.
    pub fn new(dataset: &DatasetFile, state: &Path, rulings: Arc<Rulings>) -> Self {
        let look_ups = KeyColumns::of(dataset);
        let snapshots = Self {
            dataset: dataset.id.clone(),
            folder: state.join("snapshots").join(&dataset.id),
            columns: dataset.columns.clone(),
            mention_columns: KeyColumns::mention_columns(dataset, &look_ups),
            rules: Arc::new(PlausibilityRules::of(dataset)),
            not_about: (!look_ups.is_empty()).then(|| dataset.not_about.keys().cloned().collect()),
            look_ups,
            ids: id_places(dataset),
            rulings,
        };
        snapshots.clean();
        snapshots
    }

    /// Of which kinds somebody is looked up.
    pub fn kinds(&self) -> BTreeSet<KeyKind> {
        KeyColumns::kinds(&self.look_ups)
    }

    /// Fields of which the owner has stated that the rows are not about who is there; none where
    /// no person is looked up.
    pub fn not_about(&self) -> Option<&BTreeSet<String>> {
        self.not_about.as_ref()
    }

    /// A file for a new snapshot, under a name that no other has, of this process or of another.
    pub fn file(&self) -> Result<Temporary, SourceError> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let folder = &self.folder;
        let failed = |error| {
            SourceError::new(ErrorCode::SourceFailed, format!("`{}`: {error}", folder.display()))
        };
        files::private_folder(folder).map_err(failed)?;
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Ok(Temporary::new(folder.join(format!(
            "{}-{}-{number}.db",
            std::process::id(),
            this_process()
        ))))
    }

    fn clean(&self) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return }; // there are none yet
        for path in entries.flatten().map(|entry| entry.path()) {
            let owner = path.file_name().and_then(|name| name.to_str()?.split_once('-'));
            let gone = owner.is_none_or(|(id, rest)| {
                let is_ours =
                    id == std::process::id().to_string() && rest.starts_with(this_process());
                !is_ours
                    && (id == std::process::id().to_string()
                        || !Path::new("/proc").join(id).exists())
            });
            if gone && fs::remove_file(&path).is_err() {
                tracing::warn!(path = %path.display(), "an old snapshot cannot be removed");
            }
        }
    }

    /// Opens a snapshot that was written.
    pub fn open(
        &self,
        file: Temporary,
        as_of: SystemTime,
        ragged: Vec<RaggedRow>,
    ) -> Result<TableSource, SourceError> {
        let shape = TableShape {
            dataset: self.dataset.clone(),
            table: "drop".into(),
            fields: (0..self.columns.len()).map(|place| format!("c{place}")).collect(),
            columns: self.columns.clone(),
            look_ups: self.look_ups.clone(),
            ids: self.ids.clone(),
            mention_columns: self.mention_columns.clone(),
            rules: Arc::clone(&self.rules),
            // What is left of the file was looked at when it was read.
            not_about: None,
            moment: Moment::Fixed(as_of),
            ragged,
            rulings: Arc::clone(&self.rulings),
        };
        TableSource::open_snapshot(shape, file)
    }

    /// Writes what `read` gives into a new file at `path`. `origin` is what is read, for messages.
    pub fn write(
        &self,
        origin: &str,
        path: &Path,
        read: impl FnOnce(&mut SnapshotWriter<'_>) -> Result<(), SourceError>,
    ) -> Result<SnapshotSummary, SourceError> {
        let failed = |error: &rusqlite::Error| snapshot_failed(origin, error);
        let mut connection = Connection::open(path).map_err(|error| failed(&error))?;
        // Synced at the commit by SQLite itself: to open the file beside it, and close it again,
        // would drop the locks of this process.
        let settings = format!(
            "pragma journal_mode = off; pragma synchronous = full; pragma max_page_count = \
             {MOST_PAGES};"
        );
        connection.execute_batch(&settings).map_err(|error| failed(&error))?;
        let columns: Vec<String> =
            (0..self.columns.len()).map(|place| format!("c{place} text")).collect();
        let transaction = connection.transaction().map_err(|error| failed(&error))?;
        transaction
            .execute(&format!("create table \"drop\" ({})", columns.join(", ")), [])
            .map_err(|error| failed(&error))?;
        let summary = {
            let mut writer =
                SnapshotWriter::new(origin, &self.columns, self.not_about.as_ref(), &transaction)?
                    .looking_for(self.kinds());
            read(&mut writer)?;
            writer.finish()?
        };
        for (number, place) in self.look_ups.iter().flat_map(|look_up| &look_up.columns).enumerate()
        {
            let sql =
                format!("create index i{number} on \"drop\" ({})", quote(&format!("c{place}")));
            transaction.execute(&sql, params![]).map_err(|error| failed(&error))?;
        }
        transaction.commit().map_err(|error| failed(&error))?;
        Ok(summary)
    }
}

/// Distinguishes this process from an earlier one of the same id: in a container it is always the
/// same.
fn this_process() -> &'static str {
    static NAME: OnceLock<String> = OnceLock::new();
    NAME.get_or_init(|| uuid::Uuid::new_v4().simple().to_string())
}
