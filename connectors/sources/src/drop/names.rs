//! Names of files in a drop's folder.

use std::path::Path;

/// What the name of a file's manifest has behind the file's.
pub const MANIFEST: &str = ".manifest.toml";

/// The last part of a path.
pub fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
