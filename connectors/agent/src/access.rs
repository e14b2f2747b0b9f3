//! The owner's limits on asking a source: scans at once, scans a second, and quiet hours.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use chrono::Timelike as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use zerotrip_channel::deadline::Cancellation;
use zerotrip_datasets::file::Limits;
use zerotrip_proto::CHINA_OFFSET_SECONDS;
use zerotrip_proto::v1::ErrorCode;

use zerotrip_sources::{Source, SourceError};

/// A source, and its owner's limits on asking it.
#[derive(Debug)]
pub struct Access {
    source: Arc<dyn Source>,
    limits: Limits,
    pace: Mutex<Pace>,
    turns: Arc<Semaphore>,
}

/// A permit to ask the source. The next caller gets it when this is dropped.
#[derive(Debug)]
pub struct Turn {
    /// The source.
    pub source: Arc<dyn Source>,
    _turn: OwnedSemaphorePermit,
}

#[derive(Debug)]
struct Pace {
    second: Instant,
    scans: u32,
}

const SECOND: Duration = Duration::from_secs(1);

impl Access {
    /// To this source, within these limits.
    pub fn new(source: Arc<dyn Source>, limits: Limits) -> Self {
        let turns = (limits.most_at_once as usize).min(source.most_at_once()).max(1);
        let turns = Arc::new(Semaphore::new(turns));
        Self { source, limits, pace: Mutex::new(Pace { second: Instant::now(), scans: 0 }), turns }
    }

    /// The owner's limits.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Whether asking is a journey, which is better made for several scans.
    pub fn is_a_journey(&self) -> bool {
        self.source.most_at_once() < usize::MAX
    }

    /// Counts a scan. In quiet hours and over the pace it refuses at once, so that a hub that asks
    /// too often learns of it.
    pub fn admit(&self) -> Result<(), SourceError> {
        self.keep_quiet(SystemTime::now())?;
        if self.keep_pace().is_some() {
            let detail = format!(
                "over {} scans a second, the owner's `limits.most_rate`",
                self.limits.most_rate
            );
            return Err(SourceError::new(ErrorCode::SourceLimit, detail));
        }
        Ok(())
    }

    /// The same, but over the pace it waits for the next second.
    pub async fn admit_patiently(&self, cancellation: &Cancellation) -> Result<(), SourceError> {
        loop {
            self.keep_quiet(SystemTime::now())?;
            let Some(left) = self.keep_pace() else { return Ok(()) };
            tokio::select! {
                biased;
                why = cancellation.cancelled() => return Err(why.into()),
                () = tokio::time::sleep(left) => {}
            }
        }
    }

    /// A turn for the connector's own look-ups.
    pub async fn patient_turn(&self, cancellation: &Cancellation) -> Result<Turn, SourceError> {
        self.admit_patiently(cancellation).await?;
        self.wait(cancellation).await
    }

    /// The source for long work that must not take a turn from a scan: only the quiet hours are
    /// observed.
    pub fn unhurried(&self) -> Result<&Arc<dyn Source>, SourceError> {
        self.keep_quiet(SystemTime::now()).map(|()| &self.source)
    }

    /// Waits for a turn until the cancellation.
    pub async fn wait(&self, cancellation: &Cancellation) -> Result<Turn, SourceError> {
        let stopping = |_| SourceError::new(ErrorCode::SourceFailed, "the connector is stopping");
        let turn = tokio::select! {
            biased;
            turn = Arc::clone(&self.turns).acquire_owned() => turn.map_err(stopping)?,
            why = cancellation.cancelled() => return Err(why.into()),
        };
        Ok(Turn { source: Arc::clone(&self.source), _turn: turn })
    }

    /// Refuses in the quiet hours, in which a nightly batch job has the system to itself.
    fn keep_quiet(&self, now: SystemTime) -> Result<(), SourceError> {
        let minute = chrono::DateTime::<chrono::Utc>::from(
            now + Duration::from_secs(CHINA_OFFSET_SECONDS.into()),
        )
        .num_seconds_from_midnight()
            / 60;
        let minute = u16::try_from(minute).unwrap_or_default();
        match self.limits.quiet_hours.iter().find(|hours| hours.contains(minute)) {
            None => Ok(()),
            Some(hours) => Err(SourceError::new(
                ErrorCode::SourceLimit,
                format!("the owner's `limits.quiet_hours`, {hours}"),
            )),
        }
    }

    /// Takes one of this second's scans; if none is left, returns how long the second still lasts.
    fn keep_pace(&self) -> Option<Duration> {
        let mut pace = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
        if pace.second.elapsed() >= SECOND {
            *pace = Pace { second: Instant::now(), scans: 0 };
        }
        if pace.scans >= self.limits.most_rate {
            return Some(
                SECOND.saturating_sub(pace.second.elapsed()).max(Duration::from_millis(1)),
            );
        }
        pace.scans += 1;
        None
    }
}
