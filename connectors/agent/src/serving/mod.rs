//! The agent while it serves: what is in force here (directory, approvals, datasets), and the one
//! path that a scan takes through it.

mod following;
mod hub_peer;
mod in_force;
mod scanning;

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use zerotrip_channel::files::FileError;
use zerotrip_channel::{BatchSigner, HomeError, SystemHome, files};
use zerotrip_proto::bounds;
use zerotrip_proto::v1::{Envelope, NoticeReason, ScanReceipt};
use zerotrip_trust::directory::Directory;
use zerotrip_trust::ending::Ending;

use in_force::{Datasets, InForce};

use crate::clock::Clock;
use crate::hub_watermark::HubWatermark;
use crate::journal::{Journal, served_since};
use crate::owner_store::approvals;
use crate::owner_store::datasets::{self, Stamp};
use crate::owner_store::error::OwnerStoreError;
use crate::quality::Qualities;
use crate::used_tickets::UsedTickets;

/// How long a draining agent lets scans finish.
pub const DRAIN: Duration = Duration::from_secs(10);

/// The running agent.
#[derive(Debug)]
pub struct Agent {
    home: SystemHome,
    /// Signs the receipts that are ready together.
    receipts: BatchSigner<ScanReceipt>,
    /// The same folder with the certificate that it dials with now, which may be a renewed one.
    dialling: RwLock<Arc<SystemHome>>,
    uri: String,
    member: String,
    in_force: RwLock<Arc<InForce>>,
    /// Held while what is in force is replaced: by one at a time.
    replacing: Mutex<()>,
    /// Notified then, for scans under way.
    replaced: watch::Sender<()>,
    /// Notified when datasets were opened anew.
    reopened: watch::Sender<()>,
    /// Notified when what is stated to the hub has changed: a new channel carries it.
    restated: watch::Sender<()>,
    used_tickets: UsedTickets,
    journal: Journal,
    qualities: Qualities,
    clock: Clock,
    /// The largest state of the hub that was seen, so that a hub that was set back is refused.
    watermark: HubWatermark,
    /// Why the hub closes the channel, as it said last.
    notice: Mutex<Option<Notice>>,
    /// The owner's files as they were before they were read.
    read: BTreeMap<PathBuf, Option<Stamp>>,
    /// Held as long as this serves: two would write one journal.
    _lock: File,
}

/// Why the hub closes a channel, in its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// What kind.
    pub reason: NoticeReason,
    /// For people.
    pub why: String,
}

