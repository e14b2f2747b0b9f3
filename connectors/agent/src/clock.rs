//! This machine's clock compared with the hub's. A clock that is wrong makes every ticket look
//! lapsed or not yet valid. The difference is logged on the machine that must be set, as soon as
//! the hub states its time.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// A smaller difference is the message's travel time, not a wrong clock.
const NOTABLE: Duration = Duration::from_secs(2);
/// Time after which a clock that is still wrong is logged again.
const SAY_AGAIN: Duration = Duration::from_secs(15 * 60);
/// Time after which it is logged again that scans are refused for their times.
const REFUSED_AGAIN: Duration = Duration::from_secs(60);

/// How far this machine's clock is from another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skew {
    /// By this many seconds, rounded up.
    Behind(u64),
    /// The same.
    Ahead(u64),
}

impl Skew {
    /// Of `here`, if that is notably another time than `theirs`.
    pub fn of(here: SystemTime, theirs: SystemTime) -> Option<Self> {
        let (skew, by): (fn(u64) -> Self, Duration) = match theirs.duration_since(here) {
            Ok(behind) => (Self::Behind, behind),
            Err(ahead) => (Self::Ahead, ahead.duration()),
        };
        (by >= NOTABLE).then(|| skew(seconds(by)))
    }
}

impl fmt::Display for Skew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Behind(by) => write!(f, "this machine's clock is {by} s behind the hub's"),
            Self::Ahead(by) => write!(f, "this machine's clock is {by} s ahead of the hub's"),
        }
    }
}

/// Whole seconds, rounded up.
pub fn seconds(by: Duration) -> u64 {
    by.as_secs() + u64::from(by.subsec_nanos() > 0)
}

/// When each was logged last.
#[derive(Debug, Default)]
pub struct Clock {
    off: Mutex<Option<Instant>>,
    refused: Mutex<Option<Instant>>,
}

impl Clock {
    /// The hub's clock as it spoke, beside this machine's. What is to be said of that now: at once
    /// when it is off, and now and then while it stays so.
    pub fn compare(&self, here: SystemTime, hub: SystemTime) -> Option<String> {
        let mut said = self.off.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(skew) = Skew::of(here, hub) else {
            let was_off = said.take().is_some();
            return was_off.then(|| "this machine's clock agrees with the hub's again".to_owned());
        };
        if said.is_some_and(|at| at.elapsed() < SAY_AGAIN) {
            return None;
        }
        *said = Some(Instant::now());
        Some(format!(
            "{skew}: scans may be refused, and what is read may be dated wrongly; set the clock \
             that is wrong, by NTP for one"
        ))
    }

    /// Whether that a scan was refused for its times is to be said now: once a minute is enough,
    /// for each of them is in the journal.
    pub fn may_say_refused(&self) -> bool {
        let mut said = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let may = said.is_none_or(|at| at.elapsed() >= REFUSED_AGAIN);
        if may {
            *said = Some(Instant::now());
        }
        may
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_clock_that_is_off_is_said_once_with_the_seconds_and_so_is_that_it_is_right_again() {
        let (clock, here) =
            (Clock::default(), SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000));
        let hub = |ahead: i64| {
            if ahead < 0 {
                here - Duration::from_secs(ahead.unsigned_abs())
            } else {
                here + Duration::from_secs(ahead.unsigned_abs())
            }
        };
        for right in [0, 1, -1] {
            assert_eq!(clock.compare(here, hub(right)), None);
        }
        assert!(
            clock
                .compare(here, hub(8))
                .unwrap()
                .starts_with("this machine's clock is 8 s behind the hub's: ")
        );
        assert_eq!(clock.compare(here, hub(8)), None, "once");
        assert!(clock.compare(here, hub(0)).unwrap().contains("agrees"));
        assert_eq!(clock.compare(here, hub(0)), None);
        assert!(
            clock
                .compare(here, hub(-30))
                .unwrap()
                .starts_with("this machine's clock is 30 s ahead of the hub's: ")
        );
        assert_eq!(Skew::of(here, here + Duration::from_millis(2500)), Some(Skew::Behind(3)));
        assert_eq!(Skew::of(here, here + Duration::from_millis(1999)), None);
    }
}
