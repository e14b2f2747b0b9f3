//! The one QR of an image.

use rqrr::PreparedImage;

use crate::image::{ImageError, read};

/// Why an image gives no text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScanError {
    /// The image itself.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// There is none that can be seen.
    #[error("there is no QR in the image that can be read")]
    None,
    /// More than one: which is meant is not known.
    #[error("there are {0} QRs in the image, where there must be one")]
    Many(usize),
    /// There is one, and it cannot be read.
    #[error("the QR in the image cannot be read: {0}")]
    Unreadable(String),
}

/// The text of the one QR in a PNG or JPEG image, **whatever it is**.
pub fn scan(bytes: &[u8]) -> Result<String, ScanError> {
    let image = read(bytes)?;
    let (width, pixels) = (image.width, image.pixels);
    let grey = |x: usize, y: usize| pixels.get(y * width + x).copied().unwrap_or(u8::MAX);
    if width == 0 || image.height == 0 {
        return Err(ScanError::None);
    }
    let mut prepared = PreparedImage::prepare_from_greyscale(width, image.height, grey);
    let grids = prepared.detect_grids();
    match grids.as_slice() {
        [] => Err(ScanError::None),
        [grid] => {
            let decoded = grid.decode();
            decoded.map(|(_, text)| text).map_err(|error| ScanError::Unreadable(error.to_string()))
        }
        more => Err(ScanError::Many(more.len())),
    }
}
