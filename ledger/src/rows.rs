//! What the store gives back.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use zerotrip_proto::v1::{EntryOpening, ErrorCode, ExchangeOutcome, PendingJoin};
use zerotrip_trust::Digest;

/// What opening found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// Leaves of the log.
    pub size: u64,
    /// Intents that a crash left without completion, oldest first: to be reconciled.
    pub orphaned: Vec<Orphan>,
}

/// An exchange that was never completed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Orphan {
    /// The request's id.
    pub exchange_id: String,
    /// The leaf of its intent.
    pub intent_index: u64,
}

/// An exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExchangeRow {
    /// The request's id.
    pub id: String,
    /// The asking system's URI.
    pub issuer: String,
    /// The check and variant, or `issue`.
    pub action: String,
    /// The leaf of its intent.
    pub intent_index: u64,
    /// The request's end, in whole microseconds.
    pub expires_at: SystemTime,
    /// How far it is.
    pub state: ExchangeState,
    /// SHA-256 of the certificate that was issued on it.
    pub certificate_digest: Option<Digest>,
}

/// How far an exchange is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExchangeState {
    /// Intended; running, or left behind by a crash.
    Open,
    /// Completed.
    Closed {
        /// How it ended.
        outcome: ExchangeOutcome,
        /// Why, where it was unavailable or denied.
        code: ErrorCode,
        /// In whole microseconds.
        answered_at: SystemTime,
        /// The leaf of its completion.
        completion_index: u64,
        /// The signed answer's envelope, encoded; `None` once erased.
        answer: Option<Vec<u8>>,
    },
    /// A crash left it without completion; recorded as such.
    Reconciled {
        /// The leaf of its reconciliation.
        index: u64,
    },
}

/// Who reads the log. Leaves are for every reader; what they commit to is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reader {
    /// The authority: all.
    Authority,
    /// A member's system: what it asked itself, and the intents of exchanges in which its member
    /// was asked.
    System {
        /// Its URI.
        uri: String,
        /// Its member.
        member: String,
    },
}

impl Reader {
    /// Whether it may read all, the system and the member. An empty name is not a member's.
    pub(crate) fn rights(&self) -> (bool, Option<&str>, Option<&str>) {
        match self {
            Self::Authority => (true, None, None),
            Self::System { uri, member } => (false, named(uri), named(member)),
        }
    }
}

/// An entry as hashed, and what opens it for this reader.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// A serialised `LedgerEntry`.
    pub leaf: Vec<u8>,
    /// `None` where nothing is sealed, or not for this reader.
    pub opening: Option<EntryOpening>,
}

/// The two bundles of the authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BundleKind {
    /// The key directory.
    Directory,
    /// The grants.
    Grants,
}

impl BundleKind {
    /// As entries name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Directory => "directory",
            Self::Grants => "grants",
        }
    }
}

/// Under which bundles something was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecidedUnder {
    /// The key directory's version.
    pub directory: u64,
    /// The grants' version.
    pub grants: u64,
}

/// An invitation, without its token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invited {
    /// SHA-256 of the token.
    pub token_digest: Digest,
    /// The URI that the invited system will bear.
    pub system: String,
    /// From when on the token is not accepted, in whole microseconds.
    pub expires_at: SystemTime,
}

/// A join request and, once admitted, the system's certificate.
#[derive(Clone, Debug, PartialEq)]
pub struct Join {
    /// As it was filed.
    pub request: PendingJoin,
    /// DER, leaf first; `None` until admitted.
    pub chain: Option<Vec<Vec<u8>>>,
}

fn named(name: &str) -> Option<&str> {
    Some(name).filter(|name| !name.is_empty())
}

/// Microseconds since 1970; times before count as 1970.
pub(crate) fn micros(time: SystemTime) -> i64 {
    let micros = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
    i64::try_from(micros).unwrap_or(i64::MAX)
}

pub(crate) fn from_micros(micros: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_micros(u64::try_from(micros).unwrap_or_default())
}
