//! Images as grey pixels: PNG and JPEG, with a bound on what they unpack to.

use std::io::Cursor;

use png::{ColorType, Decoder, Limits, Transformations};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use crate::bounds::{IMAGE_BYTES, PIXELS, SIDE};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
const JPEG: &[u8] = b"\xff\xd8\xff";
/// Most scans of a progressive JPEG: each goes over all of its pixels.
const JPEG_SCANS: usize = 32;

/// An image, grey.
#[derive(Clone, Debug)]
pub(crate) struct Grey {
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// Row by row; 0 is black.
    pub(crate) pixels: Vec<u8>,
}

impl Grey {
    /// A pixel; white outside.
    pub(crate) fn at(&self, x: usize, y: usize) -> u8 {
        let inside = x < self.width && y < self.height;
        let pixel = self.pixels.get(y * self.width + x).filter(|_| inside);
        pixel.copied().unwrap_or(u8::MAX)
    }

    /// Light for dark.
    pub(crate) fn inverted(&self) -> Self {
        let pixels = self.pixels.iter().map(|pixel| u8::MAX - pixel).collect();
        Self { pixels, ..*self }
    }

    /// Each pixel as the mean of itself and its neighbours, three by three.
    pub(crate) fn smoothed(&self) -> Self {
        let mean = |x: usize, y: usize| {
            let row = |y: usize| {
                let near = [x.saturating_sub(1), x, (x + 1).min(self.width - 1)];
                near.into_iter().map(|x| u32::from(self.at(x, y))).sum::<u32>()
            };
            let near = [y.saturating_sub(1), y, (y + 1).min(self.height - 1)];
            near.into_iter().map(row).sum::<u32>() / 9
        };
        self.made((self.width, self.height), mean)
    }

    /// At twice its size, each new pixel between its neighbours.
    pub(crate) fn doubled(&self) -> Self {
        let between = |x: usize, y: usize| {
            let right = x.div_ceil(2).min(self.width - 1);
            let below = y.div_ceil(2).min(self.height - 1);
            let four = [(x / 2, y / 2), (right, y / 2), (x / 2, below), (right, below)];
            four.into_iter().map(|(x, y)| u32::from(self.at(x, y))).sum::<u32>() / 4
        };
        self.made((2 * self.width, 2 * self.height), between)
    }

    /// The value that parts ink from paper best (Otsu 1979): what is below it is ink.
    pub(crate) fn threshold(&self) -> u8 {
        let mut counts = [0u64; 256];
        for pixel in &self.pixels {
            if let Some(count) = counts.get_mut(usize::from(*pixel)) {
                *count += 1;
            }
        }
        let all = self.pixels.len() as f64;
        let sum: f64 =
            (0u32..).zip(counts).map(|(value, count)| f64::from(value) * count as f64).sum();
        let (mut dark, mut dark_sum, mut best, mut most) = (0.0, 0.0, 0, 0.0);
        for (value, count) in (0u8..=255).zip(counts) {
            dark += count as f64;
            dark_sum += f64::from(value) * count as f64;
            if dark == 0.0 || dark == all {
                continue;
            }
            let apart = dark_sum / dark - (sum - dark_sum) / (all - dark);
            let variance = dark * (all - dark) * apart * apart;
            if variance > most {
                (best, most) = (value.saturating_add(1), variance);
            }
        }
        best
    }

    fn made(&self, (width, height): (usize, usize), pixel: impl Fn(usize, usize) -> u32) -> Self {
        let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        let pixels = places.map(|(x, y)| u8::try_from(pixel(x, y)).unwrap_or(u8::MAX)).collect();
        Self { width, height, pixels }
    }
}

/// Why an image is not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// Another kind of file.
    #[error("it is not a PNG or JPEG image")]
    Kind,
    /// Over the bound.
    #[error("the image's file has {0} bytes, of at most {IMAGE_BYTES}")]
    Bytes(usize),
    /// Over the bound, once it is unpacked.
    #[error("the image has {width} × {height} pixels, of at most {PIXELS}, and {SIDE} on a side")]
    Size {
        /// Pixels from left to right.
        width: usize,
        /// From top to bottom.
        height: usize,
    },
    /// Not what its first bytes say.
    #[error("the image cannot be read: {0}")]
    Damaged(String),
}

