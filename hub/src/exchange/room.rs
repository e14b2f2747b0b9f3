//! Room for departments' answers. One scan's answer has a bound of its own, which is nothing beside that of hundreds at once: all together
//! share one more, and who comes too late is not answered.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes in which room is counted.
const UNIT: usize = 1024;

/// All the room that there is, and the share of it that one connector's answers may have: one that stalls them keeps nobody else's out.
#[derive(Clone, Debug)]
pub struct Room {
    all: Arc<Semaphore>,
    share: usize,
    /// Each connector's, by its URI; there are as many as ever answered.
    shares: Arc<Mutex<HashMap<String, Arc<Semaphore>>>>,
}

/// Room that was taken; dropped, it is free again.
#[derive(Debug)]
pub struct Taken {
    all: Arc<Semaphore>,
    share: Arc<Semaphore>,
    held: Option<[OwnedSemaphorePermit; 2]>,
}

impl Room {
    /// For so many bytes, of which one connector's answers have half, but never less than `least`.
    pub fn new(bytes: usize, least: usize) -> Self {
        let units = bytes / UNIT;
        Self { all: Arc::new(Semaphore::new(units)), share: (units / 2).max(least / UNIT).min(units), shares: Arc::default() }
    }

    /// None of it, to begin with, for an answer of this connector.
    pub fn none(&self, connector: &str) -> Taken {
        let mut shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        let share = shares.entry(connector.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(self.share)));
        Taken { all: Arc::clone(&self.all), share: Arc::clone(share), held: None }
    }
}

impl Taken {
    /// Takes room for so many bytes more; `false` if there is none left.
    #[must_use]
    pub fn take(&mut self, bytes: usize) -> bool {
        let Ok(units) = u32::try_from(bytes.div_ceil(UNIT)) else { return false };
        let of = |room: &Arc<Semaphore>| Arc::clone(room).try_acquire_many_owned(units);
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
        let room = Room::new(10 * UNIT, 10 * UNIT);
        let (mut one, mut other) = (room.none("a"), room.none("b"));
        assert!(one.take(4 * UNIT) && one.take(1) && other.take(5 * UNIT));
        assert!(!other.take(1) && !one.take(1), "ten are taken");
        drop(one);
        assert!(other.take(5 * UNIT) && !other.take(1));
        drop(other);
        assert!(room.none("a").take(10 * UNIT));
    }

    #[test]
    fn one_connector_has_half_of_it() {
        let room = Room::new(10 * UNIT, UNIT);
        let (mut one, mut two) = (room.none("a"), room.none("a"));
        assert!(one.take(4 * UNIT) && two.take(UNIT));
        assert!(!one.take(1) && !two.take(1), "five are its share");
        let mut other = room.none("b");
        assert!(other.take(5 * UNIT) && !other.take(1));
        drop(one);
        assert!(two.take(4 * UNIT) && !two.take(1));
        assert!(Room::new(2 * UNIT, 9 * UNIT).none("a").take(2 * UNIT), "a share is never less than one answer, nor more than there is");
    }
}
