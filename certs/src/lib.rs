//! Check definitions as text, and certificates: sealing, presenting and verifying. Pure: no clock, no files, no network of its own.

pub mod certificate;
pub mod definition;
pub mod sdjwt;
pub mod soundness;
