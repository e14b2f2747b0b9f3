//! The definitions of checks: one folder for each check.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use zerotrip_channel::files::{self, FileError};
use zerotrip_checks::definition::{Definition, DefinitionError};

use super::error::OpenError;

/// The file of a check's folder that defines it.
const FILE: &str = "check.toml";

/// Reads `<folder>/<check>/check.toml` for each check. Hidden entries are passed over. Anything
/// else in the folder is refused: a check that an operator put there must not be left out silently.
pub fn read_definitions(folder: &Path) -> Result<Vec<Arc<Definition>>, OpenError> {
    let at = |error| FileError { path: folder.to_owned(), error };
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(folder).map_err(at)? {
        let name = entry.map_err(at)?.file_name();
        if !name.as_encoded_bytes().starts_with(b".") {
            names.insert(name);
        }
    }
    let mut definitions = Vec::with_capacity(names.len());
    for name in names {
        let check = folder.join(&name);
        let path = check.join(FILE);
        let refused = |fault: String| OpenError::from(DefinitionError(vec![fault]));
        if !check.is_dir() {
            return Err(refused(format!(
                "{}: not a check's folder; a check is defined in `<check>/{FILE}`",
                check.display()
            )));
        }
        let definition = Definition::parse(&files::read_text(&path)?, &path.display().to_string())?;
        if name != definition.name.as_str() {
            return Err(refused(format!(
                "{}: defines the check `{}`; name the folder after the check",
                path.display(),
                definition.name
            )));
        }
        definitions.push(Arc::new(definition));
    }
    Ok(definitions)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const TEXT: &str = include_str!("../../../certs/definitions/no-property/check.toml");

    /// A folder that holds a check, in `place`.
    fn holding(place: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(place);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, TEXT).unwrap();
        folder
    }

    #[test]
    fn each_folder_is_a_check_of_its_name() {
        let folder = holding("no-property/check.toml");
        std::fs::write(folder.path().join(".DS_Store"), "").unwrap();
        let read = read_definitions(folder.path()).unwrap();
        assert_eq!(
            read.iter().map(|check| check.name.as_str()).collect::<Vec<_>>(),
            ["no-property"]
        );
        for (place, said) in [
            ("no-property.toml", "not a check's folder"),
            ("no_property/check.toml", "name the folder after the check"),
            ("no-property/definition.toml", "check.toml"),
        ] {
            let refused = read_definitions(holding(place).path()).unwrap_err().to_string();
            assert!(refused.contains(said), "{place}: {refused}");
        }
    }
}
