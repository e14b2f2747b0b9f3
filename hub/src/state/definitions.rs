//! The definitions of checks in a folder.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use zerotrip_certs::definition::{Definition, DefinitionError};
use zerotrip_channel::files::{self, FileError};

use super::error::OpenError;

/// Every `*.toml` in the folder is a check's definition.
pub fn read_definitions(folder: &PathBuf) -> Result<Vec<Arc<Definition>>, OpenError> {
    let at = |error| FileError { path: folder.clone(), error };
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(at)? {
        let path = entry.map_err(at)?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            paths.push(path);
        }
    }
    paths.sort();
    let mut definitions: BTreeMap<String, Arc<Definition>> = BTreeMap::new();
    for path in paths {
        let definition = Definition::parse(&files::read_text(&path)?, &path.display().to_string())?;
        if definitions.contains_key(&definition.name) {
            let fault = format!("{}: check `{}` is defined twice", path.display(), definition.name);
            return Err(DefinitionError(vec![fault]).into());
        }
        definitions.insert(definition.name.clone(), Arc::new(definition));
    }
    Ok(definitions.into_values().collect())
}
