//! What tells the errands apart that certificates are issued for: for each, one certificate counts.

use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use prost::Message as _;
use rusqlite::{Connection, OptionalExtension as _, params};
use serde_json::{Value, json};
use zerotrip_certificates::sdjwt::{SdJwt, opened};
use zerotrip_certificates::status::StatusValue;
use zerotrip_proto::v1::request::Body;
use zerotrip_proto::v1::{Parameter, Request, ShownRequest};

use super::entry::{COLUMNS, Entry, Stage};
use super::error::RegisterError;
use super::time::seconds;
use crate::request::{CheckQuestion, Errand};

/// The disclosure that has the request.
const REQUEST: &str = "request";

/// Beside what a certificate may come to count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Beside {
    /// Beside no other for the same errand.
    #[default]
    None,
    /// Also beside another, in whose place it is to come.
    Another,
}

/// What is asked of whom, for which purpose and file: the check, its variant, each parameter. Who
/// the official is, and by which law, makes no other errand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrandKey(String);

impl ErrandKey {
    /// Of a question as it is signed: each parameter in its one spelling, the person among them.
    pub fn of(errand: &Errand, question: &CheckQuestion) -> Self {
        let parameters = question.parameters.iter();
        let parameters = parameters.map(|(name, value)| (name.as_str(), value.as_str()));
        Self::new(
            (&question.check, &question.variant),
            parameters.collect(),
            (&errand.purpose, &errand.case_number),
        )
    }

    /// Of what a certificate shows as the request. `among`: it is one of many that were asked about
    /// at once. What does not say for which errand it is cannot be told from another.
    pub(super) fn of_token(token: &str, among: bool) -> Result<Self, RegisterError> {
        let token = SdJwt::parse(token)?;
        let mut shown = token.disclosures().filter(|(name, _)| *name == REQUEST);
        let (Some((_, encoded)), None) = (shown.next(), shown.next()) else {
            return Err(RegisterError::Content(REQUEST));
        };
        let shown = match opened(encoded)? {
            (_, Value::String(text)) => URL_SAFE_NO_PAD.decode(text).ok(),
            _ => None,
        };
        let key = shown.and_then(|shown| Self::of_shown(&shown, among));
        key.ok_or(RegisterError::Content(REQUEST))
    }

    fn of_shown(shown: &[u8], among: bool) -> Option<Self> {
        let (payload, subject) = match among {
            false => (shown.to_vec(), None),
            true => {
                let ShownRequest { request, subject } = ShownRequest::decode(shown).ok()?;
                let [subject] = <[String; 1]>::try_from(subject?.subjects).ok()?;
                (request, Some(subject))
            }
        };
        let Request { purpose, case_number, body, .. } = Request::decode(&*payload).ok()?;
        let (check, variant, parameters) = match (body?, subject) {
            (Body::Check(asked), None) => (asked.check, asked.variant, asked.parameters),
            (Body::CheckMany(asked), Some(value)) => {
                let mut parameters = asked.parameters;
                parameters.push(Parameter { name: asked.subject_parameter, value });
                (asked.check, asked.variant, parameters)
            }
            _ => return None,
        };
        let parameters = parameters.iter().map(|one| (one.name.as_str(), one.value.as_str()));
        Some(Self::new((&check, &variant), parameters.collect(), (&purpose, &case_number)))
    }

    fn new(
        (check, variant): (&str, &str),
        mut parameters: Vec<(&str, &str)>,
        (purpose, case_number): (&str, &str),
    ) -> Self {
        parameters.sort_unstable();
        Self(json!([check, variant, parameters, purpose, case_number]).to_string())
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The certificate for an errand that has not ended: the one that counts or can count again, or
/// else the newest, whatever has become of it. One that is sealed, and not known to be recorded, is
/// told where there is no other.
pub(super) fn newest_for(
    connection: &Connection,
    errand: &ErrandKey,
    now: SystemTime,
) -> Result<Option<Entry>, RegisterError> {
    let mut select = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} WHERE c.errand = ? AND c.stage IN (?, ?) AND c.valid_until > ? ORDER BY \
         p.value IN (?, ?) DESC, c.stage DESC, c.year DESC, c.number DESC LIMIT 1"
    ))?;
    let mut rows = select.query(params![
        errand.as_str(),
        Stage::Sealed.number(),
        Stage::Recorded.number(),
        seconds(now),
        StatusValue::Valid.number(),
        StatusValue::Suspended.number(),
    ])?;
    rows.next()?.map(Entry::read).transpose()
}

/// The number of another certificate that counts for the errand of this one.
pub(super) fn counts_instead(
    connection: &Connection,
    serial: &str,
    now: SystemTime,
) -> Result<Option<String>, RegisterError> {
    let mut select = connection.prepare_cached(
        "SELECT c.serial FROM certificate c JOIN place p ON p.list = c.list AND p.place = c.place \
         WHERE c.errand = (SELECT errand FROM certificate WHERE serial = ?1) AND c.serial <> ?1 \
         AND c.stage IN (?2, ?3) AND c.valid_until > ?4 AND p.value = ?5 LIMIT 1",
    )?;
    let (sealed, recorded) = (Stage::Sealed.number(), Stage::Recorded.number());
    let valid = StatusValue::Valid.number();
    let found =
        select.query_row(params![serial, sealed, recorded, seconds(now), valid], |row| row.get(0));
    Ok(found.optional()?)
}

/// Whether a certificate counts, or does so again once its suspension is lifted.
pub(super) fn can_count(entry: &Entry) -> bool {
    matches!(entry.status, StatusValue::Valid | StatusValue::Suspended)
}
