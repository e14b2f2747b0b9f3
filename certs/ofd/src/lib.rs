//! A certificate as OFD: the printed form of an SD-JWT VC in the suite of Chinese standards.
//!
//! The pages are those of `zerotrip_paper`: they follow from the record alone. [`print()`] draws
//! them as OFD (GB/T 33190) with the record attached, byte for byte; [`Printed::sign`] seals the
//! package with an electronic seal (GB/T 38540) by SM2 and SM3, beside a statement of the record's
//! issuer; [`verify_ofd`] accepts exactly what these two make: then it hands out the record, which
//! `zerotrip_certificates` verifies as ever.
//!
//! This crate opens no file and no socket and reads no clock: fonts, pictures, keys and times are
//! arguments. SM2 and SM3 are here and nowhere else.

pub mod bounds;
mod content;
mod error;
mod explain;
mod fonts;
mod package;
mod picture;
mod print;
mod seal;
mod seal_error;
mod sealed;
mod sfnt;
mod signatures;
mod sm2;
mod statement;
mod values;
mod verify;
mod x509;
mod xml;
mod zip;

#[cfg(test)]
mod tests;

pub use error::{NotGenuine, OfdError};
pub use picture::Picture;
pub use print::{Printed, Signer, print};
pub use seal::{Seal, SealTerms, Signers};
pub use seal_error::SealError;
pub use sm2::{NotAKey, Sm2PublicKey, Sm2SigningKey, Sm3Digest, USER_ID, sm3};
pub use verify::{Roots, VerifiedOfd, is_ofd, verify_ofd};
pub use x509::{CertificateFault, Sm2Certificate};
