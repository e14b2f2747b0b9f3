//! Where a bucket is, and with which key.

use std::path::PathBuf;

use serde::Deserialize;

/// A bucket, and how to get there.
#[derive(Clone, Debug)]
pub struct At {
    pub(super) url: String,
    pub(super) bucket: String,
    pub(super) prefix: String,
    pub(super) endpoint: String,
    pub(super) region: String,
    pub(super) keys: PathBuf,
    pub(super) ca: Option<PathBuf>,
}

/// An access key. It is shown nowhere.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Keys {
    pub(super) access_key_id: String,
    pub(super) secret_access_key: String,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys")
    }
}
