//! Which connectors are attached now, which datasets each answers for, and how to ask it.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use arrow_flight::flight_service_client::FlightServiceClient;
use futures::future;
use tokio::sync::Notify;
use zerotrip_channel::{Http2Client, Peer};
use zerotrip_proto::bounds;
use zerotrip_proto::v1::connector_client::ConnectorClient;
use zerotrip_proto::v1::{Envelope, NoticeReason, NoticeRequest, PushDirectoryRequest};
use zerotrip_trust::digest::Digest;
use zerotrip_trust::directory::Directory;
use zerotrip_trust::identity::Identity;

use super::lane::Lane;
use crate::catalog::Stated;

/// For a system with a TLS certificate from before it was admitted anew.
pub const SUPERSEDED: &str = "this TLS certificate counts no more: the system was admitted anew \
                              since; use the folder of that admission";

/// Time in which a connector confirms a new key directory; one that does not is detached.
const CONFIRM_TIME: Duration = Duration::from_millis(700);
/// Time in which a connector is informed why its channel closes: within the second in which a
/// suspension must hold.
const NOTICE_TIME: Duration = Duration::from_millis(200);
/// Time after which it is said again that a connector is not attached, for the same cause.
const SAY_AGAIN: Duration = Duration::from_secs(60);
pub(super) const NOT_ACTIVE: &str = "its system is not active in the key directory";

/// The registry.
#[derive(Debug, Default)]
pub struct Channels {
    pub(super) attached: RwLock<BTreeMap<String, Arc<Attached>>>,
    /// Why which connector was not attached, and when that was said.
    pub(super) said: Mutex<BTreeMap<String, (String, Instant)>>,
    /// One at a time is given its datasets: which statement of one is in force must be that of who
    /// answers for it.
    pub(super) placing: tokio::sync::Mutex<()>,
}

/// One attached connector.
#[derive(Debug)]
pub struct Attached {
    /// Its system.
    pub identity: Identity,
    /// Its URI.
    pub uri: String,
    /// The key of the TLS certificate that it showed.
    pub(super) tls_key: Digest,
    pub(super) client: Http2Client,
    pub(super) lane: Arc<Lane>,
    /// Notified when the connector is detached while its socket is open, so that the socket is
    /// closed and the connector dials anew.
    pub(super) released: Notify,
    /// Datasets that it answers for, with the digest of the owner's statement.
    pub(super) datasets: RwLock<BTreeMap<String, Digest>>,
    /// Datasets that it could answer for, and another connector does: it takes over as that one
    /// leaves.
    pub(super) standby: Mutex<BTreeMap<String, Stated>>,
    /// Why the channel is about to close, for the department to read.
    pub(super) farewell: Mutex<Option<(NoticeReason, String)>>,
    /// Leaves of the largest tree that it has seen, as it said last.
    pub(super) seen_size: AtomicU64,
    /// What it says is wrong with them, by dataset; each entry was verified.
    pub(super) quality: RwLock<BTreeMap<String, Envelope>>,
}

impl Attached {
    /// Of a peer whose channel has just been opened; it answers for nothing yet.
    pub(super) fn new(peer: Peer, client: Http2Client) -> Self {
        let Peer { identity, tls_key, .. } = peer;
        Self {
            uri: identity.uri(),
            identity,
            tls_key,
            client,
            lane: Arc::default(),
            released: Notify::new(),
            datasets: RwLock::default(),
            standby: Mutex::default(),
            farewell: Mutex::default(),
            seen_size: AtomicU64::new(0),
            quality: RwLock::default(),
        }
    }

    pub(super) fn is_superseded(&self, directory: &Directory) -> bool {
        directory.is_superseded(&self.identity, &self.tls_key)
    }

    /// To ask for rows, beside other scans.
    pub fn lane(&self) -> &Arc<Lane> {
        &self.lane
    }

