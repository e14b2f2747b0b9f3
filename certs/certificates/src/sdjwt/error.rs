//! Why a token does not count.

use zerotrip_trust::digest::RandomError;
use zerotrip_trust::json::JsonError;
use zerotrip_trust::keys::KeyError;

use super::bounds::{DISCLOSURES, TOKEN_BYTES};

/// Why a token does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SdJwtError {
    /// Over 64 KiB.
    #[error("the token has {0} bytes, of at most {TOKEN_BYTES}")]
    TooLarge(usize),
    /// Over 64 disclosures.
    #[error("the token has {0} disclosures, of at most {DISCLOSURES}")]
    TooManyDisclosures(usize),
    /// Not `<header>.<payload>.<signature>~<disclosure>~…~`.
    #[error(
        "not a certificate file: it is of the form `<signed part>~<disclosure>~…~`; copy it whole"
    )]
    NotCompact,
    /// There is text after the last `~`.
    #[error("the token ends with a key-binding part, which certificates of this kind do not have")]
    KeyBinding,
    /// Not base64url without padding (RFC 7515, 2).
    #[error("the {0} is not base64url without padding")]
    Base64(&'static str),
    /// Not JSON of the expected shape.
    #[error("the {0} is not the JSON that it must be")]
    Json(&'static str),
    /// Two members of one name.
    #[error("the {place} has two members named `{name}`")]
    Twice {
        /// Which part.
        place: &'static str,
        /// The name, cut to 64 characters.
        name: String,
    },
    /// A header member that we do not know, `crit` and embedded keys among them.
    #[error("the header has the member `{0}`, where only alg, typ, kid and x5c are allowed")]
    HeaderMember(String),
    /// `x5c`.
    #[error("the header's `x5c` is not one certificate over the sealing key, without its root")]
    Certificate,
    /// The holder's proof.
    #[error("the holder's proof is not of the form that it must have: {0}")]
    Proof(&'static str),
    /// The holder's proof, signed by somebody else or for another presentation.
    #[error("the holder's proof is not the holder's, or is of another presentation")]
    BadProof,
    /// A claim is missing or of another type.
    #[error("the claim `{0}` is missing or of another type than it must be")]
    Missing(&'static str),
    /// Another algorithm than the registered key's.
    #[error("the token names the algorithm `{0}`; the issuer's key is for ES256 only")]
    WrongAlgorithm(String),
    /// The registered key cannot sign certificates.
    #[error("the key `{0}` is not a P-256 key; certificates are sealed with ES256")]
    WrongKeyKind(String),
    /// Another type of token.
    #[error("the token is of type `{found}`, not of `{expected}`")]
    WrongType {
        /// Its own word, cut.
        found: String,
        /// What belongs here.
        expected: &'static str,
    },
    /// The header names another key than the one to verify with.
    #[error("the token names the key `{found}`, not `{expected}`")]
    WrongKey {
        /// The key to verify with.
        expected: String,
        /// The key named.
        found: String,
    },
    /// The seal itself.
    #[error("the seal does not verify: the certificate was altered, or is not this issuer's")]
    BadSignature,
    /// Not SHA-256.
    #[error("the digest algorithm `{0}` is not sha-256")]
    WrongDigestAlgorithm(String),
    /// Not `[salt, name, value]`.
    #[error("a disclosure is not of the form [salt, name, value]")]
    DisclosureShape,
    /// No digest of the signed part is this disclosure's.
    #[error(
        "a disclosure is forged or of another certificate: the signed part does not refer to it"
    )]
    Unreferenced,
    /// The same disclosure twice.
    #[error("a disclosure comes twice")]
    DisclosedTwice,
    /// A digest twice in the signed part.
    #[error("a digest appears twice in the signed part")]
    DigestTwice,
    /// `_sd`, `...` and the like as a claim's name, or a claim that must always be shown hidden
    /// behind a digest.
    #[error("`{0}` cannot be the name of a disclosed claim, nor appear inside one")]
    ReservedName(String),
    /// A disclosed claim of a name that is there already.
    #[error("the claim `{0}` comes twice, once of them from a disclosure")]
    NameCollision(String),
    /// Nothing of that name can be kept.
    #[error("the certificate discloses no claim `{0}`")]
    NotDisclosed(String),
    /// `iat` or `nbf` is in the future.
    #[error("the certificate is not valid yet; check this machine's clock")]
    NotYetValid,
    /// `exp` has passed.
    #[error("the certificate has expired; ask the issuer for a new one")]
    Expired,
    /// Ends before it begins.
    #[error("the certificate's times make no sense: it ends before it begins")]
    BadTimes,
    /// A credential of another type.
    #[error("the certificate is of the type `{0}`, which is not accepted here")]
    WrongVct(String),
    /// Nothing could be signed.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The machine is out of random bytes.
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// What is wrong with the JSON of one part of a token.
pub(super) fn in_place(place: &'static str, error: JsonError) -> SdJwtError {
    match error {
        JsonError::Syntax => SdJwtError::Json(place),
        JsonError::Twice(name) => SdJwtError::Twice { place, name },
    }
}
