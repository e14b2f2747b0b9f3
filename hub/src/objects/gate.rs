//! How much may wait for a store that is slow, and that one which is down is asked only now and
//! then: who reads the past must not hold up who asks today.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, SemaphorePermit, TryAcquireError};
use zerotrip_ledger::PlaceError;

/// Calls at once.
const AT_ONCE: usize = 4;
/// Calls that are made or wait for their turn: each holds a thread.
const WAITING: usize = 32;
/// How long a store that did not answer is not asked again.
const PAUSE: Duration = Duration::from_secs(3);

/// In front of one store.
#[derive(Debug)]
pub(super) struct Gate {
    url: String,
    turns: Semaphore,
    room: Semaphore,
    down: Mutex<Option<Down>>,
}

#[derive(Debug)]
struct Down {
    why: String,
    until: Instant,
}

impl Gate {
    pub(super) fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            turns: Semaphore::new(AT_ONCE),
            room: Semaphore::new(WAITING),
            down: Mutex::default(),
        }
    }

    /// Room to wait, unless the store is down or too many wait already.
    pub(super) fn enter(&self) -> Result<SemaphorePermit<'_>, PlaceError> {
        let down = self.down.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(down) = down.as_ref().filter(|down| Instant::now() < down.until) {
            return Err(PlaceError::Unavailable(down.why.clone()));
        }
        self.room.try_acquire().map_err(|error| match error {
            TryAcquireError::NoPermits => {
                PlaceError::Unavailable(format!("{WAITING} calls wait for it already"))
            }
            TryAcquireError::Closed => PlaceError::Unavailable("the hub is stopping".to_owned()),
        })
    }

    /// A turn at the store.
    pub(super) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.turns.acquire().await.ok()
    }

    /// What came of a call; a change is said, once.
    pub(super) fn note(&self, failed: Option<&str>) {
        let mut down = self.down.lock().unwrap_or_else(PoisonError::into_inner);
        match (failed, down.is_some()) {
            (Some(why), was_down) => {
                if !was_down {
                    tracing::error!(
                        store = self.url,
                        why,
                        "the object store does not answer: what is in it is unavailable, and \
                         nothing moves there; it is tried again"
                    );
                }
                *down = Some(Down { why: why.to_owned(), until: Instant::now() + PAUSE });
            }
            (None, true) => {
                tracing::info!(store = self.url, "the object store answers again");
                *down = None;
            }
            (None, false) => {}
        }
    }
}
