//! Why no paper is made.

use zerotrip_certificates::sdjwt::SdJwtError;

use crate::timestamp::StampError;

/// Why no paper is made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PaperError {
    /// Not one line as it was sealed, or with a proof of its holder.
    #[error("it is not the text of a certificate as it was issued, without a proof of its holder")]
    NotARecord,
    /// The token.
    #[error(transparent)]
    Record(SdJwtError),
    /// A claim is missing or of another shape.
    #[error("the certificate's `{0}` is missing or not of the shape it must have")]
    Claim(&'static str),
    /// A disclosure that is not text.
    #[error("the disclosed `{0}` is not a text, nor a value of its type")]
    Disclosure(String),
    /// Over a bound.
    #[error("there are more than {1} {0}")]
    TooMany(&'static str, usize),
    /// A character that papers do not show.
    #[error("U+{0:04X} in `{1}` is not a character that can be printed by itself")]
    Unprintable(u32, &'static str),
    /// A character that no font has.
    #[error("no font has U+{0:04X} `{1}`")]
    NoGlyph(u32, char),
    /// A font file.
    #[error("the font file `{file}`, face {face}: {why}")]
    Font {
        /// The file.
        file: String,
        /// Which of its faces.
        face: u32,
        /// What is wrong with it.
        why: &'static str,
    },
    /// No font at all.
    #[error("there is no font to print with")]
    NoFont,
    /// The seal image.
    #[error("the seal image {0}")]
    Seal(&'static str),
    /// The QR matrix.
    #[error("the QR matrix is not one: {0}")]
    Qr(&'static str),
    /// krilla refused.
    #[error("the PDF cannot be made: {0}")]
    Pdf(String),
    /// The key.
    #[error("the sealing key does not sign: {0}")]
    Key(String),
    /// The certificate of the key.
    #[error("the sealing key's certificate: {0}")]
    Certificate(String),
    /// The certificate was issued by another system than prints it.
    #[error("the certificate was issued by `{issuer}`, but the sealing key is `{holder}`'s")]
    OtherIssuer {
        /// In the record.
        issuer: String,
        /// In the key's certificate.
        holder: String,
    },
    /// The signature does not fit into the gap.
    #[error("the signature is larger than the gap for it")]
    NoRoom,
    /// A time that a PDF cannot state.
    #[error("the time of signing is before the certificate was issued, or beyond the year 9999")]
    BadTime,
    /// The time stamp.
    #[error(transparent)]
    Stamp(#[from] StampError),
}
