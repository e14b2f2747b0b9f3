//! The owner's desk: which datasets are attached, and signing what they are. Files in the
//! connector's folder; nothing here talks to a source or to the hub. Which scans are served is
//! approved beside it ([`crate::approving`]).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use prost::Message as _;
use serde::{Deserialize, Serialize};
use zerotrip_channel::SystemHome;
use zerotrip_channel::files::{self, FileError, Secrecy};
use zerotrip_datasets::file::Made;
use zerotrip_datasets::vocabulary::VOCABULARIES;
use zerotrip_datasets::{DatasetFile, date, template};
use zerotrip_proto::hash_domain;
use zerotrip_proto::v1::{DatasetStatement, Envelope, ScanTemplate};
use zerotrip_text::toml_fault;
use zerotrip_trust::digest::{self, Digest, sha256, sha256_parts};
use zerotrip_trust::directory::Directory;
use zerotrip_trust::identity::{is_name, is_term};
use zerotrip_trust::signed;

use crate::approving;
use crate::owner::owner_of;
use crate::owner_files::{DeskError, MOST_DATASETS, envelope, signing_lock};
use crate::probes::Probes;
use crate::versions::Versioned;
use zerotrip_sources::SourceError;

/// Bytes of the salt with which a dataset file is bound.
const SALT_BYTES: usize = 32;
const SIGN_AGAIN: &str = "sign its dataset file again with `zerotrip-connector sign`";

/// `connector.toml`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ConnectorFile {
    /// Dataset files, absolute or relative to the connector's folder. Default: none. At most 64.
    #[serde(default)]
    datasets: Vec<String>,
}

fn config(folder: &Path) -> Result<ConnectorFile, DeskError> {
    let path = folder.join("connector.toml");
    if !files::is_there(&path) {
        return Ok(ConnectorFile::default());
    }
    let text = files::read_text(&path)?;
    toml::from_str(&text)
        .map_err(|error| DeskError::Config(path.display().to_string(), toml_fault(&text, &error)))
}

/// The dataset files that are attached.
pub fn dataset_paths(folder: &Path) -> Result<Vec<PathBuf>, DeskError> {
    let config = config(folder)?;
    if config.datasets.len() > MOST_DATASETS {
        return Err(DeskError::TooMany);
    }
    Ok(config.datasets.iter().map(|path| folder.join(path)).collect())
}

/// A dataset file as its owner signed it.
#[derive(Clone, Debug)]
pub struct Signed {
    /// What it says.
    pub file: DatasetFile,
    /// The signed statement. Whether the signature holds is for the directory in force to say.
    pub envelope: Envelope,
    /// What the statement says.
    pub statement: DatasetStatement,
    /// The persons that the file names, as they were bound.
    pub probes: Option<Digest>,
}

/// A dataset file and its owner's signed statement, which binds every byte of it: what was changed
/// since is not what the owner signed.
pub fn signed_dataset(folder: &Path, path: &Path) -> Result<Signed, DeskError> {
    let text = files::read_text(path)?;
    let file = DatasetFile::parse(&text, &path.display().to_string())?;
    can_be_stated(&file, SystemTime::now())?;
    let signed = statement_path(folder, &file.id);
    if !files::is_there(&signed) {
        return Err(DeskError::Unsigned(file.id));
    }
    let envelope = envelope::<DatasetStatement>(&signed, SIGN_AGAIN)?;
    let statement = signed::Signed::<DatasetStatement>::new(&envelope)?.unverified()?;
    if statement.version == 0 {
        return Err(DeskError::Unbound(file.id));
    }
    Versioned::Statement(&file.id).not_older(folder, statement.version)?;
    let salt_path = salt_path(folder, &file.id);
    let salt = if files::is_there(&salt_path) { files::read(&salt_path)? } else { Vec::new() };
    let named = probes(&file, path)?;
    let bound = commitment(&salt, &text, named.as_deref());
    let same = DatasetStatement {
        stated_at: statement.stated_at,
        version: statement.version,
        file_commitment: bound.to_vec(),
        ..file.to_statement(SystemTime::now())
    };
    if salt.len() != SALT_BYTES || statement != same {
        return Err(DeskError::Changed(
            file.id.clone(),
            if named.is_some() { ", or its file of known persons" } else { "" },
        ));
    }
    Ok(Signed { file, envelope, statement, probes: named.map(|persons| sha256(&persons)) })
}

/// Binds a dataset file, and the file of known persons that it names. Both hold what does not leave
/// the department, and what they hold could be guessed: the salt stays here.
fn commitment(salt: &[u8], text: &str, probes: Option<&[u8]>) -> Digest {
    let named: &[u8] = if probes.is_some() { b"known persons" } else { b"" };
    sha256_parts(
        hash_domain::DATASET_FILE,
        &[salt, text.as_bytes(), named, probes.unwrap_or_default()],
    )
}

