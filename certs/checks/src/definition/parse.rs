//! From a definition's text to a [`Definition`]. All faults are reported at once.

use std::time::Duration;

use serde::de::DeserializeOwned;
use zerotrip_proto::hash_domain;
use zerotrip_text::toml_fault;
use zerotrip_trust::digest::{Digest, sha256, sha256_parts};

use super::container::{CHECK_FILE, Parts, REASONS_FILE, unpack};
use super::faults::{DefinitionError, Fault, Faults};
use super::model::{CertificateTerms, Definition};
use super::raw::{Raw, RawReasons};

impl Definition {
    /// Reads a definition from the one text of its files ([`super::pack`]); `origin` names their
    /// folder in errors. All faults are reported at once.
    pub fn parse(text: &str, origin: &str) -> Result<Self, DefinitionError> {
        let parts = unpack(text, origin)?;
        let check = read::<Raw>(parts.check, CHECK_FILE, origin);
        let reasons = read::<RawReasons>(parts.reasons, REASONS_FILE, origin);
        match (check, reasons) {
            (Ok(raw), Ok(reasons)) => Self::validate(raw, reasons, &parts, text, origin),
            (check, reasons) => {
                Err(DefinitionError([check.err(), reasons.err()].into_iter().flatten().collect()))
            }
        }
    }

    fn validate(
        raw: Raw,
        reasons: RawReasons,
        parts: &Parts<'_>,
        text: &str,
        origin: &str,
    ) -> Result<Self, DefinitionError> {
        let mut faults = Faults::new(origin);
        faults.name("check.name", &raw.check.name);
        faults.version(raw.check.version);
        let deadline =
            faults.duration("check.deadline", &raw.check.deadline, Duration::from_secs(60));
        let validity = faults.duration(
            "certificate.validity",
            &raw.certificate.validity,
            Duration::from_secs(366 * 86_400),
        );
        let parameters = faults.parameters(&raw.parameter);
        let variants = faults.variants(&raw, parts);
        let identity = faults.identity(raw.identity, &parameters);
        let definition = Self {
            name: versioned(&raw.check.name, raw.check.version),
            base: raw.check.name,
            version: raw.check.version,
            title: raw.check.title,
            basis: raw.check.basis,
            objection: raw.check.objection,
            deadline,
            parameters,
            identity,
            variants,
            datasets: raw.dataset,
            codes: raw.code,
            dates: raw.date,
            certain: raw.check.certain,
            coverage: raw.coverage,
            claims: raw.claim,
            hand_overs: raw.hand_over,
            reasons: reasons.reason,
            certificate: CertificateTerms {
                vct: raw.certificate.vct,
                validity,
                statement: raw.certificate.statement,
            },
            digest: sha256(text.as_bytes()),
            rules_digest: rules_digest(parts),
            text: text.to_owned(),
        };
        faults.check_words(&definition);
        faults.check_claims(&definition);
        faults.check_shapes(&definition);
        faults.check_codes(&definition);
        faults.check_dates(&definition);
        for variant in &definition.variants {
            faults.check_variant(&definition, variant);
        }
        faults.none_in(definition)
    }
}

/// The name of a check's version. The first has the check's own.
fn versioned(check: &str, version: u32) -> String {
    if version == 1 { check.to_owned() } else { format!("{check}@{version}") }
}

/// Over what is asked, and what the SQL makes of it.
fn rules_digest(parts: &Parts<'_>) -> Digest {
    let sql = parts.sql.iter().flat_map(|(name, text)| [name.as_bytes(), text.as_bytes()]);
    let all: Vec<&[u8]> = std::iter::once(parts.check.as_bytes()).chain(sql).collect();
    sha256_parts(hash_domain::CHECK_RULES, &all)
}

fn read<T: DeserializeOwned>(text: &str, file: &str, origin: &str) -> Result<T, Fault> {
    toml::from_str(text).map_err(|error| {
        let said = toml_fault(text, &error);
        let (place, what) = match said.split_once(": ") {
            Some((place, what)) if place.starts_with("line ") => (place, what),
            _ => ("", said.as_str()),
        };
        let remedy = "correct that line; docs/definitions.md has every key";
        Fault::new(&format!("{origin}/{file}"), place, what, remedy)
    })
}
