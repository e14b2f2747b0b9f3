//! Why a certificate or request is refused.

use crate::digest::RandomError;
use crate::identity::IdentityError;
use crate::keys::KeyError;

use super::pem;

/// Why a certificate or request is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum X509Error {
    /// Not DER, trailing bytes, a doubled extension, or over 16 KiB.
    #[error("the {0} cannot be read, or is over 16 KiB")]
    Unreadable(&'static str),
    /// PEM.
    #[error(transparent)]
    Pem(#[from] pem::PemError),
    /// Zero or several URI names.
    #[error("a certificate names its holder by exactly one uri, not {0}")]
    NotOneUri(usize),
    /// The URI is not an identity.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// A CA certificate where a holder's own is wanted.
    #[error("a ca certificate (or a request for one) is not a holder's certificate")]
    IsCa,
    /// Not a CA certificate where one is wanted.
    #[error("the certificate is not that of a self-signed ca which may sign certificates")]
    NotACa,
    /// The request or certificate belongs to another holder.
    #[error("the certificate is for `{found}`, not for `{expected}`")]
    WrongHolder {
        /// Who was expected.
        expected: String,
        /// The holder that it names.
        found: String,
    },
    /// A request asks for a DNS or IP name that was not allowed, or for a name of another kind.
    #[error("the request asks for the name `{0}`, which was not allowed")]
    NameNotAllowed(String),
    /// A request asks for an extension that is never granted.
    #[error("the request asks for an extension other than names and usages")]
    ExtensionNotAllowed,
    /// A certificate for something else, or for more, than sealing documents.
    #[error("the certificate is not a system's for sealing documents, and for nothing else")]
    NotForSealing,
    /// A certificate for something else than signing.
    #[error("the certificate is for something else than to sign statements")]
    NotForSigning,
    /// The signature over the certificate or request does not verify.
    #[error("the signature over the {0} does not verify")]
    BadSignature(&'static str),
    /// Another key than the place takes.
    #[error("the {0} holds a key of another algorithm than it must; use {1}")]
    WrongAlgorithm(&'static str, &'static str),
    /// The private key does not belong to the certificate.
    #[error("the private key does not belong to the certificate")]
    KeyMismatch,
    /// Outside the certificate's validity.
    #[error("the certificate is not valid at this time")]
    NotValidNow,
    /// A validity that ends before it begins, or beyond the year 9999.
    #[error("the validity must end after it begins, and before the year 10000")]
    BadValidity,
    /// The key itself.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The machine is out of random bytes.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The encoder refused.
    #[error("the certificate cannot be made: {0}")]
    Encoding(String),
}

impl From<rcgen::Error> for X509Error {
    fn from(error: rcgen::Error) -> Self {
        Self::Encoding(error.to_string())
    }
}