/// Whether bytes begin as an image that is read here does.
pub fn is_image(bytes: &[u8]) -> bool {
    bytes.starts_with(PNG) || bytes.starts_with(JPEG)
}

/// The image, grey. Its size is looked at before anything is unpacked.
pub(crate) fn read(bytes: &[u8]) -> Result<Grey, ImageError> {
    if bytes.len() > IMAGE_BYTES {
        return Err(ImageError::Bytes(bytes.len()));
    }
    match bytes {
        _ if bytes.starts_with(PNG) => read_png(bytes),
        _ if bytes.starts_with(JPEG) => read_jpeg(bytes),
        _ => Err(ImageError::Kind),
    }
}

fn fits(width: usize, height: usize) -> Result<(), ImageError> {
    let pixels = width.checked_mul(height);
    if width <= SIDE && height <= SIDE && pixels.is_some_and(|pixels| pixels <= PIXELS) {
        Ok(())
    } else {
        Err(ImageError::Size { width, height })
    }
}

fn read_png(bytes: &[u8]) -> Result<Grey, ImageError> {
    let damaged = |error: png::DecodingError| ImageError::Damaged(short(&error));
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: 8 * PIXELS });
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let side = |pixels: u32| usize::try_from(pixels).unwrap_or(usize::MAX);
    let info = decoder.read_header_info().map_err(damaged)?;
    let (width, height) = (side(info.width), side(info.height));
    fits(width, height)?;
    let mut reader = decoder.read_info().map_err(damaged)?;
    let samples = reader.output_color_type().0.samples();
    let mut pixels = Vec::with_capacity(width * height);
    let mut unpacked = vec![0; width * height * samples];
    reader.next_frame(&mut unpacked).map_err(damaged)?;
    let (colour, _) = reader.output_color_type();
    for pixel in unpacked.chunks_exact(samples) {
        pixels.push(grey(colour, pixel).ok_or_else(|| {
            ImageError::Damaged("its colours are of no kind that is known".to_owned())
        })?);
    }
    Ok(Grey { width, height, pixels })
}

/// What is seen of a pixel on white paper.
fn grey(colour: ColorType, pixel: &[u8]) -> Option<u8> {
    let luma =
        |r: u8, g: u8, b: u8| (299 * u32::from(r) + 587 * u32::from(g) + 114 * u32::from(b)) / 1000;
    let (value, alpha) = match (colour, pixel) {
        (ColorType::Grayscale, [value]) => (u32::from(*value), 255),
        (ColorType::GrayscaleAlpha, [value, alpha]) => (u32::from(*value), u32::from(*alpha)),
        (ColorType::Rgb, [r, g, b]) => (luma(*r, *g, *b), 255),
        (ColorType::Rgba, [r, g, b, alpha]) => (luma(*r, *g, *b), u32::from(*alpha)),
        _ => return None,
    };
    u8::try_from((value * alpha + 255 * (255 - alpha)) / 255).ok()
}

fn read_jpeg(bytes: &[u8]) -> Result<Grey, ImageError> {
    let options = DecoderOptions::new_safe()
        .set_max_width(SIDE)
        .set_max_height(SIDE)
        .jpeg_set_max_scans(JPEG_SCANS)
        .jpeg_set_out_colorspace(ColorSpace::Luma);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(|error| ImageError::Damaged(short(&error)))?;
    let (width, height) =
        decoder.dimensions().ok_or_else(|| ImageError::Damaged("it has no size".to_owned()))?;
    fits(width, height)?;
    let pixels = decoder.decode().map_err(|error| ImageError::Damaged(short(&error)))?;
    if decoder.output_colorspace() != Some(ColorSpace::Luma) || pixels.len() != width * height {
        return Err(ImageError::Damaged("its colours are of no kind that is known".to_owned()));
    }
    Ok(Grey { width, height, pixels })
}

/// A library's words, cut.
fn short(error: &dyn std::fmt::Display) -> String {
    zerotrip_text::shown(&zerotrip_text::cut(&error.to_string()))
}
