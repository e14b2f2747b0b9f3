//! A certificate on paper: the printed form of an SD-JWT VC, as a PDF.
//!
//! The text of the certificate is inside the PDF, byte for byte: the *record*. Everything that the
//! pages show follows from the record alone. [`print()`] makes a PDF/A-2u of it, [`Printed::sign`]
//! signs it (PAdES B-B, with a time stamp B-T), and [`verify_pdf`] accepts exactly what these two
//! make: then it hands out the record, which `zerotrip_certificates` verifies as ever.
//!
//! This crate opens no file and no socket and reads no clock: fonts, pictures, times and the
//! response of a time-stamping authority are arguments.

pub mod bounds;
mod characters;
mod cms;
mod content;
pub mod der;
mod draw;
mod error;
mod explain;
mod fonts;
pub mod layout;
mod pdf;
mod print;
mod record;
mod seal;
mod sign;
mod timestamp;
mod verify;
mod words;

#[cfg(test)]
mod tests;

pub use content::{lay_out_record, title_of};
pub use error::PaperError;
pub use fonts::{FontFile, Fonts, Glyph, advance_of};
pub use layout::Qr;
pub use print::{Look, Printed, print};
pub use record::Record;
pub use seal::Seal;
pub use sign::{SignedPaper, Stamp};
pub use timestamp::StampError;
pub use verify::{NotGenuine, VerifiedPaper, is_pdf, verify_pdf};
pub use words::Form;
