//! Which tickets and scans were served already. The memory is bounded. It ends with the process:
//! the gate refuses tickets that were issued before the process began.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use zerotrip_proto::v1::{ErrorCode, ScanTicket};
use zerotrip_proto::{Refusal, bounds};

/// Most names that are remembered at once; a ticket lives a minute, its request five.
const MOST: usize = 4_000_000;
/// How long one is remembered: as long as the gate can admit the same request. It admits one that
/// is dated ahead by the allowed clock skew, until the same skew after its end.
const MEMORY: Duration =
    bounds::REQUEST_LIFE.saturating_add(bounds::CLOCK_SKEW).saturating_add(bounds::CLOCK_SKEW);

/// The names of used tickets and scans.
#[derive(Debug)]
pub struct UsedTickets {
    since: SystemTime,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    names: HashSet<String>,
    expiries: BTreeSet<(SystemTime, String)>,
}

impl UsedTickets {
    /// Remembers from now on.
    pub fn new(now: SystemTime) -> Self {
        Self { since: now, held: Mutex::new(Held::default()) }
    }

    /// Since when.
    pub fn since(&self) -> SystemTime {
        self.since
    }

    /// Uses a ticket up: its id, and its scan within its exchange, so that a second ticket cannot
    /// ask the same again.
    pub fn spend(&self, ticket: &ScanTicket, scan: &str, now: SystemTime) -> Result<(), Refusal> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.forget(now);
        let names =
            [format!("ticket {}", ticket.id), format!("scan {} {scan}", ticket.exchange_id)];
        if names.iter().any(|name| held.names.contains(name)) {
            return Err(Refusal::new(
                ErrorCode::GrantReused,
                "this ticket, or another for the same scan of the same exchange, was used already",
            ));
        }
        if held.names.len() + names.len() > MOST {
            return Err(Refusal::new(
                ErrorCode::SourceLimit,
                "too many scans at once to remember which tickets were used",
            ));
        }
        let until = now + MEMORY;
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
            if *until >= now {
                break;
            }
            if let Some((_, name)) = self.expiries.pop_first() {
                self.names.remove(&name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

    use super::*;

    fn grant(id: &str, exchange: &str) -> ScanTicket {
        ScanTicket { id: id.into(), exchange_id: exchange.into(), ..ScanTicket::default() }
    }

    #[test]
    fn a_grant_and_a_scan_are_good_once_and_forgotten_when_no_gate_would_take_them() {
        let now = SystemTime::now();
        let used = UsedTickets::new(now);
        assert_eq!(used.since(), now);
        used.spend(&grant("g1", "e1"), "owner", now).unwrap();
        let refused = |grant: &ScanTicket, scan: &str, at| {
            used.spend(grant, scan, at).unwrap_err().code == ErrorCode::GrantReused
        };
        assert!(refused(&grant("g1", "e2"), "buyer", now), "the same grant");
        assert!(refused(&grant("g2", "e1"), "owner", now), "the same scan under another grant");
        used.spend(&grant("g3", "e1"), "buyer", now).unwrap();
        // A request dated a clock's error ahead, at the very end of its life and of the patience
        // after it.
        let last = now + bounds::CLOCK_SKEW + bounds::REQUEST_LIFE + bounds::CLOCK_SKEW;
        assert!(refused(&grant("g4", "e1"), "owner", last));
        assert_eq!(used.held.lock().unwrap().names.len(), 4);
        used.spend(&grant("g5", "e5"), "owner", last + Duration::from_secs(1)).unwrap();
        let held = used.held.lock().unwrap();
        assert_eq!((held.names.len(), held.expiries.len()), (2, 2), "the old ones are forgotten");
    }
}
