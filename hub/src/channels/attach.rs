//! One channel from handshake to end: what its connector serves is learned and verified, and asked
//! again now and then.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, SystemTime};

use tonic::Status;
use zerotrip_channel::{Http2Client, Peer};
use zerotrip_datasets::quality::validate;
use zerotrip_ledger::LedgerError;
use zerotrip_proto::v1::{
    DatasetQuality, DatasetStatement, DescribeReply, DescribeRequest, Envelope, NoticeReason,
};
use zerotrip_proto::{from_timestamp, names, to_timestamp};
use zerotrip_trust::directory::Directory;
use zerotrip_trust::dsse;
use zerotrip_trust::identity::Identity;

use super::registry::{Attached, Channels, NOT_ACTIVE, SUPERSEDED, tell};
use crate::catalog::Stated;
use crate::endings;
use crate::hub::Hub;
use crate::unrecorded::ledger_refusal;

/// Time in which a new channel says what it serves.
const DESCRIBE_TIME: Duration = Duration::from_secs(5);
/// Time after which an attached connector is asked again how its datasets' quality is.
const QUALITY_EVERY: Duration = Duration::from_secs(15);
/// A difference of clocks below this is the way of a message.
const CLOCK_NOTABLE: Duration = Duration::from_secs(2);
/// Most datasets of one connector.
const MOST_DATASETS: usize = 64;

impl Attached {
    /// Keeps what it says of its datasets' quality, as far as that can be verified and shown.
    fn keep_quality(&self, quality: &[Envelope], hub: &Hub) {
        // With a directory that has ended no key counts: that is said once, and not of each
        // dataset.
        if !hub.in_force().directory.is_fresh(SystemTime::now()) {
            return;
        }
        let mut kept = BTreeMap::new();
        for envelope in quality.iter().take(MOST_DATASETS) {
            match self.verify_quality(envelope, hub) {
                Ok(dataset) => {
                    kept.insert(dataset, envelope.clone());
                }
                Err(why) => {
                    tracing::warn!(connector = %self.uri, why, "what it says of its data's quality is not shown")
                }
            }
        }
        *self.quality.write().unwrap_or_else(PoisonError::into_inner) = kept;
    }

    fn verify_quality(&self, envelope: &Envelope, hub: &Hub) -> Result<String, String> {
        let (quality, holder) = hub
            .in_force()
            .directory
            .open_signed::<DatasetQuality>(envelope, SystemTime::now())
            .map_err(|error| error.to_string())?;
        if holder.uri != self.uri || quality.connector != self.uri {
            return Err("it is another system's".to_owned());
        }
        let digest = self
            .statement_digest(&quality.dataset)
            .ok_or("it is about a dataset for which it does not answer")?;
        let stated =
            hub.catalog.statement(&quality.dataset).filter(|stated| stated.digest == digest);
        let stated = stated
            .filter(|_| quality.statement_digest == digest)
            .ok_or("it is under another statement of the owner")?;
        validate(&quality, &envelope.payload, &stated.statement).map(|()| quality.dataset)
    }

    /// Asks now and then how its datasets' quality is; never ends. Where grants or directory
    /// changed, at once: what the connector has seen it refuses to see undone.
    async fn keep_asking(&self, hub: &Hub) {
        let mut follow = hub.follow();
        loop {
            tokio::select! {
                () = tokio::time::sleep(QUALITY_EVERY) => {}
                Ok(()) = follow.changed() => {}
            }
            // One that does not answer in time is asked again; whether it lives, the channel itself
            // tells.
            if let Ok(Ok(reply)) =
                tokio::time::timeout(DESCRIBE_TIME, self.describe_proving(hub)).await
            {
                self.keep_quality(&reply.quality, hub);
            }
        }
    }

