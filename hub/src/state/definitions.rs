//! The definitions of checks: one folder for each check.

use std::path::Path;
use std::sync::Arc;

use zerotrip_checks::definition::{CHECK_FILE, Definition, DefinitionError, Fault};

use super::definition_folder::{DefinitionFolder, entries};
use super::error::OpenError;

/// Most checks of one hub.
const MOST_CHECKS: usize = 256;

/// Reads `<folder>/<check>/` for each check. Hidden entries are passed over. Anything else in the
/// folder is refused: a check that an operator put there must not be left out silently.
pub fn read_definitions(folder: &Path) -> Result<Vec<Arc<Definition>>, OpenError> {
    let mut definitions = Vec::new();
    for name in entries(folder, MOST_CHECKS)? {
        let check = folder.join(&name);
        let refused = |what: String, remedy: &str| {
            let file = check.display().to_string();
            OpenError::from(DefinitionError(vec![Fault::new(&file, "", &what, remedy)]))
        };
        if !check.is_dir() {
            return Err(refused(
                "not a check's folder".into(),
                &format!("a check is defined in `<check>/{CHECK_FILE}`"),
            ));
        }
        let definition = DefinitionFolder::read(&check)?.definition()?;
        if name != definition.name {
            return Err(refused(
                format!("defines the check `{}`", definition.name),
                "name the folder after the check",
            ));
        }
        definitions.push(Arc::new(definition));
    }
    Ok(definitions)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn shipped() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../certs/definitions/no-property")
    }

    /// A folder of checks with the shipped one in it, under this name.
    fn holding(name: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        copy(&shipped(), &folder.path().join(name));
        folder
    }

    fn copy(from: &Path, to: &Path) {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap() {
            let path = entry.unwrap().path();
            let to = to.join(path.file_name().unwrap());
            if path.is_dir() {
                copy(&path, &to);
            } else {
                std::fs::copy(&path, to).unwrap();
            }
        }
    }

    #[test]
    fn each_folder_is_a_check_of_its_name() {
        let folder = holding("no-property");
        for hidden in [".DS_Store", "no-property/.swp", "no-property/cases/.swp"] {
            let path = folder.path().join(hidden);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let read = read_definitions(folder.path()).unwrap();
        assert_eq!(
            read.iter().map(|check| check.name.as_str()).collect::<Vec<_>>(),
            ["no-property"]
        );
        let refused = read_definitions(holding("no_property").path()).unwrap_err().to_string();
        assert!(refused.contains("name the folder after the check"), "{refused}");
    }

    #[test]
    fn what_is_no_part_of_a_definition_is_refused_by_name() {
        for (place, said) in [
            ("no-property.toml", "not a check's folder"),
            ("no-property/definition.toml", "definition.toml: not a file of a definition"),
            ("no-property/spouse.sql.orig", "spouse.sql.orig: not a file of a definition"),
            ("no-property/more.sql", "more.sql: no step names this file"),
            ("no-property/Spouse.sql", "Spouse.sql: not a file of a definition"),
            ("no-property/sub/check.toml", "sub: not a file of a definition"),
            ("no-property/cases/notes.txt", "notes.txt: not a file of cases"),
            ("no-property/cases/sub/a.toml", "sub: not a file of cases"),
        ] {
            let folder = holding("no-property");
            let path = folder.path().join(place);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
            let refused = read_definitions(folder.path()).unwrap_err().to_string();
            assert!(refused.contains(said), "{place}: {refused}");
        }
        for (gone, said) in [
            ("check.toml", "check.toml: this file is missing"),
            ("reasons.toml", "reasons.toml: this file is missing"),
            ("spouse.sql", "step `spouse`: there is no file `spouse.sql`"),
        ] {
            let folder = holding("no-property");
            std::fs::remove_file(folder.path().join("no-property").join(gone)).unwrap();
            let refused = read_definitions(folder.path()).unwrap_err().to_string();
            assert!(refused.contains(said), "{gone}: {refused}");
        }
    }
}
