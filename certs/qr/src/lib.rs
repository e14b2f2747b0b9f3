//! A certificate as a QR code: a second form of the same record, small enough to be printed and
//! scanned from paper, sealed with the same organ's key.
//!
//! It is a CBOR Web Token (RFC 8392) in COSE_Sign1, written in base45 (RFC 9285) behind a prefix of
//! its own. [`make`] makes one of a certificate that verifies, and of nothing else; [`verify`]
//! judges one offline, with the same words as a certificate's own verdict. A QR carries no
//! evidence: it says less than the certificate that it is of, whose digest it has. [`matrix`],
//! [`png()`] and [`svg()`] draw it; [`scan`] reads the one QR of an image.

mod base45;
mod bounds;
mod draw;
mod error;
mod explain;
mod image;
mod make;
mod matrix;
mod record;
mod scan;
mod text;
mod verify;

#[cfg(test)]
mod tests;

pub use base45::{Base45Error, decode as base45_decode, encode as base45_encode};
pub use bounds::PREFIX;
pub use draw::{MODULE_PIXELS, png, svg};
pub use error::QrError;
pub use image::{ImageError, is_image};
pub use make::{Standing, make};
pub use matrix::{Matrix, matrix};
pub use record::{FactText, Record, Subject, Unit};
pub use scan::{ScanError, read_modules, scan};
pub use text::QrText;
pub use verify::{Demand, Judged, VerifiedQr, verify};
