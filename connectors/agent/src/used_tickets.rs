//! Which tickets and scans were served already. The memory is bounded. It begins with the process:
//! the gate refuses what is dated before that. What is dated after it can have been served all the
//! same, by a requester's clock that is ahead: that is recalled from the journal.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use zerotrip_proto::v1::{ErrorCode, ScanTicket};
use zerotrip_proto::{Refusal, bounds};
use zerotrip_trust::digest::sha256;

use crate::journal::Served;

/// Most names that are remembered at once; a ticket lives a minute, its request five.
const MOST: usize = 8_000_000;
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
    names: HashSet<Name>,
    /// What was used, by until when it is remembered: the earliest first, a second together.
    expiries: VecDeque<(SystemTime, Vec<Name>)>,
    /// How many keys the parts had of a scan that is asked in parts, by the scan's name.
    parts: HashMap<Name, u64>,
}

/// Half of a digest: a busy day has millions of names at a time, and they are long. Who finds two
/// of one digest has one of their scans refused.
type Name = [u8; 16];

fn name(text: &str) -> Name {
    let digest = sha256(text.as_bytes());
    let mut half = Name::default();
    half.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    half
}

/// What a ticket uses up, and the scan that it is of.
struct Names {
    used: [Name; 2],
    scan: Name,
}

impl Names {
    fn of(ticket: &str, (exchange, scan): (&str, &str), part: Option<u32>) -> Self {
        let scan = format!("scan {exchange} {scan}");
        let used = match part {
            None => name(&scan),
            Some(part) => name(&format!("{scan} part {part}")),
        };
        Self { used: [name(&format!("ticket {ticket}")), used], scan: name(&scan) }
    }
}

/// Names are remembered together that come within this time of one another.
const TOGETHER: Duration = Duration::from_secs(1);

/// A part of a scan for a request about many subjects.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// How many persons it asks about.
    pub keys: u64,
    /// Most persons that all parts of the scan together can ask about.
    pub most_keys: u64,
}

impl UsedTickets {
    /// Remembers from now on.
    pub fn new(now: SystemTime) -> Self {
        Self { since: now, held: Mutex::new(Held::default()) }
    }

    /// The same, with what was served before. It is remembered as if it were served now: that is
    /// long enough for whatever is dated after now.
    pub fn recalling(now: SystemTime, served: &[Served]) -> Self {
        let used = Self::new(now);
        let mut held = used.held.lock().unwrap_or_else(PoisonError::into_inner);
        let until = now + MEMORY;
        for one in served {
            let names =
                Names::of(&one.ticket, (&one.exchange, &one.scan), one.part.map(|(at, _)| at));
            if let Some((_, keys)) = one.part {
                held.add_keys(names.scan, keys, until);
            }
            held.take(names, until);
        }
        drop(held);
        used
    }

    /// Since when.
    pub fn since(&self) -> SystemTime {
        self.since
    }

    /// Uses a ticket up: its id, and its scan within its exchange, so that a second ticket cannot
    /// ask the same again. A part of a scan uses up its number.
    pub fn spend(
        &self,
        ticket: &ScanTicket,
        scan: &str,
        part: Option<Part>,
        now: SystemTime,
    ) -> Result<(), Refusal> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.forget(now);
        let number = part.map(|_| ticket.part);
        let names = Names::of(&ticket.id, (&ticket.exchange_id, scan), number);
        if names.used.iter().any(|name| held.names.contains(name)) {
            return Err(Refusal::new(
                ErrorCode::GrantReused,
                "this ticket, or another for the same scan of the same exchange, was used already",
            ));
        }
        // The scan's own name is kept with its first part.
        if held.names.len() + names.used.len() + 1 > MOST {
            return Err(Refusal::new(
                ErrorCode::SourceLimit,
                "too many scans at once to remember which tickets were used",
            ));
        }
        let until = now + MEMORY;
        if let Some(part) = part {
            held.spend_keys(names.scan, part, until)?;
        }
        held.take(names, until);
        Ok(())
    }
}

impl Held {
    fn forget(&mut self, now: SystemTime) {
        while self.expiries.front().is_some_and(|(until, _)| *until < now) {
            for name in self.expiries.pop_front().into_iter().flat_map(|(_, names)| names) {
                self.names.remove(&name);
                self.parts.remove(&name);
            }
        }
    }

    fn take(&mut self, names: Names, until: SystemTime) {
        for name in names.used {
            if self.names.insert(name) {
                self.remember(name, until);
            }
        }
    }

    /// Until then, or a second longer; a clock that was set back forgets nothing sooner.
    fn remember(&mut self, name: Name, until: SystemTime) {
        match self.expiries.back_mut() {
            Some((last, names)) if until <= *last => names.push(name),
            _ => self.expiries.push_back((until + TOGETHER, vec![name])),
        }
    }

    /// All parts of a scan ask about no more persons than the approval allows. Somebody may be in
    /// two of them: of two subjects that are not of one group, such as a couple.
    fn spend_keys(&mut self, scan: Name, part: Part, until: SystemTime) -> Result<(), Refusal> {
        let all = self.parts.get(&scan).copied().unwrap_or_default() + part.keys;
        if all > part.most_keys {
            let most = part.most_keys;
            return Err(Refusal::new(
                ErrorCode::TooLarge,
                format!("{all} keys in the parts of this scan; the owner approved {most}"),
            ));
        }
        self.add_keys(scan, part.keys, until);
        Ok(())
    }

