//! What the register has of one certificate.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::Row;
use zerotrip_certificates::Profile;
use zerotrip_certificates::status::{StatusReference, StatusValue};

use super::error::RegisterError;

/// How far issuing has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It has a number and a place.
    Reserved,
    /// It is sealed. Whether the hub has recorded it is not known.
    Sealed,
    /// The hub has recorded it.
    Recorded,
    /// It was sealed, the hub did not record it, and it was never handed out.
    GivenUp,
}

impl Stage {
    pub(super) fn number(self) -> i64 {
        match self {
            Self::Reserved => 0,
            Self::Sealed => 1,
            Self::Recorded => 2,
            Self::GivenUp => 3,
        }
    }

    fn of(number: i64) -> Option<Self> {
        [Self::Reserved, Self::Sealed, Self::Recorded, Self::GivenUp]
            .into_iter()
            .find(|stage| stage.number() == number)
    }
}

/// One certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number.
    pub serial: String,
    /// The exchange that it rests on.
    pub exchange: String,
    /// Of an exchange about many: the subject's place there, from 0.
    pub subject: Option<u64>,
    /// `<check>/<variant>`.
    pub question: String,
    /// Which kind it is.
    pub profile: Profile,
    /// How far issuing has come.
    pub stage: Stage,
    /// What has become of it.
    pub status: StatusValue,
    /// Where that is published.
    pub reference: StatusReference,
    /// Whether what has become of it is in no published list yet.
    pub unpublished: bool,
    /// When it was sealed.
    pub issued_at: Option<SystemTime>,
    /// Until when it is valid.
    pub valid_until: Option<SystemTime>,
    /// The ledger's index of its record.
    pub record_index: Option<u64>,
    /// The certificate, once it is sealed: its first copy.
    pub token: Option<String>,
    /// How many copies it has, each for another key of its holder.
    pub copies: u64,
}

/// Something that was ordered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: SystemTime,
    /// What: `revoke`, `supersede`, `suspend`, `lift`, `give up`.
    pub what: String,
    /// Why.
    pub reason: String,
}

/// What [`Entry::read`] reads, from `certificate` as `c`, `list` as `l` and `place` as `p`.
pub(super) const COLUMNS: &str = "c.serial, c.exchange, c.subject, c.question, l.profile, c.stage, \
     p.value, l.uri, c.place, p.revision > l.published OR EXISTS (SELECT 1 FROM copy o JOIN list m \
     ON m.number = o.list JOIN place q ON q.list = o.list AND q.place = o.place WHERE o.serial = \
     c.serial AND q.revision > m.published), c.issued_at, c.valid_until, c.record_index, c.token, \
     1 + (SELECT count(*) FROM copy o WHERE o.serial = c.serial) \
     FROM certificate c JOIN list l ON l.number = c.list \
     JOIN place p ON p.list = c.list AND p.place = c.place";

impl Entry {
    pub(super) fn read(row: &Row<'_>) -> Result<Self, RegisterError> {
        let wrong = RegisterError::Content;
        let number = |value: i64, name| u64::try_from(value).map_err(|_| wrong(name));
        let subject: i64 = row.get(2)?;
        let time = |at: Option<i64>, name| -> Result<Option<SystemTime>, RegisterError> {
            let Some(seconds) = at else { return Ok(None) };
            Ok(Some(UNIX_EPOCH + Duration::from_secs(number(seconds, name)?)))
        };
        let value = u8::try_from(row.get::<_, i64>(6)?).ok().and_then(StatusValue::of);
        let record: Option<i64> = row.get(12)?;
        Ok(Self {
            serial: row.get(0)?,
            exchange: row.get(1)?,
            subject: (subject >= 0).then(|| number(subject, "subject")).transpose()?,
            question: row.get(3)?,
            profile: Profile::of(&row.get::<_, String>(4)?).ok_or(wrong("profile"))?,
            stage: Stage::of(row.get(5)?).ok_or(wrong("stage"))?,
            status: value.ok_or(wrong("value"))?,
            reference: StatusReference { uri: row.get(7)?, place: number(row.get(8)?, "place")? },
            unpublished: row.get(9)?,
            issued_at: time(row.get(10)?, "issued_at")?,
            valid_until: time(row.get(11)?, "valid_until")?,
            record_index: record.map(|index| number(index, "record_index")).transpose()?,
            token: row.get(13)?,
            copies: number(row.get(14)?, "copies")?,
        })
    }
}
