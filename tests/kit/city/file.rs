//! Files that appear whole.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::CityError;

/// Writes the file and renames it into place.
pub(super) fn atomically(path: &Path, bytes: &[u8]) -> Result<(), CityError> {
    let beside = beside(path);
    let write = || {
        let mut file = File::create(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    write().map_err(|source| CityError::Write { path: path.to_owned(), source })
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".tmp");
    PathBuf::from(name)
}
