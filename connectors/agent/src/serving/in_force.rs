//! What is in force here: the directory, the owner's approvals and datasets.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use zerotrip_channel::files;
use zerotrip_proto::v1::{Approvals, Envelope};
use zerotrip_trust::directory::Directory;

use crate::attached_dataset::AttachedDataset;
use crate::gate::ApprovedScans;
use crate::owner_store::datasets;
use crate::owner_store::error::OwnerStoreError;
use crate::owner_store::ownership::open_owners;
use crate::owner_store::versions::Versioned;
use crate::scan_plan::ScanPlan;
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
    pub(super) approved: ApprovedScans,
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
        for (id, dataset) in &datasets.open {
            if let Err(why) = dataset.signed_by_owner(&directory, now) {
                tracing::warn!(
                    dataset = %id,
                    %why,
                    "not served: its owner's signature is not valid"
                );
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
        let approved = opened.map_or_else(ApprovedScans::default, |opened| {
            ApprovedScans::new(opened, |template| match datasets.open.get(&template.dataset) {
                Some(dataset) => ScanPlan::of(template, (&dataset.file, &dataset.statement)),
                None => Err(format!("no dataset `{}` is attached here", template.dataset)),
            })
        });
        Self { directory, envelope, datasets, approvals, approved_version, approved, unserved }
    }

    pub(super) fn served_now(&self) -> impl Iterator<Item = (&String, &Arc<AttachedDataset>)> {
        self.datasets.open.iter().filter(|(id, _)| !self.unserved.contains_key(*id))
    }

    pub(super) fn statements(&self) -> Vec<Envelope> {
        self.served_now().map(|(_, dataset)| dataset.envelope.clone()).collect()
    }

    /// Keeps the versions of everything whose signature was verified. Unsigned content raises no
    /// version.
    pub(super) fn remember_versions(&self, folder: &Path) -> Result<(), OwnerStoreError> {
        for (_, dataset) in self.served_now() {
            dataset.remember_versions(folder)?;
        }
        self.approved_version
            .map_or(Ok(()), |version| Versioned::Approvals.remember(folder, version))
    }
}

impl Datasets {
    /// Everything that the folder attaches. A dataset that is known and was not signed anew stays
    /// the same.
    pub(super) fn read(folder: &Path, known: &Self) -> Result<Self, OwnerStoreError> {
        let mut read = Self::default();
        for path in datasets::dataset_paths(folder)? {
            // A broken dataset does not affect the others.
            match open_dataset(folder, &path, known) {
                Ok(dataset)
                    if read.open.contains_key(&dataset.file.id)
                        || read.broken.contains_key(&dataset.file.id) =>
                {
                    // The connector does not guess which of them is meant.
                    read.open.remove(&dataset.file.id);
                    read.broken.insert(
                        dataset.file.id.clone(),
                        "two attached files describe it. Remove one of their lines from \
                         `connector.toml`"
                            .to_owned(),
                    );
                }
                Ok(dataset) => {
                    read.open.insert(dataset.file.id.clone(), dataset);
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
    let unread = |error: OwnerStoreError| (path.display().to_string(), error.to_string());
    let id = datasets::read_dataset(path).map_err(unread)?.id;
    let before = known.open.get(&id);
    let wrong = |error: OwnerStoreError| (id.clone(), error.to_string());
    // Signing replaces more than one file: they are read when all are there.
    let read = files::lock(&crate::owner_store::signed_file::signing_lock(folder))
        .map_err(OwnerStoreError::from)
        .and_then(|_one| {
            let signed = datasets::signed_dataset(folder, path)?;
            Ok((signed, adjudications(folder, &id)?))
        });
    let (signed, adjudicated) = match (read, before) {
        (Ok(read), _) => read,
        // An older copy is not taken up; the newer one stays in force.
        (Err(error @ OwnerStoreError::Older { .. }), Some(before)) => {
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

/// The owner's rulings on unreadable rows, unless they are an older copy.
fn adjudications(
    folder: &Path,
    dataset: &str,
) -> Result<Option<(Rulings, Envelope)>, OwnerStoreError> {
    let found = crate::owner_store::adjudications::load(folder, dataset)?;
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
