//! Why a seal is not made, or does not count.

use crate::x509::CertificateFault;

/// Why a seal is not made, or does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The picture.
    #[error("the picture of the seal {0}")]
    Picture(&'static str),
    /// Not a seal of version 4 in DER, or with more than we read.
    #[error("it is not an electronic seal of GB/T 38540-2020, version 4, without extensions")]
    Unreadable,
    /// A text that a seal cannot have.
    #[error("the seal's {0} is empty, too long, or has characters that it cannot have")]
    Text(&'static str),
    /// A time, or an order of times, that cannot be.
    #[error("the seal's validity does not end after it begins, or is beyond the year 9999")]
    Validity,
    /// None or too many.
    #[error("a seal has 1 to 64 signers")]
    Signers,
    /// The maker's certificate.
    #[error("the seal maker's certificate: {0}")]
    Maker(CertificateFault),
    /// A signer's certificate.
    #[error("a signer's certificate: {0}")]
    Signer(CertificateFault),
    /// The key is not the certificate's.
    #[error("the key is not the one of the certificate")]
    OtherKey,
    /// The seal maker's signature.
    #[error("the signature of the seal's maker does not verify")]
    Signature,
}
