//! Errors of tables that cannot be read.

use std::path::Path;

use zerotrip_proto::v1::ErrorCode;

use crate::SourceError;

pub fn odd(path: &Path, what: &str) -> SourceError {
    SourceError::new(ErrorCode::SourceUnreadable, format!("`{}` {what}", path.display()))
}

pub fn truncated(path: &Path, what: &str) -> SourceError {
    SourceError::new(
        ErrorCode::SourceTruncated,
        format!("`{}` is not a whole table: {what}", path.display()),
    )
}
