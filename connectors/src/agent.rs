//! The running agent: what is in force here (directory, approvals, datasets), and the one path that a scan takes through it.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use serde::Serialize;
use tokio::sync::watch;
use zerotrip_channel::files::FileError;
use zerotrip_channel::{HomeError, SystemHome, files};
use zerotrip_proto::v1::{Approvals, Envelope, ErrorCode};
use zerotrip_proto::{Refusal, payload_type};
use zerotrip_trust::directory::Directory;
use zerotrip_trust::dsse;
use zerotrip_trust::identity::Identity;

use crate::adjudications::Adjudications;
use crate::approving;
use crate::desk::{self, DeskError};
use crate::gate::{self, Admitted, Arrival, Served};
use crate::journal::Journal;
use crate::quality::Qualities;
use crate::scan::{self, Messages, Shape};
use crate::serving::{Serving, verify_owner};
use crate::source::SourceError;
use crate::used::Used;

/// Time between two looks at whether the owner approved or withdrew anything.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// The running agent.
#[derive(Debug)]
pub struct Agent {
    home: SystemHome,
    uri: String,
    member: String,
    datasets: BTreeMap<String, Arc<Serving>>,
    /// What is attached and could not be opened, by id (by its file where even that is unknown), and why.
    broken: BTreeMap<String, String>,
    in_force: RwLock<Arc<InForce>>,
    /// Held while what is in force is replaced: by one at a time.
    replacing: Mutex<()>,
    /// Told when it was, for scans under way.
    replaced: watch::Sender<()>,
    used: Used,
    journal: Journal,
    qualities: Qualities,
    /// Held as long as this serves: two would write one journal.
    _lock: File,
}

/// What the newest directory makes of the owner's signatures.
#[derive(Debug)]
struct InForce {
    directory: Directory,
    envelope: Envelope,
    approvals: Option<Envelope>,
    /// The approvals' version, where their signature holds.
    approved_version: Option<u64>,
    served: Served,
    /// Why a dataset is not served, by id.
    unserved: BTreeMap<String, String>,
}

/// Why the agent cannot start.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The folder with keys and certificates.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The owner's files.
    #[error(transparent)]
    Desk(#[from] DeskError),
    /// Of several datasets, none can be served.
    #[error("nothing can be served:{}", reasons(.0))]
    Nothing(BTreeMap<String, String>),
    /// The journal.
    #[error("the journal cannot be opened: {0}")]
    Journal(std::io::Error),
    /// The lock.
    #[error(transparent)]
    File(#[from] FileError),
    /// Somebody else holds it.
    #[error("another `serve` runs in `{0}`; stop that one first")]
    Runs(String),
}

#[derive(Serialize)]
struct ScanLine<'a> {
    exchange: &'a str,
    grant: &'a str,
    requester: &'a str,
    official: &'a str,
    check: &'a str,
    scan: &'a str,
    dataset: &'a str,
    purpose: &'a str,
    legal_basis: &'a str,
    case: &'a str,
    persons: Vec<String>,
}

#[derive(Serialize)]
struct EndLine<'a> {
    grant: &'a str,
    rows: u64,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    unreadable_rows_that_could_match: &'a [String],
}

#[derive(Serialize)]
struct FailLine<'a> {
    grant: &'a str,
    code: &'a str,
    detail: &'a str,
}

#[derive(Serialize)]
struct RefusalLine<'a> {
    code: &'a str,
    why: &'a str,
}

impl Agent {
    /// Opens everything that the folder names.
    pub fn open(folder: &Path) -> Result<Self, AgentError> {
        let home = SystemHome::load(folder)?;
        let lock = files::try_lock(&folder.join("serve.lock"))?.ok_or_else(|| AgentError::Runs(folder.display().to_string()))?;
        let now = SystemTime::now();
        let envelope = home.kept_directory()?;
        let directory = Directory::open(&envelope, &home.authority, now, 0).map_err(HomeError::from)?;
        let (mut datasets, mut broken) = (BTreeMap::new(), BTreeMap::new());
        for path in desk::dataset_paths(folder)? {
            // One that is broken takes none of the others with it.
            match open_dataset(folder, &path) {
                Ok(serving) if datasets.contains_key(&serving.file.id) || broken.contains_key(&serving.file.id) => {
                    // Which of them is meant is not ours to guess.
                    datasets.remove(&serving.file.id);
                    broken.insert(
                        serving.file.id.clone(),
                        "two attached files describe it; take one of their lines out of `connector.toml`".to_owned(),
                    );
                }
                Ok(serving) => {
                    datasets.insert(serving.file.id.clone(), Arc::new(serving));
                }
                Err((name, why)) => {
                    tracing::error!(dataset = %name, %why, "not served");
                    broken.insert(name, why);
                }
            }
        }
        if datasets.is_empty() && !broken.is_empty() {
            return Err(AgentError::Nothing(broken));
        }
        let approvals = approving::read(folder)?;
        approving::not_older(folder, approvals.as_ref())?;
        let journal = Journal::open(&folder.join("journal")).map_err(AgentError::Journal)?;
        let member = home.system.member().unwrap_or_default().to_owned();
        let in_force = InForce::new(directory, envelope, &member, (&datasets, &broken), approvals, now);
        if let Some(version) = in_force.approved_version {
            approving::remember(folder, version)?;
        }
        Ok(Self {
            uri: home.uri(),
            member,
            in_force: RwLock::new(Arc::new(in_force)),
            replacing: Mutex::new(()),
            replaced: watch::Sender::new(()),
            home,
            datasets,
            broken,
            used: Used::new(now),
            journal,
            qualities: Qualities::default(),
            _lock: lock,
        })
    }

