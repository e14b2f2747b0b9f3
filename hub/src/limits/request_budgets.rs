//! How much each member has asked, and each peer was refused: windows of a minute or an hour.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use zerotrip_datasets::Key;
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

    /// How often the key is counted in the window that is open now; a new one opens where that one
    /// is over, or its memory full.
    fn counted(&mut self, key: &K) -> u32 {
        let full = self.counts.len() >= MOST_KEYS;
        if full {
            tracing::warn!("a budget's memory is full; it begins anew early");
        }
        if full || self.began.elapsed() >= self.length {
            self.began = Instant::now();
            self.counts.clear();
        }
        self.counts.get(key).copied().unwrap_or_default()
    }

    /// Counts the key so many times more.
    fn count(&mut self, key: K, times: u32) -> u32 {
        let count = self.counted(&key).saturating_add(times);
        self.counts.insert(key, count);
        count
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
            self.refusals.lock().unwrap_or_else(PoisonError::into_inner).count(peer.to_owned(), 1);
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

    /// So many requests more of this member, about these subjects: all of them, or none where they
    /// do not fit in. A refused request about one subject counts all the same: who asks too often
    /// has to pause.
    pub fn spend(&self, member: &str, requests: u32, subjects: &[Key]) -> Result<(), Refusal> {
        let mut members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = members.counted(&member.to_owned()).saturating_add(requests);
        let fits = asked <= self.member_per_minute;
        if fits || requests == 1 {
            members.count(member.to_owned(), requests);
        }
        drop(members);
        if !fits {
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
        let key = |subject: &Key| {
            sha256_parts(hash_domain::BUDGET, &[member.as_bytes(), subject.as_str().as_bytes()])
        };
        let mut counted = self.subjects.lock().unwrap_or_else(PoisonError::into_inner);
        // All are looked at before one of them is counted.
        let keys: Vec<Digest> = subjects.iter().map(key).collect();
        let most = self.subject_per_hour;
        let fit = keys.iter().all(|key| counted.counted(key) < most);
        if fit || requests == 1 {
            for key in keys {
                counted.count(key, 1);
            }
        }
        if fit {
            return Ok(());
        }
        tracing::warn!(member, "one subject was asked about more often than its budget allows");
        Err(Refusal::bilingual(
            ErrorCode::Overloaded,
            format!("this member has asked about this subject more than {most} times this hour"),
            format!("本单位本小时内对同一当事人的查询已超过 {most} 次"),
        ))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn budgets(member_per_minute: u32, subject_per_hour: u32) -> RequestBudgets {
        let folder = std::path::Path::new("/nowhere");
        let config = Config::read(folder, folder.to_owned(), None).unwrap();
        RequestBudgets::new(&Config { member_per_minute, subject_per_hour, ..config })
    }

    fn subjects() -> [Key; 3] {
        ["11010519491231002X", "440524188001010014", "440524188001010022"]
            .map(|id| Key::canonical(id).unwrap())
    }

    #[test]
    fn many_subjects_count_each_and_all_of_them_or_none() {
        let [one, two, three] = subjects();
        let of_subjects = budgets(1000, 2);
        let spend = |subjects: &[Key]| {
            let requests = u32::try_from(subjects.len()).unwrap();
            of_subjects.spend("fund", requests, subjects).is_ok()
        };
        assert!(spend(&[one]) && spend(&[one, two]));
        assert!(!spend(&[three, one]), "one of them is used up");
        assert!(spend(&[three, two]) && spend(&[three]), "nothing was counted of the other");
        assert!(!spend(&[three]) && !spend(&[two]));
        let of_members = budgets(5, 1000);
        let spend = |member: &str, count: u32| of_members.spend(member, count, &[one]).is_ok();
        assert!(spend("fund", 3) && !spend("fund", 3) && spend("fund", 2) && !spend("fund", 1));
        assert!(spend("bank", 5));
    }
}
