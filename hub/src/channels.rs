//! The connectors that are attached now: who dialled in, which datasets each answers for, and how to ask.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant, SystemTime};

use arrow_flight::flight_service_client::FlightServiceClient;
use futures::future;
use tokio::sync::Notify;
use tonic::Status;
use zerotrip_channel::{Http2Client, Peer};
use zerotrip_datasets::quality::validate;
use zerotrip_ledger::LedgerError;
use zerotrip_proto::v1::connector_client::ConnectorClient;
use zerotrip_proto::v1::{
    DatasetQuality, DescribeReply, DescribeRequest, Envelope, KeyUsage, NoticeReason, NoticeRequest, PushDirectoryRequest,
};
use zerotrip_proto::{bounds, from_timestamp, payload_type, to_timestamp};
use zerotrip_trust::digest::Digest;
use zerotrip_trust::directory::Directory;
use zerotrip_trust::dsse;
use zerotrip_trust::identity::Identity;

use crate::catalog::Stated;
use crate::endings;
use crate::hub::{Hub, ledger_refusal};

/// To whom shows a TLS certificate from before it was admitted anew.
pub const SUPERSEDED: &str = "this TLS certificate counts no more: the system was admitted anew since; use the folder of that admission";

/// Time in which a connector confirms a new key directory; one that does not is detached.
const CONFIRM_TIME: Duration = Duration::from_millis(700);
/// Time in which a new channel says what it serves.
const DESCRIBE_TIME: Duration = Duration::from_secs(5);
/// Time after which an attached connector is asked again how its datasets' quality is.
const QUALITY_EVERY: Duration = Duration::from_secs(15);
/// Time in which a connector hears why its channel closes: within the second in which a suspension must hold.
const NOTICE_TIME: Duration = Duration::from_millis(200);
/// Time after which it is said again that a connector is not attached, for the same cause.
const SAY_AGAIN: Duration = Duration::from_secs(60);
/// A difference of clocks below this is the way of a message.
const CLOCK_NOTABLE: Duration = Duration::from_secs(2);
const NOT_ACTIVE: &str = "its system is not active in the key directory";
/// Most datasets of one connector.
const MOST_DATASETS: usize = 64;

/// The registry.
#[derive(Debug, Default)]
pub struct Channels {
    attached: RwLock<BTreeMap<String, Arc<Attached>>>,
    /// Why which connector was not attached, and when that was said.
    said: Mutex<BTreeMap<String, (String, Instant)>>,
    /// One at a time is given its datasets: which statement of one is in force must be that of who answers for it.
    placing: tokio::sync::Mutex<()>,
}

/// One attached connector.
#[derive(Debug)]
pub struct Attached {
    /// Its system.
    pub identity: Identity,
    /// Its URI.
    pub uri: String,
    /// The key of the TLS certificate that it showed.
    tls_key: Digest,
    client: Http2Client,
    /// Told when the connector is detached while its socket is open, so that the socket is closed and the connector dials anew.
    released: Notify,
    /// Datasets that it answers for, with the digest of the owner's statement.
    datasets: RwLock<BTreeMap<String, Digest>>,
    /// Datasets that it could answer for, and another connector does: it takes over as that one leaves.
    standby: Mutex<BTreeMap<String, Stated>>,
    /// Why the channel is about to close, for the department to read.
    farewell: Mutex<Option<(NoticeReason, String)>>,
    /// Leaves of the largest tree that it has seen, as it said last.
    seen_size: AtomicU64,
    /// What it says is wrong with them, by dataset; each entry was verified.
    quality: RwLock<BTreeMap<String, Envelope>>,
}

impl Attached {
    fn is_superseded(&self, directory: &Directory) -> bool {
        directory.is_superseded(&self.identity, &self.tls_key)
    }

    /// To ask for rows.
    pub fn flight(&self) -> FlightServiceClient<Http2Client> {
        FlightServiceClient::new(self.client.clone()).max_decoding_message_size(bounds::MESSAGE_BYTES)
    }

    /// The digest of the statement under which it serves a dataset.
    pub fn statement_digest(&self, dataset: &str) -> Option<Digest> {
        self.serves().get(dataset).copied()
    }