    /// Who and where this is.
    pub fn home(&self) -> &SystemHome {
        &self.home
    }

    /// The ids of the datasets that are served.
    pub fn served(&self) -> Vec<String> {
        let current = self.current();
        self.datasets.keys().filter(|id| !current.unserved.contains_key(*id)).cloned().collect()
    }

    /// Why a dataset is attached but not served, in the owner's words.
    pub fn unserved(&self) -> BTreeMap<String, String> {
        self.current().unserved.clone()
    }

    /// Looks up the persons whom owners know to be in what is served, in all datasets at once; says of each where they are not found why.
    /// Such a dataset stays attached: each scan of it is answered with that it is implausible, until they are found.
    pub async fn prove(&self) -> BTreeMap<String, String> {
        let served = self.served();
        let all = self.datasets.iter().filter(|(id, _)| served.contains(*id));
        let looks = all.map(|(id, serving)| async move { (id.clone(), serving.prove().await) });
        let mut failed = BTreeMap::new();
        for (id, looked) in futures::future::join_all(looks).await {
            if let Err(error) = looked {
                tracing::error!(dataset = %id, %error, "nothing rests upon it now");
                failed.insert(id, error.to_string());
            }
        }
        failed
    }

    /// How many scan templates the owner has approved.
    pub fn approved(&self) -> usize {
        self.current().served.len()
    }

    /// The owner's signed statements of what is served.
    pub fn statements(&self) -> Vec<Envelope> {
        let current = self.current();
        let served = self.datasets.iter().filter(|(id, _)| !current.unserved.contains_key(*id));
        served.map(|(_, serving)| serving.envelope.clone()).collect()
    }

    /// What was found wrong with what is served, signed by this connector; nothing yet of what was not looked at.
    pub fn quality(&self) -> Vec<Envelope> {
        self.qualities.of(self.served().iter().map(String::as_str))
    }

    /// Looks now and then at every cell of what is attached, for the catalog; never ends.
    pub async fn keep_looking(&self) {
        let all = self.datasets.values().map(|serving| self.qualities.keep(Arc::clone(serving), &self.uri, &self.home.sign));
        futures::future::join_all(all).await;
    }

    /// The version of the directory in force.
    pub fn directory_version(&self) -> u64 {
        self.current().directory.version()
    }

    /// Puts a newer directory in force: refused if the authority did not sign it, or if it is older than the one here.
    pub fn take_directory(&self, envelope: &Envelope, now: SystemTime) -> Result<u64, Refusal> {
        let _one = self.replacing.lock().unwrap_or_else(PoisonError::into_inner);
        let current = self.current();
        if *envelope == current.envelope {
            return Ok(current.directory.version());
        }
        let directory = Directory::open(envelope, &self.home.authority, now, current.directory.version());
        let directory = directory.map_err(|error| self.refused(Refusal::new(error.code(), format!("key directory: {error}"))))?;
        let version = directory.version();
        self.home.keep_directory(envelope).map_err(|error| {
            tracing::error!(%error, "the new key directory cannot be kept");
            Refusal::new(ErrorCode::SourceFailed, "the new key directory cannot be kept on this connector's disk")
        })?;
        self.put_in_force(directory, envelope.clone(), current.approvals.clone(), now);
        tracing::info!(version, "new key directory in force");
        Ok(version)
    }

