//! From a definition's text to a [`Definition`]. All faults are reported at once.

use std::time::Duration;

use zerotrip_text::toml_fault;
use zerotrip_trust::digest::sha256;

use super::bounds::MOST_TEXT;
use super::faults::{DefinitionError, Faults};
use super::model::{CertificateTerms, Definition};
use super::raw::Raw;

impl Definition {
    /// Reads a definition; `origin` names the file in errors. All faults are reported at once.
    pub fn parse(text: &str, origin: &str) -> Result<Self, DefinitionError> {
        if text.len() > MOST_TEXT {
            return Err(DefinitionError(vec![format!(
                "{origin}: over {MOST_TEXT} bytes; a definition is a page that people review"
            )]));
        }
        let plain = text.trim_start_matches('\u{feff}');
        let raw: Raw = toml::from_str(plain).map_err(|error| {
            DefinitionError(vec![format!("{origin}: {}", toml_fault(plain, &error))])
        })?;
        Self::validate(raw, text, origin)
    }

    fn validate(raw: Raw, text: &str, origin: &str) -> Result<Self, DefinitionError> {
        let mut faults = Faults::new(origin);
        faults.name("check.name", &raw.check.name);
        let deadline =
            faults.duration("check.deadline", &raw.check.deadline, Duration::from_secs(60));
        let validity = faults.duration(
            "certificate.validity",
            &raw.certificate.validity,
            Duration::from_secs(366 * 86_400),
        );
        let parameters = faults.parameters(&raw.parameter);
        let variants = faults.variants(&raw);
        let definition = Self {
            name: raw.check.name,
            title: raw.check.title,
            deadline,
            parameters,
            variants,
            datasets: raw.dataset,
            codes: raw.code,
            dates: raw.date,
            certain: raw.check.certain,
            coverage: raw.coverage,
            claims: raw.claim,
            hand_overs: raw.hand_over,
            reasons: raw.reason,
            certificate: CertificateTerms {
                vct: raw.certificate.vct,
                validity,
                statement: raw.certificate.statement,
            },
            digest: sha256(text.as_bytes()),
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
