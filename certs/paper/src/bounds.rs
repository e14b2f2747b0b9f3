//! How large each thing can be.

/// Largest PDF that is looked at or made, in bytes.
pub const PDF_BYTES: usize = 4 << 20;
/// Most indirect objects of a PDF.
pub const OBJECTS: usize = 8192;
/// Deepest nesting of arrays and dictionaries in one object.
pub const DEPTH: usize = 12;
/// Most pages.
pub const PAGES: usize = 60;
/// Largest stream once it is unpacked, in bytes.
pub const UNPACKED_BYTES: usize = 4 << 20;
/// Largest sum of all unpacked streams of one PDF, in bytes.
pub const UNPACKED_TOTAL_BYTES: usize = 16 << 20;
/// Most marks (characters, rectangles, images) on all pages.
pub const MARKS: usize = 200_000;
/// Most characters that one paper shows.
pub const CHARACTERS: usize = 60_000;
/// Most characters of one text of the record, such as its statement.
pub const TEXT_CHARACTERS: usize = 4_000;
/// Most characters of a watermark's text in one language.
pub const WATERMARK_CHARACTERS: usize = 240;
/// Most registers in the table of sources.
pub const SOURCES: usize = 200;
/// Most font files.
pub const FONTS: usize = 8;
/// Largest font file, in bytes.
pub const FONT_BYTES: usize = 64 << 20;
/// Largest seal image, in bytes.
pub const SEAL_BYTES: usize = 1 << 20;
/// Most pixels on a side of a seal image.
pub const SEAL_PIXELS: u32 = 1_200;
/// Most modules on a side of a QR code (version 40).
pub const QR_MODULES: usize = 177;
/// Bytes of the gap for a signature.
pub const SIGNATURE_BYTES: usize = 4 << 10;
/// Bytes of the gap for a signature with a time stamp.
pub const STAMPED_BYTES: usize = 16 << 10;
/// Largest response of a time-stamping authority, in bytes.
pub const RESPONSE_BYTES: usize = 12 << 10;
