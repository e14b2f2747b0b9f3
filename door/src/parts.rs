//! What a process that was killed as it wrote a file has left of it, beside its place.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use zerotrip_channel::files::FileError;

use crate::bounds::PART_LIFE;

/// Most names of the folder that are looked at.
const NAMES: usize = 10_000;

/// Erases what is older than any write can last.
pub(crate) fn sweep(folder: &Path, now: SystemTime) -> Result<(), FileError> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |error| FileError { path, error }
    };
    for entry in fs::read_dir(folder).map_err(at(folder))?.take(NAMES) {
        let path = entry.map_err(at(folder))?.path();
        if path.extension().is_none_or(|ending| ending != "part") {
            continue;
        }
        let modified = fs::symlink_metadata(&path).and_then(|found| found.modified());
        match modified {
            Ok(modified) if modified + PART_LIFE < now => {
                fs::remove_file(&path).map_err(at(&path))?;
            }
            Ok(_) => {}
            // It has its place meanwhile.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(at(&path)(error)),
        }
    }
    Ok(())
}
