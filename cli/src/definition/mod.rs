//! `definition`: the folder of text that defines a check. One file for each command. All of them
//! work on folders alone: nothing is asked of a hub.

mod changes;
mod diff;
mod explain;
mod metadata;
mod new;
mod requesters;
mod test;
#[cfg(test)]
mod tests;
mod validate;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;
use serde_json::{Value, json};
use zerotrip_checks::definition::{Definition, DefinitionError, Fault};
use zerotrip_hub::cases::CaseFile;
use zerotrip_hub::state::DefinitionFolder;

use crate::render::{Failure, Language, Screen, USAGE};

pub(crate) use explain::parameters::{identified, said};

#[derive(Subcommand)]
pub(super) enum DefinitionCommand {
    /// Make a folder with a small check that is whole: it validates, and its cases pass.
    ///
    /// It asks one register whether anything about a person is on record. Change it step by step
    /// into the check that is wanted, and run `validate` and `test` after each change.
    New {
        /// The folder; it must not exist. Its name is that of the check, such as `no-vessel`.
        dir: PathBuf,
    },
    /// Say everything that is wrong with a definition: the file, the place in it, what it is, and
    /// the remedy.
    ///
    /// Checks the text, plans every variant's SQL as a hub would over registers that are just what
    /// the definition takes them to be, and reads the cases. Exit code 1: there are faults.
    Validate {
        /// The definition's folder.
        dir: PathBuf,
    },
    /// Run the definition's cases through the hub's engine, and say what no case decides.
    ///
    /// Each file of `cases/` has small registers as tables, questions, and the answers that must
    /// come. The answers are concluded as a hub concludes them. Exit code 1: a case came out
    /// otherwise, or a branch of the SQL, an arm of a `CASE`, or a reason is decided by none.
    Test {
        /// The definition's folder.
        dir: PathBuf,
    },
    /// Say in Chinese and English, to those who read no SQL, what the check asks of whom, what it
    /// concludes from silence, what each owner's statement must mean, and what would be wrongly
    /// concluded if it meant something else.
    Explain {
        /// The definition's folder.
        dir: PathBuf,
    },
    /// Print the type metadata of the check's certificates (SD-JWT VC): what a wallet shows of
    /// them, in both languages.
    Metadata {
        /// The definition's folder.
        dir: PathBuf,
    },
    /// Say what changes from one version of a definition to another: what each owner must approve
    /// anew, which variants and reasons came or went, which recorded cases are answered otherwise,
    /// and, with `--authority`, whose grants are concerned.
    ///
    /// Exit code 1: something changes.
    Diff {
        /// The folder of the version that is in force.
        old: PathBuf,
        /// The folder of the version that is to follow.
        new: PathBuf,
        /// The authority's folder, to name the members whose grants are concerned.
        #[arg(long)]
        authority: Option<PathBuf>,
    },
}

pub(super) async fn definition(
    command: DefinitionCommand,
    screen: &Screen,
) -> Result<ExitCode, Failure> {
    match command {
        DefinitionCommand::New { dir } => new::new(&dir, screen),
        DefinitionCommand::Validate { dir } => validate::validate(&dir, screen).await,
        DefinitionCommand::Test { dir } => test::test(&dir, screen).await,
        DefinitionCommand::Explain { dir } => explain::explain(&dir, screen),
        DefinitionCommand::Metadata { dir } => metadata::metadata(&dir, screen),
        DefinitionCommand::Diff { old, new, authority } => {
            diff::diff((&old, &new), authority.as_deref(), screen).await
        }
    }
}

/// A definition and its cases, without a fault.
struct Whole {
    definition: Definition,
    cases: Vec<CaseFile>,
}

impl Whole {
    fn read(dir: &Path) -> Result<Self, Failure> {
        let folder = DefinitionFolder::read(dir).map_err(|error| faulty(dir, &error))?;
        let definition = folder.definition().map_err(|error| faulty(dir, &error))?;
        let cases = cases(&folder, &definition).map_err(|error| faulty(dir, &error))?;
        Ok(Self { definition, cases })
    }
}

/// The cases of a folder, about its own definition or another.
fn cases(
    folder: &DefinitionFolder,
    definition: &Definition,
) -> Result<Vec<CaseFile>, DefinitionError> {
    let (mut files, mut faults) = (Vec::new(), Vec::new());
    for (path, text) in folder.cases()? {
        match CaseFile::parse(&text, &path, definition) {
            Ok(file) => files.push(file),
            Err(DefinitionError(found)) => faults.extend(found),
        }
    }
    if faults.is_empty() { Ok(files) } else { Err(DefinitionError(faults)) }
}

/// A command that needs a definition without faults, and has one with some.
fn faulty(dir: &Path, error: &DefinitionError) -> Failure {
    let (dir, count) = (dir.display(), error.0.len());
    let first = error.0.first().map(Fault::to_string).unwrap_or_default();
    Failure::new(
        USAGE,
        format!("`{dir}` has {count} faults; the first: {first}"),
        format!("`{dir}` 有 {count} 处错误，第一处：{first}"),
    )
    .remedy(
        format!("see all of them: `zerotrip definition validate {dir}`"),
        format!("请查看全部：`zerotrip definition validate {dir}`"),
    )
}

/// A fault for people: what it is, and the remedy on a line of its own.
fn fault_lines(fault: &Fault, screen: &Screen) -> String {
    let place = match (fault.file.is_empty(), fault.place.is_empty()) {
        (false, false) => format!("{}: {}", fault.file, fault.place),
        (false, true) => fault.file.clone(),
        _ => fault.place.clone(),
    };
    let line = match screen.language {
        Language::Zh => format!("{place}：{}", fault.what),
        Language::En => format!("{place}: {}", fault.what),
    };
    if fault.remedy.is_empty() {
        return line;
    }
    format!("{line}\n{}", screen.remedy(&fault.remedy))
}

fn fault_value(fault: &Fault) -> Value {
    json!({
        "file": fault.file, "place": fault.place, "what": fault.what, "remedy": fault.remedy,
    })
}