    /// From the first part on, for as long as the gate can admit the request.
    fn add_keys(&mut self, scan: Name, keys: u64, until: SystemTime) {
        let before = self.parts.get(&scan).copied();
        self.parts.insert(scan, before.unwrap_or_default().saturating_add(keys));
        if before.is_none() {
            self.remember(scan, until);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

    use super::*;

    fn ticket(id: &str, exchange: &str) -> ScanTicket {
        ScanTicket { id: id.into(), exchange_id: exchange.into(), ..ScanTicket::default() }
    }

    #[test]
    fn a_grant_and_a_scan_are_good_once_and_forgotten_when_no_gate_would_take_them() {
        let now = SystemTime::now();
        let used = UsedTickets::new(now);
        assert_eq!(used.since(), now);
        used.spend(&ticket("g1", "e1"), "owner", None, now).unwrap();
        let refused = |ticket: &ScanTicket, scan: &str, at| {
            used.spend(ticket, scan, None, at).unwrap_err().code == ErrorCode::GrantReused
        };
        assert!(refused(&ticket("g1", "e2"), "buyer", now), "the same ticket");
        assert!(refused(&ticket("g2", "e1"), "owner", now), "the same scan under another ticket");
        used.spend(&ticket("g3", "e1"), "buyer", None, now).unwrap();
        // A request dated a clock's error ahead, at the very end of its life and of the patience
        // after it.
        let last = now + bounds::CLOCK_SKEW + bounds::REQUEST_LIFE + bounds::CLOCK_SKEW;
        assert!(refused(&ticket("g4", "e1"), "owner", last));
        assert_eq!(used.held.lock().unwrap().names.len(), 4);
        used.spend(&ticket("g5", "e5"), "owner", None, last + TOGETHER + TOGETHER).unwrap();
        let held = used.held.lock().unwrap();
        assert_eq!((held.names.len(), held.expiries.len()), (2, 1), "the old ones are forgotten");
    }

    #[test]
    fn a_part_is_used_once_and_all_parts_have_no_more_keys_than_was_approved() {
        let now = SystemTime::now();
        let used = UsedTickets::new(now);
        let ask = |id: &str, scan: &str, number: u32, keys, most_keys, at| {
            let ticket = ScanTicket { part: number, ..ticket(id, "e1") };
            used.spend(&ticket, scan, Some(Part { keys, most_keys }), at).map_err(|why| why.code)
        };
        ask("g1", "owner", 1, 1, 2, now).unwrap();
        assert_eq!(ask("g2", "owner", 1, 1, 2, now), Err(ErrorCode::GrantReused), "number");
        assert_eq!(ask("g4", "owner", 2, 2, 2, now), Err(ErrorCode::TooLarge));
        ask("g5", "owner", 2, 1, 2, now).unwrap();
        assert_eq!(ask("g6", "owner", 3, 1, 2, now), Err(ErrorCode::TooLarge));
        ask("g7", "buyer", 1, 1, 2, now).unwrap();
        let last = now + MEMORY;
        assert_eq!(ask("g8", "owner", 9, 1, 2, last), Err(ErrorCode::TooLarge));
        ask("g9", "owner", 9, 1, 2, last + TOGETHER + TOGETHER).unwrap();
        let held = used.held.lock().unwrap();
        assert_eq!(held.parts.values().sum::<u64>(), 1, "the old ones are forgotten");
    }

    #[test]
    fn what_was_served_before_a_restart_is_not_served_again() {
        let now = SystemTime::now();
        let one = |ticket: &str, exchange: &str, part| Served {
            ticket: ticket.into(),
            exchange: exchange.into(),
            scan: "owner".into(),
            part,
        };
        let served = [one("g1", "e1", None), one("g2", "e2", Some((1, 2))), one("g1", "e1", None)];
        let used = UsedTickets::recalling(now, &served);
        assert_eq!(used.since(), now);
        // Until no gate would take a request that is dated as far ahead as it may be.
        let last = now + bounds::CLOCK_SKEW + bounds::REQUEST_LIFE + bounds::CLOCK_SKEW;
        let spend = |ticket: &ScanTicket, scan: &str, part, at| {
            used.spend(ticket, scan, part, at).map_err(|why| why.code)
        };
        assert_eq!(spend(&ticket("g1", "e9"), "owner", None, last), Err(ErrorCode::GrantReused));
        assert_eq!(spend(&ticket("g9", "e1"), "owner", None, last), Err(ErrorCode::GrantReused));
        let part = |number, keys| {
            let ticket = ScanTicket { part: number, ..ticket(&format!("p{number}"), "e2") };
            spend(&ticket, "owner", Some(Part { keys, most_keys: 3 }), last)
        };
        assert_eq!(part(1, 1), Err(ErrorCode::GrantReused), "the same part");
        assert_eq!(part(2, 2), Err(ErrorCode::TooLarge), "two keys of three were asked before");
        assert_eq!(part(2, 1), Ok(()));
        assert_eq!(spend(&ticket("g9", "e1"), "buyer", None, last), Ok(()), "another scan");
    }
}
