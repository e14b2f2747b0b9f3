//! When known persons are looked up: before the first answer, for every new snapshot and profiling
//! pass, after every write to a live file, and at least every minute. An answer that no such look
//! bears out gets no receipt.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use zerotrip_channel::deadline::Cancellation;
use zerotrip_proto::v1::ErrorCode;

use crate::access::Access;
use crate::probes::Probes;
use zerotrip_sources::{RestsOn, SourceError};

/// Time that a look bears answers out.
const EVERY: Duration = Duration::from_secs(60);
/// Time after which a look that failed is taken again.
const RETRY: Duration = Duration::from_secs(5);
/// Snapshots and passes that are remembered: answers under way rest upon an older one while a newer
/// is there, and each reader of a live file takes passes of its own.
const MOST_KEPT: usize = 8;

/// The looks that were taken at a dataset's known persons.
#[derive(Debug)]
pub struct ProbeMonitor {
    probes: Probes,
    access: Arc<Access>,
    state: Mutex<State>,
    /// One look at a time.
    looking: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    /// What they rest on, and when they were begun; the newest first. Empty after a look that
    /// failed.
    held: VecDeque<(RestsOn, Instant)>,
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
        Self { probes, access, state: Mutex::default(), looking: tokio::sync::Mutex::new(()) }
    }

    /// Whether an answer that rests on this is borne out; a look is taken where that is not known.
    /// The caller waits no longer than `cancellation` allows; the look goes on for later callers.
    pub async fn bears_out(
        self: &Arc<Self>,
        rests_on: RestsOn,
        cancellation: &Cancellation,
    ) -> Result<(), SourceError> {
        if let Some(known) = self.known(rests_on) {
            return known;
        }
        let this = Arc::clone(self);
        let look = tokio::spawn(async move { this.look(rests_on).await });
        tokio::select! {
            biased;
            looked = look => looked.unwrap_or_else(|error| Err(SourceError::new(ErrorCode::SourceFailed, format!("the look stopped: {error}")))),
            why = cancellation.cancelled() => Err(why.into()),
        }
    }

    /// Takes a look now, whatever is known.
    pub async fn prove(&self) -> Result<(), SourceError> {
        let _alone = self.looking.lock().await;
        self.take().await
    }

    async fn look(&self, rests_on: RestsOn) -> Result<(), SourceError> {
        let _alone = self.looking.lock().await;
        // Somebody else may have taken it meanwhile.
        if let Some(known) = self.known(rests_on) {
            return known;
        }
        self.take().await?;
        // The look was begun after the answer: what it found stood there at once after, whatever
        // was written in between.
        if matches!(rests_on, RestsOn::Rows(_)) {
            return Ok(());
        }
        let newer = "newer rows came while it was answered, and known persons are looked up in \
                     those now; the next look-up reads them";
        self.known(rests_on)
            .unwrap_or_else(|| Err(SourceError::new(ErrorCode::SourceFailed, newer)))
    }

    async fn take(&self) -> Result<(), SourceError> {
        let begun = Instant::now();
        let looked = self.probes.look(&self.access).await;
        let looked =
            looked.and_then(|looked| self.probes.verdict(&looked).map(|()| looked.rests_on));
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match looked {
            Ok(rests_on) => {
                state.failed = None;
                state.held.retain(|(known, _)| Some(*known) != rests_on);
                rests_on.into_iter().for_each(|rests_on| state.held.push_front((rests_on, begun)));
                state.held.truncate(MOST_KEPT);
                Ok(())
            }
            Err(error) => {
                let failed =
                    Failed { at: Instant::now(), code: error.code, detail: error.detail.clone() };
                *state = State { held: VecDeque::new(), failed: Some(failed) };
                Err(error)
            }
        }
    }

    /// What the looks so far say of an answer that rests on this; `None`: nothing.
    fn known(&self, rests_on: RestsOn) -> Option<Result<(), SourceError>> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(failed) = state.failed.as_ref().filter(|failed| failed.at.elapsed() < RETRY) {
            return Some(Err(SourceError::new(failed.code, failed.detail.clone())));
        }
        state
            .held
            .iter()
            .any(|(known, begun)| *known == rests_on && begun.elapsed() < EVERY)
            .then_some(Ok(()))
    }
}

#[cfg(test)]
mod tests;