    /// Takes up what its owner approved or withdrew since; whether there was anything. What cannot be read approves nothing.
    pub fn take_approvals(&self, now: SystemTime) -> bool {
        let _one = self.replacing.lock().unwrap_or_else(PoisonError::into_inner);
        let current = self.current();
        let approvals = approving::read(&self.home.folder).unwrap_or_else(|error| {
            tracing::error!(%error, "nothing is served: the owner's approvals cannot be read");
            None
        });
        if approvals == current.approvals {
            return false;
        }
        // What was in force may be gone by now; what was the highest is not.
        if let Err(error) = approving::not_older(&self.home.folder, approvals.as_ref()) {
            tracing::error!(%error, "these approvals are not taken up");
            return false;
        }
        self.put_in_force(current.directory.clone(), current.envelope.clone(), approvals, now);
        if let Some(version) = self.current().approved_version
            && let Err(error) = approving::remember(&self.home.folder, version)
        {
            tracing::error!(%error, "that these approvals were in force cannot be kept: older ones would be taken up after them");
        }
        tracing::info!(scans = self.approved(), "the owner's approvals as they stand now are in force");
        true
    }

    /// Takes up whatever its owner approves or withdraws, soon after; never ends.
    pub async fn follow_approvals(&self) {
        let path = approving::path(&self.home.folder);
        // A signed file is replaced as a whole, by another one.
        let stamp = || std::fs::metadata(&path).map(|found| (found.ino(), found.len(), found.modified().ok())).ok();
        let mut known = None;
        let mut ticks = tokio::time::interval(LOOK_EVERY);
        loop {
            ticks.tick().await;
            let now = stamp();
            if now != known {
                self.take_approvals(SystemTime::now());
                known = now;
            }
        }
    }

    fn put_in_force(&self, directory: Directory, envelope: Envelope, approvals: Option<Envelope>, now: SystemTime) {
        let next = InForce::new(directory, envelope, &self.member, (&self.datasets, &self.broken), approvals, now);
        *self.in_force.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
        self.replaced.send_replace(());
    }

    /// One scan, from its ticket to its receipt. What goes wrong is journalled here, and the hub hears a code.
    pub async fn scan(&self, ticket: &Envelope, hub: &str, out: &Messages) -> Result<(), Refusal> {
        let now = SystemTime::now();
        let current = self.current();
        let admitted = self.admit(ticket, hub, &current, now);
        let admitted = admitted.and_then(|admitted| Ok((self.serving(&admitted.approved.template().dataset, &current)?, admitted)));
        let (serving, admitted) = match admitted {
            Ok(admitted) => admitted,
            Err(refusal) => return Err(self.refused(refusal)),
        };
        self.note("scan", &ScanLine::of(&admitted))?;
        let grant = admitted.grant.id.as_str();
        let mut replaced = self.replaced.subscribe();
        let served = tokio::select! {
            served = scan::serve(&admitted, &serving, &self.uri, &self.home.sign, out) => served,
            why = self.withdrawn(&admitted, &mut replaced) => Err(why),
        };
        match served {
            Ok(served) => {
                let end = EndLine { grant, rows: served.rows, unreadable_rows_that_could_match: &served.could_match };
                self.note("answered", &end)
            }
            Err(error) => {
                tracing::warn!(dataset = %serving.file.id, %error, "a scan was not answered");
                self.note("failed", &FailLine { grant, code: error.code.name(), detail: &error.detail })?;
                Err(Refusal::new(error.code, "the source did not answer whole; its department's log says why"))
            }
        }
    }

    /// Journals a refusal on its way out. One that cannot be journalled is a refusal all the same.
    pub fn refused(&self, refusal: Refusal) -> Refusal {
        let noted = self.note("refused", &RefusalLine { code: refusal.code.name(), why: &refusal.en });
        noted.err().unwrap_or(refusal)
    }

    fn admit(&self, ticket: &Envelope, hub: &str, current: &InForce, now: SystemTime) -> Result<Admitted, Refusal> {
        if current.directory.expires_at() <= now {
            return Err(Refusal::new(ErrorCode::StaleBundle, "this connector's key directory has expired; publish a new one"));
        }
        let arrival = Arrival {
            connector: &self.uri,
            hub,
            directory: &current.directory,
            served: &current.served,
            now,
            remembers_since: self.used.since(),
        };
        let admitted = gate::admit(ticket, &arrival)?;
        self.used.spend(&admitted.grant, &admitted.approved.template().scan, now)?;
        Ok(admitted)
    }

    fn serving(&self, dataset: &str, current: &InForce) -> Result<Arc<Serving>, Refusal> {
        if let Some(why) = current.unserved.get(dataset) {
            tracing::warn!(dataset, why, "asked for a dataset that is attached but not served");
            return Err(Refusal::new(
                ErrorCode::GateRefused,
                "this dataset is attached, but not served now: its department's log says why",
            ));
        }
        let serving = self.datasets.get(dataset).cloned();
        serving.ok_or_else(|| Refusal::new(ErrorCode::UnknownName, format!("no dataset `{dataset}` is attached here")))
    }

