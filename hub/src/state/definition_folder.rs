//! A definition's folder: the only place that reads one. What its files mean is none of its
//! concern; `zerotrip_checks::definition` has that.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use zerotrip_channel::files;
use zerotrip_checks::definition::{
    Definition, DefinitionError, Fault, MOST_FILES, MOST_TEXT, is_part, pack,
};

use super::lifecycle::{LIFECYCLE_FILE, Lifecycle};

/// The folder of the cases, inside a definition's.
const CASES: &str = "cases";
/// Most files with cases.
const MOST_CASE_FILES: usize = 64;

/// A definition's folder, read.
#[derive(Debug)]
pub struct DefinitionFolder {
    /// The one text of the definition's files.
    pub text: String,
    /// The folder, as it was named.
    pub origin: String,
    /// Where this version of the check stands.
    pub lifecycle: Lifecycle,
    /// The files with cases, in the order of their names.
    cases: Vec<PathBuf>,
}

impl DefinitionFolder {
    /// Reads a folder. Hidden entries are passed over. Anything else in it that is no part of a
    /// definition is refused by name: what an author put there must not be left out silently.
    pub fn read(folder: &Path) -> Result<Self, DefinitionError> {
        let origin = folder.display().to_string();
        let (mut faults, mut parts, mut cases) = (Vec::new(), BTreeMap::new(), Vec::new());
        let mut lifecycle = Lifecycle::default();
        for name in entries(folder, MOST_FILES)? {
            let path = folder.join(&name);
            if name == CASES && path.is_dir() {
                for file in entries(&path, MOST_CASE_FILES)? {
                    let path = path.join(&file);
                    if file.ends_with(".toml") && path.is_file() {
                        cases.push(path);
                    } else {
                        faults.push(fault(
                            &path,
                            "not a file of cases",
                            "there are `<name>.toml` in it; take it away",
                        ));
                    }
                }
            } else if name == LIFECYCLE_FILE && path.is_file() {
                let read = text_of(&path);
                match read.and_then(|text| Lifecycle::parse(&text, &path.display().to_string())) {
                    Ok(read) => lifecycle = read,
                    Err(fault) => faults.push(fault),
                }
            } else if is_part(&name) && path.is_file() {
                match text_of(&path) {
                    Ok(text) => drop(parts.insert(name, text)),
                    Err(fault) => faults.push(fault),
                }
            } else {
                faults.push(fault(
                    &path,
                    "not a file of a definition",
                    "there are `check.toml`, `reasons.toml`, `<step>.sql`, \
                     `<step>.<variant>.sql`, `lifecycle.toml` and the folder `cases`; take it away",
                ));
            }
        }
        if !faults.is_empty() {
            return Err(DefinitionError(faults));
        }
        Ok(Self { text: pack(&parts, &origin)?, origin, lifecycle, cases })
    }

    /// What the folder defines.
    pub fn definition(&self) -> Result<Definition, DefinitionError> {
        Definition::parse(&self.text, &self.origin)
    }

    /// The texts of its files with cases, each with its path.
    pub fn cases(&self) -> Result<Vec<(String, String)>, DefinitionError> {
        let (mut faults, mut texts) = (Vec::new(), Vec::new());
        for path in &self.cases {
            match text_of(path) {
                Ok(text) => texts.push((path.display().to_string(), text)),
                Err(fault) => faults.push(fault),
            }
        }
        if faults.is_empty() { Ok(texts) } else { Err(DefinitionError(faults)) }
    }
}

/// The names in a folder, sorted, without hidden ones.
pub(super) fn entries(folder: &Path, most: usize) -> Result<Vec<String>, DefinitionError> {
    let refused = |what: &str, remedy: &str| DefinitionError(vec![fault(folder, what, remedy)]);
    let failed = |error: std::io::Error| refused(&error.to_string(), "name a folder that is there");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        if name.as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let Ok(name) = name.into_string() else {
            return Err(refused("a name in it is not UTF-8", "rename it"));
        };
        names.push(name);
        if names.len() > most {
            return Err(refused(&format!("over {most} files"), "take away what is not needed"));
        }
    }
    names.sort();
    Ok(names)
}

fn text_of(path: &Path) -> Result<String, Fault> {
    let length = std::fs::metadata(path).map_err(|error| fault(path, &error.to_string(), ""))?;
    if length.len() > MOST_TEXT as u64 {
        return Err(fault(path, &format!("over {MOST_TEXT} bytes"), "make it smaller"));
    }
    files::read_text(path).map_err(|failed| fault(path, &failed.error.to_string(), ""))
}

fn fault(path: &Path, what: &str, remedy: &str) -> Fault {
    Fault::new(&path.display().to_string(), "", what, remedy)
}
