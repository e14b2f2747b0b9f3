//! Why asking or issuing failed.

use std::path::PathBuf;
use std::time::Duration;

use zerotrip_certificates::{CertificateError, SealError};
use zerotrip_channel::files::FileError;
use zerotrip_channel::{ClientError, DialError, HomeError};
use zerotrip_checks::definition::DefinitionError;
use zerotrip_proto::Refusal;
use zerotrip_proto::v1::ErrorCode;
use zerotrip_trust::directory::DirectoryError;
use zerotrip_trust::tls::TlsError;

use crate::issued::RegisterError;
use crate::reply::{KeptError, ReplyError};
use crate::request::RequestError;
use crate::seen::SeenError;

/// Why asking or issuing failed.
#[expect(missing_docs, reason = "the names and the texts say it")]
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The system's folder.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The hub cannot be reached, or another peer answered.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// The connection broke.
    #[error(transparent)]
    Connection(#[from] ClientError),
    /// The hub's certificate is no longer accepted.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The hub refused without a signed answer.
    #[error("the hub refuses: {0}")]
    Refused(#[from] Refusal),
    /// The hub went silent.
    #[error("the hub did not answer within {} s; ask again", .0.as_secs())]
    Silent(Duration),
    /// No directory, or not a good one.
    #[error("key directory: {0}")]
    Directory(#[from] DirectoryError),
    /// The hub sent none.
    #[error(
        "the hub has no key directory yet; the authority publishes one with `zerotrip authority \
         refresh`"
    )]
    NoDirectory,
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The reply does not count.
    #[error("the hub's reply does not verify: {0}; do not act on it, and tell the authority")]
    Reply(#[from] ReplyError),
    /// An answer that was kept.
    #[error("the kept answer does not count: {0}; ask again")]
    Kept(#[from] KeptError),
    /// The answer is of a hub that was set back.
    #[error("verification failed: {0}")]
    Seen(#[from] SeenError),
    /// The catalog names no such check.
    #[error(
        "the hub's catalog has no check `{check}` with variant `{variant}`; `zerotrip catalog \
         list` shows what there is"
    )]
    UnknownCheck { check: String, variant: String },
    /// Its definition has no `[identity]`.
    #[error("the check `{0}` does not ask that the person was identified; ask it without")]
    AsksNoIdentity(String),
    /// An answer about many has no such place.
    #[error("the answer has nobody in place {0}")]
    NoSuchPlace(usize),
    /// A definition that does not read.
    #[error("the check's definition: {0}")]
    Definition(#[from] DefinitionError),
    #[error("the certificate cannot be sealed: {0}")]
    Seal(#[from] SealError),
    /// The sealed token does not verify.
    #[error(
        "the sealed certificate would not verify: {0}; is `seal.key` the key that the authority \
         admitted?"
    )]
    Certificate(#[from] CertificateError),
    /// The register of issued certificates.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// What was issued under the caller's id is something else.
    #[error(
        "under this id `{serial}` was issued, on another question, for another errand or to \
         another holder"
    )]
    OtherQuestion { serial: String },
    /// The certificate's file; nothing has been recorded.
    #[error("no certificate can be written there: {0}")]
    File(#[from] FileError),
    /// Recorded, but the file could not take its name.
    #[error(
        "the certificate of exchange `{exchange}` is recorded and is in `{}`: it could not be \
         given its name: {error}; move it yourself",
        part.display()
    )]
    NotPlaced {
        exchange: String,
        /// The file that holds the certificate.
        part: PathBuf,
        error: std::io::Error,
    },
    /// The certificate was announced, and what came back does not say whether it is recorded.
    #[error(
        "whether the certificate of exchange `{exchange}` was recorded is not known ({why}); it is \
         kept in `{}`: use it only once an auditor finds its record in the ledger, else delete it \
         and issue again",
        part.display()
    )]
    Unconfirmed {
        exchange: String,
        /// The file that holds the certificate.
        part: PathBuf,
        why: Box<SessionError>,
    },
}

impl SessionError {
    /// The hub's code, where it refused.
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Refused(refusal) => Some(refusal.code),
            _ => None,
        }
    }
}
