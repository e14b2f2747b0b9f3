//! The owner's desk: which datasets are attached, and signing what they are. Files in the connector's folder; nothing here talks to a
//! source or to the hub. Which scans are served is approved beside it ([`crate::approving`]).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use prost::Message as _;
use serde::{Deserialize, Serialize};
use zerotrip_channel::files::{self, FileError, Secrecy};
use zerotrip_channel::{HomeError, SystemHome};
use zerotrip_datasets::shown::toml_fault;
use zerotrip_datasets::{DatasetFile, FileError as DatasetError, template};
use zerotrip_proto::payload_type;
use zerotrip_proto::v1::{DatasetStatement, Envelope, ScanTemplate};
use zerotrip_trust::directory::Directory;
use zerotrip_trust::dsse::{self, DsseError};
use zerotrip_trust::identity::{is_name, is_term};

/// Most datasets of one connector.
const MOST_DATASETS: usize = 64;

/// What is wrong at the desk.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// A file.
    #[error(transparent)]
    File(#[from] FileError),
    /// A dataset file.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// A signed file.
    #[error("`{path}` is damaged: {why}; {remedy}")]
    Damaged {
        /// Which.
        path: String,
        /// Why.
        why: String,
        /// What mends it.
        remedy: &'static str,
    },
    /// Not a member's name.
    #[error("`{0}` cannot be a member's name; `--requester` takes a member's id, 1 to 32 lower-case letters, digits and hyphens")]
    Requester(String),
    /// A name that nobody bears.
    #[error(
        "no member `{0}` in the key directory (version {1}): an approval for it would serve whoever is called so later; there are: {2}"
    )]
    Stranger(String, u64, String),
    /// Not a purpose.
    #[error("`{0}` cannot be a purpose: 1 to 64 characters, no control characters, no blanks at the ends")]
    Purpose(String),
    /// `connector.toml`.
    #[error("`{0}`: {1}")]
    Config(String, String),
    /// Nobody signed it.
    #[error("dataset `{0}` is not signed; run `zerotrip-connector sign` on its file")]
    Unsigned(String),
    /// Not ours.
    #[error("dataset `{0}` belongs to member `{1}`, and this connector is member `{2}`'s")]
    NotOurs(String, String, String),
    /// Somebody else at the same desk.
    #[error(
        "the approvals were changed by somebody else meanwhile, and nothing was signed; run the command again and read what it says now"
    )]
    Meanwhile,
    /// Not what the owner signed.
    #[error("the hub's catalog asks dataset `{0}` for what its signed statement does not have: {1}")]
    Misfit(String, String),
    /// What was withdrawn would be served again.
    #[error(
        "the owner's approvals here are version {version}, and version {highest} was signed: an older copy was put back. Read them with \
         `zerotrip-connector approvals`, and `withdraw` or `approve` what differs; if all of it is meant, remove `{kept}`"
    )]
    Older {
        /// As they lie there.
        version: u64,
        /// The highest that was ever here.
        highest: u64,
        /// Where that is kept.
        kept: String,
    },
    /// Two files for one dataset: which of them is meant is not ours to guess.
    #[error("`{0}` is attached already, as `{1}` describes it; change that file, or take its line out of `connector.toml`")]
    Twice(String, String),
    /// Nobody knows what will have ended.
    #[error("`dataset.undated_before` of `{0}` is {1}, which is yet to come: name a day before which everything undated had ended")]
    YetToCome(String, chrono::NaiveDate),
    /// Over the bound.
    #[error("over {MOST_DATASETS} datasets; attach the others through a second connector")]
    TooMany,
    /// Keys.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// Signing.
    #[error(transparent)]
    Sign(#[from] DsseError),
}

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
    if !path.exists() {
        return Ok(ConnectorFile::default());
    }
    let text = files::read_text(&path)?;
    toml::from_str(&text).map_err(|error| DeskError::Config(path.display().to_string(), toml_fault(&text, &error)))
}

/// The dataset files that are attached.
pub fn dataset_paths(folder: &Path) -> Result<Vec<PathBuf>, DeskError> {
    let config = config(folder)?;
    if config.datasets.len() > MOST_DATASETS {
        return Err(DeskError::TooMany);
    }
    Ok(config.datasets.iter().map(|path| folder.join(path)).collect())
}

/// A dataset file and its owner's signed statement.
pub fn signed_dataset(folder: &Path, path: &Path) -> Result<(DatasetFile, Envelope), DeskError> {
    let file = read_dataset(path)?;
    let signed = folder.join("signed").join(format!("{}.dsse", file.id));
    if !signed.exists() {
        return Err(DeskError::Unsigned(file.id));
    }
    let read = envelope(&signed, payload_type::DATASET, "sign its dataset file again with `zerotrip-connector sign`")?;
    Ok((file, read))
}

