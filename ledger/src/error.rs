//! What the store refuses, and why it may not open.

use zerotrip_proto::v1::ErrorCode;
use zerotrip_trust::merkle::MissingNode;
use zerotrip_trust::note::NoteError;

use crate::segments::{SegmentError, Unconfirmed, Wanted};

/// Why something was not recorded or read. What was refused left no trace.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// The exchange id was used before, whether or not that exchange still runs.
    #[error("the exchange `{0}` was recorded before; use a new request id")]
    Replayed(String),
    /// It has no intent.
    #[error("there is no exchange `{0}`")]
    UnknownExchange(String),
    /// Completed or reconciled before, or the completion names another intent.
    #[error("the exchange `{0}` is not open under this intent")]
    NotOpen(String),
    /// The check carries a certificate.
    #[error("a certificate was already issued on the exchange `{0}`")]
    AlreadyIssued(String),
    /// Other variants of the check were asked about the subject.
    #[error(
        "{0} of the check's variants were asked about this subject for this purpose, and the \
         grant allows no other"
    )]
    VariantLimit(u32),
    /// A newer bundle is in the log than the one under which this was decided: it must be decided
    /// again.
    #[error("newer bundles came in force before the exchange `{0}` was completed; decide again")]
    Superseded(String),
    /// Only a check that was answered `true` carries a certificate.
    #[error("the exchange `{0}` was not answered with true, so no certificate can rest on it")]
    NotIssuable(String),
    /// A rollback, or the same version again.
    #[error("bundle version {found} is not newer than {in_force}, which is in force")]
    StaleBundle {
        /// The envelope's.
        found: u64,
        /// The store's.
        in_force: u64,
    },
    /// The token is unknown, expired, of another system, or used for another request.
    #[error("the invitation is unknown, used or expired; ask the authority for a new one")]
    InvalidToken,
    /// No join request of this system waits.
    #[error("no join request of `{0}` waits for admission")]
    UnknownJoin(String),
    /// Over a bound.
    #[error("{what} has {found}, of at most {most}")]
    TooLarge {
        /// What is counted or measured.
        what: &'static str,
        /// How many, or how many bytes.
        found: usize,
        /// The bound.
        most: usize,
    },
    /// A field that cannot be recorded.
    #[error("{0}")]
    Malformed(&'static str),
    /// No such leaf, tree or range of them.
    #[error("the log holds no such leaf or tree")]
    OutOfRange,
    /// The exchange ended long ago, and has moved into a segment.
    #[error(
        "the exchange `{0}` ended long ago and is only kept now; no certificate can rest on it, \
         ask again"
    )]
    Kept(String),
    /// A legal hold keeps the exchange's body.
    #[error(
        "the hold {hold} keeps the exchange `{exchange}`, so that nothing of it is erased; see \
         `zerotrip-hub hold list`"
    )]
    Held {
        /// Which exchange.
        exchange: String,
        /// Which hold.
        hold: u64,
    },
    /// The store was put back from a backup, and nobody has said that no hold is missing.
    #[error(
        "nothing is erased: {0}. Place again what is missing (`zerotrip-hub hold add`), then say \
         so with `zerotrip-hub hold confirm`"
    )]
    Unconfirmed(Unconfirmed),
    /// The holds of this store need no word.
    #[error(
        "there is nothing to confirm: this store was not put back from a backup, or its holds are \
         confirmed"
    )]
    NothingToConfirm,
    /// What a certificate would rest on is erased.
    #[error("what is kept of the exchange `{0}` was erased; no certificate can rest on it")]
    Erased(String),
    /// No hold of this number is in force.
    #[error("no hold {0} is in force")]
    UnknownHold(u64),
    /// What was about to move has changed meanwhile; it is moved as it is now the next time.
    #[error("what was about to move into a segment has changed meanwhile")]
    MovedOn,
    /// A file of the past is not what was put into it. The text is for the operator.
    #[error(transparent)]
    Segment(#[from] SegmentError),
    /// A part of an object has to be read before there is an answer. It does not leave this crate.
    #[error(transparent)]
    Elsewhere(Box<Wanted>),
    /// Nothing is durably recorded any more, or a read failed. The text is for the operator.
    #[error("the store cannot be relied on: {0}")]
    Unavailable(String),
}

