//! Permits for connections or exchanges: a number in all, and a number for each key, so that one
//! holder does not keep the others out.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Permits, counted by the key of their holder.
#[derive(Debug)]
pub struct KeyedQuota<K> {
    permits: Arc<Semaphore>,
    most: usize,
    most_each: usize,
    held: Mutex<HashMap<K, usize>>,
}

/// A permit; given back when dropped.
#[derive(Debug)]
pub struct Permit<K: Eq + Hash> {
    quota: Arc<KeyedQuota<K>>,
    whose: K,
    _permit: OwnedSemaphorePermit,
}

impl<K: Clone + Eq + Hash> KeyedQuota<K> {
    /// With `most` permits, of which one key can hold `most_each`.
    pub fn new(most: usize, most_each: usize) -> Arc<Self> {
        Arc::new(Self {
            permits: Arc::new(Semaphore::new(most)),
            most,
            most_each,
            held: Mutex::new(HashMap::new()),
        })
    }

    /// A permit for this key, if there is one left in all and for it.
    pub fn try_acquire(self: &Arc<Self>, whose: K) -> Option<Permit<K>> {
        let permit = Arc::clone(&self.permits).try_acquire_owned().ok()?;
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let count = held.get(&whose).copied().unwrap_or_default();
        if count >= self.most_each {
            return None;
        }
        held.insert(whose.clone(), count + 1);
        Some(Permit { quota: Arc::clone(self), whose, _permit: permit })
    }

    /// How many permits one key can hold.
    pub fn most_each(&self) -> usize {
        self.most_each
    }

    /// Completes when no permit is held; while its result is held, none is given.
    pub async fn drained(&self) -> Option<OwnedSemaphorePermit> {
        let all = u32::try_from(self.most).unwrap_or(u32::MAX);
        Arc::clone(&self.permits).acquire_many_owned(all).await.ok()
    }
}

impl<K: Eq + Hash> Drop for Permit<K> {
    fn drop(&mut self) {
        let mut held = self.quota.held.lock().unwrap_or_else(PoisonError::into_inner);
        match held.get_mut(&self.whose) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(held.remove(&self.whose)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn nobody_takes_all_places_and_a_place_that_is_left_is_free() {
        let quota = KeyedQuota::new(4, 2);
        let first = quota.try_acquire("a").unwrap();
        let second = quota.try_acquire("a").unwrap();
        assert!(quota.try_acquire("a").is_none(), "two each");
        let others = [quota.try_acquire("b").unwrap(), quota.try_acquire("c").unwrap()];
        assert!(quota.try_acquire("d").is_none(), "four in all");
        drop(second);
        let third = quota.try_acquire("a").unwrap();
        assert!(quota.try_acquire("a").is_none());
        drop((first, third, others));
        assert!(quota.held.lock().unwrap().is_empty());
    }
}