    /// What it serves, and whether its clock is right: each side's own log says so where it is not.
    /// Shows the hub's tree head and the version of its grants: the connector compares them with
    /// what it saw.
    async fn describe(&self, hub: &Hub) -> Result<DescribeReply, Status> {
        let asked = SystemTime::now();
        // Unknown until the reply is here: one that is lost may have moved what the connector has
        // seen.
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
}

impl Channels {
    /// Gives every dataset that no connector answers for any more to one on standby for it.
    async fn take_over(&self, hub: &Hub) {
        let _one_at_a_time = self.placing.lock().await;
        for (one, stated) in self.vacant() {
            let dataset = stated.statement.id.clone();
            one.standby().remove(&dataset);
            let in_force = hub.in_force();
            let digest = stated.digest;
            // What held as it attached may hold no more.
            let refused =
                match verify_statement(&stated.envelope, &one.identity, &in_force.directory) {
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
            one.datasets
                .write()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(dataset.clone(), digest);
            tracing::info!(connector = %one.uri, dataset, "takes over: the connector that answered for it is gone");
        }
    }
}

/// The hub's tree head now, with proof that it continues the tree of that many leaves, and the
/// version of its grants.
fn shown(hub: &Hub, seen_size: u64) -> Result<DescribeRequest, LedgerError> {
    let checkpoint = hub.ledger.checkpoint()?;
    // The second line of a checkpoint is its size (C2SP tlog-checkpoint).
    let size: u64 =
        checkpoint.lines().nth(1).and_then(|line| line.parse().ok()).unwrap_or_default();
    let consistency = if (1..size).contains(&seen_size) {
        hub.ledger.consistency(seen_size, size)?
    } else {
        Vec::new()
    };
    Ok(DescribeRequest {
        checkpoint,
        consistency,
        grants_version: hub.in_force().grants_version,
        ..DescribeRequest::default()
    })
}

/// Runs one channel from handshake to end: learns what it serves, makes sure that it knows the
/// newest directory, and keeps it in the registry for as long as it lives. `client` speaks on it;
/// `ended` completes with it; `closes` says when it is to close, and why.
pub async fn run(
    hub: &Arc<Hub>,
    peer: Peer,
    client: Http2Client,
    ended: impl Future<Output = ()> + Send,
    closes: impl Future<Output = NotTaken> + Send,
) {
    tokio::pin!(ended, closes);
    let new = Attached::new(peer, client);
    let uri = new.uri.clone();
    let control = new.control();
    let opened = tokio::select! {
        opened = open(hub, new) => opened,
        () = &mut ended => Err((NoticeReason::Unspecified, "the channel closed while it was being set up".to_owned())),
        why = &mut closes => Err(why),
    };
    match opened {
        Ok(attached) => {
            tracing::info!(connector = %uri, datasets = ?attached.serves().keys().collect::<Vec<_>>(), "attached");
            // A directory that came into force meanwhile is not missed: it is compared again once
            // we are in the registry.
            let in_force = hub.in_force();
            if attached.confirm(&in_force.directory_envelope, in_force.directory.version()).await {
                // In a separate task, so that no reply waits for what is verified here.
                let lane = Arc::clone(&attached.lane).run(attached.lane_client());
                let mut lane = tokio::spawn(lane);
                let by_connector = tokio::select! {
                    () = &mut ended => true,
                    () = attached.released.notified() => false,
                    () = attached.keep_asking(hub) => false,
                    (reason, why) = &mut closes => {
                        attached.closes(reason, &why);
                        false
                    }
                    broken = &mut lane => {
                        if let Ok(Some(why)) = broken {
                            tracing::error!(connector = %uri, why, "its channel is closed");
                            attached.closes(NoticeReason::Unspecified, &why);
                        }
                        false
                    }
                };
                if by_connector {
                    attached.lane.finish_with(lane);
                } else {
                    lane.abort();
                }
            } else {
                attached.closes(
                    NoticeReason::Directory,
                    "it does not confirm the key directory in force",
                );
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
        return Err((
            NoticeReason::Directory,
            "it does not confirm the key directory in force".to_owned(),
        ));
    }
    let not_described = |why: String| (NoticeReason::Description, why);
    let described = tokio::time::timeout(DESCRIBE_TIME, attached.describe_proving(hub)).await;
    let described =
        described.map_err(|_| not_described("it does not say what it serves".to_owned()))?;
    let described = described.map_err(|status| not_described(status.to_string()))?;
    if described.datasets.len() > MOST_DATASETS {
        return Err(not_described(format!("it describes over {MOST_DATASETS} datasets")));
    }
    let mut statements = Vec::with_capacity(described.datasets.len());
    for envelope in described.datasets {
        let stated = verify_statement(&envelope, &attached.identity, &in_force.directory)
            .map_err(not_described)?;
        if let Some(older) = is_older(&stated, hub) {
            tracing::warn!(connector = %attached.uri, "{older}");
            attached.tell(NoticeReason::NotTaken, older).await;
            continue;
        }
        statements.push(stated);
    }
    // One that is alive is not pushed aside: the newcomer may be a copy of its folder, beside
    // another database. One of which nothing was taken is: it may be the older copy, and would
    // keep the newer one out for as long as it runs.
    let before = hub.channels.before(&attached.uri);
    if let Some(before) = &before
        && (statements.is_empty() || before.has_a_dataset())
        && before.confirm(&in_force.directory_envelope, in_force.directory.version()).await
    {
        let why = "a connector with the same keys is attached and alive; was its folder copied? \
                   only one of them can serve";
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
    attached.ok_or_else(|| {
        (
            NoticeReason::SameKeys,
            "another connector with the same keys was attached meanwhile".to_owned(),
        )
    })
}

/// Why a statement is not taken that says itself that it is older than the one in force: what its
/// owner unsaid since would hold again.
fn is_older(stated: &Stated, hub: &Hub) -> Option<String> {
    let known = hub.catalog.statement(&stated.statement.id)?;
    let (version, highest) = (stated.statement.version, known.statement.version);
    (version < highest).then(|| {
        format!(
            "the owner's statement of `{}` is version {version}, and version {highest} was in \
             force: the connector's folder is an older copy. Once the dataset file says what \
             holds now, sign it again with `zerotrip-connector sign`",
            stated.statement.id
        )
    })
}

/// What is to be said of another machine's clock, by which it answered between these two times of
/// this one.
fn clock_off(answered: SystemTime, asked: SystemTime, heard: SystemTime) -> Option<String> {
    let seconds = |by: Duration| by.as_secs() + u64::from(by.subsec_nanos() > 0);
    if let Ok(behind) = asked.duration_since(answered)
        && behind >= CLOCK_NOTABLE
    {
        return Some(format!(
            "the connector's clock is {} s behind this hub's: its scans may be refused; one of \
             the two must be set",
            seconds(behind)
        ));
    }
    let ahead = answered.duration_since(heard).ok().filter(|ahead| *ahead >= CLOCK_NOTABLE)?;
    Some(format!(
        "the connector's clock is {} s ahead of this hub's: its scans may be refused; one of the \
         two must be set",
        seconds(ahead)
    ))
}

/// A statement counts if it is signed with an APPROVE key of the member that owns the dataset, and
/// comes from that member's connector.
fn verify_statement(
    envelope: &Envelope,
    connector: &Identity,
    directory: &Directory,
) -> Result<Stated, String> {
    let (statement, holder) = directory
        .open_signed::<DatasetStatement>(envelope, SystemTime::now())
        .map_err(|error| error.to_string())?;
    let owner = names::owner_of(&statement.id);
    if owner.is_none() || owner != holder.member.as_deref() || owner != connector.member() {
        return Err(format!("`{}` is not stated by its owner", statement.id));
    }
    Ok(Stated { digest: dsse::payload_digest(envelope), statement, envelope: envelope.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connectors_clock_that_is_off_is_said_with_the_seconds() {
        let at = |seconds: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let said = |answered, asked, heard| {
            clock_off(at(answered), at(asked), at(heard)).unwrap_or_default()
        };
        assert!(said(92, 100, 101).starts_with("the connector's clock is 8 s behind this hub's"));
        assert!(
            said(131, 100, 101).starts_with("the connector's clock is 30 s ahead of this hub's")
        );
        // The time that a message takes is not a clock that is off.
        for (answered, asked, heard) in
            [(100, 100, 100), (99, 100, 104), (103, 100, 104), (105, 100, 104)]
        {
            assert_eq!(said(answered, asked, heard), "", "{answered}");
        }
    }
}
