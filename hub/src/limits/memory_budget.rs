//! Memory for departments' answers. One scan's answer has its own bound; hundreds at once would
//! still be too much. So all together share one more, and an answer that comes too late for it is
//! refused.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The unit in which memory is counted, in bytes.
const UNIT: usize = 1024;

/// All the memory there is, and the share of it that one connector's answers may have: a connector
/// that stalls them does not keep others' answers out.
#[derive(Clone, Debug)]
pub struct MemoryBudget {
    all: Arc<Semaphore>,
    share: usize,
    /// Each connector's, by its URI; there are as many as ever answered.
    shares: Arc<Mutex<HashMap<String, Arc<Semaphore>>>>,
}

/// Memory taken from the budget; given back when dropped.
#[derive(Debug)]
pub struct Reservation {
    all: Arc<Semaphore>,
    share: Arc<Semaphore>,
    held: Option<[OwnedSemaphorePermit; 2]>,
}

impl MemoryBudget {
    /// For so many bytes, of which one connector's answers have half, but never less than `least`.
    pub fn new(bytes: usize, least: usize) -> Self {
        let units = bytes / UNIT;
        Self {
            all: Arc::new(Semaphore::new(units)),
            share: (units / 2).max(least / UNIT).min(units),
            shares: Arc::default(),
        }
    }

    /// None of it, to begin with, for an answer of this connector.
    pub fn reservation(&self, connector: &str) -> Reservation {
        let mut shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        let share = shares
            .entry(connector.to_owned())
            .or_insert_with(|| Arc::new(Semaphore::new(self.share)));
        Reservation { all: Arc::clone(&self.all), share: Arc::clone(share), held: None }
    }
}

impl Reservation {
    /// Takes so many bytes more, rounded up to [`UNIT`]; `false` if there are not enough left.
    #[must_use]
    pub fn grow(&mut self, bytes: usize) -> bool {
        let Ok(units) = u32::try_from(bytes.div_ceil(UNIT)) else { return false };
        let of = |units_left: &Arc<Semaphore>| Arc::clone(units_left).try_acquire_many_owned(units);
        let (Ok(share), Ok(all)) = (of(&self.share), of(&self.all)) else { return false };
        match &mut self.held {
            Some([held_of_share, held_of_all]) => {
                held_of_share.merge(share);
                held_of_all.merge(all);
            }
            none => *none = Some([share, all]),
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_answers_together_have_a_bound_and_give_their_room_back() {
        let budget = MemoryBudget::new(10 * UNIT, 10 * UNIT);
        let (mut one, mut other) = (budget.reservation("a"), budget.reservation("b"));
        assert!(one.grow(4 * UNIT) && one.grow(1) && other.grow(5 * UNIT));
        assert!(!other.grow(1) && !one.grow(1), "ten are taken");
        drop(one);
        assert!(other.grow(5 * UNIT) && !other.grow(1));
        drop(other);
        assert!(budget.reservation("a").grow(10 * UNIT));
    }

    #[test]
    fn one_connector_has_half_of_it() {
        let budget = MemoryBudget::new(10 * UNIT, UNIT);
        let (mut one, mut two) = (budget.reservation("a"), budget.reservation("a"));
        assert!(one.grow(4 * UNIT) && two.grow(UNIT));
        assert!(!one.grow(1) && !two.grow(1), "five are its share");
        let mut other = budget.reservation("b");
        assert!(other.grow(5 * UNIT) && !other.grow(1));
        drop(one);
        assert!(two.grow(4 * UNIT) && !two.grow(1));
        assert!(
            MemoryBudget::new(2 * UNIT, 9 * UNIT).reservation("a").grow(2 * UNIT),
            "a share is never less than one answer, nor more than there is"
        );
    }
}
