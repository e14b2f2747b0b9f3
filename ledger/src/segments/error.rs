//! What a segment's file can be, other than whole.

/// A file of the past that does not hold what was put into it. Each names the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SegmentError {
    /// No such file.
    #[error(
        "the segment file `{0}` is missing; put it back from a backup (`zerotrip-hub segments \
         verify` names all that are)"
    )]
    Missing(String),
    /// It ends before what was put into it.
    #[error(
        "the segment file `{file}` is cut: it has {found} bytes, of {wanted} that were written"
    )]
    Cut {
        /// Which.
        file: String,
        /// Its length.
        found: u64,
        /// The end of what is looked for in it.
        wanted: u64,
    },
    /// It is another segment's, or another log's, or none.
    #[error("`{0}` is not the segment that it is named for: it was swapped, or is no segment")]
    Swapped(String),
    /// A block or a body in it does not open, or is not what the log commits to.
    #[error("the segment file `{file}` was altered: {what}")]
    Altered {
        /// Which.
        file: String,
        /// Where.
        what: String,
    },
    /// The file system.
    #[error("the segment file `{file}` cannot be read or written: {why}")]
    Io {
        /// Which.
        file: String,
        /// What the system says.
        why: String,
    },
}

impl SegmentError {
    pub(super) fn altered(file: &str, what: impl std::fmt::Display) -> Self {
        Self::Altered { file: file.to_owned(), what: what.to_string() }
    }
}
