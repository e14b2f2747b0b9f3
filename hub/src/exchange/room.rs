//! Room for departments' answers. One scan's answer has a bound of its own, which is nothing beside that of hundreds at once: all together
//! share one more, and who comes too late is not answered.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes in which room is counted.
const UNIT: usize = 1024;

/// All the room that there is.
#[derive(Clone, Debug)]
pub struct Room(Arc<Semaphore>);

/// Room that was taken; dropped, it is free again.
#[derive(Debug)]
pub struct Taken {
    room: Room,
    held: Option<OwnedSemaphorePermit>,
}

impl Room {
    /// For so many bytes.
    pub fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes / UNIT)))
    }

    /// None of it, to begin with.
    pub fn none(&self) -> Taken {
        Taken { room: self.clone(), held: None }
    }
}

impl Taken {
    /// Takes room for so many bytes more; `false` if there is none left.
    #[must_use]
    pub fn take(&mut self, bytes: usize) -> bool {
        let Ok(units) = u32::try_from(bytes.div_ceil(UNIT)) else { return false };
        let Ok(more) = Arc::clone(&self.room.0).try_acquire_many_owned(units) else { return false };
        match &mut self.held {
            Some(held) => held.merge(more),
            none => *none = Some(more),
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_answers_together_have_a_bound_and_give_their_room_back() {
        let room = Room::new(10 * UNIT);
        let (mut one, mut other) = (room.none(), room.none());
        assert!(one.take(4 * UNIT) && one.take(1) && other.take(5 * UNIT));
        assert!(!other.take(1) && !one.take(1), "ten are taken");
        drop(one);
        assert!(other.take(5 * UNIT) && !other.take(1));
        drop(other);
        assert!(room.none().take(10 * UNIT));
    }
}