    /// To ask for rows on a separate stream.
    pub fn flight(&self) -> FlightServiceClient<Http2Client> {
        FlightServiceClient::new(self.client.clone())
            .max_decoding_message_size(bounds::MESSAGE_BYTES)
    }

    /// The digest of the statement under which it serves a dataset.
    pub fn statement_digest(&self, dataset: &str) -> Option<Digest> {
        self.serves().get(dataset).copied()
    }

    pub(super) fn serves(&self) -> RwLockReadGuard<'_, BTreeMap<String, Digest>> {
        self.datasets.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it answers for a dataset, or would.
    pub(super) fn has_a_dataset(&self) -> bool {
        !self.serves().is_empty() || !self.standby().is_empty()
    }

    pub(super) fn standby(&self) -> MutexGuard<'_, BTreeMap<String, Stated>> {
        self.standby.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What it says is wrong with a dataset, as it signed it.
    pub fn quality(&self, dataset: &str) -> Option<Envelope> {
        self.quality.read().unwrap_or_else(PoisonError::into_inner).get(dataset).cloned()
    }

    /// Says why the channel closes, if there is a reason that the department should read; waits for
    /// it only so long.
    pub(super) async fn part(&self) {
        let farewell = self.farewell.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((reason, why)) = farewell {
            self.tell(reason, why).await;
        }
    }

    pub(super) async fn tell(&self, reason: NoticeReason, why: String) {
        tell(self.control(), reason, why).await;
    }

    pub(super) fn closes(&self, reason: NoticeReason, why: &str) {
        *self.farewell.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((reason, why.to_owned()));
    }

    pub(super) fn is_serving(&self, dataset: &str) -> bool {
        !self.client.is_closed() && self.serves().contains_key(dataset)
    }

    pub(super) fn control(&self) -> ConnectorClient<Http2Client> {
        ConnectorClient::new(self.client.clone()).max_decoding_message_size(bounds::MESSAGE_BYTES)
    }

    /// To open the lane.
    pub(super) fn lane_client(&self) -> ConnectorClient<Http2Client> {
        ConnectorClient::new(self.client.streaming())
            .max_decoding_message_size(bounds::MESSAGE_BYTES)
    }

    pub(super) async fn confirm(&self, envelope: &Envelope, version: u64) -> bool {
        let mut control = self.control();
        let pushed =
            control.push_directory(PushDirectoryRequest { directory: Some(envelope.clone()) });
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
        attached
            .values()
            .find(|one| one.serves().contains_key(dataset) && !one.client.is_closed())
            .cloned()
    }

