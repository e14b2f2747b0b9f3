//! Until when an answer is awaited, and whether it still is: from the request, through hub and
//! channel, down to the driver.
//!
//! A [`Deadline`] is measured by this machine's monotonic clock, so setting the time of day moves
//! none. It takes another form only where it crosses a wire: as a time of day in a signed message
//! ([`Deadline::by_clock`], [`Deadline::to_timestamp`]), and as the timeout of a gRPC call
//! ([`Deadline::bound`]).

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::watch;
use tokio::time::error::Elapsed;
use zerotrip_proto::to_timestamp;

/// The moment from which an answer is of no use any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

impl Deadline {
    /// At this moment.
    pub fn at(moment: Instant) -> Self {
        Self(moment)
    }

    /// After this time, counted from now.
    pub fn after(time: Duration) -> Self {
        Self(Instant::now() + time)
    }

    /// When this machine's clock, which shows `now`, will show `time`; now, if that has passed.
    pub fn by_clock(time: SystemTime, now: SystemTime) -> Self {
        Self::after(time.duration_since(now).unwrap_or_default())
    }

    /// What this machine's clock, which shows `now`, will show then.
    pub fn to_timestamp(self, now: SystemTime) -> prost_types::Timestamp {
        to_timestamp(now + self.left())
    }

    /// The earlier of two.
    pub fn earliest(one: Self, other: Self) -> Self {
        one.min(other)
    }

    /// Time until then; zero from then on.
    pub fn left(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// Whether it has passed.
    pub fn has_passed(self) -> bool {
        Instant::now() >= self.0
    }

    /// Tells the server of a gRPC call how long the caller waits (`grpc-timeout`).
    pub fn bound<T>(self, request: &mut tonic::Request<T>) {
        request.set_timeout(self.left());
    }

    /// Awaits `work` for as long as is left.
    pub async fn within<T>(self, work: impl Future<Output = T>) -> Result<T, Elapsed> {
        tokio::time::timeout_at(self.0.into(), work).await
    }
}

/// Why work is cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Cancelled {
    /// The deadline has passed.
    #[error("the deadline has passed")]
    DeadlinePassed,
    /// The caller is gone: it hung up, or has its answer.
    #[error("the caller no longer waits for the answer")]
    CallerGone,
}

/// Tells work to end: at a deadline, or when its caller is gone. Clones share both.
#[derive(Clone, Debug)]
pub struct Cancellation {
    cancelled: Arc<watch::Sender<bool>>,
    deadline: Deadline,
}

impl Cancellation {
    /// Cancelled at the deadline, or by [`Cancellation::cancel`].
    pub fn at(deadline: Deadline) -> Self {
        Self { cancelled: Arc::new(watch::Sender::new(false)), deadline }
    }

    /// The same, with a deadline after this time.
    pub fn after(time: Duration) -> Self {
        Self::at(Deadline::after(time))
    }

    /// Cancels the work: its caller is gone.
    pub fn cancel(&self) {
        self.cancelled.send_replace(true);
    }

    /// Cancels the work when what is returned is dropped.
    pub fn cancel_on_drop(&self) -> CancelOnDrop {
        CancelOnDrop(self.clone())
    }

    /// For work that polls: why to end, if there is a reason.
    pub fn check(&self) -> Result<(), Cancelled> {
        if *self.cancelled.borrow() {
            return Err(Cancelled::CallerGone);
        }
        if self.deadline.has_passed() {
            return Err(Cancelled::DeadlinePassed);
        }
        Ok(())
    }

    /// For work that waits: completes when there is a reason to end.
    pub async fn cancelled(&self) -> Cancelled {
        let mut cancelled = self.cancelled.subscribe();
        // The sender lives as long as `self`, so the wait ends in no other way.
        match self.deadline.within(cancelled.wait_for(|cancelled| *cancelled)).await {
            Ok(_) => Cancelled::CallerGone,
            Err(_) => Cancelled::DeadlinePassed,
        }
    }

    /// Time until the deadline.
    pub fn left(&self) -> Duration {
        self.deadline.left()
    }
}

/// Cancels when it is dropped: held by a caller, so that its work ends with it.
#[derive(Debug)]
pub struct CancelOnDrop(Cancellation);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn run<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(work)
    }

    #[test]
    fn a_deadline_crosses_a_wire_by_the_clock_and_comes_back() {
        let now = SystemTime::now();
        let deadline = Deadline::by_clock(now + HOUR, now);
        assert!(deadline.left() <= HOUR && deadline.left() > HOUR - Duration::from_secs(60));
        let sent = zerotrip_proto::from_timestamp(Some(&deadline.to_timestamp(now))).unwrap();
        assert!(sent <= now + HOUR && sent > now + HOUR - Duration::from_secs(60));
        let passed = Deadline::by_clock(now - HOUR, now);
        assert!(passed.has_passed() && passed.left().is_zero());
        assert_eq!(Deadline::earliest(deadline, passed), passed);
        assert_eq!(Deadline::earliest(passed, deadline), passed);
    }

    #[test]
    fn a_call_says_how_long_its_caller_waits() {
        let mut request = tonic::Request::new(());
        Deadline::after(HOUR).bound(&mut request);
        assert!(request.metadata().contains_key("grpc-timeout"));
    }

    #[test]
    fn the_deadline_cancels() {
        let late = Cancellation::after(Duration::ZERO);
        assert_eq!(late.check(), Err(Cancelled::DeadlinePassed));
        assert_eq!(run(late.cancelled()), Cancelled::DeadlinePassed);
        assert!(run(Deadline::after(Duration::ZERO).within(std::future::pending::<()>())).is_err());
    }

    #[test]
    fn a_caller_that_goes_cancels_all_clones() {
        let cancellation = Cancellation::after(HOUR);
        let clone = cancellation.clone();
        let guard = cancellation.cancel_on_drop();
        assert_eq!(clone.check(), Ok(()));
        let ended = run(async {
            let waiting = clone.cancelled();
            let (ended, ()) = tokio::join!(waiting, async { drop(guard) });
            ended
        });
        assert_eq!(ended, Cancelled::CallerGone);
        assert_eq!(cancellation.check(), Err(Cancelled::CallerGone));
        // What was cancelled before is so for one who begins to wait now.
        assert_eq!(run(clone.cancelled()), Cancelled::CallerGone);
    }
}
