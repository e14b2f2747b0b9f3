//! The running agent: what is in force here (directory, approvals, datasets), and the one path that
//! a scan takes through it.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use serde::Serialize;
use tokio::sync::watch;
use zerotrip_channel::Peer;
use zerotrip_channel::files::FileError;
use zerotrip_channel::{HomeError, SystemHome, files};
use zerotrip_proto::v1::{
    Approvals, DescribeRequest, Envelope, ErrorCode, KeyUsage, NoticeReason, NoticeRequest,
};
use zerotrip_proto::{Refusal, payload_type};
use zerotrip_trust::directory::Directory;
use zerotrip_trust::dsse;
use zerotrip_trust::ending::Ending;
use zerotrip_trust::identity::Identity;
use zerotrip_trust::note;

use crate::approving;
use crate::attached_dataset::AttachedDataset;
use crate::clock::Clock;
use crate::desk::{self, Stamp};
use crate::gate::{self, Admitted, Arrival, Served};
use crate::journal::Journal;
use crate::owner::verify_owner;
use crate::owner_files::DeskError;
use crate::quality::Qualities;
use crate::scan::{self, Messages};
use crate::seen::{ChannelProof, Continuity, Seen};
use crate::shape::Shape;
use crate::source::SourceError;
use crate::source::rulings::Rulings;
use crate::used::Used;
use crate::versions::Versioned;
use zerotrip_text::shown;

/// Time between two looks at whether the owner signed, approved or withdrew anything.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Characters of the hub's words that are shown.
const MOST_NOTICE: usize = 400;

/// The running agent.
#[derive(Debug)]
pub struct Agent {
    home: SystemHome,
    /// The same with the certificate that it dials with now, which may be a renewed one.
    dialling: RwLock<Arc<SystemHome>>,
    uri: String,
    member: String,
    in_force: RwLock<Arc<InForce>>,
    /// Held while what is in force is replaced: by one at a time.
    replacing: Mutex<()>,
    /// Told when it was, for scans under way.
    replaced: watch::Sender<()>,
    /// Told when datasets were opened anew.
    reopened: watch::Sender<()>,
    /// Told when what is stated to the hub has changed: it hears so on a new channel.
    restated: watch::Sender<()>,
    used: Used,
    journal: Journal,
    qualities: Qualities,
    clock: Clock,
    /// What was seen of the hub, so that one that was set back is refused.
    seen: Seen,
    /// What the hub said last of why it closes the channel.
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

/// What the newest directory makes of the owner's signatures.
#[derive(Debug)]
struct InForce {
    directory: Directory,
    envelope: Envelope,
    datasets: Arc<Datasets>,
    approvals: Option<Envelope>,
    /// The approvals' version, where their signature holds.
    approved_version: Option<u64>,
    served: Served,
    /// Why a dataset is not served, by id.
    unserved: BTreeMap<String, String>,
}

/// What is attached, as its owner signed it.
#[derive(Debug, Default)]
struct Datasets {
    /// By id.
    open: BTreeMap<String, Arc<AttachedDataset>>,
    /// What is attached and could not be opened, by id (by its file where even that is unknown),
    /// and why.
    broken: BTreeMap<String, String>,
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
        let lock = files::try_lock(&folder.join("serve.lock"))?
            .ok_or_else(|| AgentError::Runs(folder.display().to_string()))?;
        let now = SystemTime::now();
        let envelope = home.kept_directory()?;
        let directory =
            Directory::open(&envelope, &home.authority, now, 0).map_err(HomeError::from)?;
        let read = desk::stamps(folder);
        let datasets = Arc::new(Datasets::read(folder, &Datasets::default())?);
        if datasets.open.is_empty() && !datasets.broken.is_empty() {
            return Err(AgentError::Nothing(datasets.broken.clone()));
        }
        let approvals = approving::read(folder)?;
        approving::not_older(folder, approvals.as_ref())?;
        let journal = Journal::open(&folder.join("journal")).map_err(AgentError::Journal)?;
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
            home,
            used: Used::new(now),
            journal,
            qualities: Qualities::default(),
            clock: Clock::default(),
            seen: Seen::new(folder),
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

    /// What of this connector ends.
    pub fn endings(&self) -> Vec<Ending> {
        self.dialling().endings(Some(&self.current().directory))
    }

    /// Told when a directory, or what its owner signed, came in force.
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

    /// Looks up the persons whom owners know to be in what is served, in all datasets at once; says
    /// of each where they are not found why. Such a dataset stays attached: each scan of it is
    /// answered with that it is implausible, until they are found.
    pub async fn prove(&self) -> BTreeMap<String, String> {
        let current = self.current();
        let looks = current
            .served_now()
            .map(|(id, serving)| async move { (id.clone(), serving.prove().await) });
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
        self.current().statements()
    }

