//! The definitions of checks: one folder for each check.

use std::path::Path;
use std::sync::Arc;

use zerotrip_checks::definition::{CHECK_FILE, Definition, DefinitionError, Fault};
use zerotrip_text::cut;

use super::definition_folder::{DefinitionFolder, entries};
use super::error::OpenError;
use super::lifecycle::{LIFECYCLE_FILE, Lifecycle};

/// Most checks of one hub.
const MOST_CHECKS: usize = 256;

/// A version of a check that a hub knows.
#[derive(Clone, Debug)]
pub struct Version {
    /// What it is.
    pub definition: Arc<Definition>,
    /// Where it stands.
    pub lifecycle: Lifecycle,
}

/// Reads `<folder>/<check>/` for each check. Hidden entries are passed over. Anything else in the
/// folder is refused: a check that an operator put there must not be left out silently.
pub fn read_definitions(folder: &Path) -> Result<Vec<Version>, OpenError> {
    let mut versions: Vec<Version> = Vec::new();
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
        let read = DefinitionFolder::read(&check)?;
        let (definition, lifecycle) = (read.definition()?, read.lifecycle);
        if name != definition.name {
            return Err(refused(
                format!("defines the check `{}`", definition.name),
                "name the folder after the check: `<check>`, and `<check>@<version>` from the \
                 second version on",
            ));
        }
        versions.push(Version { definition: Arc::new(definition), lifecycle });
    }
    let faults: Vec<Fault> = versions
        .iter()
        .filter_map(|version| {
            wrong_successor(folder, &versions, version)
                .or_else(|| type_of_another(folder, &versions, version))
        })
        .collect();
    if faults.is_empty() { Ok(versions) } else { Err(DefinitionError(faults).into()) }
}

/// What is asked instead of a version must be another one of the same check that has not ended.
fn wrong_successor(folder: &Path, versions: &[Version], version: &Version) -> Option<Fault> {
    let successor = version.lifecycle.successor()?;
    let Definition { name, base, .. } = &*version.definition;
    let found = versions.iter().find(|other| {
        other.definition.name == successor && successor != name && other.definition.base == *base
    });
    let what = match found.map(|found| &found.lifecycle) {
        None => format!("there is no other version `{}` of it", cut(successor)),
        Some(Lifecycle::Ended { .. }) => {
            format!("the version `{}` has ended itself", cut(successor))
        }
        Some(_) => return None,
    };
    let file = folder.join(name).join(LIFECYCLE_FILE).display().to_string();
    let remedy = "name the version that is asked instead, as its folder is named";
    Some(Fault::new(&file, "successor", &what, remedy))
}

/// Whoever tells certificates apart by their type must not take one check's for another's.
fn type_of_another(folder: &Path, versions: &[Version], version: &Version) -> Option<Fault> {
    let Definition { name, certificate, .. } = &*version.definition;
    let before = versions.iter().take_while(|other| other.definition.name != *name);
    let other =
        before.into_iter().find(|other| other.definition.certificate.vct == certificate.vct)?;
    let file = folder.join(name).join(CHECK_FILE).display().to_string();
    let what = format!(
        "`{}` is the type of `{}`'s certificates",
        cut(&certificate.vct),
        other.definition.name
    );
    Some(Fault::new(
        &file,
        "certificate.vct",
        &what,
        "give each check and version a type of its own",
    ))
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
            read.iter().map(|check| check.definition.name.as_str()).collect::<Vec<_>>(),
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

    /// Two versions stand side by side, each in a folder of its own name.
    #[test]
    fn a_version_is_a_check_of_its_own() {
        let folder = holding("no-property");
        let second = folder.path().join("no-property@2");
        copy(&shipped(), &second);
        let refused = read_definitions(folder.path()).unwrap_err().to_string();
        assert!(refused.contains("defines the check `no-property`"), "{refused}");
        let check = second.join("check.toml");
        let text = std::fs::read_to_string(&check).unwrap();
        let text = text.replacen("version = 1", "version = 2", 1);
        std::fs::write(&check, text.replace(":no-property:1\"", ":no-property:2\"")).unwrap();
        let lifecycle = folder.path().join("no-property/lifecycle.toml");
        let before = read_definitions(folder.path()).unwrap();
        let deprecated = |successor: &str| {
            let text = "stage = \"deprecated\"\nlast_day = \"2027-03-31\"\nsuccessor = ";
            std::fs::write(&lifecycle, format!("{text}\"{successor}\"\n")).unwrap();
            read_definitions(folder.path())
        };
        for nobody in ["no-property@3", "no-property", ""] {
            let refused = deprecated(nobody).unwrap_err().to_string();
            assert!(refused.contains(&format!("no other version `{nobody}` of it")), "{refused}");
        }
        let after = deprecated("no-property@2").unwrap();
        // A version that has ended is no answer to what to ask instead.
        let of_second = second.join("lifecycle.toml");
        std::fs::write(&of_second, "stage = \"ended\"\n").unwrap();
        let refused = read_definitions(folder.path()).unwrap_err().to_string();
        assert!(refused.contains("`no-property@2` has ended itself"), "{refused}");
        std::fs::remove_file(&of_second).unwrap();
        // Certificates of two versions are told apart by their type.
        let first = folder.path().join("no-property/check.toml");
        let text = std::fs::read_to_string(&first).unwrap();
        std::fs::write(&first, text.replace(":no-property:1\"", ":no-property:2\"")).unwrap();
        let refused = read_definitions(folder.path()).unwrap_err().to_string();
        assert!(refused.contains("is the type of `no-property`'s certificates"), "{refused}");
        std::fs::write(&first, text).unwrap();
        let said = |versions: &[Version]| -> Vec<(String, String, bool)> {
            versions
                .iter()
                .map(|version| {
                    let Version { definition, lifecycle } = version;
                    let is_active = *lifecycle == Lifecycle::Active;
                    (definition.name.clone(), definition.base.clone(), is_active)
                })
                .collect()
        };
        let base = "no-property".to_owned();
        let second = ("no-property@2".to_owned(), base.clone(), true);
        assert_eq!(said(&before), [(base.clone(), base.clone(), true), second.clone()]);
        assert_eq!(said(&after), [(base.clone(), base, false), second]);
        // What owners approved is the same, and the other version has approvals of its own.
        let digests = |versions: &[Version]| {
            versions.iter().map(|version| version.definition.rules_digest).collect::<Vec<_>>()
        };
        assert_eq!(digests(&before), digests(&after));
        assert_ne!(digests(&after).first(), digests(&after).last());
    }
}
