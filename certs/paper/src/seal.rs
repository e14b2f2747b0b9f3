//! The picture of a seal.

use krilla::image::Image;

use crate::bounds::{SEAL_BYTES, SEAL_PIXELS};
use crate::error::PaperError;

/// The picture of an organ's seal. It proves nothing: the signature does.
#[derive(Clone, Debug)]
pub struct Seal(pub(crate) Image);

impl Seal {
    /// From a PNG, square, of at most 1,200 pixels on a side.
    pub fn from_png(bytes: Vec<u8>) -> Result<Self, PaperError> {
        if bytes.len() > SEAL_BYTES {
            return Err(PaperError::Seal("is over 1 MiB"));
        }
        // Signature, then the first chunk: IHDR with width and height (PNG, 5.2 and 11.2.1).
        let header = bytes.get(..24).filter(|head| head.starts_with(b"\x89PNG\r\n\x1a\n"));
        let number = |at: usize| {
            let digits = header?.get(at..at + 4)?.try_into().ok()?;
            Some(u32::from_be_bytes(digits))
        };
        let (Some(width), Some(height)) = (number(16), number(20)) else {
            return Err(PaperError::Seal("is not a PNG"));
        };
        if width != height || !(16..=SEAL_PIXELS).contains(&width) {
            return Err(PaperError::Seal("is not a square of 16 to 1,200 pixels on a side"));
        }
        let image = Image::from_png(bytes.into(), false);
        image.map(Self).map_err(|_| PaperError::Seal("cannot be read"))
    }
}