/// Why the agent cannot start.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The folder with keys and certificates.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The owner's files.
    #[error(transparent)]
    Owner(#[from] OwnerStoreError),
    /// Of several datasets, none can be served.
    #[error("nothing can be served:{}", reasons(.0))]
    Nothing(BTreeMap<String, String>),
    /// The journal.
    #[error("the journal cannot be opened: {0}")]
    Journal(std::io::Error),
    /// The lock.
    #[error(transparent)]
    File(#[from] FileError),
    /// Another process holds it.
    #[error("another `serve` runs in `{0}`. Stop that one first")]
    Runs(String),
}

impl Agent {
    /// Opens everything that the folder names.
    pub fn open(folder: &Path) -> Result<Self, AgentError> {
        let home = SystemHome::load(folder)?;
        let lock = files::try_lock(&folder.join("serve.lock"))?
            .ok_or_else(|| AgentError::Runs(folder.display().to_string()))?;
        let now = SystemTime::now();
        let envelope = home.kept_directory()?;
        let directory =
            Directory::open(&envelope, &home.authority, now, 0).map_err(HomeError::from)?;
        let read = datasets::stamps(folder);
        let datasets = Arc::new(Datasets::read(folder, &Datasets::default())?);
        if datasets.open.is_empty() && !datasets.broken.is_empty() {
            return Err(AgentError::Nothing(datasets.broken.clone()));
        }
        let approvals = approvals::read(folder)?;
        approvals::not_older(folder, approvals.as_ref())?;
        let journal = Journal::open(&folder.join("journal")).map_err(AgentError::Journal)?;
        // A request that was served before can be dated up to so much later than it was served.
        let served = served_since(&folder.join("journal"), now - bounds::CLOCK_SKEW);
        let used_tickets = UsedTickets::recalling(now, &served.map_err(AgentError::Journal)?);
        let member = home.system.member().unwrap_or_default().to_owned();
        let in_force = InForce::new(directory, envelope, &member, datasets, approvals, now);
        in_force.remember_versions(folder)?;
        Ok(Self {
            uri: home.uri(),
            member,
            in_force: RwLock::new(Arc::new(in_force)),
            replacing: Mutex::new(()),
            replaced: watch::Sender::new(()),
            reopened: watch::Sender::new(()),
            restated: watch::Sender::new(()),
            dialling: RwLock::new(Arc::new(home.clone())),
            receipts: BatchSigner::new(home.sign.clone()),
            home,
            used_tickets,
            journal,
            qualities: Qualities::default(),
            clock: Clock::default(),
            watermark: HubWatermark::new(folder),
            notice: Mutex::default(),
            read,
            _lock: lock,
        })
    }

    /// Who and where this is.
    pub fn home(&self) -> &SystemHome {
        &self.home
    }

    /// The same with the certificate to dial with.
    pub fn dialling(&self) -> Arc<SystemHome> {
        Arc::clone(&self.dialling.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes up the certificate in the folder, if it is another than the one in use: the channel is
    /// attached anew with it.
    pub fn take_certificate(&self) -> bool {
        let known = self.dialling();
        let found = match SystemHome::load(&self.home.folder) {
            Ok(found) => found,
            Err(error) => {
                tracing::debug!(%error, "the certificate in the folder is not taken up");
                return false;
            }
        };
        if found.certificate() == known.certificate() || found.system != known.system {
            return false;
        }
        *self.dialling.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(found);
        self.restated.send_replace(());
        true
    }

    /// What of this connector will end, and when.
    pub fn endings(&self) -> Vec<Ending> {
        self.dialling().endings(Some(&self.current().directory))
    }

    /// Notified when a directory, or what its owner signed, came in force.
    pub fn replaced(&self) -> watch::Receiver<()> {
        self.replaced.subscribe()
    }

    /// The ids of the datasets that are served.
    pub fn served(&self) -> Vec<String> {
        self.current().served_now().map(|(id, _)| id.clone()).collect()
    }

    /// Why a dataset is attached but not served, in the owner's words.
    pub fn unserved(&self) -> BTreeMap<String, String> {
        self.current().unserved.clone()
    }

    /// Looks the known persons up in all datasets that are served, at once. Returns the datasets in
    /// which they are not found, and why. Such a dataset stays attached: each scan of it fails as
    /// implausible until they are found.
    pub async fn verify_probes(&self) -> BTreeMap<String, String> {
        let current = self.current();
        let looks = current
            .served_now()
            .map(|(id, dataset)| async move { (id.clone(), dataset.verify_probes_now().await) });
        let mut failed = BTreeMap::new();
        for (id, looked) in futures::future::join_all(looks).await {
            if let Err(error) = looked {
                tracing::error!(dataset = %id, %error, "nothing is answered from it now");
                failed.insert(id, error.to_string());
            }
        }
        failed
    }

    /// How many scan templates the owner has approved.
    pub fn approved(&self) -> usize {
        self.current().approved.len()
    }

    /// The owner's signed statements of what is served.
    pub fn statements(&self) -> Vec<Envelope> {
        self.current().statements()
    }

    /// The quality of what is served, signed by this connector; of datasets that were surveyed.
    pub fn quality(&self) -> Vec<Envelope> {
        self.qualities.of(self.served().iter().map(String::as_str))
    }

    /// Surveys now and then all rows of what is attached, for the catalog; never ends.
    pub async fn keep_looking(&self) {
        let mut reopened = self.reopened.subscribe();
        loop {
            reopened.mark_unchanged();
            let datasets = Arc::clone(&self.current().datasets);
            let all = datasets.open.values().map(|dataset| {
                self.qualities.keep(Arc::clone(dataset), &self.uri, &self.home.sign)
            });
            tokio::select! {
                _never = futures::future::join_all(all) => {}
                _either = reopened.changed() => continue,
            }
            // There is nothing to look at until something is attached.
            if reopened.changed().await.is_err() {
                return;
            }
        }
    }

    /// Notified when what is stated to the hub has changed.
    pub fn restated(&self) -> watch::Receiver<()> {
        self.restated.subscribe()
    }

    /// The version of the directory in force.
    pub fn directory_version(&self) -> u64 {
        self.current().directory.version()
    }

    fn current(&self) -> Arc<InForce> {
        Arc::clone(&self.in_force.read().unwrap_or_else(PoisonError::into_inner))
    }
}

fn reasons(broken: &BTreeMap<String, String>) -> String {
    broken.iter().map(|(name, why)| format!("\n  {name}: {why}")).collect()
}
