//! Whether a database file is still the one that was opened: SQLite does not notice that another
//! was moved or copied over it.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// What the file system says of a database: when it changes, connections and profiles are made
/// anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseIdentity {
    /// The file itself.
    pub database: FileIdentity,
    /// Of the log beside it; an empty one is as good as none.
    log: Option<FileIdentity>,
}

/// One file, and its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileIdentity {
    place: (u64, u64),
    length: u64,
    /// Seconds and nanoseconds; the second pair also shows a file that was given an old time.
    modified: (i64, i64),
    changed: (i64, i64),
}

impl DatabaseIdentity {
    /// Where the log of the database at this path is: beside the file itself, not beside a link
    /// to it.
    pub fn log_of(path: &Path) -> io::Result<PathBuf> {
        let mut log = fs::canonicalize(path)?.into_os_string();
        log.push("-wal");
        Ok(log.into())
    }

    /// Of the database at this path, and the log beside it. A link that leads elsewhere since is
    /// another file, whatever its log.
    pub fn of(path: &Path, log: &Path) -> io::Result<Self> {
        let log = match fs::metadata(log) {
            // SQLite itself touches the log's owner whenever it opens it.
            Ok(meta) => Some(FileIdentity { changed: (0, 0), ..FileIdentity::of(&meta) })
                .filter(|log| log.length > 0),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        Ok(Self { database: FileIdentity::at(path)?, log })
    }
}

impl FileIdentity {
    /// Of the file at this path.
    pub fn at(path: &Path) -> io::Result<Self> {
        fs::metadata(path).map(|meta| Self::of(&meta))
    }

    /// Of the file of which this is said.
    pub fn of(meta: &Metadata) -> Self {
        Self {
            place: (meta.dev(), meta.ino()),
            length: meta.len(),
            modified: (meta.mtime(), meta.mtime_nsec()),
            changed: (meta.ctime(), meta.ctime_nsec()),
        }
    }
}
