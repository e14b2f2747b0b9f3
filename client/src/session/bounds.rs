//! How long a call can take.

use std::time::Duration;

use zerotrip_proto::bounds::REQUEST_LIFE;

/// Longest wait for one call: a check's own deadline is at most 60 s.
pub(super) const CALL_TIME: Duration = Duration::from_secs(70);
/// The same for one about many subjects: as long as its request lives, and a little for the way.
pub(super) const MANY_TIME: Duration = REQUEST_LIFE.saturating_add(Duration::from_secs(10));