    fn serves(&self) -> RwLockReadGuard<'_, BTreeMap<String, Digest>> {
        self.datasets.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it answers for a dataset, or would.
    fn has_a_dataset(&self) -> bool {
        !self.serves().is_empty() || !self.standby().is_empty()
    }

    fn standby(&self) -> MutexGuard<'_, BTreeMap<String, Stated>> {
        self.standby.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What it says is wrong with a dataset, as it signed it.
    pub fn quality(&self, dataset: &str) -> Option<Envelope> {
        self.quality.read().unwrap_or_else(PoisonError::into_inner).get(dataset).cloned()
    }

    /// Keeps what it says of its datasets' quality, as far as that can be believed and shown.
    fn keep_quality(&self, told: &[Envelope], hub: &Hub) {
        // With a directory that has ended no key counts: that is said once, and not of each dataset.
        if !hub.in_force().directory.is_fresh(SystemTime::now()) {
            return;
        }
        let mut kept = BTreeMap::new();
        for envelope in told.iter().take(MOST_DATASETS) {
            match self.verify_quality(envelope, hub) {
                Ok(dataset) => {
                    kept.insert(dataset, envelope.clone());
                }
                Err(why) => tracing::warn!(connector = %self.uri, why, "what it says of its data's quality is not shown"),
            }
        }
        *self.quality.write().unwrap_or_else(PoisonError::into_inner) = kept;
    }

    fn verify_quality(&self, envelope: &Envelope, hub: &Hub) -> Result<String, String> {
        let (_, keyid) = dsse::peek(envelope, payload_type::QUALITY).map_err(|error| error.to_string())?;
        let in_force = hub.in_force();
        let holder = in_force.directory.signing_key(keyid, KeyUsage::Sign, SystemTime::now()).map_err(|why| why.to_string())?;
        let quality: DatasetQuality = dsse::open(envelope, payload_type::QUALITY, &holder.key).map_err(|error| error.to_string())?;
        if holder.uri != self.uri || quality.connector != self.uri {
            return Err("it is another system's".to_owned());
        }
        let digest = self.statement_digest(&quality.dataset).ok_or("it is about a dataset for which it does not answer")?;
        let stated = hub.catalog.statement(&quality.dataset).filter(|stated| stated.digest == digest);
        let stated = stated.filter(|_| quality.statement_digest == digest).ok_or("it is under another statement of the owner")?;
        validate(&quality, &envelope.payload, &stated.statement).map(|()| quality.dataset)
    }

    /// Asks now and then how its datasets' quality is; never ends. Where grants or directory changed, at once: what the connector has seen it
    /// refuses to see undone.
    async fn keep_asking(&self, hub: &Hub) {
        let mut follow = hub.follow();
        loop {
            tokio::select! {
                () = tokio::time::sleep(QUALITY_EVERY) => {}
                Ok(()) = follow.changed() => {}
            }
            // One that does not answer in time is asked again; whether it lives, the channel itself tells.
            if let Ok(Ok(reply)) = tokio::time::timeout(DESCRIBE_TIME, self.describe_proving(hub)).await {
                self.keep_quality(&reply.quality, hub);
            }
        }
    }

    /// What it serves, and whether its clock is right: each side's own log says so where it is not.
    /// Shows the hub's tree head and the version of its grants: the connector compares them with what it saw.
    async fn describe(&self, hub: &Hub) -> Result<DescribeReply, Status> {
        let asked = SystemTime::now();
        // Unknown until the reply is here: one that is lost may have moved what the connector has seen.
        let seen_size = self.seen_size.swap(0, Ordering::Relaxed);
        let shown = shown(hub, seen_size).map_err(|error| ledger_refusal(error).to_status())?;
        let request = DescribeRequest { asked_at: Some(to_timestamp(asked)), ..shown };
        let reply = self.control().describe(request).await?.into_inner();
        self.seen_size.store(reply.seen_size, Ordering::Relaxed);
        if let Some(answered) = from_timestamp(reply.answered_at.as_ref())
            && let Some(said) = clock_off(answered, asked, SystemTime::now())
        {
            tracing::warn!(connector = %self.uri, "{said}");
        }
        Ok(reply)
    }

    /// The same, and once more with proof where it was not known how much the connector has seen.
    async fn describe_proving(&self, hub: &Hub) -> Result<DescribeReply, Status> {
        let is_known = self.seen_size.load(Ordering::Relaxed) > 0;
        let reply = self.describe(hub).await?;
        if !is_known && reply.seen_size > 0 { self.describe(hub).await } else { Ok(reply) }
    }

