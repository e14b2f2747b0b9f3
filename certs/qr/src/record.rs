//! The claims of a QR: each with one key, one shape and a bound, and no other.
//!
//! Registered claims have their registered keys (RFC 8392, 4; Token Status List, 6.3). What is ours
//! is one claim of the range for private use, whose members are numbered.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use zerotrip_certificates::Serial;
use zerotrip_certificates::status::{StatusReference, is_list_uri};
use zerotrip_cose::{CoseError, Members, Value};
use zerotrip_text::is_invisible;
use zerotrip_trust::digest::Digest;

use crate::bounds::{ITEMS, MOST_VALIDITY, NAME_BYTES, TEXT_BYTES, YEAR_10000};
use crate::error::QrError;

/// Registered claims.
const ISS: i64 = 1;
const SUB: i64 = 2;
const EXP: i64 = 4;
const NBF: i64 = 5;
const IAT: i64 = 6;
const CTI: i64 = 7;
const STATUS: i64 = 65_535;
/// Ours: the first key for private use (RFC 8392, 9.1).
const RECORD: i64 = -65_537;

/// The members of our claim.
const CHECK: i64 = 1;
const VERSION: i64 = 2;
const VARIANT: i64 = 3;
const DIGEST: i64 = 4;
const AS_OF: i64 = 5;
const SUBJECT: i64 = 6;
const PURPOSE: i64 = 7;
const CASE: i64 = 8;
const REGIONS: i64 = 9;
const ASKED: i64 = 10;
const FACTS: i64 = 11;

/// What a QR says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The URI of the system that sealed it.
    pub issuer: String,
    /// When the QR was sealed.
    pub sealed_at: SystemTime,
    /// From when the certificate is valid.
    pub valid_from: SystemTime,
    /// Until when, exclusive.
    pub valid_until: SystemTime,
    /// The certificate's number, and where its issuer says what has become of it. Without them it
    /// cannot be revoked.
    pub listed: Option<(Serial, StatusReference)>,
    /// The check's name.
    pub check: String,
    /// The version of the certificate's type.
    pub version: u64,
    /// The variant's name.
    pub variant: String,
    /// SHA-256 of the certificate's signed part: the certificate that this is a form of.
    pub digest: Digest,
    /// The oldest state of a register that was read.
    pub as_of: SystemTime,
    /// Whom it is about, where the certificate shows it.
    pub subject: Option<Subject>,
    /// What it is for, where the certificate shows it.
    pub purpose: Option<String>,
    /// The file that it belongs to, where the certificate shows it.
    pub case_number: Option<String>,
    /// Within which regions (division codes, GB/T 2260).
    pub regions: Vec<String>,
    /// What the question named beside the person.
    pub asked: Vec<String>,
    /// The values that the certificate shows, by name.
    pub facts: BTreeMap<String, FactText>,
}

/// Whom it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The parameter's name, such as `applicant`.
    pub name: String,
    /// The identifier.
    pub id: String,
}

/// A value of a proven fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FactText {
    /// A day, a month, a word, a division code or a name.
    Text(String),
    /// So many of what.
    Number(u64, Unit),
    /// There is none on record.
    None,
}

/// What a number counts. Without it, 1200 could be months or money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Months.
    Months,
    /// Hundredths of a yuan.
    Fen,
    /// How many.
    Count,
}

impl Unit {
    /// All of them.
    const ALL: [Self; 3] = [Self::Months, Self::Fen, Self::Count];

    /// Its name, as definitions have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Months => "months",
            Self::Fen => "fen",
            Self::Count => "count",
        }
    }

    /// By name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|unit| unit.name() == name)
    }
}

impl Record {
    /// The certificate's type.
    pub fn vct(&self) -> String {
        let base = self.check.split_once('@').map_or(self.check.as_str(), |(base, _)| base);
        format!("{}{base}:{}", zerotrip_certificates::VCT_PREFIX, self.version)
    }

