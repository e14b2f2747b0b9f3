//! What a check asks.

use std::time::Duration;

use zerotrip_proto::v1;

use crate::Level;

/// The shortest age that a definition can ask.
pub const LEAST_WITHIN: Duration = Duration::from_secs(60);
/// The longest: what was so yesterday is not that the person was here.
pub const MOST_WITHIN: Duration = Duration::from_secs(86_400);

/// That a person was identified, by a definition's `[identity]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityTerms {
    /// The parameter that names the person.
    pub parameter: String,
    /// At this level at least.
    pub level: Level,
    /// At most so long ago.
    pub within: Duration,
}

impl IdentityTerms {
    /// As a scan's template binds it.
    pub fn to_wire(&self) -> v1::IdentityTerms {
        v1::IdentityTerms {
            parameter: self.parameter.clone(),
            level: self.level.to_wire().into(),
            within_seconds: u32::try_from(self.within.as_secs()).unwrap_or(u32::MAX),
        }
    }
}
