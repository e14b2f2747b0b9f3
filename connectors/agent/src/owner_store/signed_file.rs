//! Reading a signed file, and the lock under which such files are replaced.

use std::path::{Path, PathBuf};

use prost::Message as _;
use zerotrip_channel::files;
use zerotrip_proto::SignedMessage;
use zerotrip_proto::v1::Envelope;
use zerotrip_trust::Signed;

use super::error::OwnerStoreError;

/// The envelope in a file, if its payload is of this kind. The signature is not verified: that takes
/// the directory in force.
pub fn envelope<M: SignedMessage>(
    path: &Path,
    remedy: &'static str,
) -> Result<Envelope, OwnerStoreError> {
    let damaged =
        |why: String| OwnerStoreError::Damaged { path: path.display().to_string(), why, remedy };
    let envelope = Envelope::decode(files::read(path)?.as_slice())
        .map_err(|error| damaged(error.to_string()))?;
    Signed::<M>::new(&envelope).map_err(|error| damaged(error.to_string()))?;
    Ok(envelope)
}

/// The lock file that is held while the owner's files are replaced: a statement and its salt belong
/// together.
pub fn signing_lock(folder: &Path) -> PathBuf {
    folder.join("signed").join("sign.lock")
}
