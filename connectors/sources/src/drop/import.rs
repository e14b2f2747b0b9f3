//! From a file to a local indexed snapshot, whatever the file's format.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use zerotrip_datasets::DatasetFile;
use zerotrip_proto::v1::ErrorCode;
use zerotrip_trust::digest::Hasher;

use super::super::SourceError;
use super::super::snapshot::{SnapshotSummary, Snapshots};
use super::place::{Arrived, MOST_FILE, Place};
use super::{Current, Format, read, unreadable};
use crate::rulings::Rulings;

pub use super::super::snapshot::{Sample, SnapshotWriter};

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
    pub fn new(
        dataset: &DatasetFile,
        place: Place,
        format: Arc<dyn Format>,
        state: &Path,
        rulings: Arc<Rulings>,
    ) -> Self {
        Self {
            dataset: dataset.id.clone(),
            place,
            format,
            snapshots: Snapshots::new(dataset, state, rulings),
        }
    }

    /// Makes a drop the snapshot that serves, if it is whole.
    pub fn import(&self, drop: Arrived) -> Result<Current, SourceError> {
        let mut digests: Vec<String> = Vec::new();
        for part in &drop.parts {
            let path = part.stamp.path.as_path();
            let digest = digest(path)?;
            if part.manifest.as_ref().is_some_and(|manifest| manifest.sha256 != digest) {
                let detail = format!(
                    "`{}` does not match its manifest's sha256; it may be half-written",
                    path.display()
                );
                return Err(SourceError::new(ErrorCode::SourceTruncated, detail));
            }
            if digests.contains(&digest) {
                let detail = format!(
                    "`{}` is another part over again, byte for byte; take one of them away",
                    path.display()
                );
                return Err(SourceError::new(ErrorCode::SourceDrift, detail));
            }
            digests.push(digest);
        }
        let file = self.snapshots.file()?;
        let mut filled = self.fill(&drop, file.path())?;
        let (stamps, paths) =
            (drop.stamps(), drop.parts.iter().map(|part| part.stamp.path.display().to_string()));
        let (path, sha256) = (paths.collect::<Vec<_>>().join(", "), digests.join(", "));
        tracing::info!(dataset = %self.dataset, path, sha256, rows = filled.rows, "a drop was imported");
        let table = self.snapshots.open(file, drop.as_of, filled.ragged)?;
        filled.advice.splice(0..0, drop.advice);
        Ok(Current { table, stamps, as_of: drop.as_of, advice: filled.advice })
    }

    /// Copies a drop into a snapshot, and proves that it was whole and stayed as it was.
    fn fill(&self, drop: &Arrived, snapshot: &Path) -> Result<SnapshotSummary, SourceError> {
        let origin = drop
            .parts
            .first()
            .map(|part| part.stamp.path.display().to_string())
            .unwrap_or_default();
        let summary = self.snapshots.write(&origin, snapshot, |writer| {
            for part in &drop.parts {
                let path = part.stamp.path.as_path();
                if drop.parts.len() > 1 {
                    writer.origin(&path.display().to_string());
                    writer.part(
                        &path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default(),
                    );
                }
                let before = writer.counts();
                read(path, &*self.format, writer)?;
                let (rows, blank) = writer.counts();
                let (rows, blank) = (rows - before.0, blank - before.1);
                // A manifest can count a row of blanks, or not.
                if let Some(manifest) = &part.manifest
                    && ![rows, rows + blank].contains(&manifest.rows)
                {
                    let detail = format!(
                        "`{}` holds {rows} rows, its manifest says {}",
                        path.display(),
                        manifest.rows
                    );
                    return Err(SourceError::new(ErrorCode::SourceTruncated, detail));
                }
            }
            Ok(())
        })?;
        if !self.place.are_still(&drop.stamps())? {
            return Err(SourceError::new(
                ErrorCode::SourceTruncated,
                format!("`{origin}` changed while it was read"),
            ));
        }
        Ok(summary)
    }
}

fn digest(path: &Path) -> Result<String, SourceError> {
    // One byte more than is allowed: a file that grows while it is read is found by its stamp
    // afterwards.
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
