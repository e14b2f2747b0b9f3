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
        "the segment file `{file}` is cut: it has {found} bytes, of {wanted} that were written; \
         put it back from a backup or, in an object store, from a former version of it"
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
    #[error(
        "`{0}` is not the segment that it is named for: it was swapped, or is no segment; put the \
         right one back"
    )]
    Swapped(String),
    /// A block or a body in it does not open, or is not what the log commits to.
    #[error(
        "the segment file `{file}` was altered: {what}; put it back from a backup or, in an object \
         store, from a former version of it"
    )]
    Altered {
        /// Which.
        file: String,
        /// Where.
        what: String,
    },
    /// The object store says that it has no such object.
    #[error(
        "the object `{0}` is gone from its store; put it back from a copy or a former version of \
         it. After a restore the bodies in it may have been erased since the backup: then say so \
         with `zerotrip-hub segments drop`"
    )]
    Gone(String),
    /// What the object store holds is not known now.
    #[error("the object `{object}` cannot be read or written now: {why}; see to its store")]
    Unavailable {
        /// Which.
        object: String,
        /// What its store says.
        why: String,
    },
    /// The store that it is in is not the one of the settings.
    #[error(
        "the object `{object}` cannot be read: `hub.toml` does not name its store; write `to = \
         \"{place}\"` under `[segments]`"
    )]
    NoPlace {
        /// Which.
        object: String,
        /// Where it is.
        place: String,
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
    /// Whether it says nothing about what the file holds.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::NoPlace { .. })
    }

    pub(super) fn altered(file: &str, what: impl std::fmt::Display) -> Self {
        Self::Altered { file: file.to_owned(), what: what.to_string() }
    }
}
