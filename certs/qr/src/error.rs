//! Why a QR does not count, or is not made.

use zerotrip_certificates::{CertificateError, VerdictKind};
use zerotrip_cose::CoseError;

use crate::base45::Base45Error;
use crate::bounds::{PREFIX, TEXT_CHARS, TOKEN_BYTES, VERSION};

/// Why a QR does not count, or is not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QrError {
    /// Not a QR of ours: a link, or something else.
    #[error("the QR is not a certificate's: it does not begin with `{PREFIX}`, but is `{0}`")]
    Prefix(String),
    /// Over the bound.
    #[error("the QR has {0} characters, of at most {TEXT_CHARS}")]
    TooLong(usize),
    /// Not base45.
    #[error("the QR cannot be read: {0}")]
    Base45(#[from] Base45Error),
    /// The token, its header or its signature.
    #[error(transparent)]
    Token(#[from] CoseError),
    /// The payload is not a map of claims.
    #[error("the QR's payload is not a map of claims")]
    NoClaims,
    /// Two claims that come together, of which one is missing.
    #[error("the QR has one of `{0}` and `{1}`, and not the other")]
    Half(&'static str, &'static str),
    /// Times that contradict each other.
    #[error("the QR's times make no sense: it must end after it begins, and within a year")]
    Times,
    /// The issuer's key does not count.
    #[error(transparent)]
    Key(CertificateError),
    /// The issuer's key does not count any more.
    #[error(
        "the QR counts only as long as the key that it is sealed with is in force, because no \
         ledger says when it was sealed: {0}"
    )]
    KeyEnded(CertificateError),
    /// The key belongs to another system.
    #[error("the QR says it is `{stated}`'s, but the key belongs to `{holder}`")]
    WrongIssuer {
        /// In the QR.
        stated: String,
        /// By the trust root.
        holder: String,
    },
    /// The certificate that a QR is to be made of does not count.
    #[error(transparent)]
    Certificate(CertificateError),
    /// It counts, and is not valid.
    #[error("no QR is made of a certificate that is not known to be valid: it is `{}`", .0.word())]
    NotValid(VerdictKind),
    /// It is bound to its holder's key.
    #[error(
        "no QR is made of a certificate that is bound to its holder's key: who shows a QR proves \
         to have no key"
    )]
    Bound,
    /// The key is not the organ's.
    #[error("the key `{key_id}` is not a sealing key of `{issuer}`, which issued the certificate")]
    NotTheIssuers {
        /// Which key.
        key_id: String,
        /// Who issued it.
        issuer: String,
    },
    /// Something of the certificate that a QR has no place for.
    #[error("the certificate's `{0}` does not fit into a QR")]
    Unfit(String),
    /// Over the bound.
    #[error(
        "the certificate needs {found} bytes as a QR, of at most {TOKEN_BYTES} (version {VERSION}, \
         level M)"
    )]
    TooMuch {
        /// How many it needs.
        found: usize,
    },
}
