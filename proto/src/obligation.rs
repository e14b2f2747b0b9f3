//! What must be done with an answer for the policy that allowed it to hold.

use std::fmt;

use crate::v1::ErrorCode;
use crate::{Refusal, bounds::TEXT_CHARS};

/// Something that a policy demands of the code that carries out its decision, such as a row filter
/// or a mask. It travels with the decision, to the answer and to the scan.
///
/// There is no kind yet. What is not a kind here is refused wherever it arrives: an obligation that
/// is not known cannot be met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Obligation {}

/// An obligation that this program does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownObligation(String);

impl Obligation {
    /// As messages and policies name it.
    pub fn name(self) -> &'static str {
        match self {}
    }

    /// The obligation of that name.
    pub fn from_name(name: &str) -> Result<Self, UnknownObligation> {
        Err(UnknownObligation(name.chars().take(TEXT_CHARS).collect()))
    }

    /// The obligations of a message, or the first one that is not known.
    pub fn all_of(names: &[String]) -> Result<Vec<Self>, UnknownObligation> {
        names.iter().map(|name| Self::from_name(name)).collect()
    }

    /// The names of these, as a message carries them.
    pub fn names(obligations: &[Self]) -> Vec<String> {
        obligations.iter().map(|obligation| obligation.name().to_owned()).collect()
    }
}

impl fmt::Display for UnknownObligation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the decision demands `{}`, which this version does not know; install a newer version",
            self.0
        )
    }
}

impl std::error::Error for UnknownObligation {}

impl From<UnknownObligation> for Refusal {
    fn from(unknown: UnknownObligation) -> Self {
        let zh = format!("该决定要求 `{}`，本版本无法履行；请升级到新版本", unknown.0);
        Self::bilingual(ErrorCode::GateRefused, unknown.to_string(), zh)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn what_is_not_known_is_refused_by_its_name() {
        assert_eq!(Obligation::all_of(&[]), Ok(vec![]));
        let refusal = Refusal::from(Obligation::all_of(&["mask".into()]).unwrap_err());
        assert_eq!(refusal.code, ErrorCode::GateRefused);
        assert!(refusal.en.contains("`mask`") && refusal.zh.contains("`mask`"), "{refusal}");
        let long = Obligation::from_name(&"x".repeat(4096)).unwrap_err().to_string();
        assert!(long.len() < 200, "{long}");
    }
}
