//! When known persons (probes) are looked up: before the first answer, for every new snapshot and
//! profiling pass, after every write to a live file, and at least every minute. An answer gets a
//! receipt only if such a probe run passed on the rows that it rests upon.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use zerotrip_channel::deadline::Cancellation;
use zerotrip_proto::v1::ErrorCode;

use crate::access::Access;
use crate::probes::Probes;
use zerotrip_sources::{RestsOn, SourceError};

/// Time for which a passed run is valid.
const EVERY: Duration = Duration::from_secs(60);
/// Time after which a failed run is repeated.
const RETRY: Duration = Duration::from_secs(5);
/// Runs that are remembered. Answers under way rest upon an older snapshot while a newer one is
/// there, and each reader of a live file takes its own passes.
const MOST_KEPT: usize = 8;

/// The probe runs over a dataset's known persons, and what they rest upon.
#[derive(Debug)]
pub struct ProbeMonitor {
    probes: Probes,
    access: Arc<Access>,
    state: Mutex<State>,
    /// Held during a run: one at a time.
    running: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    /// What the passed runs rest upon, and when each began; the newest first. Empty after a run
    /// that failed.
    passed: VecDeque<(RestsOn, Instant)>,
    failed: Option<Failed>,
}

#[derive(Clone, Debug)]
struct Failed {
    at: Instant,
    code: ErrorCode,
    detail: String,
}

impl ProbeMonitor {
    /// Of these persons through that access.
    pub fn new(probes: Probes, access: Arc<Access>) -> Self {
        Self { probes, access, state: Mutex::default(), running: tokio::sync::Mutex::new(()) }
    }

    /// Verifies an answer that rests on this: a run is made where none that is valid is known.
    /// The caller waits no longer than `cancellation` allows; the run goes on for later callers.
    pub async fn verify(
        self: &Arc<Self>,
        rests_on: RestsOn,
        cancellation: &Cancellation,
    ) -> Result<(), SourceError> {
        if let Some(known) = self.known(rests_on) {
            return known;
        }
        let this = Arc::clone(self);
        let run = tokio::spawn(async move { this.verify_alone(rests_on).await });
        tokio::select! {
            biased;
            verified = run => verified.unwrap_or_else(|error| {
                let why = format!("the look-up of known persons stopped: {error}");
                Err(SourceError::new(ErrorCode::SourceFailed, why))
            }),
            why = cancellation.cancelled() => Err(why.into()),
        }
    }

    /// Makes a run now, whatever is known.
    pub async fn verify_now(&self) -> Result<(), SourceError> {
        let _alone = self.running.lock().await;
        self.run().await
    }

    async fn verify_alone(&self, rests_on: RestsOn) -> Result<(), SourceError> {
        let _alone = self.running.lock().await;
        // Another caller may have made the run meanwhile.
        if let Some(known) = self.known(rests_on) {
            return known;
        }
        self.run().await?;
        // The run began after the answer: it found the rows as they were right after it, whatever
        // was written in between.
        if matches!(rests_on, RestsOn::Rows(_)) {
            return Ok(());
        }
        let newer = "newer rows came while it was answered, and known persons are looked up in \
                     those now. The next look-up reads them";
        self.known(rests_on)
            .unwrap_or_else(|| Err(SourceError::new(ErrorCode::SourceFailed, newer)))
    }

    async fn run(&self) -> Result<(), SourceError> {
        let begun = Instant::now();
        let looked = self.probes.look(&self.access).await;
        let looked =
            looked.and_then(|looked| self.probes.verdict(&looked).map(|()| looked.rests_on));
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match looked {
            Ok(rests_on) => {
                state.failed = None;
                state.passed.retain(|(known, _)| Some(*known) != rests_on);
                rests_on
                    .into_iter()
                    .for_each(|rests_on| state.passed.push_front((rests_on, begun)));
                state.passed.truncate(MOST_KEPT);
                Ok(())
            }
            Err(error) => {
                let failed =
                    Failed { at: Instant::now(), code: error.code, detail: error.detail.clone() };
                *state = State { passed: VecDeque::new(), failed: Some(failed) };
                Err(error)
            }
        }
    }

    /// What the runs so far say of an answer that rests on this; `None`: nothing.
    fn known(&self, rests_on: RestsOn) -> Option<Result<(), SourceError>> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(failed) = state.failed.as_ref().filter(|failed| failed.at.elapsed() < RETRY) {
            return Some(Err(SourceError::new(failed.code, failed.detail.clone())));
        }
        state
            .passed
            .iter()
            .any(|(known, begun)| *known == rests_on && begun.elapsed() < EVERY)
            .then_some(Ok(()))
    }
}

#[cfg(test)]
mod tests;