/// The file of known persons, if the dataset file names one.
fn probes(file: &DatasetFile, path: &Path) -> Result<Option<Vec<u8>>, DeskError> {
    let wrong = |error: SourceError| DeskError::Probes(file.id.clone(), error.detail);
    Probes::of(file, files::folder_of(path))
        .and_then(|probes| probes.map(|probes| probes.text()).transpose())
        .map_err(wrong)
}

/// Where a dataset's signed statement lies.
pub fn statement_path(folder: &Path, dataset: &str) -> PathBuf {
    folder.join("signed").join(format!("{dataset}.dsse"))
}

fn salt_path(folder: &Path, dataset: &str) -> PathBuf {
    folder.join("signed").join(format!("{dataset}.salt"))
}

/// What tells one file from another that replaces it: a signed file is replaced as a whole.
pub type Stamp = (u64, u64, Option<SystemTime>);

/// Of that file, if there is one.
pub fn stamp(path: &Path) -> Option<Stamp> {
    fs::metadata(path).map(|found| (found.ino(), found.len(), found.modified().ok())).ok()
}

/// Of everything that says which datasets are attached, and as what.
pub fn stamps(folder: &Path) -> BTreeMap<PathBuf, Option<Stamp>> {
    let attached = folder.join("connector.toml");
    let mut stamps = BTreeMap::from([(attached.clone(), stamp(&attached))]);
    let entries = fs::read_dir(folder.join("signed"))
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path());
    let signed = entries
        .filter(|path| path.extension().is_some_and(|kind| kind == "dsse" || kind == "salt"));
    let signed = signed.filter(|path| *path != approving::path(folder));
    stamps.extend(signed.map(|path| (path.clone(), stamp(&path))));
    stamps
}

/// Reads a dataset file.
pub fn read_dataset(path: &Path) -> Result<DatasetFile, DeskError> {
    Ok(DatasetFile::parse(&files::read_text(path)?, &path.display().to_string())?)
}

/// Reads a dataset file of this member's own.
pub fn read_owned(home: &SystemHome, path: &Path) -> Result<DatasetFile, DeskError> {
    owned(home, read_dataset(path)?)
}

fn owned(home: &SystemHome, file: DatasetFile) -> Result<DatasetFile, DeskError> {
    let member = home.system.member().unwrap_or_default();
    if file.member() == member {
        Ok(file)
    } else {
        Err(DeskError::NotOurs(file.id.clone(), file.member().to_owned(), member.to_owned()))
    }
}

/// Refuses what nobody can state: a day that is yet to come, and that there is no date where the
/// rows are nothing without it.
pub fn can_be_stated(file: &DatasetFile, now: SystemTime) -> Result<(), DeskError> {
    let today = date::in_china(now);
    let since = (
        "coverage.since",
        Some(file.coverage.since),
        "the first day from which nothing is missing in it",
    );
    let undated = (
        "dataset.undated_before",
        file.undated_before,
        "a day before which everything undated had ended",
    );
    for (key, day, remedy) in [since, undated] {
        if let Some(day) = day.filter(|day| *day > today) {
            return Err(DeskError::YetToCome { dataset: file.id.clone(), key, day, remedy });
        }
    }
    for vocabulary in VOCABULARIES {
        for date in vocabulary.dataset(&file.id).iter().flat_map(|asked| asked.dates) {
            let is_absent = file
                .column(date.column)
                .is_some_and(|column| matches!(column.made, Made::Absent(_)));
            if let Some(what) = template::cannot_be_absent(date.role).filter(|_| is_absent) {
                return Err(DeskError::CannotBeAbsent(
                    file.id.clone(),
                    date.column,
                    vocabulary.check,
                    what,
                ));
            }
        }
    }
    Ok(())
}

