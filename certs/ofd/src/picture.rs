//! The picture of a seal: a PNG that is read whole before it is believed to be one.

use png::{Decoder, Limits};

use crate::bounds::{MILLIMETRES, PICTURE_BYTES, PICTURE_PIXELS};
use crate::seal_error::SealError;

/// The picture of a seal, and how large it is. It proves nothing: the signature does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    png: Vec<u8>,
    millimetres: u32,
}

impl Picture {
    /// From a PNG, square, of 16 to 1,200 pixels on a side, which is shown as large as this.
    pub fn from_png(png: Vec<u8>, millimetres: u32) -> Result<Self, SealError> {
        if png.len() > PICTURE_BYTES {
            return Err(SealError::Picture("is over 512 KiB"));
        }
        if !(10..=MILLIMETRES).contains(&millimetres) {
            return Err(SealError::Picture("is not 10 to 100 mm on a side"));
        }
        let unread = |_| SealError::Picture("cannot be read as PNG");
        let limits = Limits { bytes: 8 << 20 };
        let decoder = Decoder::new_with_limits(std::io::Cursor::new(&png), limits);
        let mut reader = decoder.read_info().map_err(unread)?;
        let (width, height) = (reader.info().width, reader.info().height);
        if width != height || !(16..=PICTURE_PIXELS).contains(&width) {
            return Err(SealError::Picture("is not a square of 16 to 1,200 pixels on a side"));
        }
        let size = reader.output_buffer_size();
        let size = size.ok_or(SealError::Picture("cannot be read as PNG"))?;
        reader.next_frame(&mut vec![0; size]).map_err(unread)?;
        reader.finish().map_err(unread)?;
        Ok(Self { png, millimetres })
    }

    /// The file.
    pub fn png(&self) -> &[u8] {
        &self.png
    }

    /// How long its sides are, in millimetres.
    pub fn millimetres(&self) -> u32 {
        self.millimetres
    }
}