    /// The claims.
    pub(crate) fn to_claims(&self) -> Value {
        let text = |text: &String| Value::text(text);
        let texts = |texts: &[String]| Value::Array(texts.iter().map(text).collect());
        let time = |time: SystemTime| Value::Unsigned(seconds(time));
        let mut record = vec![
            (CHECK, text(&self.check)),
            (VERSION, Value::Unsigned(self.version)),
            (VARIANT, text(&self.variant)),
            (DIGEST, Value::Bytes(self.digest.to_vec())),
            (AS_OF, time(self.as_of)),
        ];
        let mut claims = vec![
            (ISS, text(&self.issuer)),
            (EXP, time(self.valid_until)),
            (NBF, time(self.valid_from)),
            (IAT, time(self.sealed_at)),
        ];
        if let Some((serial, status)) = &self.listed {
            let list = Value::Map(vec![
                (Value::text("idx"), Value::Unsigned(status.place)),
                (Value::text("uri"), text(&status.uri)),
            ]);
            claims.push((CTI, Value::Bytes(serial.as_str().as_bytes().to_vec())));
            claims.push((STATUS, Value::Map(vec![(Value::text("status_list"), list)])));
        }
        if let Some(subject) = &self.subject {
            claims.push((SUB, text(&subject.id)));
            record.push((SUBJECT, text(&subject.name)));
        }
        record.extend(self.purpose.as_ref().map(|purpose| (PURPOSE, text(purpose))));
        record.extend(self.case_number.as_ref().map(|case| (CASE, text(case))));
        for (key, list) in [(REGIONS, &self.regions), (ASKED, &self.asked)] {
            record.extend((!list.is_empty()).then(|| (key, texts(list))));
        }
        if !self.facts.is_empty() {
            let fact = |(name, value): (&String, &FactText)| (text(name), value.to_value());
            record.push((FACTS, Value::Map(self.facts.iter().map(fact).collect())));
        }
        claims.push((RECORD, Value::numbered(record)));
        Value::numbered(claims)
    }

    /// Reads the claims: each that must be there, none that is not known, each of its shape.
    pub(crate) fn of_claims(claims: Value) -> Result<Self, QrError> {
        let mut claims = Members::of(claims, "claims").ok_or(QrError::NoClaims)?;
        let issuer = claims.required(ISS, text)?;
        let subject = claims.optional(SUB, text)?;
        let valid_until = claims.required(EXP, time)?;
        let valid_from = claims.required(NBF, time)?;
        let sealed_at = claims.required(IAT, time)?;
        let serial = claims.optional(CTI, |value| serial(value, &issuer))?;
        let status = claims.optional(STATUS, status_place)?;
        let mut record = claims.required(RECORD, |value| Members::of(value, "record"))?;
        claims.end()?;
        let subject_name = record.optional(SUBJECT, name)?;
        let read = Self {
            issuer,
            sealed_at,
            valid_from,
            valid_until,
            listed: both(serial, status, ("cti", "status"))?,
            check: record.required(CHECK, check)?,
            version: record.required(VERSION, number)?,
            variant: record.required(VARIANT, name)?,
            digest: record.required(DIGEST, digest)?,
            as_of: record.required(AS_OF, time)?,
            subject: both(subject_name, subject, ("subject", "sub"))?
                .map(|(name, id)| Subject { name, id }),
            purpose: record.optional(PURPOSE, text)?,
            case_number: record.optional(CASE, text)?,
            regions: record.optional(REGIONS, texts)?.unwrap_or_default(),
            asked: record.optional(ASKED, texts)?.unwrap_or_default(),
            facts: record.optional(FACTS, facts)?.unwrap_or_default(),
        };
        record.end()?;
        if !zerotrip_certificates::is_vct_of(&read.vct(), &read.check) {
            return Err(CoseError::Missing { place: "record", name: VERSION }.into());
        }
        let life = read.valid_until.duration_since(read.valid_from).unwrap_or_default();
        let is_sound = !life.is_zero()
            && life <= MOST_VALIDITY
            && read.sealed_at < read.valid_until
            && read.sealed_at >= read.valid_from
            && read.as_of < read.valid_until;
        if is_sound { Ok(read) } else { Err(QrError::Times) }
    }
}

