//! From a file to a local indexed snapshot, whatever the file's format.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use zerotrip_datasets::DatasetFile;
use zerotrip_proto::v1::ErrorCode;
use zerotrip_trust::digest::Hasher;

use super::super::SourceError;
use super::super::snapshot::{Filled, Snapshots};
use super::place::{Arrived, MOST_FILE, Place};
use super::{Current, Format, unreadable};
use crate::adjudications::Adjudications;

pub use super::super::snapshot::{Filling, Sample};

/// How a dataset's drops become snapshots.
#[derive(Debug)]
pub struct Import {
    /// The dataset's id.
    pub dataset: String,
    /// Where its drops arrive.
    pub place: Place,
    format: Arc<dyn Format>,
    snapshots: Snapshots,
}

impl Import {
    /// For a dataset; snapshots are kept below `state`.
    pub fn new(dataset: &DatasetFile, place: Place, format: Arc<dyn Format>, state: &Path, adjudications: Arc<Adjudications>) -> Self {
        Self { dataset: dataset.id.clone(), place, format, snapshots: Snapshots::new(dataset, state, adjudications) }
    }

    /// Makes a drop the snapshot that serves, if it is whole.
    pub fn import(&self, drop: Arrived) -> Result<Current, SourceError> {
        let path = drop.stamp.path.as_path();
        let digest = digest(path)?;
        if drop.manifest.as_ref().is_some_and(|manifest| manifest.sha256 != digest) {
            let detail = format!("`{}` does not match its manifest's sha256; it may be half-written", path.display());
            return Err(SourceError::new(ErrorCode::SourceTruncated, detail));
        }
        let file = self.snapshots.file()?;
        let filled = self.fill(&drop, file.path())?;
        tracing::info!(dataset = %self.dataset, path = %path.display(), sha256 = digest, rows = filled.rows, "a drop was imported");
        let table = self.snapshots.open(file, drop.as_of, filled.ragged)?;
        Ok(Current { table, stamp: drop.stamp, as_of: drop.as_of, advice: filled.advice })
    }

    /// Copies a drop into a snapshot, and proves that it was whole and stayed as it was.
    fn fill(&self, drop: &Arrived, snapshot: &Path) -> Result<Filled, SourceError> {
        let path = drop.stamp.path.as_path();
        let filled = self.snapshots.write(&path.display().to_string(), snapshot, |filling| self.format.read(path, filling))?;
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
