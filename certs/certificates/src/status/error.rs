//! Why a status list says nothing of a certificate.

use std::time::SystemTime;

use zerotrip_cose::CoseError;
use zerotrip_trust::directory::Why;

use super::bounds::{LIST_BYTES, MOST_LIFE, MOST_PLACES, TOKEN_BYTES};
use crate::jwks::JwkSetError;
use crate::sdjwt::SdJwtError;

/// Why a status list says nothing of a certificate, or cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatusError {
    #[error("the list has {0} bytes, of at most {TOKEN_BYTES}")]
    TooLarge(usize),
    /// The token or its signature.
    #[error("{0}")]
    Token(#[from] SdJwtError),
    #[error("{0}")]
    Cwt(#[from] CoseError),
    #[error("the list's `{0}` is missing or not of the shape that it must have")]
    Claim(&'static str),
    #[error("the list states `{0}`, which lists of this kind do not have")]
    Surplus(String),
    #[error("the list's content is damaged or cut off")]
    Damaged,
    #[error("the list's content is over {LIST_BYTES} bytes once it is unpacked")]
    Unpacked,
    #[error("the list has more after its content")]
    Trailing,
    #[error("a list cannot have {0} places; at most {MOST_PLACES}, in whole bytes")]
    Places(u64),
    #[error("a place of this list cannot have the value {0}")]
    Value(u8),
    /// `sub` is another than the certificate's `uri`.
    #[error("the list is `{found}`, but the certificate's is `{expected}`")]
    OtherList { expected: String, found: String },
    #[error("the list is signed by `{found}`, but the certificate by `{expected}`")]
    OtherIssuer { expected: String, found: String },
    #[error("the list's key `{key_id}` cannot be trusted: {why}")]
    Key { key_id: String, why: Why },
    #[error("the list's key cannot be trusted: {0}")]
    Keys(#[from] JwkSetError),
    #[error("the list comes without its key's certificate, which its profile wants")]
    NotCertified,
    #[error("the list's times make no sense: it must end after it begins")]
    Times,
    #[error("the list is made for more than {} hours", MOST_LIFE.as_secs() / 3600)]
    LivesTooLong,
    /// By the verifier's clock, or by `--at`.
    #[error("the list is of a later time than the one to judge by")]
    NotYet { from: SystemTime },
    #[error("the list has ended")]
    Ended { at: SystemTime },
    #[error("the list has {places} places, and the certificate's is {place}")]
    OutOfRange { place: u64, places: u64 },
    #[error("the list has the value {0} for the certificate, which means nothing here")]
    Unknown(u8),
}