    /// How many are attached.
    pub fn count(&self) -> usize {
        self.attached.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Hands every attached connector a new key directory. Returns how many confirmed, and who did
    /// not and was detached. A connector that it no longer names as active is detached first.
    pub async fn push_directory(
        &self,
        envelope: &Envelope,
        directory: &Directory,
    ) -> (u32, Vec<String>) {
        let version = directory.version();
        let all: Vec<Arc<Attached>> = self
            .attached
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
            .cloned()
            .collect();
        let (all, gone): (Vec<_>, Vec<_>) = all
            .into_iter()
            .partition(|one| directory.is_active(&one.identity) && !one.is_superseded(directory));
        for one in gone {
            tracing::warn!(connector = %one.uri, "detached: it is suspended");
            one.closes(NoticeReason::NotActive, NOT_ACTIVE);
            self.detach(&one);
        }
        let confirmations =
            future::join_all(all.iter().map(|one| one.confirm(envelope, version))).await;
        let (mut confirmed, mut silent) = (0, Vec::new());
        for (one, whether) in all.iter().zip(confirmations) {
            if whether {
                confirmed += 1;
            } else {
                tracing::warn!(connector = %one.uri, "detached: it did not confirm the new key directory");
                one.closes(
                    NoticeReason::Directory,
                    "it did not confirm the new key directory in time",
                );
                self.detach(one);
                silent.push(one.uri.clone());
            }
        }
        (confirmed, silent)
    }

    /// Whether that a connector is not attached for this cause is to be said now.
    pub(super) fn may_say(&self, uri: &str, why: &str) -> bool {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.retain(|_, (_, at)| at.elapsed() < SAY_AGAIN);
        let known = said.get(uri).is_some_and(|(known, _)| known == why);
        if !known {
            said.insert(uri.to_owned(), (why.to_owned(), Instant::now()));
        }
        !known
    }

    /// The channel that this system had before, if it is still open.
    pub(super) fn before(&self, uri: &str) -> Option<Arc<Attached>> {
        let attached = self.attached.read().unwrap_or_else(PoisonError::into_inner);
        attached.get(uri).filter(|one| !one.client.is_closed()).cloned()
    }

    /// A dataset that another live system answers for stays with that one; this one is on standby
    /// for it.
    pub(super) fn leave_to_others(&self, one: &Attached, stated: Vec<Stated>) -> Vec<Stated> {
        let attached = self.attached.read().unwrap_or_else(PoisonError::into_inner);
        let (mut free, mut standby) = (Vec::new(), one.standby());
        for stated in stated {
            let dataset = &stated.statement.id;
            match attached.values().find(|other| other.uri != one.uri && other.is_serving(dataset))
            {
                None => free.push(stated),
                Some(other) => {
                    tracing::warn!(dataset = %dataset, connector = %one.uri, by = %other.uri, "stands by: another connector answers for it");
                    standby.insert(dataset.clone(), stated);
                }
            }
        }
        free
    }

    /// The connectors on standby for datasets that no live connector answers for now, each with its
    /// statement: the first of each dataset.
    pub(super) fn vacant(&self) -> Vec<(Arc<Attached>, Stated)> {
        let attached = self.attached.read().unwrap_or_else(PoisonError::into_inner);
        let mut found: BTreeMap<String, (Arc<Attached>, Stated)> = BTreeMap::new();
        for one in attached.values().filter(|one| !one.client.is_closed()) {
            for (dataset, stated) in one.standby().iter() {
                if !found.contains_key(dataset)
                    && !attached.values().any(|other| other.is_serving(dataset))
                {
                    found.insert(dataset.clone(), (Arc::clone(one), stated.clone()));
                }
            }
        }
        found.into_values().collect()
    }

    /// A system's new channel replaces the one that it had before, `None` if it had none. `None` if
    /// yet another channel of the system was quicker.
    pub(super) fn attach(
        &self,
        one: Attached,
        before: Option<&Arc<Attached>>,
    ) -> Option<Arc<Attached>> {
        let mut attached = self.attached.write().unwrap_or_else(PoisonError::into_inner);
        let there = attached.get(&one.uri).filter(|there| !there.client.is_closed());
        if there.is_some_and(|there| before.is_none_or(|before| !Arc::ptr_eq(there, before))) {
            return None;
        }
        let one = Arc::new(one);
        if let Some(replaced) = attached.insert(one.uri.clone(), Arc::clone(&one)) {
            replaced
                .closes(NoticeReason::Replaced, "a newer channel of this connector replaces it");
            replaced.released.notify_one();
        }
        Some(one)
    }

    pub(super) fn detach(&self, one: &Arc<Attached>) {
        let mut attached = self.attached.write().unwrap_or_else(PoisonError::into_inner);
        if attached.get(&one.uri).is_some_and(|current| Arc::ptr_eq(current, one)) {
            attached.remove(&one.uri);
        }
        one.released.notify_one();
    }
}

pub(super) async fn tell(
    mut control: ConnectorClient<Http2Client>,
    reason: NoticeReason,
    why: String,
) {
    let notice = NoticeRequest { reason: reason.into(), why };
    // A connector of an older release does not know the call, and one that is gone does not get
    // it.
    let _answered = tokio::time::timeout(NOTICE_TIME, control.notice(notice)).await;
}
