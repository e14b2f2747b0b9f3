//! The owner's desk: signing what a dataset is, and approving which scans of it are served. Files in the connector's folder; nothing
//! here talks to a source or to the hub.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use prost::Message as _;
use serde::{Deserialize, Serialize};
use zerotrip_channel::files::{self, FileError, Secrecy};
use zerotrip_channel::{HomeError, SystemHome};
use zerotrip_datasets::{DatasetFile, FileError as DatasetError, template};
use zerotrip_proto::v1::{Approval, Approvals, DatasetStatement, Envelope, ScanTemplate};
use zerotrip_proto::{payload_type, to_timestamp};
use zerotrip_trust::dsse::{self, DsseError};

use crate::serving::owner_of;

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
    #[error("`{0}` is damaged: {1}; sign it again")]
    Damaged(String, String),
    /// `connector.toml`.
    #[error("`{0}`: {1}")]
    Config(String, String),
    /// Nobody signed it.
    #[error("dataset `{0}` is not signed; run `zerotrip-connector sign` on its file")]
    Unsigned(String),
    /// Not ours.
    #[error("dataset `{0}` belongs to member `{1}`, and this connector is member `{2}`'s")]
    NotOurs(String, String, String),
    /// Not what the owner signed.
    #[error("the hub's catalog asks dataset `{0}` for what its signed statement does not have: {1}")]
    Misfit(String, String),
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
    toml::from_str(&text).map_err(|error| DeskError::Config(path.display().to_string(), error.message().to_owned()))
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
    Ok((file, envelope(&signed)?))
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

/// Signs a dataset file with the owner's key, and attaches it.
pub fn sign_dataset(home: &SystemHome, path: &Path) -> Result<DatasetFile, DeskError> {
    let file = read_owned(home, path)?;
    let mut config = config(&home.folder)?;
    let absolute = std::path::absolute(path).map_err(|error| FileError { path: path.to_owned(), error })?;
    let name = absolute.display().to_string();
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

/// The owner's signed approvals, if there are any.
pub fn approvals(folder: &Path) -> Result<Option<Envelope>, DeskError> {
    let path = folder.join("signed").join("approvals.dsse");
    if path.exists() { envelope(&path).map(Some) } else { Ok(None) }
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

/// Adds approvals for templates on this member's datasets, for these requesters and purposes, and signs the whole anew.
pub fn approve(home: &SystemHome, templates: &[ScanTemplate], requesters: &[String], purposes: &[String]) -> Result<usize, DeskError> {
    let member = home.system.member().unwrap_or_default().to_owned();
    let mut all = match approvals(&home.folder)? {
        Some(envelope) => {
            let (payload, _) = dsse::peek(&envelope, payload_type::APPROVALS)?;
            dsse::decode::<Approvals>(payload)?
        }
        None => Approvals { member: member.clone(), ..Approvals::default() },
    };
    let ours = templates.iter().filter(|template| owner_of(&template.dataset) == member);
    let mut added = 0;
    for template in ours {
        // The same scan of the same check is replaced: only its newest approved form is served.
        all.approvals.retain(|approval| {
            !approval.template.as_ref().is_some_and(|known| known.check == template.check && known.scan == template.scan)
        });
        all.approvals.push(Approval { template: Some(template.clone()), requesters: requesters.to_vec(), purposes: purposes.to_vec() });
        added += 1;
    }
    all.version += 1;
    all.signed_at = Some(to_timestamp(SystemTime::now()));
    let envelope = dsse::seal(payload_type::APPROVALS, &all, &home.key("approve")?)?;
    files::write(&home.folder.join("signed").join("approvals.dsse"), &envelope.encode_to_vec(), Secrecy::Public)?;
    Ok(added)
}

fn envelope(path: &Path) -> Result<Envelope, DeskError> {
    Envelope::decode(files::read(path)?.as_slice()).map_err(|error| DeskError::Damaged(path.display().to_string(), error.to_string()))
}
