//! How large each thing can be.

pub use zerotrip_paper::bounds::{CHARACTERS, FONTS, PAGES};

/// Largest OFD that is looked at or made, in bytes.
pub const OFD_BYTES: usize = 8 << 20;
/// Most files of an OFD: its pages and fonts, and ten others.
pub const FILES: usize = PAGES + FONTS + 10;
/// Largest electronic seal, in bytes.
pub const SEAL_BYTES: usize = 1 << 20;
/// Largest picture of a seal, in bytes.
pub const PICTURE_BYTES: usize = 512 << 10;
/// Most pixels on a side of a picture of a seal.
pub const PICTURE_PIXELS: u32 = 1_200;
/// Most signers of one seal.
pub const SIGNERS: usize = 64;
/// Most characters of a seal's name.
pub const NAME_CHARACTERS: usize = 100;
/// Most characters of a seal's number.
pub const NUMBER_CHARACTERS: usize = 64;
/// Largest side of a seal, in millimetres.
pub const MILLIMETRES: u32 = 100;
/// Largest certificate, in bytes.
pub const CERTIFICATE_BYTES: usize = 8 << 10;
/// Most certificates that a verifier trusts, of each kind.
pub const TRUSTED: usize = 64;
/// Largest statement of an issuer, in bytes.
pub const STATEMENT_BYTES: usize = 16 << 10;