    /// Says why the channel closes, if there is a reason that the department should read; waits for it only so long.
    async fn part(&self) {
        let farewell = self.farewell.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((reason, why)) = farewell {
            self.tell(reason, why).await;
        }
    }

    async fn tell(&self, reason: NoticeReason, why: String) {
        tell(self.control(), reason, why).await;
    }

    fn closes(&self, reason: NoticeReason, why: &str) {
        *self.farewell.lock().unwrap_or_else(PoisonError::into_inner) = Some((reason, why.to_owned()));
    }

    fn is_serving(&self, dataset: &str) -> bool {
        !self.client.is_closed() && self.serves().contains_key(dataset)
    }

    fn control(&self) -> ConnectorClient<Http2Client> {
        ConnectorClient::new(self.client.clone()).max_decoding_message_size(bounds::MESSAGE_BYTES)
    }

    async fn confirm(&self, envelope: &Envelope, version: u64) -> bool {
        let mut control = self.control();
        let pushed = control.push_directory(PushDirectoryRequest { directory: Some(envelope.clone()) });
        match tokio::time::timeout(CONFIRM_TIME, pushed).await {
            Ok(Ok(reply)) => reply.into_inner().directory_version >= version,
            Ok(Err(status)) => {
                tracing::warn!(connector = %self.uri, %status, "the connector does not take the key directory");
                false
            }
            Err(_) => false,
        }
    }
}

impl Channels {
    /// Who answers for a dataset now.
    pub fn of_dataset(&self, dataset: &str) -> Option<Arc<Attached>> {
        let attached = self.attached.read().unwrap_or_else(PoisonError::into_inner);
        attached.values().find(|one| one.serves().contains_key(dataset) && !one.client.is_closed()).cloned()
    }

    /// How many are attached.
    pub fn count(&self) -> usize {
        self.attached.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Hands every attached connector a new key directory. Returns how many confirmed, and who did not and was detached. Whoever it no
    /// longer names as active is detached first.
    pub async fn push_directory(&self, envelope: &Envelope, directory: &Directory) -> (u32, Vec<String>) {
        let version = directory.version();
        let all: Vec<Arc<Attached>> = self.attached.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        let (all, gone): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|one| directory.is_active(&one.identity) && !one.is_superseded(directory));
        for one in gone {
            tracing::warn!(connector = %one.uri, "detached: it is suspended");
            one.closes(NoticeReason::NotActive, NOT_ACTIVE);
            self.detach(&one);
        }
        let confirmations = future::join_all(all.iter().map(|one| one.confirm(envelope, version))).await;
        let (mut confirmed, mut silent) = (0, Vec::new());
        for (one, whether) in all.iter().zip(confirmations) {
            if whether {
                confirmed += 1;
            } else {
                tracing::warn!(connector = %one.uri, "detached: it did not confirm the new key directory");
                one.closes(NoticeReason::Directory, "it did not confirm the new key directory in time");
                self.detach(one);
                silent.push(one.uri.clone());
            }
        }
        (confirmed, silent)
    }

    /// Whether that a connector is not attached for this cause is to be said now.
    fn may_say(&self, uri: &str, why: &str) -> bool {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.retain(|_, (_, at)| at.elapsed() < SAY_AGAIN);
        let known = said.get(uri).is_some_and(|(known, _)| known == why);
        if !known {
            said.insert(uri.to_owned(), (why.to_owned(), Instant::now()));
        }
        !known
    }

    /// The channel that this system had before, if it is still open.
    fn before(&self, uri: &str) -> Option<Arc<Attached>> {
        let attached = self.attached.read().unwrap_or_else(PoisonError::into_inner);
        attached.get(uri).filter(|one| !one.client.is_closed()).cloned()
    }

    /// A dataset that another live system answers for stays with that one; this one stands by for it.
    fn leave_to_others(&self, one: &Attached, stated: Vec<Stated>) -> Vec<Stated> {
        let attached = self.attached.read().unwrap_or_else(PoisonError::into_inner);
        let (mut free, mut standby) = (Vec::new(), one.standby());
        for stated in stated {
            let dataset = &stated.statement.id;
            match attached.values().find(|other| other.uri != one.uri && other.is_serving(dataset)) {
                None => free.push(stated),
                Some(other) => {
                    tracing::warn!(dataset = %dataset, connector = %one.uri, by = %other.uri, "stands by: another connector answers for it");
                    standby.insert(dataset.clone(), stated);
                }
            }
        }
        free
    }

