//! Why a source does not answer.

use zerotrip_channel::deadline::Cancelled;
use zerotrip_proto::v1::ErrorCode;

/// Why a source does not answer. The code goes to the hub; the text stays in the department's log
/// and journal.
#[derive(Debug, thiserror::Error)]
#[error("{}: {detail}", code.name())]
pub struct SourceError {
    /// The code that the hub gets.
    pub code: ErrorCode,
    /// For the department's operator: names the thing and the remedy, never a secret, never a row.
    pub detail: String,
}

impl SourceError {
    /// Of a kind, with the operator's text.
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }

    /// The hub no longer listens.
    pub fn hung_up() -> Self {
        Self::new(ErrorCode::SourceTimeout, "the hub hung up")
    }
}

impl From<Cancelled> for SourceError {
    fn from(why: Cancelled) -> Self {
        match why {
            Cancelled::CallerGone => Self::hung_up(),
            Cancelled::DeadlinePassed => Self::new(ErrorCode::SourceTimeout, why.to_string()),
        }
    }
}
