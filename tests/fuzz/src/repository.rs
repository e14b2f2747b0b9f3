//! Real inputs that lie in this repository.

use std::fs;
use std::path::{Path, PathBuf};

/// The repository's folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Contents of the files below this folder whose names end so, in the order of their paths.
pub fn files(folder: &str, end: &str) -> Vec<Vec<u8>> {
    let (mut folders, mut found) = (vec![root().join(folder)], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(end) {
                found.push(path);
            }
        }
    }
    assert!(!found.is_empty(), "no file below `{folder}` ends in `{end}`");
    found.sort();
    found.iter().map(|path| fs::read(path).unwrap()).collect()
}
