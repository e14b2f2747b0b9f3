//! Asking a parked question again.

use std::time::{Duration, SystemTime};

use zerotrip_channel::{DialError, HomeError, SystemHome};
use zerotrip_proto::v1::Deprecation;
use zerotrip_trust::digest::random;

use super::error::ParkingError;
use super::file::{Last, Parked, millis};
use super::folder::Held;
use super::pace::wait;
use crate::reply::Outcome;
use crate::session::{Session, SessionError};

/// How late the last try can come, which is due at the deadline.
const LATE: Duration = Duration::from_secs(60);
/// The longest sleep in one piece: clocks are set meanwhile.
const NAP: Duration = Duration::from_secs(30);

/// How a parked question ended, as the hub answered it.
#[derive(Debug)]
pub struct Answered {
    /// The proven answer.
    pub outcome: Outcome,
    /// Whether the version that was asked is answered for a while only.
    pub deprecation: Option<Deprecation>,
}

/// What came of a try.
#[derive(Debug)]
pub enum Tried {
    /// It has ended: what is not answered now, time alone does not end.
    Answered(Box<Answered>),
    /// It has ended: the hub refuses, for a reason that time alone does not end.
    Refused(Box<SessionError>),
    /// It waits until then.
    Waits(SystemTime),
    /// It has ended: its deadline has passed.
    Over,
}

impl Held {
    /// Asks, waits and asks again, until it has ended. `tell` hears of each wait. The question
    /// stays parked until [`Held::erase`]: tell the end first.
    pub async fn wait(&mut self, tell: &mut dyn FnMut(&Parked)) -> Result<Tried, ParkingError> {
        let mut told = None;
        loop {
            match self.try_now(SystemTime::now()).await? {
                Tried::Waits(until) => {
                    if told != Some(self.parked.tries) {
                        tell(&self.parked);
                        told = Some(self.parked.tries);
                    }
                    let left = until.duration_since(SystemTime::now()).unwrap_or_default();
                    tokio::time::sleep(left.min(NAP)).await;
                }
                ended => return Ok(ended),
            }
        }
    }

    /// Asks once, if it is due.
    pub async fn try_now(&mut self, now: SystemTime) -> Result<Tried, ParkingError> {
        match self.parked.due() {
            None => return Ok(Tried::Over),
            Some(due) if now < due => return Ok(Tried::Waits(due)),
            Some(_) if now > self.parked.until() + LATE => return Ok(Tried::Over),
            Some(_) => {}
        }
        // Written down before it is asked: a process that is killed meanwhile is not to ask again
        // at once.
        self.parked.tries = self.parked.tries.saturating_add(1);
        self.parked.plan(now);
        self.save()?;
        match self.ask().await {
            Ok(answered) => match &answered.outcome {
                Outcome::Unavailable(none) if none.code.passes() => {
                    let exchange = &none.proven.answer().request_id;
                    self.parked.last = Last::new(none.code, &none.dataset, exchange);
                    self.save()?;
                }
                _ => return Ok(Tried::Answered(Box::new(answered))),
            },
            Err(error) if passes(&error) => {
                if let SessionError::Refused(refusal) = &error {
                    self.parked.last = Last::new(refusal.code, "", "");
                    self.save()?;
                }
            }
            Err(error @ SessionError::Refused(_)) => return Ok(Tried::Refused(Box::new(error))),
            // Of this folder, or of what the hub shows: it stays parked.
            Err(error) => return Err(error.into()),
        }
        Ok(self.parked.due().map_or(Tried::Over, Tried::Waits))
    }

    /// With a connection and a key directory of now: either may have been renewed meanwhile.
    async fn ask(&self) -> Result<Answered, SessionError> {
        let home = SystemHome::load(self.parking.home())?;
        let mut session = Session::connect(&home).await?;
        let outcome = session.check(&self.parked.errand, &self.parked.question).await?;
        let deprecation = session.deprecation().cloned();
        Ok(Answered { outcome, deprecation })
    }
}

impl Parked {
    /// When it is tried next: the last time at its deadline.
    pub(super) fn plan(&mut self, now: SystemTime) {
        // Without dice it comes back in the middle.
        let dice = random::<2>().map_or(u16::MAX / 2, u16::from_le_bytes);
        let next = now + wait(self.first_wait(), self.tries.saturating_add(1), dice);
        self.due = (now < self.until()).then(|| millis(next.min(self.until())));
    }
}

/// Whether time alone ends it: a hub that is away, or says so itself.
fn passes(error: &SessionError) -> bool {
    match error {
        SessionError::Refused(refusal) => refusal.code.passes(),
        SessionError::Silent(_)
        | SessionError::Connection(_)
        | SessionError::Home(HomeError::Connection(_)) => true,
        SessionError::Dial(error) | SessionError::Home(HomeError::Dial(error)) => {
            matches!(error, DialError::Connect { .. } | DialError::Timeout(_))
        }
        _ => false,
    }
}
