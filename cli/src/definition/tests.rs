#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::{DefinitionCommand, definition};
use crate::render::{Failure, Language, NOT_SO, Screen, USAGE};

fn run(command: DefinitionCommand) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let screen = Screen { json: true, language: Language::En };
    runtime.block_on(definition(command, &screen))
}

fn code(command: DefinitionCommand) -> String {
    format!("{:?}", run(command).unwrap())
}

fn said(code: u8) -> String {
    format!("{:?}", ExitCode::from(code))
}

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../certs/definitions/no-property")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let to = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &to);
        } else {
            fs::copy(&path, to).unwrap();
        }
    }
}

fn change(file: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(file).unwrap();
    assert!(text.contains(from), "{from}");
    fs::write(file, text.replace(from, to)).unwrap();
}

#[test]
fn a_new_definition_is_whole_and_a_change_that_breaks_it_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("no-vessel");
    let new = || DefinitionCommand::New { dir: dir.clone() };
    let validate = || DefinitionCommand::Validate { dir: dir.clone() };
    let test = || DefinitionCommand::Test { dir: dir.clone() };
    assert_eq!(code(new()), said(0));
    assert_eq!((code(validate()), code(test())), (said(0), said(0)));
    assert_eq!(code(DefinitionCommand::Explain { dir: dir.clone() }), said(0));
    // What is there is not written over.
    assert_eq!(run(new()).unwrap_err().exit, USAGE);
    // A case that comes out otherwise, and an arm that no case takes.
    let verdict = dir.join("verdict.sql");
    change(&verdict, "then 'ended'", "then 'clear'");
    assert_eq!(
        (code(validate()), code(test())),
        (said(0), said(0)),
        "an old end is as good as none"
    );
    change(&verdict, "'against'", "'clear'");
    assert_eq!((code(validate()), code(test())), (said(0), said(NOT_SO)));
    change(
        &verdict,
        "when status = 'current' and ended_on is null then 'clear'",
        "when status = \
         'current' and ended_on is null then 'against' when row_number > 99 then 'clear'",
    );
    assert_eq!((code(validate()), code(test())), (said(0), said(NOT_SO)));
    // SQL that the engine refuses.
    change(&verdict, "row_number > 99", "now() is null");
    assert_eq!(code(validate()), said(NOT_SO));
    // A text that is no definition.
    fs::write(dir.join("notes.txt"), "").unwrap();
    assert_eq!(code(validate()), said(NOT_SO));
    assert_eq!(run(test()).unwrap_err().exit, USAGE);
    // A name that none can have leaves nothing behind.
    let dir = folder.path().join("No Vessel");
    assert_eq!(run(DefinitionCommand::New { dir: dir.clone() }).unwrap_err().exit, USAGE);
    assert!(!dir.exists());
}

#[test]
fn a_difference_is_told_to_owners_and_by_cases() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (folder.path().join("old"), folder.path().join("new"));
    copy(&shipped(), &old);
    copy(&shipped(), &new);
    let report = || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(super::diff::report(&old, &new, None)).unwrap()
    };
    assert!(report().is_same());
    let check = new.join("check.toml");
    // What one owner lets travel, for one variant alone.
    change(
        &check,
        "most_keys = { applicant = 1, couple = 8, family = 32 }\nmost_rows = 4096\n\n\
         [[step]]\nname = \"presale\"",
        "most_keys = { applicant = 1, couple = 9, family = 32 }\n\
         most_rows = 4096\n\n[[step]]\nname = \"presale\"",
    );
    let found = report();
    let anew: Vec<String> = found.approvals();
    let told = "estate.ownership couple ownership: most persons was 8, is 9";
    assert!(anew.iter().any(|one| one.starts_with(told)), "{anew:?}");
    assert!(!anew.iter().any(|one| one.contains("applicant") && one.contains("most persons")));
    assert!(found.answers().is_empty());
    // What the SQL makes of a row: all owners approve it anew, and cases come out otherwise.
    fs::copy(old.join("check.toml"), &check).unwrap();
    change(&new.join("verdict.applicant.sql"), "when status = 'applied' then 'clear'", "");
    let found = report();
    let anew = found.approvals();
    let is_of_text = |one: &String| one.ends_with("its SQL or its text changes");
    assert!(anew.len() > 10 && anew.iter().all(is_of_text), "{anew:?}");
    assert_eq!(
        found.answers(),
        ["an application is no right: was yes, is unavailable UNDETERMINED estate.ownership"]
    );
    assert_eq!(found.others(), ["variant `applicant`, step `verdict`: its SQL changes"]);
    // A reason and a variant that went.
    fs::remove_dir_all(&new).unwrap();
    copy(&shipped(), &new);
    let reasons = new.join("reasons.toml");
    let text = fs::read_to_string(&reasons).unwrap();
    fs::write(&reasons, text.replace("code = \"PROPERTY_FOUND\"", "code = \"HOME_FOUND\""))
        .unwrap();
    for file in ["homes", "homes_of_a_spouse", "marriages", "children", "statements"] {
        change(&new.join(format!("cases/{file}.toml")), "no PROPERTY_FOUND", "no HOME_FOUND");
    }
    // Its words are not what owners approve.
    assert_eq!(report().approvals(), [""; 0]);
    let others = report().others();
    for said in ["reason `HOME_FOUND` is new", "reason `PROPERTY_FOUND` is gone"] {
        assert!(others.iter().any(|other| other == said), "{others:?}");
    }
    assert!(others.iter().any(|other| other.contains("are no cases of the other version")));
}
