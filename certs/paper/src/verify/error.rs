//! Why a PDF does not count.

use crate::error::PaperError;
use crate::timestamp::StampError;

/// Why a PDF does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotGenuine {
    /// Not a PDF at all.
    #[error("it is not a PDF")]
    NotAPdf,
    /// Too large.
    #[error("the PDF is over 4 MiB")]
    TooLarge,
    /// Something before, between or after its objects; a second revision; another way to write.
    #[error(
        "the file is not one revision as it is issued: something was added to it, or another \
         program saved it"
    )]
    OtherForm,
    /// An object that papers do not have.
    #[error("object {object} has `{key}`, which no paper has there")]
    Object {
        /// Its number.
        object: usize,
        /// The key, or what it is taken for.
        key: String,
    },
    /// An object that nothing refers to.
    #[error("nothing refers to object {0}")]
    Unused(usize),
    /// A stream that cannot be unpacked, or is too large.
    #[error("the stream of object {0} cannot be unpacked, or is too large")]
    Stream(usize),
    /// No signature.
    #[error("the PDF is not signed")]
    NotSigned,
    /// The range is not all of the file but the signature.
    #[error("the signature does not cover all of the file but itself")]
    Range,
    /// The CMS.
    #[error("the signature is not as papers have it (CMS, ETSI EN 319 142-1)")]
    Cms,
    /// The digest differs.
    #[error("the file was changed after it was signed")]
    Changed,
    /// The signature does not verify.
    #[error("the signature does not verify")]
    Signature,
    /// The signer's certificate.
    #[error("the signer's certificate does not count: {0}")]
    Certificate(String),
    /// Not valid when signed.
    #[error("the signer's certificate was not valid when the PDF says that it was signed")]
    NotValidThen,
    /// A time that cannot be.
    #[error("the PDF says it was signed before its certificate was issued, or in the future")]
    Time,
    /// Another system.
    #[error("`{signer}` signed the PDF, but the certificate inside was issued by `{issuer}`")]
    OtherSigner {
        /// By the signer's certificate.
        signer: String,
        /// In the record.
        issuer: String,
    },
    /// The record.
    #[error("the certificate inside cannot be printed: {0}")]
    Record(PaperError),
    /// A font.
    #[error("the font in object {0} is not as papers have it")]
    Font(usize),
    /// An operator or operand that papers do not have.
    #[error("page {page} draws with `{operator}`, which no paper does so")]
    Operator {
        /// From 1.
        page: usize,
        /// The operator.
        operator: String,
    },
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
    /// Another number of pages.
    #[error("the PDF has {found} pages, but the certificate inside fills {expected}")]
    OtherPages {
        /// In the file.
        found: usize,
        /// Of the record.
        expected: usize,
    },
    /// The title or a description differs.
    #[error("the PDF's `{0}` is not what the certificate inside gives")]
    Metadata(&'static str),
    /// The time stamp.
    #[error("the time stamp: {0}")]
    Stamp(StampError),
}
