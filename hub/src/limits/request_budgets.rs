//! How much each member has asked, and each peer was refused: windows of a minute or an hour.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use zerotrip_datasets::Subject;
use zerotrip_proto::v1::ErrorCode;
use zerotrip_proto::{Refusal, hash_domain};
use zerotrip_trust::digest::{Digest, sha256_parts};

use crate::config::Config;

/// Keys that one window remembers; over it the window begins anew early, and the log says so.
const MOST_KEYS: usize = 2_000_000;
/// Refusals and denials that one peer may cause in the ledger a minute.
const REFUSALS_PER_MINUTE: u32 = 600;

/// How much each member has asked, and each peer was refused.
#[derive(Debug)]
pub struct RequestBudgets {
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

impl RequestBudgets {
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
        let refused =
            self.refusals.lock().unwrap_or_else(PoisonError::into_inner).count(peer.to_owned());
        if refused <= REFUSALS_PER_MINUTE {
            return Ok(());
        }
        if refused == REFUSALS_PER_MINUTE + 1 {
            tracing::warn!(
                peer,
                "over {REFUSALS_PER_MINUTE} refusals and denials a minute; further ones are not \
                 recorded one by one"
            );
        }
        Err(Refusal::bilingual(
            ErrorCode::Overloaded,
            "too many refused or denied requests; correct the asking system and try again in a \
             minute",
            "被拒请求过多；请检查请求方系统，一分钟后重试",
        ))
    }

    /// One more request of this member, about these subjects.
    pub fn spend(
        &self,
        member: &str,
        subjects: impl Iterator<Item = Subject>,
    ) -> Result<(), Refusal> {
        let asked =
            self.members.lock().unwrap_or_else(PoisonError::into_inner).count(member.to_owned());
        if asked > self.member_per_minute {
            let most = self.member_per_minute;
            return Err(Refusal::bilingual(
                ErrorCode::Overloaded,
                format!(
                    "member `{member}` has asked more than {most} times this minute; try again in \
                     a minute"
                ),
                format!("成员单位 `{member}` 本分钟内的请求已超过 {most} 次；请一分钟后重试"),
            ));
        }
        for subject in subjects {
            let parts = [member.as_bytes(), subject.as_key().as_bytes()];
            let key = sha256_parts(hash_domain::BUDGET, &parts);
            if self.subjects.lock().unwrap_or_else(PoisonError::into_inner).count(key)
                > self.subject_per_hour
            {
                tracing::warn!(
                    member,
                    "one subject was asked about more often than its budget allows"
                );
                let most = self.subject_per_hour;
                return Err(Refusal::bilingual(
                    ErrorCode::Overloaded,
                    format!(
                        "this member has asked about this subject more than {most} times this hour"
                    ),
                    format!("本单位本小时内对同一当事人的查询已超过 {most} 次"),
                ));
            }
        }
        Ok(())
    }
}