impl LedgerError {
    /// The code that a caller sees.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Replayed(_) => ErrorCode::Replayed,
            Self::UnknownExchange(_)
            | Self::UnknownJoin(_)
            | Self::UnknownHold(_)
            | Self::OutOfRange => ErrorCode::UnknownName,
            Self::AlreadyIssued(_) | Self::NotIssuable(_) | Self::Kept(_) | Self::Erased(_) => {
                ErrorCode::NotIssuable
            }
            Self::VariantLimit(_) => ErrorCode::VariantLimit,
            Self::StaleBundle { .. } => ErrorCode::StaleBundle,
            Self::InvalidToken => ErrorCode::InvalidToken,
            Self::TooLarge { .. } => ErrorCode::TooLarge,
            Self::Malformed(_) => ErrorCode::Malformed,
            Self::NotOpen(_)
            | Self::Superseded(_)
            | Self::MovedOn
            | Self::Held { .. }
            | Self::Unconfirmed(_)
            | Self::NothingToConfirm => ErrorCode::Internal,
            Self::Unavailable(_) | Self::Segment(_) | Self::Elsewhere(_) => {
                ErrorCode::LedgerUnavailable
            }
        }
    }
}

impl From<NoteError> for LedgerError {
    fn from(error: NoteError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<rusqlite::Error> for LedgerError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// Why a store does not open. Each but the first two means that the files were edited, cut or
/// set back: keep them, and restore.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process writes to it.
    #[error("another process has the store in `{0}` open; stop it first")]
    InUse(String),
    /// The file system.
    #[error("`{path}`: {source}")]
    Io {
        /// Which file or folder.
        path: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// SQLite cannot read the file.
    #[error("the database is damaged; restore it from a backup: {0}")]
    Damaged(String),
    /// SQLite, for another reason.
    #[error("the database does not open: {0}")]
    Store(String),
    /// Written by a newer release.
    #[error("the store has version {0}, which this release does not know; run the newer release")]
    NewerVersion(i64),
    /// Written by an older release, whose log shows every reader what came of each exchange.
    #[error(
        "the store has version {0}: its log shows what came of each exchange, and this release \
         does not go on with it; keep the folder, and name a new one with --store"
    )]
    OlderVersion(i64),
    /// Written by the last release.
    #[error(
        "the store has version {0}, of an earlier release; start the hub once, and it is brought \
         up to date"
    )]
    LastRelease(i64),
    /// Another log's store.
    #[error(
        "the store belongs to the log `{found}`, not `{expected}`; check the configured hub name \
         and folder"
    )]
    OtherOrigin {
        /// The store's.
        found: String,
        /// The configured one.
        expected: String,
    },
    /// Fewer leaves than the tree counts.
    #[error(
        "the tree has {size} leaves, but the store holds only {leaves}: the log's tail is cut off"
    )]
    Truncated {
        /// As the tree says.
        size: u64,
        /// As found.
        leaves: u64,
    },
    /// More leaves or nodes than the tree counts.
    #[error("the store holds leaves or nodes that its tree of {0} leaves does not count")]
    Surplus(u64),
    /// A leaf is missing in the middle.
    #[error("the leaf {0} is missing")]
    LeafMissing(u64),
    /// An entry and its hash differ.
    #[error("the leaf {0} was changed: its entry does not have its hash")]
    LeafChanged(u64),
    /// The stored inner node is not that of the leaves below it.
    #[error("the tree's node {index} at level {level} was changed, or the leaves below it were")]
    NodeChanged {
        /// From 1.
        level: u32,
        /// From the left.
        index: u64,
    },
    /// A node that must be there is not.
    #[error(transparent)]
    NodeMissing(#[from] MissingNode),
    /// The leaves do not lead to the stored root.
    #[error("the leaves do not lead to the stored root over {0} leaves")]
    RootChanged(u64),
    /// What is kept of a sealed entry is not what its leaf commits to.
    #[error("what is kept of the entry {0} is not what its leaf commits to: it was changed")]
    ContentChanged(u64),
    /// A file of the past.
    #[error(transparent)]
    Segment(#[from] SegmentError),
    /// An exchange is not in the state that the log says.
    #[error("the exchange of the leaf {0} is missing or not in the state that the log records")]
    ExchangeChanged(u64),
    /// The bundle in force is not the one that came in force last: what was revoked since would be
    /// granted again.
    #[error(
        "the store's {kind} is {stored}, but the newest in its log is {logged}, or has another \
         digest: it was set back or changed. Keep this folder as it is, restore the newest backup \
         (`zerotrip-hub restore`), and have the authority run `zerotrip authority refresh`"
    )]
    BundleChanged {
        /// As entries name it.
        kind: &'static str,
        /// In the log, in words.
        logged: String,
        /// In the store, in words.
        stored: String,
    },
    /// The published checkpoint is unreadable, or another key's.
    #[error(
        "the published checkpoint is not this log's, by the hub's key of today or by those of \
         before that the `directory.dsse` of its enrolment names: {0}; put the file back from a \
         copy, or verify the store and move it away"
    )]
    Checkpoint(#[from] NoteError),
    /// The store was set back behind what was published.
    #[error(
        "a checkpoint over {published} leaves was published, but the store has only {size}: it \
         was set back"
    )]
    Shrunk {
        /// By the checkpoint file.
        published: u64,
        /// By the store.
        size: u64,
    },
    /// Leaves are missing that a head which left was over.
    #[error(
        "a tree head over {signed} leaves was signed and may have left, but the store has only \
         {size}: entries that were acknowledged are missing; keep this folder as it is, and \
         restore the newest backup"
    )]
    Lost {
        /// By the mark.
        signed: u64,
        /// By the store.
        size: u64,
    },
    /// The mark of how far signed heads went is not what this release writes.
    #[error(
        "`{0}` does not say how far signed heads went; it was edited or damaged: put it back from \
         a copy, or restore a backup"
    )]
    Mark(String),
    /// The store's history is not what was published.
    #[error(
        "the store's first {0} leaves are not those over which a head was signed: its history was \
         changed"
    )]
    Forked(u64),
}

