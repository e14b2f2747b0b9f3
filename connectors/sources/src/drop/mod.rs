//! File drops: a file is imported whole into a local indexed snapshot, and a drop that is not whole
//! leaves the one before in place. What is special to a format of files is behind [`Format`];
//! everything else is here and in `import.rs`, and where drops arrive in `place/`.

mod bytes;
mod cell_value;
mod csv;
mod dbf;
pub mod file_kind;
mod grid;
mod import;
mod merged_regions;
mod name_patterns;
mod names;
mod neighbours;
mod parquet;
mod place;
mod sheets;
#[cfg(test)]
mod tests;
mod xls;
mod xlsx;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::mpsc;
use zerotrip_datasets::DatasetFile;
use zerotrip_datasets::file::FileDrop;
use zerotrip_proto::v1::ErrorCode;

use self::file_kind::Expected;
use self::import::{Import, SnapshotWriter};
use self::place::{FolderState, Place, Stamp};
use super::table::TableSource;
use super::{
    LookUp, LookUpEnd, Rows, Select, SelectEnd, Source, SourceError, SourceFuture, Survey,
    UnreadableRow,
};
use crate::rulings::Rulings;

pub use self::csv::Csv;
pub use self::dbf::Dbf;
pub use self::import::Sample;
pub use self::parquet::Parquet;
pub use self::xls::Xls;
pub use self::xlsx::Xlsx;

/// Time before the same drop is tried again after it could not be imported.
const RETRY: Duration = Duration::from_secs(5);
/// How many drops, the newest first, are tried before none counts as whole.
const MOST_TRIES: usize = 16;
/// Names in a folder that are looked at while nothing serves from it.
const MOST_BESIDE: usize = 100_000;

/// One format of files.
///
/// # What must hold
///
/// Every row of the file comes, once, as [`SnapshotWriter::row`] with its cells as text, or, where
/// it cannot be split into its columns, as [`SnapshotWriter::ragged`] with all of its text: an
/// identifier anywhere in it may be what a look-up needs. A cell that cannot be read comes as a
/// text that no semantic type reads, never as NULL. `Ok` means that the file was whole as far as
/// its format shows.
pub trait Format: fmt::Debug + Send + Sync {
    /// What its files begin like.
    fn expected(&self) -> Expected;

    /// Reads the file from its first row to its last; [`SnapshotWriter::header`] comes first.
    fn read(&self, path: &Path, into: &mut SnapshotWriter<'_>) -> Result<(), SourceError>;
}

/// A file drop and its newest whole snapshot.
pub struct DropSource {
    plan: Arc<Import>,
    current: RwLock<Arc<Current>>,
    /// What was seen of the place when it was last looked through.
    seen: Mutex<Option<FolderState>>,
    /// Held while a drop is imported: one at a time, or two would write one snapshot. Remembers
    /// what failed last, and when.
    importing: tokio::sync::Mutex<Vec<Failed>>,
}

/// One snapshot.
struct Current {
    stamps: Vec<Stamp>,
    as_of: SystemTime,
    table: TableSource,
    /// For the owner.
    advice: Vec<String>,
}

/// A drop that could not be imported, and when that was tried.
#[derive(Clone)]
struct Failed {
    stamps: Vec<Stamp>,
    at: Instant,
}

impl fmt::Debug for DropSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DropSource").field("dataset", &self.plan.dataset).finish_non_exhaustive()
    }
}

impl DropSource {
    /// Imports the newest whole file, and proves that every column is there.
    pub fn open(
        dataset: &DatasetFile,
        file: &FileDrop,
        format: Arc<dyn Format>,
        base: &Path,
        state: &Path,
        rulings: Arc<Rulings>,
    ) -> Result<Self, SourceError> {
        let plan = Import::new(dataset, Place::new(file, base), format, state, rulings);
        let current = plan.first()?;
        Ok(Self {
            plan: Arc::new(plan),
            current: RwLock::new(Arc::new(current)),
            seen: Mutex::new(None),
            importing: tokio::sync::Mutex::new(Vec::new()),
        })
    }

    /// The newest whole snapshot. A drop that cannot be imported leaves the one before in place,
    /// with its own as-of: it serves until it is too old to count.
    async fn current(&self) -> Arc<Current> {
        if self.is_unchanged() {
            return self.kept();
        }
        let mut failed = self.importing.lock().await;
        let kept = self.kept(); // another call may have imported it meanwhile
        if self.is_unchanged() {
            return kept;
        }
        let (plan, before, serving) = (Arc::clone(&self.plan), failed.clone(), Arc::clone(&kept));
        match tokio::task::spawn_blocking(move || plan.newer(&serving, before)).await {
            Ok(newer) => {
                *failed = newer.failed;
                if let Some(current) = newer.current {
                    *self.current.write().unwrap_or_else(PoisonError::into_inner) =
                        Arc::new(current);
                }
                *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = newer.seen;
            }
            Err(error) => {
                tracing::warn!(dataset = %self.plan.dataset, %error, "the import stopped; the drop before still serves")
            }
        }
        self.kept()
    }

