//! The tables of a definition's TOML files, before anything in them is checked.

use serde::Deserialize;
use zerotrip_text::Bilingual;

use super::claim::ClaimTerms;
use super::dataset::{Code, DateOf, ExpectedDataset};
use super::model::{CoverageRule, HandOver, ReasonText};
use super::months::SharedMonths;
use super::parameter::RawParameter;
use super::scan::Reference;
use super::shared::SharedScan;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    pub(super) check: RawCheck,
    pub(super) parameter: Vec<RawParameter>,
    pub(super) variant: Vec<RawVariant>,
    pub(super) step: Vec<RawStep>,
    #[serde(default)]
    pub(super) dataset: Vec<ExpectedDataset>,
    #[serde(default)]
    pub(super) code: Vec<Code>,
    #[serde(default)]
    pub(super) date: Vec<DateOf>,
    #[serde(default)]
    pub(super) coverage: Vec<CoverageRule>,
    #[serde(default)]
    pub(super) hand_over: Vec<HandOver>,
    #[serde(default)]
    pub(super) claim: Vec<ClaimTerms>,
    pub(super) identity: Option<RawIdentity>,
    pub(super) certificate: RawCertificate,
}

/// That the person must have been identified.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawIdentity {
    pub(super) parameter: String,
    pub(super) level: String,
    pub(super) within: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCheck {
    pub(super) name: String,
    pub(super) version: u32,
    pub(super) title: Bilingual,
    pub(super) deadline: String,
    pub(super) certain: Reference,
    pub(super) proves: RawProves,
    pub(super) silence: Option<String>,
    #[serde(default)]
    pub(super) basis: Vec<Bilingual>,
    pub(super) objection: Option<Bilingual>,
}

/// What a true answer says.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawProves {
    Absence,
    Fact,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawVariant {
    pub(super) name: String,
    pub(super) title: Bilingual,
    /// Where it is not what the check proves.
    pub(super) proves: Option<RawProves>,
    pub(super) silence: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawStep {
    pub(super) name: String,
    #[serde(default)]
    pub(super) variants: Vec<String>,
    pub(super) title: Option<Bilingual>,
    pub(super) scan: Option<SharedScan>,
    pub(super) months: Option<SharedMonths>,
    /// The file of its SQL.
    pub(super) sql: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCertificate {
    pub(super) vct: String,
    pub(super) validity: String,
    pub(super) statement: Bilingual,
}

/// `reasons.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawReasons {
    #[serde(default)]
    pub(super) reason: Vec<ReasonText>,
}
