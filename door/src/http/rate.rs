//! How many requests the door takes, and how many connections.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::bounds::{BURST, CONNECTIONS, CONNECTIONS_OF_ONE, PER_SECOND};

/// A bucket that fills by the second.
#[derive(Debug)]
pub(crate) struct Rate(Mutex<(f64, Instant)>);

impl Rate {
    pub(crate) fn new(now: Instant) -> Self {
        Self(Mutex::new((BURST, now)))
    }

    /// Whether one more is taken.
    pub(crate) fn takes(&self, now: Instant) -> bool {
        let mut bucket = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (left, filled) = *bucket;
        let gained = now.saturating_duration_since(filled).as_secs_f64() * PER_SECOND;
        let left = (left + gained).min(BURST);
        let takes = left >= 1.0;
        *bucket = (if takes { left - 1.0 } else { left }, filled.max(now));
        takes
    }
}

/// The connections that are open, by address.
#[derive(Clone, Debug, Default)]
pub(crate) struct Connections(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// One of them, until it is dropped.
#[derive(Debug)]
pub(crate) struct Connected {
    all: Connections,
    address: IpAddr,
}

impl Connections {
    /// One more, unless there are too many.
    pub(crate) fn take(&self, address: IpAddr) -> Option<Connected> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_one = open.get(&address).copied().unwrap_or_default();
        if of_one >= CONNECTIONS_OF_ONE || open.values().sum::<usize>() >= CONNECTIONS {
            return None;
        }
        open.insert(address, of_one + 1);
        Some(Connected { all: self.clone(), address })
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().sum()
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        let mut open = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        match open.get_mut(&self.address) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(open.remove(&self.address)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::time::Duration;

    use super::*;

    #[test]
    fn requests_and_connections_are_bounded_and_come_back() {
        let begun = Instant::now();
        let rate = Rate::new(begun);
        let taken = (0..1000).filter(|_| rate.takes(begun)).count();
        assert_eq!(taken, 200);
        let later = begun + Duration::from_secs(1);
        assert_eq!((0..1000).filter(|_| rate.takes(later)).count(), 100);
        assert!(!rate.takes(begun), "a clock that goes back gains nothing");
        let all = Connections::default();
        let address = |last| IpAddr::from([127, 0, 0, last]);
        let mut held: Vec<_> = std::iter::from_fn(|| all.take(address(1))).collect();
        assert_eq!((held.len(), all.count()), (128, 128));
        let others: Vec<_> = std::iter::from_fn(|| all.take(address(2))).collect();
        assert_eq!((others.len(), all.take(address(3)).is_none()), (128, true));
        held.pop();
        assert!(all.take(address(3)).is_some());
        drop((held, others));
        assert_eq!(all.count(), 0);
    }
}
