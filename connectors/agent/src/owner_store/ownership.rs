//! Which member owns a dataset, and whether its owner signed.

use std::time::SystemTime;

use zerotrip_proto::v1::{Envelope, KeyUsage};
use zerotrip_trust::directory::Directory;
use zerotrip_trust::dsse;

/// The member that owns a dataset: the part of its id before the dot.
pub fn owner_of(dataset: &str) -> &str {
    dataset.split_once('.').map_or(dataset, |(member, _)| member)
}

/// Whether an envelope is signed with an APPROVE key of that member.
pub fn verify_owner(
    envelope: &Envelope,
    kind: &str,
    member: &str,
    directory: &Directory,
    now: SystemTime,
) -> Result<(), String> {
    let (_, keyid) = dsse::peek(envelope, kind).map_err(|error| error.to_string())?;
    let holder =
        directory.signing_key(keyid, KeyUsage::Approve, now).map_err(|error| error.to_string())?;
    if holder.member.as_deref() != Some(member) {
        return Err(format!("signed by `{}`, owned by `{member}`", holder.uri));
    }
    dsse::verify(envelope, kind, &holder.key).map(|_| ()).map_err(|error| error.to_string())
}
