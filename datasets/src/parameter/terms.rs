//! A declared type as a scan's template has it, so that the department that approves the scan reads
//! the request's parameters as the hub does.

use std::collections::BTreeSet;

use zerotrip_proto::v1;
use zerotrip_proto::v1::parameter_terms::Type as Wire;

use super::bounds::{DateBounds, Level, MOST_WORDS, NumberBounds, PeriodBounds};
use super::declared::ParameterType;

impl ParameterType {
    /// Of these terms; `None` of what is not understood. It is the only way from a definition's
    /// bounds and from a template's to a type.
    pub fn from_terms(terms: &Wire) -> Option<Self> {
        Some(match terms {
            Wire::Uscc(_) => Self::Uscc,
            Wire::Date(date) => Self::Date(DateBounds::read(&date.not_before, &date.not_after)?),
            Wire::Period(period) => {
                Self::Period(PeriodBounds::read(period.most_months, &period.not_after)?)
            }
            Wire::Number(number) => Self::Number(NumberBounds::read(number.min, number.max)?),
            Wire::Region(region) => Self::Region(Level::read(&region.level)?),
            Wire::Code(code) => {
                let words: BTreeSet<String> =
                    code.words.iter().map(|word| word.word.clone()).collect();
                let all =
                    (1..=MOST_WORDS).contains(&words.len()) && words.len() == code.words.len();
                (all && words.iter().all(|word| is_word(word))).then_some(Self::Code(words))?
            }
        })
    }

    /// Reads the parameters that a template binds beside the person's.
    pub fn bound(template: &v1::ScanTemplate) -> Option<Vec<(&str, Self)>> {
        let each = template.parameters.iter().map(|terms| {
            let declared = Self::from_terms(terms.r#type.as_ref()?)?;
            Some((terms.name.as_str(), declared))
        });
        each.collect()
    }
}

/// A word of a code: as names in definitions are written.
fn is_word(text: &str) -> bool {
    let mut bytes = text.bytes();
    text.len() <= 64
        && bytes.next().is_some_and(|first| first.is_ascii_lowercase())
        && bytes.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_' || c == b'-')
}