    /// What was found wrong with what is served, signed by this connector; nothing yet of what was
    /// not looked at.
    pub fn quality(&self) -> Vec<Envelope> {
        self.qualities.of(self.served().iter().map(String::as_str))
    }

    /// Looks now and then at every cell of what is attached, for the catalog; never ends.
    pub async fn keep_looking(&self) {
        let mut reopened = self.reopened.subscribe();
        loop {
            reopened.mark_unchanged();
            let datasets = Arc::clone(&self.current().datasets);
            let all = datasets.open.values().map(|serving| {
                self.qualities.keep(Arc::clone(serving), &self.uri, &self.home.sign)
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

    /// Told when what is stated to the hub has changed.
    pub fn restated(&self) -> watch::Receiver<()> {
        self.restated.subscribe()
    }

    /// The version of the directory in force.
    pub fn directory_version(&self) -> u64 {
        self.current().directory.version()
    }

    /// Refuses a hub whose certificate the directory in force has superseded: the hub itself may
    /// have brought it, after the handshake.
    pub fn require_current(&self, hub: &Peer) -> Result<(), Refusal> {
        if hub.is_superseded_hub(&self.current().directory) {
            let why =
                "the hub's certificate is from before it was enrolled anew, and counts no more";
            return Err(Refusal::new(ErrorCode::StaleBundle, why));
        }
        Ok(())
    }

    /// Puts a newer directory in force: refused if the authority did not sign it, or if it is older
    /// than the one here.
    pub fn take_directory(&self, envelope: &Envelope, now: SystemTime) -> Result<u64, Refusal> {
        let _one = self.replacing.lock().unwrap_or_else(PoisonError::into_inner);
        let current = self.current();
        if *envelope == current.envelope {
            return Ok(current.directory.version());
        }
        let directory =
            Directory::open_after(envelope, &self.home.authority, now, &current.directory);
        let directory = directory.map_err(|error| {
            self.refused(Refusal::new(error.code(), format!("key directory: {error}")))
        })?;
        let version = directory.version();
        self.home.keep_directory(envelope).map_err(|error| {
            tracing::error!(%error, "the new key directory cannot be kept");
            Refusal::new(
                ErrorCode::SourceFailed,
                "the new key directory cannot be kept on this connector's disk",
            )
        })?;
        self.put_in_force(
            directory,
            envelope.clone(),
            Arc::clone(&current.datasets),
            current.approvals.clone(),
            now,
        );
        tracing::info!(version, "new key directory in force");
        Ok(version)
    }

    /// Takes up what its owner approved or withdrew since; whether there was anything. What cannot
    /// be read approves nothing.
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
        self.put_in_force(
            current.directory.clone(),
            current.envelope.clone(),
            Arc::clone(&current.datasets),
            approvals,
            now,
        );
        tracing::info!(
            scans = self.approved(),
            "the owner's approvals as they stand now are in force"
        );
        true
    }

    /// Takes up what its owner signed since: datasets, and what is stated of their unreadable rows.
    /// Opening a source takes its time; what was in force until then is so meanwhile. What
    /// cannot be opened is not served, as it would not be after a restart.
    fn take_datasets(&self, now: SystemTime) {
        let known = Arc::clone(&self.current().datasets);
        let datasets = match Datasets::read(&self.home.folder, &known) {
            Ok(datasets) => Arc::new(datasets),
            Err(error) => {
                tracing::error!(%error, "what the owner signed since is not taken up");
                return;
            }
        };
        if datasets.is_same(&known) {
            return;
        }
        let _one = self.replacing.lock().unwrap_or_else(PoisonError::into_inner);
        let current = self.current();
        let before = current.statements();
        self.put_in_force(
            current.directory.clone(),
            current.envelope.clone(),
            Arc::clone(&datasets),
            current.approvals.clone(),
            now,
        );
        for (id, serving) in &datasets.open {
            if !known.open.get(id).is_some_and(|known| Arc::ptr_eq(known, serving)) {
                self.qualities.forget(id);
                tracing::info!(dataset = %id, "taken up as its owner signed it");
            }
        }
        for id in known
            .open
            .keys()
            .filter(|id| !datasets.open.contains_key(*id) && !datasets.broken.contains_key(*id))
        {
            tracing::info!(dataset = %id, "no longer attached");
        }
        self.reopened.send_replace(());
        if self.current().statements() != before {
            self.restated.send_replace(());
        }
    }

    /// Takes up whatever its owner signs, approves or withdraws, soon after; never ends.
    pub async fn follow_owner(self: &Arc<Self>) {
        let folder = self.home.folder.clone();
        let approvals = approving::path(&folder);
        let (mut approved, mut signed) = (None, self.read.clone());
        let mut changing = signed.clone();
        let mut ticks = tokio::time::interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let now = desk::stamp(&approvals);
            if now != approved {
                self.take_approvals(SystemTime::now());
                approved = now;
            }
            let now = desk::stamps(&folder);
            if now == signed {
                continue;
            }
            // One who copies files by hand has not finished while they still change.
            if now != changing {
                changing = now;
                continue;
            }
            signed = now;
            let agent = Arc::clone(self);
            // Beside this, for a source may take long to open, and a withdrawal does not wait for
            // it.
            let taking =
                tokio::task::spawn_blocking(move || agent.take_datasets(SystemTime::now()));
            tokio::pin!(taking);
            loop {
                tokio::select! {
                    _taken = &mut taking => break,
                    _tick = ticks.tick() => {
                        let now = desk::stamp(&approvals);
                        if now != approved {
                            self.take_approvals(SystemTime::now());
                            approved = now;
                        }
                    }
                }
            }
            let agent = Arc::clone(self);
            tokio::spawn(async move { agent.prove().await });
        }
    }

    /// The hub's clock beside this machine's: what is to be said of it is said in this log.
    pub fn compare_clocks(&self, here: SystemTime, hub: SystemTime) {
        if let Some(said) = self.clock.compare(here, hub) {
            tracing::warn!("{said}");
        }
    }

    /// What the hub shows of its log and its grants, against what was seen of them: one that is
    /// behind, or that shows nothing, is refused.
    pub fn compare_hub(
        &self,
        shown: &DescribeRequest,
        now: SystemTime,
    ) -> Result<Continuity, Refusal> {
        let refuse = |why: String| Err(self.refused(Refusal::new(ErrorCode::StaleBundle, why)));
        if shown.checkpoint.is_empty() {
            return refuse("the hub shows no tree head".to_owned());
        }
        let hub = self.home.hub.uri();
        let origin = hub.trim_start_matches("spiffe://");
        let keys = self.current().directory.hub_keys(&hub, KeyUsage::Checkpoint, now);
        let mut heads = keys.iter().filter_map(|holder| {
            note::open_checkpoint(&shown.checkpoint, origin, &holder.key).ok()
        });
        match heads.next() {
            Some(head) => self.seen.compare(&head, shown),
            None => refuse("the hub's tree head is not signed with a key of the hub".to_owned()),
        }
    }

    /// Leaves of the largest tree of the hub's log that was seen here.
    pub fn seen_size(&self) -> u64 {
        self.seen.size()
    }

    /// Something that the hub wants this department to know.
    pub fn hear(&self, notice: &NoticeRequest) {
        let why: String = shown(&notice.why).chars().take(MOST_NOTICE).collect();
        match notice.reason() {
            NoticeReason::NotTaken => {
                tracing::error!("the hub does not take what is stated here: {why}")
            }
            reason => {
                *self.notice.lock().unwrap_or_else(PoisonError::into_inner) =
                    Some(Notice { reason, why })
            }
        }
    }

    /// Why the hub closes the channel, if it has said so since this was asked last.
    pub fn take_notice(&self) -> Option<Notice> {
        self.notice.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn put_in_force(
        &self,
        directory: Directory,
        envelope: Envelope,
        datasets: Arc<Datasets>,
        approvals: Option<Envelope>,
        now: SystemTime,
    ) {
        let next = InForce::new(directory, envelope, &self.member, datasets, approvals, now);
        if let Err(error) = next.remember_versions(&self.home.folder) {
            tracing::error!(%error, "that this was in force cannot be kept: an older copy would be taken up after it");
        }
        *self.in_force.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
        self.replaced.send_replace(());
    }

    /// One scan, from its ticket to its receipt, for a hub that has proven so much on its channel.
    /// What goes wrong is journalled here, and the hub hears a code.
    pub async fn scan(
        &self,
        ticket: &Envelope,
        hub: &str,
        proof: &ChannelProof,
        out: &Messages,
    ) -> Result<(), Refusal> {
        let now = SystemTime::now();
        let current = self.current();
        let admitted = proof.require().and_then(|()| self.admit(ticket, hub, &current, now));
        let admitted = admitted.and_then(|admitted| {
            Ok((self.serving(&admitted.approved.template().dataset, &current)?, admitted))
        });
        let (serving, admitted) = match admitted {
            Ok(admitted) => admitted,
            Err(refusal) => {
                if matches!(refusal.code, ErrorCode::NotYetValid | ErrorCode::Expired)
                    && self.clock.may_say_refused()
                {
                    tracing::warn!(code = refusal.code.name(), why = %refusal.en, "a scan was refused for its times");
                }
                return Err(self.refused(refusal));
            }
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
                let end = EndLine {
                    grant,
                    rows: served.rows,
                    unreadable_rows_that_could_match: &served.could_match,
                };
                self.note("answered", &end)
            }
            Err(error) => {
                tracing::warn!(dataset = %serving.file.id, %error, "a scan was not answered");
                self.note(
                    "failed",
                    &FailLine { grant, code: error.code.name(), detail: &error.detail },
                )?;
                Err(Refusal::new(
                    error.code,
                    "the source did not answer whole; its department's log says why",
                ))
            }
        }
    }

    /// Journals a refusal on its way out. One that cannot be journalled is a refusal all the same.
    pub fn refused(&self, refusal: Refusal) -> Refusal {
        let noted =
            self.note("refused", &RefusalLine { code: refusal.code.name(), why: &refusal.en });
        noted.err().unwrap_or(refusal)
    }

    fn admit(
        &self,
        ticket: &Envelope,
        hub: &str,
        current: &InForce,
        now: SystemTime,
    ) -> Result<Admitted, Refusal> {
        if current.directory.expires_at() <= now {
            return Err(Refusal::new(
                ErrorCode::StaleBundle,
                "this connector's key directory has expired; publish a new one",
            ));
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
        self.seen.compare_grant(&admitted.grant)?;
        self.used.spend(&admitted.grant, &admitted.approved.template().scan, now)?;
        Ok(admitted)
    }

    fn serving(&self, dataset: &str, current: &InForce) -> Result<Arc<AttachedDataset>, Refusal> {
        if let Some(why) = current.unserved.get(dataset) {
            tracing::warn!(dataset, why, "asked for a dataset that is attached but not served");
            return Err(Refusal::new(
                ErrorCode::GateRefused,
                "this dataset is attached, but not served now: its department's log says why",
            ));
        }
        let serving = current.datasets.open.get(dataset).cloned();
        serving.ok_or_else(|| {
            Refusal::new(ErrorCode::UnknownName, format!("no dataset `{dataset}` is attached here"))
        })
    }

    /// Completes when the authority or the owner no longer lets this requester be served, though
    /// its scan is under way.
    async fn withdrawn(
        &self,
        admitted: &Admitted,
        replaced: &mut watch::Receiver<()>,
    ) -> SourceError {
        loop {
            let current = self.current();
            let issuer = admitted.request.issuer.parse::<Identity>();
            if !issuer.is_ok_and(|issuer| current.directory.is_active(&issuer)) {
                return SourceError::new(
                    ErrorCode::MemberSuspended,
                    format!("`{}` was suspended meanwhile", admitted.request.issuer),
                );
            }
            if !current.served.still_serves(admitted) {
                return SourceError::new(
                    ErrorCode::GateRefused,
                    "its owner withdrew the approval meanwhile",
                );
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

    fn served_now(&self) -> impl Iterator<Item = (&String, &Arc<AttachedDataset>)> {
        self.datasets.open.iter().filter(|(id, _)| !self.unserved.contains_key(*id))
    }

    fn statements(&self) -> Vec<Envelope> {
        self.served_now().map(|(_, serving)| serving.envelope.clone()).collect()
    }

    /// Keeps the versions of all whose signatures hold: what nobody signed raises no number.
    fn remember_versions(&self, folder: &Path) -> Result<(), DeskError> {
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
    fn read(folder: &Path, known: &Self) -> Result<Self, DeskError> {
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

    fn is_same(&self, other: &Self) -> bool {
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

fn reasons(broken: &BTreeMap<String, String>) -> String {
    broken.iter().map(|(name, why)| format!("\n  {name}: {why}")).collect()
}

fn open_approvals(
    envelope: &Envelope,
    member: &str,
    directory: &Directory,
    now: SystemTime,
) -> Result<Approvals, String> {
    verify_owner(envelope, payload_type::APPROVALS, member, directory, now)?;
    let (payload, _) =
        dsse::peek(envelope, payload_type::APPROVALS).map_err(|error| error.to_string())?;
    let approvals: Approvals = dsse::decode(payload).map_err(|error| error.to_string())?;
    if approvals.member == member {
        Ok(approvals)
    } else {
        Err(format!("they are member `{}`'s", approvals.member))
    }
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
