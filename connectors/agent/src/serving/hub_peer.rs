//! The hub as a peer: its certificate, its clock, its log, and its notices.

use std::sync::PoisonError;
use std::time::SystemTime;

use zerotrip_channel::Peer;
use zerotrip_proto::Refusal;
use zerotrip_proto::v1::{DescribeRequest, ErrorCode, KeyUsage, NoticeReason, NoticeRequest};
use zerotrip_trust::note;

use crate::hub_watermark::Continuity;
use zerotrip_text::shown;

use super::{Agent, Notice};

/// For a hub with a certificate from before it was enrolled anew.
pub(super) const SUPERSEDED: &str =
    "the hub's certificate is from before it was enrolled anew, and is no longer valid";
/// Characters of the hub's words that are shown.
const MOST_NOTICE: usize = 400;

impl Agent {
    /// The peer, if it may ask here now: only the hub may, and not one whose certificate the
    /// directory in force has superseded. The hub itself may have brought that directory, after the
    /// handshake. A refusal is journalled.
    pub fn require_hub<'p>(&self, peer: Option<&'p Peer>) -> Result<&'p Peer, Refusal> {
        let Some(hub) = peer.filter(|peer| peer.identity.is_hub()) else {
            let why = "only the hub asks here";
            return Err(self.refused(Refusal::new(ErrorCode::Unauthenticated, why)));
        };
        if hub.is_superseded_hub(&self.current().directory) {
            return Err(self.refused(Refusal::new(ErrorCode::StaleBundle, SUPERSEDED)));
        }
        Ok(hub)
    }

    /// Compares the hub's clock with this machine's, and logs a difference.
    pub fn compare_clocks(&self, here: SystemTime, hub: SystemTime) {
        if let Some(said) = self.clock.compare(here, hub) {
            tracing::warn!("{said}");
        }
    }

    /// Compares the hub's log and grants with what was seen of them. A hub that is behind, or that
    /// shows no tree head, is refused.
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
            Some(head) => self.watermark.compare(&head, shown),
            None => refuse("the hub's tree head is not signed with a key of the hub".to_owned()),
        }
    }

    /// Leaves of the largest tree of the hub's log that was seen here.
    pub fn seen_size(&self) -> u64 {
        self.watermark.size()
    }

    /// Takes a notice of the hub to this department.
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
}
