//! Which grants and scans were served already. Bounded, and honest across restarts: what was issued before this process began is
//! refused by the gate.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use zerotrip_proto::v1::{ErrorCode, ScanGrant};
use zerotrip_proto::{Refusal, bounds};

/// Most grants that are remembered at once; a grant lives a minute, its exchange five.
const MOST: usize = 4_000_000;

/// The memory.
#[derive(Debug)]
pub struct Used {
    since: SystemTime,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    names: HashSet<String>,
    expiries: BTreeSet<(SystemTime, String)>,
}

impl Used {
    /// Remembers from now on.
    pub fn new(now: SystemTime) -> Self {
        Self { since: now, held: Mutex::new(Held::default()) }
    }

    /// Since when.
    pub fn since(&self) -> SystemTime {
        self.since
    }

    /// Spends a grant: its own id, and its scan within its exchange, so that a second grant cannot ask the same again.
    pub fn spend(&self, grant: &ScanGrant, scan: &str, now: SystemTime) -> Result<(), Refusal> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.forget(now);
        let names = [format!("grant {}", grant.id), format!("scan {} {scan}", grant.exchange_id)];
        if names.iter().any(|name| held.names.contains(name)) {
            return Err(Refusal::new(ErrorCode::GrantReused, "this grant, or another for the same scan of the same exchange, was used already"));
        }
        if held.names.len() + names.len() > MOST {
            return Err(Refusal::new(ErrorCode::SourceLimit, "too many scans at once to remember which grants were used"));
        }
        let until = now + bounds::REQUEST_LIFE + bounds::CLOCK_SKEW + Duration::from_secs(1);
        for name in names {
            held.names.insert(name.clone());
            held.expiries.insert((until, name));
        }
        Ok(())
    }
}

impl Held {
    fn forget(&mut self, now: SystemTime) {
        while let Some((until, _)) = self.expiries.first() {
            if *until > now {
                break;
            }
            if let Some((_, name)) = self.expiries.pop_first() {
                self.names.remove(&name);
            }
        }
    }
}
