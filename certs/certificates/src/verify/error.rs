//! Why a certificate does not count.

use zerotrip_trust::directory::Why;

use crate::evidence::EvidenceError;
use crate::grounds::NoGrounds;
use crate::jwks::JwkSetError;
use crate::sdjwt::SdJwtError;
use crate::subject::SubjectError;
use crate::terms::TermsError;

/// Why a certificate does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// The token or its seal.
    #[error(transparent)]
    Token(#[from] SdJwtError),
    #[error(transparent)]
    Keys(#[from] JwkSetError),
    /// The directory does not vouch for the key.
    #[error("the sealing key `{key_id}` cannot be trusted: {why}")]
    SealKey {
        /// The key named.
        key_id: String,
        why: Why,
    },
    /// The key belongs to another system.
    #[error("the certificate says it is `{stated}`'s, but the key belongs to `{holder}`")]
    WrongIssuer {
        /// In the certificate.
        stated: String,
        /// By the trust root.
        holder: String,
    },
    /// A claim is missing or of another shape.
    #[error("the certificate's `{0}` is missing or not of the shape it must have")]
    Claim(&'static str),
    /// Certificate type and check do not fit.
    #[error("a certificate of type `{vct}` cannot be on the check `{check}`")]
    TypeMismatch { vct: String, check: String },
    /// The evidence does not verify.
    #[error("the hub's evidence does not verify: {0}")]
    Evidence(#[from] EvidenceError),
    /// The answer inside is not a true one.
    #[error("the hub's answer inside is not `true`")]
    NotAffirmed,
    /// Of an answer about many, the part that is shown.
    #[error(transparent)]
    Subject(#[from] SubjectError),
    /// The answer inside says other things than the certificate.
    #[error("the certificate's `{0}` is not what the hub answered")]
    Contradiction(&'static str),
    /// Issued before it was answered.
    #[error("the certificate was issued before the hub answered")]
    IssuedBeforeAnswer,
    /// Issued too long after it was answered.
    #[error("the certificate was issued more than an hour after the hub answered")]
    IssuedTooLate,
    /// Valid for longer than the hub fixed.
    #[error("the certificate is valid for longer than the hub's answer allows")]
    ValidTooLong,
    /// The sealing key's certificate that travels along.
    #[error("the sealing key's certificate that travels along does not count: {0}")]
    SealCertificate(String),
    /// Some of what one profile asks for, and not all of it.
    #[error("the certificate has something of several profiles, and is of none")]
    NoProfile,
    /// A claim that certificates do not have.
    #[error("the certificate states `{0}`, which the hub answered nothing of")]
    Surplus(String),
    /// The answer allows no certificate.
    #[error(
        "the hub's answer allows no certificate: the system that asked has no grant to issue one"
    )]
    NotAllowed,
    /// The openings are not those of the answer.
    #[error("the certificate does not open what the hub fixed: {0}")]
    Terms(#[from] TermsError),
    /// What is disclosed is not what was asked.
    #[error("the certificate shows another `{0}` than the hub answered about")]
    OtherDisclosure(String),
    /// What is withheld is not what was asked.
    #[error(
        "the certificate withholds something else than what the hub answered about, more, or less"
    )]
    OtherWithheld,
}

impl From<NoGrounds> for CertificateError {
    fn from(why: NoGrounds) -> Self {
        match why {
            NoGrounds::NotAffirmed => Self::NotAffirmed,
            NoGrounds::Subject(error) => error.into(),
        }
    }
}
