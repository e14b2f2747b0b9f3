//! What is in force here: the directory, the owner's approvals and datasets.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use zerotrip_channel::files;
use zerotrip_proto::v1::{Approvals, Envelope};
use zerotrip_trust::directory::Directory;

use crate::attached_dataset::AttachedDataset;
use crate::desk::{self};
use crate::gate::Served;
use crate::owner::open_owners;
use crate::owner_files::DeskError;
use crate::shape::Shape;
use crate::versions::Versioned;
use zerotrip_sources::rulings::Rulings;

/// What the newest directory makes of the owner's signatures.
#[derive(Debug)]
pub(super) struct InForce {
    pub(super) directory: Directory,
    pub(super) envelope: Envelope,
    pub(super) datasets: Arc<Datasets>,
    pub(super) approvals: Option<Envelope>,
    /// The approvals' version, where their signature holds.
    pub(super) approved_version: Option<u64>,
    pub(super) served: Served,
    /// Why a dataset is not served, by id.
    pub(super) unserved: BTreeMap<String, String>,
}

/// What is attached, as its owner signed it.
#[derive(Debug, Default)]
pub(super) struct Datasets {
    /// By id.
    pub(super) open: BTreeMap<String, Arc<AttachedDataset>>,
    /// What is attached and could not be opened, by id (by its file where even that is unknown),
    /// and why.
    pub(super) broken: BTreeMap<String, String>,
}

impl InForce {
    pub(super) fn new(
        directory: Directory,
        envelope: Envelope,
        member: &str,
        datasets: Arc<Datasets>,
        approvals: Option<Envelope>,
        now: SystemTime,
    ) -> Self {
        let mut unserved = datasets.broken.clone();
        for (id, serving) in &datasets.open {
            if let Err(why) = serving.signed_by_owner(&directory, now) {
                tracing::warn!(dataset = %id, %why, "not served: its owner's signature does not hold");
                unserved.insert(id.clone(), why);
            }
        }
        let opened = approvals.as_ref().and_then(|envelope| {
            match open_approvals(envelope, member, &directory, now) {
                Ok(opened) => Some(opened),
                Err(why) => {
                    tracing::warn!(%why, "nothing is served: the owner's approvals do not hold");
                    None
                }
            }
        });
        let approved_version = opened.as_ref().map(|opened| opened.version);
        let served = opened.map_or_else(Served::default, |opened| {
            Served::new(opened, |template| match datasets.open.get(&template.dataset) {
                Some(serving) => Shape::of(template, serving),
                None => Err(format!("no dataset `{}` is attached here", template.dataset)),
            })
        });
        Self { directory, envelope, datasets, approvals, approved_version, served, unserved }
    }

    pub(super) fn served_now(&self) -> impl Iterator<Item = (&String, &Arc<AttachedDataset>)> {
        self.datasets.open.iter().filter(|(id, _)| !self.unserved.contains_key(*id))
    }

    pub(super) fn statements(&self) -> Vec<Envelope> {
        self.served_now().map(|(_, serving)| serving.envelope.clone()).collect()
    }

    /// Keeps the versions of all whose signatures hold: what nobody signed raises no number.
    pub(super) fn remember_versions(&self, folder: &Path) -> Result<(), DeskError> {
        for (_, serving) in self.served_now() {
            serving.remember_versions(folder)?;
        }
        self.approved_version
            .map_or(Ok(()), |version| Versioned::Approvals.remember(folder, version))
    }
}

impl Datasets {
    /// Everything that the folder attaches; what is known and was not signed anew since is the
    /// same.
    pub(super) fn read(folder: &Path, known: &Self) -> Result<Self, DeskError> {
        let mut read = Self::default();
        for path in desk::dataset_paths(folder)? {
            // One that is broken takes none of the others with it.
            match open_dataset(folder, &path, known) {
                Ok(serving)
                    if read.open.contains_key(&serving.file.id)
                        || read.broken.contains_key(&serving.file.id) =>
                {
                    // Which of them is meant is not ours to guess.
                    read.open.remove(&serving.file.id);
                    read.broken.insert(
                        serving.file.id.clone(),
                        "two attached files describe it; take one of their lines out of \
                         `connector.toml`"
                            .to_owned(),
                    );
                }
                Ok(serving) => {
                    read.open.insert(serving.file.id.clone(), serving);
                }
                Err((name, why)) => {
                    tracing::error!(dataset = %name, %why, "not served");
                    read.broken.insert(name, why);
                }
            }
        }
        Ok(read)
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        let same =
            |(one, other): (&Arc<AttachedDataset>, &Arc<AttachedDataset>)| Arc::ptr_eq(one, other);
        self.broken == other.broken
            && self.open.len() == other.open.len()
            && self.open.values().zip(other.open.values()).all(same)
    }
}

/// One dataset, or its name and what is wrong with it.
fn open_dataset(
    folder: &Path,
    path: &Path,
    known: &Datasets,
) -> Result<Arc<AttachedDataset>, (String, String)> {
    let unread = |error: DeskError| (path.display().to_string(), error.to_string());
    let id = desk::read_dataset(path).map_err(unread)?.id;
    let before = known.open.get(&id);
    let wrong = |error: DeskError| (id.clone(), error.to_string());
    // One who is signing replaces more than one file: they are read when all are there.
    let read = files::lock(&crate::owner_files::signing_lock(folder))
        .map_err(DeskError::from)
        .and_then(|_one| {
            let signed = desk::signed_dataset(folder, path)?;
            Ok((signed, adjudications(folder, &id)?))
        });
    let (signed, adjudicated) = match (read, before) {
        (Ok(read), _) => read,
        // What was put back is not taken up, and what is newer and in force stays so.
        (Err(error @ DeskError::Older { .. }), Some(before)) => {
            tracing::error!(dataset = %id, %error, "not taken up");
            return Ok(Arc::clone(before));
        }
        (Err(error), _) => return Err(wrong(error)),
    };
    let envelope = adjudicated.as_ref().map(|(_, envelope)| envelope);
    if let Some(before) = before.filter(|before| before.is_of(&signed.envelope, envelope)) {
        return Ok(Arc::clone(before));
    }
    let base = files::folder_of(path);
    let opened = AttachedDataset::open(signed, adjudicated, base, &folder.join("state"));
    opened.map(Arc::new).map_err(|error| (id, error.to_string()))
}

/// What its owner states of unreadable rows, if that is no older copy.
fn adjudications(folder: &Path, dataset: &str) -> Result<Option<(Rulings, Envelope)>, DeskError> {
    let found = crate::adjudications::load(folder, dataset)?;
    if let Some((adjudications, _)) = &found {
        Versioned::Adjudications(dataset).not_older(folder, adjudications.version)?;
    }
    Ok(found)
}

pub(super) fn open_approvals(
    envelope: &Envelope,
    member: &str,
    directory: &Directory,
    now: SystemTime,
) -> Result<Approvals, String> {
    let approvals: Approvals = open_owners(envelope, member, directory, now)?;
    if approvals.member == member {
        Ok(approvals)
    } else {
        Err(format!("they are member `{}`'s", approvals.member))
    }
}