/// Signs dataset files with the owner's key, and attaches them: all of them, or none. `asked` are
/// the datasets that the hub's checks ask, where that is known: a file of any other is refused, for
/// nobody would ever ask it, and what is asked would stay unserved.
pub fn sign_datasets(
    home: &SystemHome,
    paths: &[PathBuf],
    asked: Option<&BTreeSet<String>>,
) -> Result<Vec<DatasetFile>, DeskError> {
    let key = home.key("approve")?;
    fs::create_dir_all(home.folder.join("signed"))
        .map_err(|error| FileError { path: home.folder.join("signed"), error })?;
    let _one = files::lock(&signing_lock(&home.folder))?;
    let mut config = config(&home.folder)?;
    let mut ready = Vec::new();
    for path in paths {
        let text = files::read_text(path)?;
        let file = owned(home, DatasetFile::parse(&text, &path.display().to_string())?)?;
        let absolute =
            std::path::absolute(path).map_err(|error| FileError { path: path.clone(), error })?;
        let name = absolute.display().to_string();
        let describes = |other: &&String| {
            **other != name && read_dataset(Path::new(other)).is_ok_and(|other| other.id == file.id)
        };
        if let Some(other) = config.datasets.iter().find(describes) {
            return Err(DeskError::Twice(file.id, other.clone()));
        }
        can_be_stated(&file, SystemTime::now())?;
        if let Some(asked) = asked
            && !asked.contains(&file.id)
        {
            return Err(DeskError::NotAsked(
                file.id.clone(),
                asked_of(file.member(), asked),
                path.display().to_string(),
            ));
        }
        if !config.datasets.contains(&name) {
            config.datasets.push(name);
        }
        if config.datasets.len() > MOST_DATASETS {
            return Err(DeskError::TooMany);
        }
        let probes = probes(&file, path)?;
        ready.push((file, text, probes));
    }
    let mut signed = Vec::new();
    for (file, text, probes) in ready {
        let now = SystemTime::now();
        let salt: [u8; SALT_BYTES] = digest::random()?;
        let version = Versioned::Statement(&file.id).next_by_clock(&home.folder, now)?;
        let file_commitment = commitment(&salt, &text, probes.as_deref()).to_vec();
        let statement = DatasetStatement { version, file_commitment, ..file.to_statement(now) };
        let envelope = signed::seal(&statement, &key)?;
        files::write(&salt_path(&home.folder, &file.id), &salt, Secrecy::Private)?;
        files::write(
            &statement_path(&home.folder, &file.id),
            &envelope.encode_to_vec(),
            Secrecy::Public,
        )?;
        Versioned::Statement(&file.id).remember(&home.folder, version)?;
        signed.push(file);
    }
    let text = toml::to_string(&config)
        .map_err(|error| DeskError::Config("connector.toml".into(), error.to_string()))?;
    files::write(&home.folder.join("connector.toml"), text.as_bytes(), Secrecy::Public)?;
    Ok(signed)
}

/// What of this member's is asked, for people.
fn asked_of(member: &str, asked: &BTreeSet<String>) -> String {
    let ours: Vec<&str> =
        asked.iter().map(String::as_str).filter(|id| owner_of(id) == member).collect();
    match ours.as_slice() {
        [] => format!("; none of member `{member}`'s is asked"),
        ours => format!("; of member `{member}`'s it asks `{}`", ours.join("`, `")),
    }
}

/// Signed statements that no attached file has: of a dataset that was renamed, or taken out of
/// `connector.toml`. Nothing is served by them.
pub fn left_behind(folder: &Path) -> Result<Vec<PathBuf>, DeskError> {
    let signed = folder.join("signed");
    if !files::is_there(&signed) {
        return Ok(Vec::new());
    }
    let attached: Result<BTreeSet<String>, DeskError> =
        dataset_paths(folder)?.iter().map(|path| Ok(read_dataset(path)?.id)).collect();
    // Which id a file has that cannot be read now, nobody knows: then nothing is said to be left.
    let Ok(attached) = attached else { return Ok(Vec::new()) };
    let entries = fs::read_dir(&signed).map_err(|error| FileError { path: signed, error })?;
    let mut left: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| is_left(path, &attached))
        .collect();
    left.sort();
    Ok(left)
}

fn is_left(path: &Path, attached: &BTreeSet<String>) -> bool {
    let id = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".dsse"));
    id.is_some_and(|id| {
        let id = id.strip_suffix(".adjudications").unwrap_or(id);
        id != "approvals" && !attached.contains(id)
    })
}

/// The scans of datasets that are signed and attached here, if they fit what was signed: what does
/// not fit is never served, and nobody who approves should have to read it.
pub fn fitting(
    folder: &Path,
    templates: Vec<ScanTemplate>,
) -> Result<Vec<ScanTemplate>, DeskError> {
    let mut statements = BTreeMap::new();
    for path in dataset_paths(folder)? {
        let signed = signed_dataset(folder, &path)?;
        statements.insert(signed.file.id, signed.statement);
    }
    let mut fitting = Vec::new();
    for template in templates {
        let Some(statement) = statements.get(&template.dataset) else { continue };
        template::validate(&template, statement).map_err(|faults| {
            DeskError::Misfit(
                template.dataset.clone(),
                faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
            )
        })?;
        fitting.push(template);
    }
    Ok(fitting)
}

/// Whoever may ask, and for what, in the form in which the gate compares them: names that somebody
/// bears, purposes that can be asked for.
pub fn whom_and_what(
    requesters: &[String],
    purposes: &[String],
    directory: &Directory,
) -> Result<(), DeskError> {
    let cut = |text: &str| text.chars().take(64).collect::<String>();
    if let Some(odd) = requesters.iter().find(|name| !is_name(name)) {
        return Err(DeskError::Requester(cut(odd)));
    }
    if let Some(stranger) = requesters.iter().find(|name| directory.member(name).is_none()) {
        let known: Vec<_> =
            directory.members().iter().map(|member| member.id.as_str()).take(20).collect();
        return Err(DeskError::Stranger(cut(stranger), directory.version(), known.join(", ")));
    }
    match purposes.iter().find(|purpose| !is_term(purpose)) {
        Some(odd) => Err(DeskError::Purpose(cut(odd))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
