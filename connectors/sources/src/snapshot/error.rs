//! The error of a snapshot that cannot be written.

use zerotrip_proto::v1::ErrorCode;

use super::super::SourceError;

pub fn snapshot_failed(origin: &str, error: &rusqlite::Error) -> SourceError {
    SourceError::new(
        ErrorCode::SourceFailed,
        format!("the snapshot of `{origin}` cannot be written: {error}"),
    )
}