    fn is_unchanged(&self) -> bool {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.plan.place.is_unchanged(&self.kept().stamps, seen.as_ref())
    }

    fn kept(&self) -> Arc<Current> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Source for DropSource {
    fn look_up<'a>(
        &'a self,
        look_up: LookUp,
        rows: mpsc::Sender<Rows>,
    ) -> SourceFuture<'a, LookUpEnd> {
        Box::pin(async move { self.current().await.table.look_up(look_up, rows).await })
    }

    fn select<'a>(
        &'a self,
        select: Select,
        rows: mpsc::Sender<Rows>,
    ) -> SourceFuture<'a, SelectEnd> {
        Box::pin(async move { self.current().await.table.select(select, rows).await })
    }

    fn survey(&self) -> SourceFuture<'_, Survey> {
        Box::pin(async move {
            let current = self.current().await;
            let mut survey = current.table.survey().await?;
            survey.advice.extend(current.advice.iter().cloned());
            for steps in &mut survey.steps {
                steps.insert(
                    0,
                    "-- in the connector's own snapshot of the drop; nothing is sent to the \
                     department's system"
                        .to_owned(),
                );
            }
            Ok(survey)
        })
    }

    fn unreadable(&self, most: usize) -> SourceFuture<'_, Vec<UnreadableRow>> {
        Box::pin(async move { self.current().await.table.unreadable(most).await })
    }
}

/// What a look through the place has brought.
struct Newer {
    current: Option<Current>,
    failed: Vec<Failed>,
    seen: Option<FolderState>,
}

impl Import {
    /// The newest whole drop.
    fn first(&self) -> Result<Current, SourceError> {
        let mut newest_failed = None;
        for drop in self.place.newest_first()?.into_iter().take(MOST_TRIES) {
            let stamps = drop.stamps();
            match self.import(drop) {
                Ok(current) => return Ok(current),
                Err(error) if newest_failed.is_none() => newest_failed = Some(error),
                Err(error) => {
                    tracing::warn!(dataset = %self.dataset, path = ?stamps.first().map(|stamp| &stamp.path), %error, "an older drop is not whole either")
                }
            }
        }
        Err(newest_failed.unwrap_or_else(|| self.place.nothing()))
    }

    /// A newer whole drop than the one that serves.
    fn newer(&self, serving: &Current, before: Vec<Failed>) -> Newer {
        let dataset = &self.dataset;
        let seen = self.place.folder_state();
        let mut newer = Newer { current: None, failed: Vec::new(), seen };
        let arrived = match self.place.newest_first() {
            Ok(arrived) => arrived,
            Err(error) => {
                tracing::warn!(%dataset, %error, "the drop cannot be read; the one before still serves");
                return Newer { failed: before, ..newer };
            }
        };
        for drop in arrived
            .into_iter()
            .filter(|drop| self.place.replaces(drop, &serving.stamps, serving.as_of))
            .take(MOST_TRIES)
        {
            let stamps = drop.stamps();
            if let Some(known) =
                before.iter().find(|known| known.stamps == stamps && known.at.elapsed() < RETRY)
            {
                newer.failed.push(known.clone());
                continue;
            }
            match self.import(drop) {
                Ok(current) => return Newer { current: Some(current), ..newer },
                Err(error) => {
                    tracing::warn!(%dataset, %error, "the new drop cannot be imported; the one before still serves");
                    newer.failed.push(Failed { stamps, at: Instant::now() });
                }
            }
        }
        newer
    }
}

/// Looks at a file that no dataset file describes yet.
pub fn sample(path: &Path, format: &dyn Format) -> Result<Sample, SourceError> {
    let origin = path.display().to_string();
    let mut writer = SnapshotWriter::sample(&origin);
    read(path, format, &mut writer)?;
    Ok(writer.into_sample())
}

/// Files beside this one that could be further parts of it.
pub fn called_alike(path: &Path) -> Vec<String> {
    let own = names::name_of(path);
    let named = name_patterns::Named::of([own.as_str()]);
    let folder = zerotrip_channel::files::folder_of(path);
    let paths = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .take(MOST_BESIDE)
        .map(|entry| entry.path());
    let is_alike = |path: &PathBuf| {
        let name = names::name_of(path);
        let could_be = name != own && !FileDrop::is_unfinished(&name) && named.could_be_part(&name);
        could_be && !neighbours::holds_no_rows(path) && !neighbours::belongs_to_table(path, &own)
    };
    let mut names: Vec<String> = paths.filter(is_alike).map(|path| names::name_of(&path)).collect();
    names.sort();
    names
}

/// Reads one file, if it is what it should be.
fn read(
    path: &Path,
    format: &dyn Format,
    into: &mut SnapshotWriter<'_>,
) -> Result<(), SourceError> {
    file_kind::check(path, format.expected())?;
    format.read(path, into)
}

/// A file that cannot be opened or read.
fn unreadable(path: &Path, error: &std::io::Error) -> SourceError {
    SourceError::new(ErrorCode::SourceUnreachable, format!("`{}`: {error}", path.display()))
}
