//! Times in tokens.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value};

use super::error::SdJwtError;

/// A time claim, in whole seconds since 1970.
pub(crate) fn time(
    claims: &Map<String, Value>,
    name: &'static str,
) -> Result<SystemTime, SdJwtError> {
    const YEAR_10000: u64 = 253_402_300_800;
    let seconds = claims.get(name).and_then(Value::as_u64).filter(|seconds| *seconds < YEAR_10000);
    seconds
        .map(|seconds| UNIX_EPOCH + Duration::from_secs(seconds))
        .ok_or(SdJwtError::Missing(name))
}
