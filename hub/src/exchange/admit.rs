//! Is there room, and has this member asked enough? Replay is the ledger's to know: the intent's own transaction refuses a used id.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use zerotrip_policies::Decision;
use zerotrip_proto::Refusal;
use zerotrip_proto::v1::ErrorCode;
use zerotrip_trust::digest::{Digest, sha256_parts};
use zerotrip_trust::identity::Identity;

use super::Identified;
use crate::config::Config;
use crate::crowd::Place;
use crate::hub::Hub;

/// Keys that one window remembers; over it the window begins anew early, and the log says so.
const MOST_KEYS: usize = 2_000_000;
/// Refusals and denials that one peer may cause in the ledger a minute.
const REFUSALS_PER_MINUTE: u32 = 600;

/// Who has asked how much.
#[derive(Debug)]
pub struct Budgets {
    member_per_minute: u32,
    subject_per_hour: u32,
    members: Mutex<Window<String>>,
    subjects: Mutex<Window<Digest>>,
    refusals: Mutex<Window<String>>,
}

#[derive(Debug)]
struct Window<K> {
    began: Instant,
    length: Duration,
    counts: HashMap<K, u32>,
}

impl<K: std::hash::Hash + Eq> Window<K> {
    fn new(length: Duration) -> Self {
        Self { began: Instant::now(), length, counts: HashMap::new() }
    }

    fn count(&mut self, key: K) -> u32 {
        let full = self.counts.len() >= MOST_KEYS;
        if full {
            tracing::warn!("a budget's memory is full; it begins anew early");
        }
        if full || self.began.elapsed() >= self.length {
            self.began = Instant::now();
            self.counts.clear();
        }
        let count = self.counts.entry(key).or_default();
        *count += 1;
        *count
    }
}

impl Budgets {
    /// As configured.
    pub fn new(config: &Config) -> Self {
        Self {
            member_per_minute: config.member_per_minute,
            subject_per_hour: config.subject_per_hour,
            members: Mutex::new(Window::new(Duration::from_secs(60))),
            subjects: Mutex::new(Window::new(Duration::from_secs(3600))),
            refusals: Mutex::new(Window::new(Duration::from_secs(60))),
        }
    }

    /// One more refusal for this peer.
    pub fn spend_refusal(&self, peer: &str) -> Result<(), Refusal> {
        let refused = self.refusals.lock().unwrap_or_else(PoisonError::into_inner).count(peer.to_owned());
        if refused <= REFUSALS_PER_MINUTE {
            return Ok(());
        }
        if refused == REFUSALS_PER_MINUTE + 1 {
            tracing::warn!(peer, "over {REFUSALS_PER_MINUTE} refusals and denials a minute; further ones are not recorded one by one");
        }
        Err(Refusal::bilingual(
            ErrorCode::Overloaded,
            "too many refused or denied requests; correct the asking system and try again in a minute",
            "被拒请求过多；请检查请求方系统，一分钟后重试",
        ))
    }

    fn spend(&self, member: &str, subjects: &[String]) -> Result<(), Refusal> {
        let asked = self.members.lock().unwrap_or_else(PoisonError::into_inner).count(member.to_owned());
        if asked > self.member_per_minute {
            let most = self.member_per_minute;
            return Err(Refusal::bilingual(
                ErrorCode::Overloaded,
                format!("member `{member}` has asked more than {most} times this minute; try again in a minute"),
                format!("成员单位 `{member}` 本分钟内的请求已超过 {most} 次；请一分钟后重试"),
            ));
        }
        for subject in subjects {
            let key = sha256_parts("zerotrip budget v1", &[member.as_bytes(), subject.as_bytes()]);
            if self.subjects.lock().unwrap_or_else(PoisonError::into_inner).count(key) > self.subject_per_hour {
                tracing::warn!(member, "one subject was asked about more often than its budget allows");
                let most = self.subject_per_hour;
                return Err(Refusal::bilingual(
                    ErrorCode::Overloaded,
                    format!("this member has asked about this subject more than {most} times this hour"),
                    format!("本单位本小时内对同一当事人的查询已超过 {most} 次"),
                ));
            }
        }
        Ok(())
    }
}

/// A denial is two entries of the ledger, and as cheap to cause as a refusal: it is counted with them, and over the bound not recorded.
pub fn within_denials(hub: &Hub, decision: &Decision, peer: &Identity) -> Result<(), Refusal> {
    if decision.allowed { Ok(()) } else { hub.budgets.spend_refusal(&peer.uri()) }
}

/// Room for one exchange, held until it is answered. No member gets more than half of it: who asks too much at once is told to come back,
/// and the others do not notice.
pub fn admit(hub: &Hub, identified: &Identified, subjects: &[String]) -> Result<Place<String>, Refusal> {
    hub.budgets.spend(&identified.member, subjects)?;
    hub.room.enter(identified.member.clone()).ok_or_else(|| {
        let share = hub.room.most_each();
        Refusal::bilingual(
            ErrorCode::Overloaded,
            format!("the hub is busy or stopping, or this member has {share} exchanges under way, its share; try again in a second"),
            format!("枢纽繁忙或正在停机，或本单位同时进行的请求已达 {share} 个上限，请一秒后重试"),
        )
    })
}
