//! How large a token can be, and its media type.

/// Largest token that is looked at or made, in bytes.
pub const TOKEN_BYTES: usize = 64 << 10;
/// Most disclosures of a token.
pub const DISCLOSURES: usize = 64;
/// Media type of the header (SD-JWT VC, 3.2.1).
pub const TYP: &str = "dc+sd-jwt";
