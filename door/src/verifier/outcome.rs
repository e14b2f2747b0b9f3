//! What came of a request: what the counter reads, and all that is kept.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use zerotrip_certificates::{Judged, VerdictKind};

use crate::jwt::seconds;
use crate::settings::Kind;

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case", deny_unknown_fields)]
pub enum Outcome {
    /// A genuine certificate, of what was asked for.
    Judged {
        /// What it is good for: `valid`, or why not.
        verdict: VerdictKind,
        /// What it states: English.
        statement_en: String,
        /// Chinese.
        statement_zh: String,
        /// About which persons: English.
        persons_en: String,
        /// Chinese.
        persons_zh: String,
        /// For what.
        purpose: String,
        /// What was asked for beside it.
        claims: BTreeMap<String, String>,
        /// Who sealed it.
        issuer: String,
        /// Its number there.
        serial: String,
        /// Until when it is valid, in seconds since 1970.
        valid_until: u64,
        /// As of when its status is known, likewise.
        status_as_of: Option<u64>,
    },
    /// The holder declined in the wallet.
    Declined,
    /// What came is not what was asked for, or is not genuine.
    Refused {
        /// Why, for the operator.
        why: String,
    },
    /// It could not be judged: nothing is known of it.
    Unsettled,
}

impl Outcome {
    pub(super) fn of(judged: &Judged, kind: &Kind) -> Self {
        let certificate = &judged.certificate;
        let shown = &certificate.disclosed.claims;
        let asked = kind.claims.iter().filter_map(|name| Some((name, shown.get(name)?)));
        let facts = certificate.disclosed.facts.iter().filter_map(|fact| {
            let name = &fact.terms.name;
            let value = fact.value.as_ref().map(zerotrip_certificates::FactValue::to_json);
            kind.claims.contains(name).then(|| (name.clone(), value.unwrap_or_default()))
        });
        let plain = |value: serde_json::Value| match value {
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        };
        let claims = asked
            .map(|(name, value)| (name.clone(), value.clone()))
            .chain(facts.map(|(name, value)| (name, plain(value))))
            .collect();
        let serial = certificate.serial.as_ref().map(|serial| serial.as_str().to_owned());
        Self::Judged {
            verdict: judged.verdict.kind(),
            statement_en: certificate.statement.en.clone(),
            statement_zh: certificate.statement.zh.clone(),
            persons_en: certificate.persons.en.clone(),
            persons_zh: certificate.persons.zh.clone(),
            purpose: kind.purpose.clone(),
            claims,
            issuer: certificate.issuer.uri.clone(),
            serial: serial.unwrap_or_default(),
            valid_until: seconds(certificate.valid_until),
            status_as_of: judged.status.map(|known| seconds(known.as_of)),
        }
    }

    /// Whether it may be relied upon.
    pub fn is_valid(&self) -> bool {
        matches!(self, Self::Judged { verdict: VerdictKind::Valid, .. })
    }
}