    /// Who stands by for datasets that nobody alive answers for now, with the statement of it: the first of each.
    fn vacant(&self) -> Vec<(Arc<Attached>, Stated)> {
        let attached = self.attached.read().unwrap_or_else(PoisonError::into_inner);
        let mut found: BTreeMap<String, (Arc<Attached>, Stated)> = BTreeMap::new();
        for one in attached.values().filter(|one| !one.client.is_closed()) {
            for (dataset, stated) in one.standby().iter() {
                if !found.contains_key(dataset) && !attached.values().any(|other| other.is_serving(dataset)) {
                    found.insert(dataset.clone(), (Arc::clone(one), stated.clone()));
                }
            }
        }
        found.into_values().collect()
    }

    /// Gives every dataset that nobody answers for any more to a connector that stands by for it.
    async fn take_over(&self, hub: &Hub) {
        let _one_at_a_time = self.placing.lock().await;
        for (one, stated) in self.vacant() {
            let dataset = stated.statement.id.clone();
            one.standby().remove(&dataset);
            let in_force = hub.in_force();
            let digest = stated.digest;
            // What held as it attached may hold no more.
            let refused = match verify_statement(&stated.envelope, &one.identity, &in_force.directory) {
                Ok(_) => is_older(&stated, hub),
                Err(why) => Some(why),
            };
            if let Some(why) = refused {
                tracing::warn!(connector = %one.uri, dataset, why, "cannot take over");
                continue;
            }
            if let Err(error) = hub.catalog.state(stated, &hub.ledger).await {
                tracing::error!(connector = %one.uri, dataset, %error, "cannot take over");
                continue;
            }
            one.datasets.write().unwrap_or_else(PoisonError::into_inner).insert(dataset.clone(), digest);
            tracing::info!(connector = %one.uri, dataset, "takes over: the connector that answered for it is gone");
        }
    }

    /// A system's new channel replaces the one that it had before, `None` if it had none. `None` if yet another channel of the system was
    /// quicker.
    fn attach(&self, one: Attached, before: Option<&Arc<Attached>>) -> Option<Arc<Attached>> {
        let mut attached = self.attached.write().unwrap_or_else(PoisonError::into_inner);
        let there = attached.get(&one.uri).filter(|there| !there.client.is_closed());
        if there.is_some_and(|there| before.is_none_or(|before| !Arc::ptr_eq(there, before))) {
            return None;
        }
        let one = Arc::new(one);
        if let Some(replaced) = attached.insert(one.uri.clone(), Arc::clone(&one)) {
            replaced.closes(NoticeReason::Replaced, "a newer channel of this connector replaces it");
            replaced.released.notify_one();
        }
        Some(one)
    }

    fn detach(&self, one: &Arc<Attached>) {
        let mut attached = self.attached.write().unwrap_or_else(PoisonError::into_inner);
        if attached.get(&one.uri).is_some_and(|current| Arc::ptr_eq(current, one)) {
            attached.remove(&one.uri);
        }
        one.released.notify_one();
    }
}

/// The hub's tree head now, with proof that it continues the tree of so many leaves, and the version of its grants.
fn shown(hub: &Hub, seen_size: u64) -> Result<DescribeRequest, LedgerError> {
    let checkpoint = hub.ledger.checkpoint()?;
    // The second line of a checkpoint is its size (C2SP tlog-checkpoint).
    let size: u64 = checkpoint.lines().nth(1).and_then(|line| line.parse().ok()).unwrap_or_default();
    let consistency = if (1..size).contains(&seen_size) { hub.ledger.consistency(seen_size, size)? } else { Vec::new() };
    Ok(DescribeRequest { checkpoint, consistency, grants_version: hub.in_force().grants_version, ..DescribeRequest::default() })
}

