//! Opening what must be a file. A pipe waits for a process at its other end, and a device can do
//! anything: neither is opened.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::path::Path;

/// Opens a regular file for reading.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    open_with(path, File::options().read(true))
}

/// Opens a regular file that is there, or one behind a link.
pub(crate) fn open_with(path: &Path, options: &OpenOptions) -> io::Result<File> {
    // By name, and only then opened; and again when it is open, since the name may be another
    // file's by then.
    demand(&fs::metadata(path)?)?;
    let file = options.open(path)?;
    demand(&file.metadata()?)?;
    Ok(file)
}

/// Refuses what is no regular file.
pub(crate) fn demand(found: &Metadata) -> io::Result<()> {
    match (found.is_file(), found.is_dir()) {
        (true, _) => Ok(()),
        (false, true) => {
            Err(io::Error::new(io::ErrorKind::IsADirectory, "is a folder, and a file belongs here"))
        }
        (false, false) => Err(io::Error::other("is not a regular file")),
    }
}
