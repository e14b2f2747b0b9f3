//! A source as its owner lets it be asked: in turns, at a pace, and not at all while a nightly job
//! has the system to itself.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use chrono::Timelike as _;
use tokio::sync::{Semaphore, SemaphorePermit};
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
    turns: Semaphore,
}

/// A source at which it is one's turn; dropped, it is the next one's.
#[derive(Debug)]
pub struct Turn<'a> {
    /// The source.
    pub source: &'a Arc<dyn Source>,
    _turn: SemaphorePermit<'a>,
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
        let turns = Semaphore::new(limits.most_at_once as usize);
        Self { source, limits, pace: Mutex::new(Pace { second: Instant::now(), scans: 0 }), turns }
    }

    /// The owner's limits.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The source, when and at the pace that the owner allows; whoever waits for a turn waits no
    /// longer than the scan may take. Over the pace it is refused: whoever asks that often
    /// hears of it.
    pub async fn turn(&self, cancellation: &Cancellation) -> Result<Turn<'_>, SourceError> {
        self.keep_quiet(SystemTime::now())?;
        if self.keep_pace().is_some() {
            let detail = format!(
                "over {} scans a second, the owner's `limits.most_rate`",
                self.limits.most_rate
            );
            return Err(SourceError::new(ErrorCode::SourceLimit, detail));
        }
        self.wait(cancellation).await
    }

    /// The same for what the connector itself wants to know: over the pace, it waits for the next
    /// second.
    pub async fn patient_turn(&self, cancellation: &Cancellation) -> Result<Turn<'_>, SourceError> {
        loop {
            self.keep_quiet(SystemTime::now())?;
            let Some(left) = self.keep_pace() else { return self.wait(cancellation).await };
            tokio::select! {
                biased;
                why = cancellation.cancelled() => return Err(why.into()),
                () = tokio::time::sleep(left) => {}
            }
        }
    }

    /// The source for what takes long and must not keep a turn from a scan: only the quiet hours
    /// are kept.
    pub fn unhurried(&self) -> Result<&Arc<dyn Source>, SourceError> {
        self.keep_quiet(SystemTime::now()).map(|()| &self.source)
    }

    async fn wait(&self, cancellation: &Cancellation) -> Result<Turn<'_>, SourceError> {
        let stopping = |_| SourceError::new(ErrorCode::SourceFailed, "the connector is stopping");
        let turn = tokio::select! {
            biased;
            turn = self.turns.acquire() => turn.map_err(stopping)?,
            why = cancellation.cancelled() => return Err(why.into()),
        };
        Ok(Turn { source: &self.source, _turn: turn })
    }

    /// A nightly batch job has the system to itself.
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

    /// Takes one of this second's scans; how long the second still lasts, where there is none left.
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