/// Why a backup was not made, or not put back.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The store, or its copy.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// Nothing there that `backup` made.
    #[error(
        "`{0}` holds no backup: it has no `ledger/checkpoint`; name the folder that `zerotrip-hub \
         backup` made"
    )]
    NoBackup(String),
    /// The copy is not what its checkpoint says.
    #[error("`{0}` is not the store that the backup's checkpoint is of; use another backup")]
    OtherHead(String),
    /// A file of the past was removed while it was copied, or is not whole.
    #[error("{0}; where bodies were erased meanwhile, run the backup again")]
    Segment(#[from] SegmentError),
    /// What was copied of the past is not what the log commits to.
    #[error("{0}")]
    Past(String),
    /// SQLite takes names as text.
    #[error("`{0}` is not a name in UTF-8; use another folder")]
    NoText(String),
}

impl From<rusqlite::Error> for BackupError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<LedgerError> for OpenError {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::Segment(error) => Self::Segment(error),
            error => Self::Store(error.to_string()),
        }
    }
}

impl OpenError {
    pub(crate) fn io(path: &std::path::Path, source: std::io::Error) -> Self {
        Self::Io { path: path.display().to_string(), source }
    }
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
        match error.sqlite_error_code() {
            Some(DatabaseCorrupt | NotADatabase) => Self::Damaged(error.to_string()),
            _ => Self::Store(error.to_string()),
        }
    }
}
