//! A drop that has arrived, and what the file system said of its files.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use zerotrip_datasets::Manifest;

use crate::file_identity::FileIdentity;

/// What the file system says of a file; when it changes, the file is read again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The file.
    pub path: PathBuf,
    /// Which file it is, and its state: one that was put in its place has another even if it is as
    /// long and as old.
    pub(super) file: FileIdentity,
    pub(super) modified: SystemTime,
    pub(super) manifest: Option<FileIdentity>,
}

/// A drop that is there: one file, or the parts that are read as one.
#[derive(Debug)]
pub struct Arrived {
    /// Its files, at least one.
    pub parts: Vec<Part>,
    /// How old its rows are: those of the oldest part.
    pub as_of: SystemTime,
    /// What was left, for the owner.
    pub advice: Vec<String>,
}

/// One file of a drop.
#[derive(Debug)]
pub struct Part {
    /// As it was when it was found.
    pub stamp: Stamp,
    /// What its job states of it.
    pub manifest: Option<Manifest>,
}

impl Arrived {
    /// What the file system said of its files.
    pub fn stamps(&self) -> Vec<Stamp> {
        self.parts.iter().map(|part| part.stamp.clone()).collect()
    }

    /// When its newest file was modified.
    pub(super) fn modified(&self) -> Option<SystemTime> {
        self.parts.iter().map(|part| part.stamp.modified).max()
    }

    pub(super) fn path(&self) -> &Path {
        self.parts.first().map_or(Path::new(""), |part| part.stamp.path.as_path())
    }
}