    /// Completes when the authority or the owner no longer lets this requester be served, though its scan is under way.
    async fn withdrawn(&self, admitted: &Admitted, replaced: &mut watch::Receiver<()>) -> SourceError {
        loop {
            let current = self.current();
            let issuer = admitted.request.issuer.parse::<Identity>();
            if !issuer.is_ok_and(|issuer| current.directory.is_active(&issuer)) {
                return SourceError::new(ErrorCode::MemberSuspended, format!("`{}` was suspended meanwhile", admitted.request.issuer));
            }
            if !current.served.still_serves(admitted) {
                return SourceError::new(ErrorCode::GateRefused, "its owner withdrew the approval meanwhile");
            }
            if replaced.changed().await.is_err() {
                return SourceError::new(ErrorCode::SourceFailed, "the connector is stopping");
            }
        }
    }

    fn current(&self) -> Arc<InForce> {
        Arc::clone(&self.in_force.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What cannot be journalled is not served.
    fn note<T: Serialize>(&self, event: &str, entry: &T) -> Result<(), Refusal> {
        self.journal.record(event, entry).map_err(|error| {
            tracing::error!(%error, "the journal cannot be written");
            Refusal::new(ErrorCode::SourceFailed, "the department's journal cannot be written")
        })
    }
}

impl InForce {
    fn new(
        directory: Directory,
        envelope: Envelope,
        member: &str,
        (datasets, broken): (&BTreeMap<String, Arc<Serving>>, &BTreeMap<String, String>),
        approvals: Option<Envelope>,
        now: SystemTime,
    ) -> Self {
        let mut unserved = broken.clone();
        for (id, serving) in datasets {
            if let Err(why) = serving.signed_by_owner(&directory, now) {
                tracing::warn!(dataset = %id, %why, "not served: its owner's signature does not hold");
                unserved.insert(id.clone(), why);
            }
        }
        let opened = approvals.as_ref().and_then(|envelope| match open_approvals(envelope, member, &directory, now) {
            Ok(opened) => Some(opened),
            Err(why) => {
                tracing::warn!(%why, "nothing is served: the owner's approvals do not hold");
                None
            }
        });
        let approved_version = opened.as_ref().map(|opened| opened.version);
        let served = opened.map_or_else(Served::default, |opened| {
            Served::new(opened, |template| match datasets.get(&template.dataset) {
                Some(serving) => Shape::of(template, serving),
                None => Err(format!("no dataset `{}` is attached here", template.dataset)),
            })
        });
        Self { directory, envelope, approvals, approved_version, served, unserved }
    }
}

/// One dataset, or its name and what is wrong with it.
fn open_dataset(folder: &Path, path: &Path) -> Result<Serving, (String, String)> {
    let unread = |error: DeskError| (path.display().to_string(), error.to_string());
    let id = desk::read_dataset(path).map_err(unread)?.id;
    let wrong = |why: String| (id.clone(), why);
    let (file, statement) = desk::signed_dataset(folder, path).map_err(|error| wrong(error.to_string()))?;
    let adjudicated = Adjudications::load(folder, &id).map_err(|error| wrong(error.to_string()))?;
    let base = files::folder_of(path);
    Serving::open(file, statement, adjudicated, base, &folder.join("state")).map_err(|error| wrong(error.to_string()))
}

fn reasons(broken: &BTreeMap<String, String>) -> String {
    broken.iter().map(|(name, why)| format!("\n  {name}: {why}")).collect()
}

fn open_approvals(envelope: &Envelope, member: &str, directory: &Directory, now: SystemTime) -> Result<Approvals, String> {
    verify_owner(envelope, payload_type::APPROVALS, member, directory, now)?;
    let (payload, _) = dsse::peek(envelope, payload_type::APPROVALS).map_err(|error| error.to_string())?;
    let approvals: Approvals = dsse::decode(payload).map_err(|error| error.to_string())?;
    if approvals.member == member { Ok(approvals) } else { Err(format!("they are member `{}`'s", approvals.member)) }
}

impl<'a> ScanLine<'a> {
    fn of(admitted: &'a Admitted) -> Self {
        let request = &admitted.request;
        Self {
            exchange: &admitted.grant.exchange_id,
            grant: &admitted.grant.id,
            requester: &request.issuer,
            official: &request.official,
            check: &admitted.approved.template().check,
            scan: &admitted.approved.template().scan,
            dataset: &admitted.approved.template().dataset,
            purpose: &request.purpose,
            legal_basis: &request.legal_basis,
            case: &request.case_number,
            persons: admitted.keys.iter().map(ToString::to_string).collect(),
        }
    }
}

/// How long a draining agent lets scans finish.
pub const DRAIN: Duration = Duration::from_secs(10);
