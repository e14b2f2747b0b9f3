//! What has to be read of an object before there is an answer.

/// A part of an object that must be read before there is an answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the object `{place}/{name}` has to be read first")]
pub struct Wanted {
    pub(super) place: String,
    pub(super) name: String,
    pub(super) head: Vec<u8>,
    pub(super) end: u64,
    pub(super) at: u64,
    pub(super) bytes: u64,
    /// A leaf of the block that it is of.
    pub(crate) leaf: u64,
}
