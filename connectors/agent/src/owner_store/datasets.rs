//! Which datasets are attached, and the owner's signed statement of each. Which scans of them are
//! served is in [`crate::owner_store::approvals`].

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
use zerotrip_datasets::{CivilDay, DatasetFile, template};
use zerotrip_proto::v1::{DatasetStatement, Envelope, ScanTemplate};
use zerotrip_proto::{hash_domain, names};
use zerotrip_text::toml_fault;
use zerotrip_trust::digest::{self, Digest, sha256, sha256_parts};
use zerotrip_trust::directory::Directory;
use zerotrip_trust::identity::{is_name, is_term};
use zerotrip_trust::signed;

use crate::owner_store::approvals;
use crate::owner_store::error::{MOST_DATASETS, OwnerStoreError};
use crate::owner_store::signed_file::{envelope, signing_lock};
use crate::owner_store::versions::Versioned;
use crate::probes::Probes;
use zerotrip_sources::SourceError;

/// Bytes of the salt with which a dataset file is bound.
const SALT_BYTES: usize = 32;
const SIGN_AGAIN: &str = "Sign its dataset file again with `zerotrip-connector sign`";

/// `connector.toml`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ConnectorFile {
    /// Dataset files, absolute or relative to the connector's folder. Default: none. At most 64.
    #[serde(default)]
    datasets: Vec<String>,
}

fn config(folder: &Path) -> Result<ConnectorFile, OwnerStoreError> {
    let path = folder.join("connector.toml");
    if !files::is_there(&path) {
        return Ok(ConnectorFile::default());
    }
    let text = files::read_text(&path)?;
    toml::from_str(&text).map_err(|error| {
        OwnerStoreError::Config(path.display().to_string(), toml_fault(&text, &error))
    })
}

/// The dataset files that are attached.
pub fn dataset_paths(folder: &Path) -> Result<Vec<PathBuf>, OwnerStoreError> {
    let config = config(folder)?;
    if config.datasets.len() > MOST_DATASETS {
        return Err(OwnerStoreError::TooMany);
    }
    Ok(config.datasets.iter().map(|path| folder.join(path)).collect())
}

/// A dataset file as its owner signed it.
#[derive(Clone, Debug)]
pub struct SignedDataset {
    /// What it says.
    pub file: DatasetFile,
    /// The signed statement. Its signature is not verified: that takes the directory in force.
    pub envelope: Envelope,
    /// What the statement says.
    pub statement: DatasetStatement,
    /// SHA-256 of the file of known persons that was signed with it.
    pub probes: Option<Digest>,
}

/// A dataset file and its owner's signed statement, which binds every byte of it. A file that was
/// changed since is refused.
pub fn signed_dataset(folder: &Path, path: &Path) -> Result<SignedDataset, OwnerStoreError> {
    let text = files::read_text(path)?;
    let file = DatasetFile::parse(&text, &path.display().to_string())?;
    can_be_stated(&file, SystemTime::now())?;
    let signed = statement_path(folder, &file.id);
    if !files::is_there(&signed) {
        return Err(OwnerStoreError::Unsigned(file.id));
    }
    let envelope = envelope::<DatasetStatement>(&signed, SIGN_AGAIN)?;
    let statement = signed::Signed::<DatasetStatement>::new(&envelope)?.unverified()?;
    if statement.version == 0 {
        return Err(OwnerStoreError::Unbound(file.id));
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
        return Err(OwnerStoreError::Changed(
            file.id.clone(),
            if named.is_some() { ", or its file of known persons" } else { "" },
        ));
    }
    Ok(SignedDataset { file, envelope, statement, probes: named.map(|persons| sha256(&persons)) })
}

/// Binds a dataset file, and the file of known persons that it names. Neither leaves the
/// department, and their content could be guessed: so the salt does not leave it either.
fn commitment(salt: &[u8], text: &str, probes: Option<&[u8]>) -> Digest {
    let named: &[u8] = if probes.is_some() { b"known persons" } else { b"" };
    sha256_parts(
        hash_domain::DATASET_FILE,
        &[salt, text.as_bytes(), named, probes.unwrap_or_default()],
    )
}

/// The file of known persons, if the dataset file names one.
fn probes(file: &DatasetFile, path: &Path) -> Result<Option<Vec<u8>>, OwnerStoreError> {
    let wrong = |error: SourceError| OwnerStoreError::Probes(file.id.clone(), error.detail);
    Probes::of(file, files::folder_of(path))
        .and_then(|probes| probes.map(|probes| probes.text()).transpose())
        .map_err(wrong)
}

/// The file with a dataset's signed statement.
pub fn statement_path(folder: &Path, dataset: &str) -> PathBuf {
    folder.join("signed").join(format!("{dataset}.dsse"))
}

fn salt_path(folder: &Path, dataset: &str) -> PathBuf {
    folder.join("signed").join(format!("{dataset}.salt"))
}

/// Tells a file from another that replaces it: inode, length and time of modification. A signed
/// file is replaced as a whole.
pub type Stamp = (u64, u64, Option<SystemTime>);

/// The stamp of a file, if there is one.
pub fn stamp(path: &Path) -> Option<Stamp> {
    fs::metadata(path).map(|found| (found.ino(), found.len(), found.modified().ok())).ok()
}

/// The stamps of all files that say which datasets are attached, and as what.
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
    let signed = signed.filter(|path| *path != approvals::path(folder));
    stamps.extend(signed.map(|path| (path.clone(), stamp(&path))));
    stamps
}