/// Runs one channel from handshake to end: learns what it serves, makes sure that it knows the newest directory, and keeps it in the
/// registry for as long as it lives. `client` speaks on it; `ended` completes with it; `closes` says when it is to close, and why.
pub async fn run(
    hub: &Arc<Hub>,
    peer: Peer,
    client: Http2Client,
    ended: impl Future<Output = ()> + Send,
    closes: impl Future<Output = NotTaken> + Send,
) {
    tokio::pin!(ended, closes);
    let Peer { identity, tls_key, .. } = peer;
    let uri = identity.uri();
    let new = Attached {
        identity,
        uri: uri.clone(),
        tls_key,
        client,
        released: Notify::new(),
        datasets: RwLock::default(),
        standby: Mutex::default(),
        farewell: Mutex::default(),
        seen_size: AtomicU64::new(0),
        quality: RwLock::default(),
    };
    let control = new.control();
    let opened = tokio::select! {
        opened = open(hub, new) => opened,
        () = &mut ended => Err((NoticeReason::Unspecified, "the channel closed while it was being set up".to_owned())),
        why = &mut closes => Err(why),
    };
    match opened {
        Ok(attached) => {
            tracing::info!(connector = %uri, datasets = ?attached.serves().keys().collect::<Vec<_>>(), "attached");
            // A directory that came into force meanwhile is not missed: it is compared again once we are in the registry.
            let in_force = hub.in_force();
            if attached.confirm(&in_force.directory_envelope, in_force.directory.version()).await {
                tokio::select! {
                    () = &mut ended => {}
                    () = attached.released.notified() => {}
                    () = attached.keep_asking(hub) => {}
                    (reason, why) = &mut closes => attached.closes(reason, &why),
                }
            } else {
                attached.closes(NoticeReason::Directory, "it does not confirm the key directory in force");
            }
            hub.channels.detach(&attached);
            tracing::info!(connector = %uri, "detached");
            hub.channels.take_over(hub).await;
            attached.part().await;
        }
        Err((reason, why)) => {
            // It dials again more than once a second: the same cause is said once a minute.
            if hub.channels.may_say(&uri, &why) {
                tracing::warn!(connector = %uri, why, "not attached");
            }
            if reason != NoticeReason::Unspecified {
                tell(control, reason, why).await;
            }
        }
    }
}

/// Why a channel is not taken: for the hub's log, and for the department.
type NotTaken = (NoticeReason, String);

async fn open(hub: &Arc<Hub>, attached: Attached) -> Result<Arc<Attached>, NotTaken> {
    let in_force = hub.in_force();
    if !in_force.directory.is_fresh(SystemTime::now()) {
        return Err((NoticeReason::Directory, endings::stale(&in_force.directory).en));
    }
    if !in_force.directory.is_active(&attached.identity) {
        return Err((NoticeReason::NotActive, NOT_ACTIVE.to_owned()));
    }
    if attached.is_superseded(&in_force.directory) {
        return Err((NoticeReason::NotActive, SUPERSEDED.to_owned()));
    }
    if !attached.confirm(&in_force.directory_envelope, in_force.directory.version()).await {
        return Err((NoticeReason::Directory, "it does not confirm the key directory in force".to_owned()));
    }
    let not_described = |why: String| (NoticeReason::Description, why);
    let described = tokio::time::timeout(DESCRIBE_TIME, attached.describe_proving(hub)).await;
    let described = described.map_err(|_| not_described("it does not say what it serves".to_owned()))?;
    let described = described.map_err(|status| not_described(status.to_string()))?;
    if described.datasets.len() > MOST_DATASETS {
        return Err(not_described(format!("it describes over {MOST_DATASETS} datasets")));
    }
    let mut statements = Vec::with_capacity(described.datasets.len());
    for envelope in described.datasets {
        let stated = verify_statement(&envelope, &attached.identity, &in_force.directory).map_err(not_described)?;
        if let Some(older) = is_older(&stated, hub) {
            tracing::warn!(connector = %attached.uri, "{older}");
            attached.tell(NoticeReason::NotTaken, older).await;
            continue;
        }
        statements.push(stated);
    }
    // One that is alive is not pushed aside: the newcomer may be a copy of its folder, beside another database. One of which nothing was
    // taken is: it may be the older copy, and would keep the newer one out for as long as it runs.
    let before = hub.channels.before(&attached.uri);
    if let Some(before) = &before
        && (statements.is_empty() || before.has_a_dataset())
        && before.confirm(&in_force.directory_envelope, in_force.directory.version()).await
    {
        let why = "a connector with the same keys is attached and alive; was its folder copied? only one of them can serve";
        return Err((NoticeReason::SameKeys, why.to_owned()));
    }
    let _one_at_a_time = hub.channels.placing.lock().await;
    for stated in hub.channels.leave_to_others(&attached, statements) {
        let failed = |error: LedgerError| (NoticeReason::Stopping, error.to_string());
        let (dataset, digest) = (stated.statement.id.clone(), stated.digest);
        hub.catalog.state(stated, &hub.ledger).await.map_err(failed)?;
        attached.datasets.write().unwrap_or_else(PoisonError::into_inner).insert(dataset, digest);
    }
    attached.keep_quality(&described.quality, hub);
    let attached = hub.channels.attach(attached, before.as_ref());
    attached.ok_or_else(|| (NoticeReason::SameKeys, "another connector with the same keys was attached meanwhile".to_owned()))
}

