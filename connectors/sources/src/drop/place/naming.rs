//! Names of files: a few of them for a message, a manifest's, and those of regular files.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

use zerotrip_proto::v1::ErrorCode;

use crate::SourceError;
use crate::drop::names::MANIFEST;
use crate::drop::unreadable;

/// Names in one error.
const MOST_LISTED: usize = 5;

/// A few of these names, in the order of the alphabet.
pub fn listed(names: &mut [String]) -> String {
    names.sort();
    in_order(names)
}

/// A few of these names, as they come.
pub fn in_order(names: &[String]) -> String {
    let said: Vec<String> =
        names.iter().take(MOST_LISTED).map(|name| format!("`{name}`")).collect();
    let rest = if names.len() > MOST_LISTED {
        format!(" and {} more", names.len() - MOST_LISTED)
    } else {
        String::new()
    };
    format!("{}{rest}", said.join(", "))
}

pub fn manifest_of(path: &Path) -> PathBuf {
    with_suffix(path, MANIFEST)
}

/// What the file system says of a file, or of what a link leads to. A device or a pipe would be
/// read without end, or wait for a writer.
pub fn regular(path: &Path) -> Result<Metadata, SourceError> {
    let meta = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    if meta.is_dir() {
        let path = path.display();
        let detail = format!(
            "`{path}` is not a regular file but a folder; if its files are the parts of one \
             table, say `path = \"{path}/part-*\"`, from the dataset file's folder on, with \
             `parts = \"all\"` and `part_count`"
        );
        return Err(SourceError::new(ErrorCode::SourceUnreachable, detail));
    }
    if !meta.is_file() {
        let detail =
            format!("`{}` is not a regular file; name one in `source.path`", path.display());
        return Err(SourceError::new(ErrorCode::SourceUnreachable, detail));
    }
    Ok(meta)
}

/// The path with more behind its name.
fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut text = path.as_os_str().to_owned();
    text.push(suffix);
    PathBuf::from(text)
}