/// Reads a dataset file.
pub fn read_dataset(path: &Path) -> Result<DatasetFile, OwnerStoreError> {
    Ok(DatasetFile::parse(&files::read_text(path)?, &path.display().to_string())?)
}

/// Reads a dataset file of this member's own.
pub fn read_owned(home: &SystemHome, path: &Path) -> Result<DatasetFile, OwnerStoreError> {
    owned(home, read_dataset(path)?)
}

fn owned(home: &SystemHome, file: DatasetFile) -> Result<DatasetFile, OwnerStoreError> {
    let member = home.system.member().unwrap_or_default();
    if file.member() == member {
        Ok(file)
    } else {
        Err(OwnerStoreError::NotOurs(file.id.clone(), file.member().to_owned(), member.to_owned()))
    }
}

/// Refuses what no owner can state: a day in the future, and that a date is absent without which
/// nothing follows from the rows.
pub fn can_be_stated(file: &DatasetFile, now: SystemTime) -> Result<(), OwnerStoreError> {
    let today = CivilDay::at(now).date();
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
            return Err(OwnerStoreError::YetToCome { dataset: file.id.clone(), key, day, remedy });
        }
    }
    for vocabulary in VOCABULARIES {
        for date in vocabulary.dataset(&file.id).iter().flat_map(|asked| asked.dates) {
            let is_absent = file
                .column(date.column)
                .is_some_and(|column| matches!(column.made, Made::Absent(_)));
            if let Some(what) = template::cannot_be_absent(date.role).filter(|_| is_absent) {
                return Err(OwnerStoreError::CannotBeAbsent(
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
/// the datasets that the hub's checks ask, where that is known. A file of any other is refused: no
/// check would ask it, and the dataset that is asked would stay unserved.
pub fn sign_datasets(
    home: &SystemHome,
    paths: &[PathBuf],
    asked: Option<&BTreeSet<String>>,
) -> Result<Vec<DatasetFile>, OwnerStoreError> {
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
            return Err(OwnerStoreError::Twice(file.id, other.clone()));
        }
        can_be_stated(&file, SystemTime::now())?;
        if let Some(asked) = asked
            && !asked.contains(&file.id)
        {
            return Err(OwnerStoreError::NotAsked(
                file.id.clone(),
                asked_of(file.member(), asked),
                path.display().to_string(),
            ));
        }
        if !config.datasets.contains(&name) {
            config.datasets.push(name);
        }
        if config.datasets.len() > MOST_DATASETS {
            return Err(OwnerStoreError::TooMany);
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
        .map_err(|error| OwnerStoreError::Config("connector.toml".into(), error.to_string()))?;
    files::write(&home.folder.join("connector.toml"), text.as_bytes(), Secrecy::Public)?;
    Ok(signed)
}

/// What of this member's is asked, for people.
fn asked_of(member: &str, asked: &BTreeSet<String>) -> String {
    let ours: Vec<&str> =
        asked.iter().map(String::as_str).filter(|id| names::owner_of(id) == Some(member)).collect();
    match ours.as_slice() {
        [] => format!("; none of member `{member}`'s is asked"),
        ours => format!("; of member `{member}`'s it asks `{}`", ours.join("`, `")),
    }
}

/// Signed statements without an attached file: the dataset was renamed, or removed from
/// `connector.toml`. Nothing is served by them.
pub fn left_behind(folder: &Path) -> Result<Vec<PathBuf>, OwnerStoreError> {
    let signed = folder.join("signed");
    if !files::is_there(&signed) {
        return Ok(Vec::new());
    }
    let attached: Result<BTreeSet<String>, OwnerStoreError> =
        dataset_paths(folder)?.iter().map(|path| Ok(read_dataset(path)?.id)).collect();
    // The id of a file that cannot be read is not known. Then no statement is reported.
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

/// The scans of datasets that are signed and attached here. A scan that does not fit what was
/// signed is an error: it would never be served, so its owner need not read it.
pub fn fitting(
    folder: &Path,
    templates: Vec<ScanTemplate>,
) -> Result<Vec<ScanTemplate>, OwnerStoreError> {
    let mut statements = BTreeMap::new();
    for path in dataset_paths(folder)? {
        let signed = signed_dataset(folder, &path)?;
        statements.insert(signed.file.id, signed.statement);
    }
    let mut fitting = Vec::new();
    for template in templates {
        let Some(statement) = statements.get(&template.dataset) else { continue };
        template::validate(&template, statement).map_err(|faults| {
            OwnerStoreError::Misfit(
                template.dataset.clone(),
                faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
            )
        })?;
        fitting.push(template);
    }
    Ok(fitting)
}

/// Checks requesters and purposes as the gate will compare them: names of members, and purposes
/// that a request can have.
pub fn whom_and_what(
    requesters: &[String],
    purposes: &[String],
    directory: &Directory,
) -> Result<(), OwnerStoreError> {
    let cut = |text: &str| text.chars().take(64).collect::<String>();
    if let Some(odd) = requesters.iter().find(|name| !is_name(name)) {
        return Err(OwnerStoreError::Requester(cut(odd)));
    }
    if let Some(stranger) = requesters.iter().find(|name| directory.member(name).is_none()) {
        let known: Vec<_> =
            directory.members().iter().map(|member| member.id.as_str()).take(20).collect();
        return Err(OwnerStoreError::Stranger(
            cut(stranger),
            directory.version(),
            known.join(", "),
        ));
    }
    match purposes.iter().find(|purpose| !is_term(purpose)) {
        Some(odd) => Err(OwnerStoreError::Purpose(cut(odd))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