/// Why a statement is not taken that says itself that it is older than the one in force: what its owner unsaid since would hold again.
fn is_older(stated: &Stated, hub: &Hub) -> Option<String> {
    let known = hub.catalog.statement(&stated.statement.id)?;
    let (version, highest) = (stated.statement.version, known.statement.version);
    (version < highest).then(|| {
        format!(
            "the owner's statement of `{}` is version {version}, and version {highest} was in force: the connector's folder is an older copy. \
             Once the dataset file says what holds now, sign it again with `zerotrip-connector sign`",
            stated.statement.id
        )
    })
}

/// What is to be said of another machine's clock, by which it answered between these two times of this one.
fn clock_off(answered: SystemTime, asked: SystemTime, heard: SystemTime) -> Option<String> {
    let seconds = |by: Duration| by.as_secs() + u64::from(by.subsec_nanos() > 0);
    if let Ok(behind) = asked.duration_since(answered)
        && behind >= CLOCK_NOTABLE
    {
        return Some(format!(
            "the connector's clock is {} s behind this hub's: its scans may be refused; one of the two must be set",
            seconds(behind)
        ));
    }
    let ahead = answered.duration_since(heard).ok().filter(|ahead| *ahead >= CLOCK_NOTABLE)?;
    Some(format!("the connector's clock is {} s ahead of this hub's: its scans may be refused; one of the two must be set", seconds(ahead)))
}

async fn tell(mut control: ConnectorClient<Http2Client>, reason: NoticeReason, why: String) {
    let notice = NoticeRequest { reason: reason.into(), why };
    // A connector of an older release does not know the call, and one that is gone does not hear it.
    let _heard = tokio::time::timeout(NOTICE_TIME, control.notice(notice)).await;
}

/// A statement counts if it is signed with an APPROVE key of the member that owns the dataset, and comes from that member's connector.
fn verify_statement(envelope: &Envelope, connector: &Identity, directory: &Directory) -> Result<Stated, String> {
    let (_, keyid) = dsse::peek(envelope, payload_type::DATASET).map_err(|error| error.to_string())?;
    let holder = directory.signing_key(keyid, KeyUsage::Approve, SystemTime::now()).map_err(|why| why.to_string())?;
    dsse::verify(envelope, payload_type::DATASET, &holder.key).map_err(|error| error.to_string())?;
    let stated = Stated::new(envelope.clone()).ok_or("a statement cannot be read")?;
    let owner = stated.statement.id.split_once('.').map(|(member, _)| member);
    if owner.is_none() || owner != holder.member.as_deref() || owner != connector.member() {
        return Err(format!("`{}` is not stated by its owner", stated.statement.id));
    }
    Ok(stated)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connectors_clock_that_is_off_is_said_with_the_seconds() {
        let at = |seconds: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let said = |answered, asked, heard| clock_off(at(answered), at(asked), at(heard)).unwrap_or_default();
        assert!(said(92, 100, 101).starts_with("the connector's clock is 8 s behind this hub's"));
        assert!(said(131, 100, 101).starts_with("the connector's clock is 30 s ahead of this hub's"));
        // The way of a message is no clock that is off.
        for (answered, asked, heard) in [(100, 100, 100), (99, 100, 104), (103, 100, 104), (105, 100, 104)] {
            assert_eq!(said(answered, asked, heard), "", "{answered}");
        }
    }
}
