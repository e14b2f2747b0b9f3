//! A parked question as it is kept.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use zerotrip_proto::v1::ErrorCode;

use super::pace::{LONGEST, SHORTEST};
use crate::request::{CheckQuestion, Errand};

/// Most questions that are parked in one folder.
pub const MOST: usize = 1000;
/// Of the file's form.
const VERSION: u32 = 1;

/// A parked question. Times are kept in milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parked {
    version: u32,
    /// By which it is named; of no exchange.
    pub id: String,
    /// For which errand it is asked.
    pub errand: Errand,
    /// The question, with the person's number.
    pub question: CheckQuestion,
    parked_at: u64,
    until: u64,
    first_wait: u64,
    /// Tries since it is parked.
    pub tries: u32,
    /// `None`: the last try is over, and the deadline with it.
    pub(super) due: Option<u64>,
    /// How it ended when it was asked last.
    pub last: Last,
}

/// How a question ended when it was asked last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Last {
    /// The code, by its name.
    code: String,
    /// The dataset; empty where no single one is to blame.
    pub dataset: String,
    /// The exchange's number; empty where the hub made none of it.
    pub exchange: String,
}

impl Last {
    /// With this code, by this dataset's doing, in this exchange.
    pub fn new(code: ErrorCode, dataset: &str, exchange: &str) -> Self {
        let code = code.name().to_owned();
        Self { code, dataset: dataset.to_owned(), exchange: exchange.to_owned() }
    }

    /// The code; `Unspecified` of none that is known here.
    pub fn code(&self) -> ErrorCode {
        ErrorCode::from_str_name(&self.code).unwrap_or_default()
    }
}

impl Parked {
    pub(super) fn new(
        id: String,
        (errand, question): (Errand, CheckQuestion),
        (now, until): (SystemTime, SystemTime),
        first_wait: Duration,
        last: Last,
    ) -> Self {
        Self {
            version: VERSION,
            id,
            errand,
            question,
            parked_at: millis(now),
            until: millis(until),
            first_wait: first_wait.as_millis().try_into().unwrap_or(u64::MAX),
            tries: 0,
            due: None,
            last,
        }
    }

    /// When it was parked.
    pub fn parked_at(&self) -> SystemTime {
        time(self.parked_at)
    }

    /// Its deadline.
    pub fn until(&self) -> SystemTime {
        time(self.until)
    }

    /// When it is asked next; `None`: no more.
    pub fn due(&self) -> Option<SystemTime> {
        self.due.map(time)
    }

    pub(super) fn first_wait(&self) -> Duration {
        Duration::from_millis(self.first_wait).clamp(SHORTEST, LONGEST)
    }

    /// As a file: what is in another form than this program's is none.
    pub(super) fn read(bytes: &[u8], id: &str) -> Result<Self, String> {
        let parked: Self = serde_json::from_slice(bytes).map_err(|error| {
            // The text of an error of this kind can repeat a value.
            format!("line {}, column {}", error.line(), error.column())
        })?;
        let in_form = parked.errand.validate().is_ok()
            && parked.question.clone().validated().is_ok_and(|same| same == parked.question);
        match parked.version == VERSION && parked.id == id && in_form {
            true => Ok(parked),
            false => Err("its content is not of this form".to_owned()),
        }
    }

    pub(super) fn written(&self) -> Result<Vec<u8>, String> {
        serde_json::to_vec_pretty(self).map_err(|error| error.to_string())
    }
}

pub(super) fn millis(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_millis().try_into().unwrap_or(u64::MAX)
}

/// Far beyond any calendar it is the last moment of one.
fn time(millis: u64) -> SystemTime {
    const YEAR_10000: u64 = 253_402_300_799_000;
    UNIX_EPOCH + Duration::from_millis(millis.min(YEAR_10000))
}
