//! How long a call can take.

use std::time::Duration;

/// Longest wait for one call: a check's own deadline is at most 60 s.
pub(super) const CALL_TIME: Duration = Duration::from_secs(70);
