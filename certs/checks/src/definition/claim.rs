//! Claims: the values that a proven fact comes with. Owners approve that these, and nothing else of
//! what their rows say, go to who asks.

use std::collections::BTreeMap;

use serde::Deserialize;
use zerotrip_text::Bilingual;

/// Most claims of a check.
pub const MOST_CLAIMS: usize = 16;

/// What an answer or a certificate calls something else.
pub const RESERVED: [&str; 28] = [
    "_sd",
    "_sd_alg",
    "case_number",
    "check",
    "cnf",
    "definition_digest",
    "evidence",
    "exp",
    "iat",
    "identified_at",
    "identified_by",
    "identity_level",
    "iss",
    "nbf",
    "persons",
    "policy",
    "purpose",
    "request",
    "scope",
    "serial",
    "sources",
    "statement",
    "status",
    "sub",
    "title",
    "validity",
    "variant",
    "vct",
];

/// A value that a proven fact comes with: a column of the step `claims`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimTerms {
    /// Its name, in the step `claims` and in answers.
    pub name: String,
    /// What people call it.
    pub title: Bilingual,
    /// Of which type it is.
    #[serde(rename = "type")]
    pub kind: ClaimType,
    /// The columns that its value is made of, each `<dataset>.<column>`.
    pub from: Vec<DatasetColumn>,
    /// Whether there is a proof without it: then it is left out where it has no value.
    #[serde(default)]
    pub optional: bool,
    /// Which variants have it; none: all that prove a fact.
    #[serde(default)]
    pub variants: Vec<String>,
    /// Of a code: every word that it can be, and what people read for it.
    #[serde(default)]
    pub words: BTreeMap<String, Bilingual>,
}

/// The type of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimType {
    /// A civil day.
    Date,
    /// A month of the calendar.
    Month,
    /// Whole months.
    Months,
    /// Money, in fen.
    Fen,
    /// How many.
    Count,
    /// One word of a closed list.
    Code,
    /// A division code (GB/T 2260).
    Region,
    /// A name, of a person or an enterprise.
    Name,
}

impl ClaimType {
    /// Its name in a definition.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Date => "date",
            Self::Month => "month",
            Self::Months => "months",
            Self::Fen => "fen",
            Self::Count => "count",
            Self::Code => "code",
            Self::Region => "region",
            Self::Name => "name",
        }
    }

    /// Whether it is a whole number.
    pub const fn is_number(self) -> bool {
        matches!(self, Self::Months | Self::Fen | Self::Count)
    }
}

/// A column of a dataset.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct DatasetColumn {
    /// Of which dataset.
    pub dataset: String,
    /// Which column.
    pub column: String,
}

impl TryFrom<String> for DatasetColumn {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.rsplit_once('.') {
            Some((dataset, column)) if dataset.contains('.') && !column.is_empty() => {
                Ok(Self { dataset: dataset.into(), column: column.into() })
            }
            _ => Err(format!("`{text}` is not of the form `<member>.<dataset>.<column>`")),
        }
    }
}
