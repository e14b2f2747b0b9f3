//! The file that a driver reads, watched for changes.

use std::path::Path;

use zerotrip_proto::v1::ErrorCode;

use crate::SourceError;
use crate::file_identity::FileIdentity;

/// Which file is at `path`, and its state.
pub fn identity_of(path: &Path) -> Result<FileIdentity, SourceError> {
    FileIdentity::at(path).map_err(|error| {
        SourceError::new(
            ErrorCode::SourceUnreachable,
            format!("`{}`: {error}; correct `source.file`", path.display()),
        )
    })
}