impl FactText {
    fn to_value(&self) -> Value {
        match self {
            Self::Text(text) => Value::text(text),
            Self::Number(number, unit) => {
                Value::Array(vec![Value::Unsigned(*number), Value::text(unit.name())])
            }
            Self::None => Value::Null,
        }
    }

    fn read(value: Value) -> Option<Self> {
        match value {
            Value::Array(parts) => match <[Value; 2]>::try_from(parts) {
                Ok([Value::Unsigned(number), Value::Text(unit)]) => {
                    Some(Self::Number(number, Unit::of(&unit)?))
                }
                _ => None,
            },
            Value::Null => Some(Self::None),
            other => text(other).map(Self::Text),
        }
    }
}

/// Whole seconds since 1970.
pub(crate) fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

fn both<A, B>(
    one: Option<A>,
    other: Option<B>,
    (first, second): (&'static str, &'static str),
) -> Result<Option<(A, B)>, QrError> {
    match (one, other) {
        (Some(one), Some(other)) => Ok(Some((one, other))),
        (None, None) => Ok(None),
        _ => Err(QrError::Half(first, second)),
    }
}

/// A text that people can see all of.
fn text(value: Value) -> Option<String> {
    let Value::Text(text) = value else { return None };
    let fits = (1..=TEXT_BYTES).contains(&text.len())
        && text.trim() == text
        && !text.chars().any(is_invisible);
    fits.then_some(text)
}

/// A name as definitions have them.
fn name(value: Value) -> Option<String> {
    text(value).filter(|name| name.len() <= NAME_BYTES && name.bytes().all(is_name_byte))
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte)
}

/// A check's name, from its second version on with the version.
fn check(value: Value) -> Option<String> {
    let check = text(value).filter(|check| check.len() <= NAME_BYTES)?;
    let (base, version) = check.split_once('@').unwrap_or((&check, "2"));
    let is_check = !base.is_empty()
        && base.bytes().all(is_name_byte)
        && !version.is_empty()
        && version.bytes().all(|byte| byte.is_ascii_digit());
    is_check.then_some(check)
}

fn number(value: Value) -> Option<u64> {
    match value {
        Value::Unsigned(number) => Some(number),
        _ => None,
    }
}

fn time(value: Value) -> Option<SystemTime> {
    let seconds = number(value).filter(|seconds| *seconds < YEAR_10000)?;
    Some(UNIX_EPOCH + Duration::from_secs(seconds))
}

fn digest(value: Value) -> Option<Digest> {
    match value {
        Value::Bytes(bytes) => Digest::try_from(bytes).ok(),
        _ => None,
    }
}

fn serial(value: Value, issuer: &str) -> Option<Serial> {
    let Value::Bytes(bytes) = value else { return None };
    Serial::read(std::str::from_utf8(&bytes).ok()?, issuer)
}

/// One list, one place, and nothing else.
fn status_place(value: Value) -> Option<StatusReference> {
    let mut status = Members::of(value, "status")?;
    let mut list = Members::of(status.take(&Value::text("status_list"))?, "status")?;
    let place = number(list.take(&Value::text("idx"))?)?;
    let Value::Text(uri) = list.take(&Value::text("uri"))? else { return None };
    (status.end().is_ok() && list.end().is_ok() && is_list_uri(&uri))
        .then_some(StatusReference { uri, place })
}

/// At least one: an empty list would be a second form of none.
fn texts(value: Value) -> Option<Vec<String>> {
    let Value::Array(items) = value else { return None };
    let fits = (1..=ITEMS).contains(&items.len());
    fits.then(|| items.into_iter().map(text).collect()).flatten()
}

fn facts(value: Value) -> Option<BTreeMap<String, FactText>> {
    let Value::Map(entries) = value else { return None };
    let fits = (1..=ITEMS).contains(&entries.len());
    let read = |(key, value)| Some((name(key)?, FactText::read(value)?));
    fits.then(|| entries.into_iter().map(read).collect()).flatten()
}
