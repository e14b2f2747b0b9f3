//! Which member owns a dataset, and whether its owner signed.

use std::time::SystemTime;

use zerotrip_proto::HolderSigned;
use zerotrip_proto::v1::Envelope;
use zerotrip_trust::directory::Directory;

/// What an owner signed: `member`, which must have signed it with a key that is valid now.
pub fn open_owners<M: HolderSigned>(
    envelope: &Envelope,
    member: &str,
    directory: &Directory,
    now: SystemTime,
) -> Result<M, String> {
    let (message, holder) =
        directory.open_signed(envelope, now).map_err(|error| error.to_string())?;
    if holder.member.as_deref() != Some(member) {
        return Err(format!("signed by `{}`, owned by `{member}`", holder.uri));
    }
    Ok(message)
}