/// Reads a dataset file.
pub fn read_dataset(path: &Path) -> Result<DatasetFile, DeskError> {
    Ok(DatasetFile::parse(&files::read_text(path)?, &path.display().to_string())?)
}

/// Reads a dataset file of this member's own.
pub fn read_owned(home: &SystemHome, path: &Path) -> Result<DatasetFile, DeskError> {
    let file = read_dataset(path)?;
    let member = home.system.member().unwrap_or_default();
    if file.member() == member { Ok(file) } else { Err(DeskError::NotOurs(file.id.clone(), file.member().to_owned(), member.to_owned())) }
}

/// Refuses a word about what will have ended.
pub fn nothing_to_come(file: &DatasetFile) -> Result<(), DeskError> {
    let day = file.undated_before.filter(|day| *day > chrono::Local::now().date_naive());
    day.map_or(Ok(()), |day| Err(DeskError::YetToCome(file.id.clone(), day)))
}

/// Signs a dataset file with the owner's key, and attaches it.
pub fn sign_dataset(home: &SystemHome, path: &Path) -> Result<DatasetFile, DeskError> {
    let file = read_owned(home, path)?;
    let mut config = config(&home.folder)?;
    let absolute = std::path::absolute(path).map_err(|error| FileError { path: path.to_owned(), error })?;
    let name = absolute.display().to_string();
    let describes = |other: &&String| **other != name && read_dataset(Path::new(other)).is_ok_and(|other| other.id == file.id);
    if let Some(other) = config.datasets.iter().find(describes) {
        return Err(DeskError::Twice(file.id, other.clone()));
    }
    nothing_to_come(&file)?;
    let statement = file.to_statement(SystemTime::now());
    let envelope = dsse::seal(payload_type::DATASET, &statement, &home.key("approve")?)?;
    files::write(&home.folder.join("signed").join(format!("{}.dsse", file.id)), &envelope.encode_to_vec(), Secrecy::Public)?;
    if !config.datasets.contains(&name) {
        if config.datasets.len() >= MOST_DATASETS {
            return Err(DeskError::TooMany);
        }
        config.datasets.push(name);
        let text = toml::to_string(&config).map_err(|error| DeskError::Config("connector.toml".into(), error.to_string()))?;
        files::write(&home.folder.join("connector.toml"), text.as_bytes(), Secrecy::Public)?;
    }
    Ok(file)
}

/// The scans of datasets that are signed and attached here, if they fit what was signed: what does not fit is never served, and nobody
/// who approves should have to read it.
pub fn fitting(folder: &Path, templates: Vec<ScanTemplate>) -> Result<Vec<ScanTemplate>, DeskError> {
    let mut statements = BTreeMap::new();
    for path in dataset_paths(folder)? {
        let (file, envelope) = signed_dataset(folder, &path)?;
        let (payload, _) = dsse::peek(&envelope, payload_type::DATASET)?;
        statements.insert(file.id, dsse::decode::<DatasetStatement>(payload)?);
    }
    let mut fitting = Vec::new();
    for template in templates {
        let Some(statement) = statements.get(&template.dataset) else { continue };
        template::validate(&template, statement).map_err(|faults| {
            DeskError::Misfit(template.dataset.clone(), faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
        })?;
        fitting.push(template);
    }
    Ok(fitting)
}

/// Whoever may ask, and for what, in the form in which the gate compares them: names that somebody bears, purposes that can be asked for.
pub fn whom_and_what(requesters: &[String], purposes: &[String], directory: &Directory) -> Result<(), DeskError> {
    let cut = |text: &str| text.chars().take(64).collect::<String>();
    if let Some(odd) = requesters.iter().find(|name| !is_name(name)) {
        return Err(DeskError::Requester(cut(odd)));
    }
    if let Some(stranger) = requesters.iter().find(|name| directory.member(name).is_none()) {
        let known: Vec<_> = directory.members().iter().map(|member| member.id.as_str()).take(20).collect();
        return Err(DeskError::Stranger(cut(stranger), directory.version(), known.join(", ")));
    }
    match purposes.iter().find(|purpose| !is_term(purpose)) {
        Some(odd) => Err(DeskError::Purpose(cut(odd))),
        None => Ok(()),
    }
}

/// An envelope that at least looks like one of this kind; whether its signature holds, the directory in force says.
pub fn envelope(path: &Path, kind: &str, remedy: &'static str) -> Result<Envelope, DeskError> {
    let damaged = |why: String| DeskError::Damaged { path: path.display().to_string(), why, remedy };
    let envelope = Envelope::decode(files::read(path)?.as_slice()).map_err(|error| damaged(error.to_string()))?;
    dsse::peek(&envelope, kind).map_err(|error| damaged(error.to_string()))?;
    Ok(envelope)
}
