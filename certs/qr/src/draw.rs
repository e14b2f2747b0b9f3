//! Drawing a QR: as PNG for 300 dots per inch, and as SVG in millimetres. Both are of one size.

use std::fmt::Write as _;

use png::{BitDepth, ColorType, Encoder, EncodingError, PixelDimensions, Unit};

use crate::matrix::Matrix;

/// Light modules around a QR (ISO/IEC 18004, 9.1).
const MARGIN: usize = 4;
/// Pixels of a module's side.
pub const MODULE_PIXELS: usize = 6;
/// 300 dots per inch, in dots per metre.
const DOTS_PER_METRE: u32 = 11_811;
/// A module's side in micrometres: 6 dots of 300 to the inch.
const MODULE_MICROMETRES: usize = 508;

/// As PNG: one bit a pixel, black on white, with its size on paper.
pub fn png(matrix: &Matrix) -> Result<Vec<u8>, EncodingError> {
    let side = (matrix.size + 2 * MARGIN) * MODULE_PIXELS;
    let mut rows = Vec::with_capacity(side * side.div_ceil(8));
    for y in 0..side {
        let mut row = vec![0u8; side.div_ceil(8)];
        for (at, byte) in row.iter_mut().enumerate() {
            for bit in 0..8 {
                let is_light = !is_dark(matrix, (at * 8 + bit) / MODULE_PIXELS, y / MODULE_PIXELS);
                *byte |= u8::from(is_light) << (7 - bit);
            }
        }
        rows.extend(row);
    }
    let mut file = Vec::new();
    let pixels = u32::try_from(side).unwrap_or(u32::MAX);
    let mut encoder = Encoder::new(&mut file, pixels, pixels);
    encoder.set_color(ColorType::Grayscale);
    encoder.set_depth(BitDepth::One);
    let dots = DOTS_PER_METRE;
    encoder.set_pixel_dims(Some(PixelDimensions { xppu: dots, yppu: dots, unit: Unit::Meter }));
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&rows)?;
    writer.finish()?;
    Ok(file)
}

/// As SVG: one path of dark runs on a white square.
pub fn svg(matrix: &Matrix) -> String {
    let side = matrix.size + 2 * MARGIN;
    let micrometres = side * MODULE_MICROMETRES;
    let (whole, part) = (micrometres / 1000, micrometres % 1000);
    let mut path = String::new();
    for y in 0..side {
        let mut x = 0;
        while x < side {
            let run = (x..side).take_while(|x| is_dark(matrix, *x, y)).count();
            if run > 0 {
                // Writing to a string does not fail.
                let _ = write!(path, "M{x} {y}h{run}v1h-{run}z");
            }
            x += run.max(1);
        }
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{whole}.{part:03}mm\" \
         height=\"{whole}.{part:03}mm\" viewBox=\"0 0 {side} {side}\" \
         shape-rendering=\"crispEdges\"><rect width=\"{side}\" height=\"{side}\" \
         fill=\"#fff\"/><path d=\"{path}\"/></svg>\n"
    )
}

/// With the margin.
fn is_dark(matrix: &Matrix, x: usize, y: usize) -> bool {
    match (x.checked_sub(MARGIN), y.checked_sub(MARGIN)) {
        (Some(x), Some(y)) => matrix.is_dark(x, y),
        _ => false,
    }
}
