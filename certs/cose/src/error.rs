//! Why bytes are not a token.

use zerotrip_trust::keys::KeyError;

/// Why bytes are not CBOR as it is read here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CborError {
    /// Over the bound of its place.
    #[error("it has {found} bytes, of at most {most}")]
    TooLarge {
        /// How many there are.
        found: usize,
        /// How many there can be.
        most: usize,
    },
    /// A length or a count leads behind the end.
    #[error("it is cut off")]
    Cut,
    /// More behind the value.
    #[error("{0} bytes follow behind its end")]
    Trailing(usize),
    /// A length that is not said (RFC 8949, 3.2).
    #[error("it has an indefinite length")]
    Indefinite,
    /// A number or length in more bytes than it needs.
    #[error("it has a number that is not in its shortest form")]
    NotShortest,
    /// A kind that tokens do not have.
    #[error("it has {0}, which tokens of this kind do not have")]
    Unsupported(&'static str),
    /// A text that is not UTF-8.
    #[error("it has a text that is not UTF-8")]
    NotUtf8,
    /// A key that belongs before the last one.
    #[error("the key `{0}` of a map is not in its place")]
    KeyOrder(String),
    /// A key twice.
    #[error("a map has the key `{0}` twice")]
    KeyTwice(String),
    /// Arrays and maps inside one another.
    #[error("it is nested more than {0} deep")]
    TooDeep(usize),
    /// A tag is missing.
    #[error("it does not begin with its tag")]
    NoTag,
    /// Encoding it again gives other bytes.
    #[error("it is not encoded deterministically")]
    NotDeterministic,
}

/// Why a token does not count, or cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CoseError {
    /// Not CBOR as it is read here.
    #[error("the {place} cannot be read: {why}")]
    Cbor {
        /// Which part.
        place: &'static str,
        /// What is wrong with it.
        why: CborError,
    },
    /// Another tag.
    #[error("the token has the tag {0}, not 18 (COSE_Sign1)")]
    Tag(u64),
    /// Not `[protected, unprotected, payload, signature]`.
    #[error("the token is not of the form [protected, unprotected, payload, signature]")]
    Shape,
    /// Something that is not signed.
    #[error("the token has the unprotected header `{0}`, where nothing may be")]
    Unprotected(String),
    /// A header, or a member of a map, that is not known.
    #[error("the {place} has `{name}`, which is not known here")]
    Unknown {
        /// Which part.
        place: &'static str,
        /// The key.
        name: String,
    },
    /// One that must be there, or is of another kind.
    #[error("the {place}'s `{name}` is missing or not of the shape that it must have")]
    Missing {
        /// Which part.
        place: &'static str,
        /// The key.
        name: i64,
    },
    /// Not ES256.
    #[error("the token names the algorithm {0}; only -7 (ES256) is accepted")]
    WrongAlgorithm(String),
    /// A token of another kind.
    #[error("the token is of the type `{found}`, not of `{expected}`")]
    WrongType {
        /// Its own word, cut.
        found: String,
        /// What belongs here.
        expected: &'static str,
    },
    /// Not 64 bytes.
    #[error("the signature has {0} bytes, not 64")]
    SignatureLength(usize),
    /// The header names another key.
    #[error("the token names the key `{found}`, not `{expected}`")]
    WrongKey {
        /// The key to verify with.
        expected: String,
        /// The key named.
        found: String,
    },
    /// The registered key is for another algorithm.
    #[error("the key `{0}` is not a P-256 key; tokens are signed with ES256")]
    WrongKeyKind(String),
    /// The signature itself.
    #[error("the signature does not verify: the token was altered, or is not this issuer's")]
    BadSignature,
    /// Nothing could be signed.
    #[error(transparent)]
    Key(#[from] KeyError),
}
