//! Places where a segment's files can be beside the store's folder: what this crate asks of one.
//! It knows no network; a hub brings an object store.

use std::fmt::Debug;
use std::fs::File;

/// A place where files are kept whole under names, such as a folder of a mounted store or a bucket
/// of an object store.
///
/// # Names
///
/// Relative, of letters, digits, `-`, `.` and `/`; each is used for one file, ever.
///
/// # What must hold
///
/// What [`Self::put`] answered `Ok` for is durable, whole, and visible to [`Self::read`]. Before
/// that nothing is under the name, or what an earlier try left. Each call ends within a bound of
/// its own, whatever the place does, and may be made from any thread. Errors name no secret.
pub trait Place: Debug + Send + Sync {
    /// What the place is called in the store's records, such as `s3://bucket/prefix`.
    fn url(&self) -> &str;

    /// Begins an upload; by what it answers, [`Self::abandon`] removes what it left.
    fn begin(&self, name: &str) -> Result<String, PlaceError>;

    /// Puts the first `bytes` of the file there, in place of what an earlier try left.
    fn put(&self, name: &str, upload: &str, file: File, bytes: u64) -> Result<(), PlaceError>;

    /// Removes what is left of an upload that did not end; one of which nothing is left is fine.
    fn abandon(&self, name: &str, upload: &str) -> Result<(), PlaceError>;

    /// Bytes from there on: fewer only where the file ends before, and never more.
    fn read(&self, name: &str, at: u64, bytes: u64) -> Result<Piece, PlaceError>;

    /// Removes it, durably; one that is not there is fine.
    fn remove(&self, name: &str) -> Result<(), PlaceError>;

    /// Names below `under`, a folder; of more than `most`, some.
    fn list(&self, under: &str, most: usize) -> Result<Vec<String>, PlaceError>;
}

/// A part of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The part.
    pub bytes: Vec<u8>,
    /// Of the whole file.
    pub length: u64,
}

/// What a place answers else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlaceError {
    /// It has nothing of this name, and says so.
    Missing,
    /// It does not answer, or not as it should: what it holds is not known.
    Unavailable(String),
}
