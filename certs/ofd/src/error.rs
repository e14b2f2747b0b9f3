//! Why no OFD is made, and why one does not count.

use zerotrip_paper::PaperError;

use crate::seal_error::SealError;
use crate::x509::CertificateFault;

/// Why no OFD is made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OfdError {
    /// The record, its layout, or a character that no font has.
    #[error(transparent)]
    Paper(#[from] PaperError),
    /// A font of which no subset can be made.
    #[error("no subset can be made of font {0}")]
    Font(usize),
    /// Over the bound.
    #[error("the OFD would be over 8 MiB")]
    TooLarge,
    /// The key does not sign.
    #[error("the key does not sign")]
    Key,
    /// Key and certificate differ.
    #[error("a key is not the one of its certificate")]
    OtherKey,
    /// The SM2 certificate.
    #[error("the SM2 certificate: {0}")]
    Certificate(CertificateFault),
    /// Not among the seal's signers.
    #[error("the electronic seal does not name this SM2 certificate among its signers")]
    NotInSeal,
    /// The seal does not hold now.
    #[error("the electronic seal is not valid at this time")]
    SealNotValid,
    /// The certificate of the issuer's key.
    #[error("the certificate of the sealing key: {0}")]
    Issuer(String),
    /// The certificate was issued by another system than prints it.
    #[error("the certificate was issued by `{issuer}`, but the sealing key is `{holder}`'s")]
    OtherIssuer {
        /// In the record.
        issuer: String,
        /// In the key's certificate.
        holder: String,
    },
    /// A time that cannot be.
    #[error("the time of sealing is before the certificate was issued, or beyond the year 9999")]
    BadTime,
}

/// Why an OFD does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotGenuine {
    /// Not an OFD at all.
    #[error("it is not an OFD")]
    NotAnOfd,
    /// Too large.
    #[error("the OFD is over 8 MiB")]
    TooLarge,
    /// The container.
    #[error(
        "the package is not as it is issued: something was added to it, or another program saved it"
    )]
    OtherForm,
    /// A file that an OFD of ours does not have at this place.
    #[error("the package has `{found}` where an issued one has `{expected}`")]
    OtherFiles {
        /// Its name; empty at the end.
        found: String,
        /// What must be there; empty at the end.
        expected: String,
    },
    /// The record.
    #[error("the certificate inside cannot be printed: {0}")]
    Record(PaperError),
    /// A font.
    #[error("font {0} of the package is not as issued ones are")]
    Font(usize),
    /// Another text.
    #[error("page {page} shows `{found}` where the certificate inside says `{expected}`")]
    OtherText {
        /// From 1.
        page: usize,
        /// What the page shows from there.
        found: String,
        /// What it must show.
        expected: String,
    },
    /// Other marks, or in another place.
    #[error("page {0} has marks that the certificate inside does not give, or in another place")]
    OtherMarks(usize),
    /// A file that is not what the record gives.
    #[error("`{0}` is not what the certificate inside gives")]
    OtherFile(String),
    /// The issuer's statement.
    #[error("the issuer's statement of its seal is not as it is issued")]
    Statement,
    /// The certificate in the issuer's statement.
    #[error("the certificate of the issuer's statement does not count: {0}")]
    Issuer(String),
    /// The certificate in the issuer's statement was not valid.
    #[error("the certificate of the issuer's statement was not valid when the OFD was sealed")]
    IssuerNotValidThen,
    /// The issuer's signature.
    #[error("the signature of the issuer's statement does not verify")]
    IssuerSignature,
    /// Another system.
    #[error("`{signer}` states whose the seal is, but the certificate was issued by `{issuer}`")]
    OtherIssuer {
        /// By the certificate.
        signer: String,
        /// In the record.
        issuer: String,
    },
    /// The statement is of another record, certificate or time.
    #[error("the issuer's statement is of another {0}")]
    OtherStatement(&'static str),
    /// The signature with the seal.
    #[error("the signature is not as issued ones are (GB/T 38540-2020, version 4)")]
    Value,
    /// The seal.
    #[error("the electronic seal does not count: {0}")]
    Seal(SealError),
    /// Another seal than the signature has.
    #[error("`Seal.esl` is not the seal in the signature")]
    OtherSeal,
    /// A file differs, is missing, or is not referred to.
    #[error("the description of the signature is not of exactly the files of the package")]
    References,
    /// The signature is of another description.
    #[error("the signature is not of this package's `Signature.xml`")]
    Changed,
    /// Of a file elsewhere.
    #[error("the signature is of `{0}`, which is not where the description is")]
    Path(String),
    /// The maker of the seal.
    #[error("the maker of the electronic seal is not trusted: {0}")]
    Maker(String),
    /// The seal did not hold.
    #[error("the electronic seal was not valid when the OFD was sealed")]
    SealNotValidThen,
    /// The signer is not in the seal.
    #[error("the electronic seal does not name the signer's certificate")]
    NotInSeal,
    /// The signer's certificate.
    #[error("the signer's SM2 certificate does not count: {0}")]
    Certificate(CertificateFault),
    /// The signature does not verify.
    #[error("the SM2 signature does not verify")]
    Signature,
    /// A time that cannot be.
    #[error("the OFD says it was sealed before its certificate was issued, or in the future")]
    Time,
}
