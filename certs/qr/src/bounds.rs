//! How large each part of a QR can be.

use std::time::Duration;

/// Largest version (side) of a QR that is made: 97 modules.
pub(crate) const VERSION: u8 = 20;
/// Most characters of a QR of that version at level M (ISO/IEC 18004, table 7).
pub(crate) const TEXT_CHARS: usize = 970;
/// Most bytes of the token: what so many characters have room for, behind the prefix.
pub(crate) const TOKEN_BYTES: usize = (TEXT_CHARS - 4) / 3 * 2;

/// Longest text of the record, in bytes.
pub(crate) const TEXT_BYTES: usize = 200;
/// Longest name, in bytes: of a check, a variant, a parameter, a value.
pub(crate) const NAME_BYTES: usize = 64;
/// Most regions, other bounds that were asked for, and values.
pub(crate) const ITEMS: usize = 16;

/// Longest validity that any definition can give.
pub(crate) const MOST_VALIDITY: Duration = Duration::from_secs(366 * 86_400);
/// Times are before the year 10000.
pub(crate) const YEAR_10000: u64 = 253_402_300_800;

/// Largest file of an image.
pub(crate) const IMAGE_BYTES: usize = 16 << 20;
/// Most pixels of an image: a page of A4 at 600 dots per inch has 35 million.
pub(crate) const PIXELS: usize = 40_000_000;
/// Longest side of an image, in pixels.
pub(crate) const SIDE: usize = 12_000;

/// What every QR of ours begins with: Zerotrip, first form.
pub const PREFIX: &str = "ZT1:";
