//! Files that go with their last reader.

use std::fs;
use std::path::{Path, PathBuf};

/// A snapshot's file, of this process alone; it is removed with its last reader. Two processes
/// never share one: only the process that wrote it knows what its columns are.
#[derive(Debug)]
pub struct Temporary(PathBuf);

impl Temporary {
    /// The file at this place, from now on.
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

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
