//! A QR on paper, as a scanner or a phone sees it: at the size that it is printed in, turned,
//! blurred and noisy. And images that are no such thing.

use std::f64::consts::PI;

use png::{BitDepth, ColorType, Encoder};
use proptest::prelude::*;

use super::*;
use crate::bounds::{IMAGE_BYTES, PIXELS, SIDE};
use crate::image::ImageError;

/// A module's side on paper, in millimetres.
const MODULE: f64 = 0.508;

/// A grey image.
pub(super) struct Page {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) pixels: Vec<u8>,
}

/// How a page is seen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub(super) dpi: f64,
    /// Degrees.
    pub(super) turned: f64,
    /// Pixels on each side over which light spreads.
    pub(super) blur: usize,
    /// Most that a pixel is off by.
    pub(super) noise: i32,
    /// Every so many modules one is scratched out; 0 for none.
    pub(super) scratch: usize,
}

/// A part of a page of this many millimetres, with a QR at its centre and print around it.
pub(super) fn page(matrix: &Matrix, (wide, high): (f64, f64), seen: Seen) -> Page {
    let pixels_per_module = MODULE * seen.dpi / 25.4;
    let side = |mm: f64| (mm * seen.dpi / 25.4) as usize;
    let (width, height) = (side(wide), side(high));
    let (sin, cos) = (seen.turned * PI / 180.0).sin_cos();
    let half = matrix.size as f64 / 2.0;
    // Four samples of ink a pixel, as a sensor sums them up.
    let ink = |x: f64, y: f64| {
        let (dx, dy) = (x - width as f64 / 2.0, y - height as f64 / 2.0);
        let (u, v) = (cos * dx + sin * dy, cos * dy - sin * dx);
        let (u, v) = (u / pixels_per_module + half, v / pixels_per_module + half);
        let size = matrix.size as f64;
        if u >= 0.0 && v >= 0.0 && u < size && v < size {
            let (column, row) = (u as usize, v as usize);
            let scratched = seen.scratch > 0
                && column.abs_diff(matrix.size / 2) < 9
                && (row * matrix.size + column).is_multiple_of(seen.scratch);
            return matrix.is_dark(column, row) != scratched;
        }
        // Lines of text, beyond the margin.
        let is_beside = u < -6.0 || v < -6.0 || u > size + 6.0 || v > size + 6.0;
        is_beside && (v as i64).rem_euclid(6) == 0 && (u as i64 * 7919).rem_euclid(5) < 3
    };
    let mut pixels = Vec::with_capacity(width * height);
    for y in 0..height {
        for x in 0..width {
            let samples = [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)];
            let dark = samples.iter().filter(|(a, b)| ink(x as f64 + a, y as f64 + b)).count();
            pixels.push(235 - (dark as u8) * 50);
        }
    }
    let mut page = Page { width, height, pixels };
    page.blur(seen.blur);
    page.noise(seen.noise);
    page
}

impl Page {
    fn blur(&mut self, radius: usize) {
        for (step, length) in [(1, self.width), (self.width, self.height)] {
            let before = self.pixels.clone();
            for (at, pixel) in self.pixels.iter_mut().enumerate() {
                let along = if step == 1 { at % self.width } else { at / self.width };
                let (from, to) = (along.saturating_sub(radius), (along + radius).min(length - 1));
                let sum: usize = (from..=to)
                    .map(|one| usize::from(before[at + one * step - along * step]))
                    .sum();
                *pixel = (sum / (to - from + 1)) as u8;
            }
        }
    }

    fn noise(&mut self, most: i32) {
        let mut dice = 0x9e37_79b9_7f4a_7c15u64;
        for pixel in &mut self.pixels {
            dice = dice
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let off = (dice >> 33) as i32 % (2 * most + 1) - most;
            *pixel = (i32::from(*pixel) + off).clamp(0, 255) as u8;
        }
    }

    pub(super) fn png(&self) -> Vec<u8> {
        png_of(ColorType::Grayscale, (self.width, self.height), &self.pixels)
    }
}

fn png_of(colour: ColorType, (width, height): (usize, usize), pixels: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, width as u32, height as u32);
    encoder.set_color(colour);
    encoder.set_depth(BitDepth::Eight);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(pixels).unwrap();
    writer.finish().unwrap();
    file
}

/// How pages are seen in tests: by an office scanner, and by a phone with a cracked lens.
pub(super) const SIGHTS: [(&str, Seen); 4] = [
    ("300 dpi, straight", Seen { dpi: 300.0, turned: 0.0, blur: 0, noise: 8, scratch: 0 }),
    ("300 dpi, turned by 3°", Seen { dpi: 300.0, turned: 3.0, blur: 1, noise: 12, scratch: 17 }),
    ("150 dpi, straight", Seen { dpi: 150.0, turned: 0.0, blur: 0, noise: 8, scratch: 0 }),
    ("150 dpi, turned by 3°", Seen { dpi: 150.0, turned: 3.0, blur: 0, noise: 8, scratch: 0 }),
];

#[test]
fn a_drawn_qr_is_scanned_as_it_was_written() {
    let world = World::new();
    for token in [world.plain(), world.numbered(), world.with_facts()] {
        let text = made(&world, &token);
        let image = png(&matrix(&text).unwrap()).unwrap();
        assert!(is_image(&image));
        assert_eq!(scan(&image).unwrap(), text.as_str());
    }
}

#[test]
fn a_printed_qr_is_scanned_at_150_and_300_dpi_turned_blurred_and_noisy() {
    let text = fixed();
    let matrix = matrix(&text).unwrap();
    for (name, seen) in SIGHTS {
        let page = page(&matrix, (70.0, 70.0), seen);
        assert_eq!(scan(&page.png()).as_deref(), Ok(text.as_str()), "{name}");
    }
}

#[test]
fn an_image_of_two_qrs_or_of_none_is_refused() {
    let world = World::new();
    let seen = SIGHTS[0].1;
    let one = |token: &str| page(&matrix(&made(&world, token)).unwrap(), (60.0, 60.0), seen);
    let (left, right) = (one(&world.plain()), one(&world.numbered()));
    let mut pixels = Vec::new();
    for y in 0..left.height {
        let row = |page: &Page| page.pixels[y * page.width..(y + 1) * page.width].to_vec();
        pixels.extend([row(&left), row(&right)].concat());
    }
    let both = Page { width: left.width * 2, height: left.height, pixels };
    assert_eq!(scan(&both.png()), Err(ScanError::Many(2)));
    // A second one that is faint, or light on dark: others read it.
    let beside = |other: &dyn Fn(u8) -> u8| {
        let mut pixels = Vec::new();
        for y in 0..left.height {
            let row = |page: &Page| page.pixels[y * page.width..(y + 1) * page.width].to_vec();
            let second = row(&right).into_iter().map(other).collect();
            pixels.extend([row(&left), second].concat());
        }
        Page { width: left.width * 2, height: left.height, pixels }
    };
    let others: [&dyn Fn(u8) -> u8; 2] = [&|pixel| u8::MAX - pixel, &|pixel| 200 + pixel / 5];
    for other in others {
        assert_eq!(scan(&beside(other).png()), Err(ScanError::Many(2)));
    }
    // A picture that a reader of documents opens as one.
    let picture = left.png();
    assert!(scan(&picture).is_ok());
    let mut document = picture.clone();
    document.extend(b"%PDF-1.7");
    assert_eq!(scan(&document), Err(ScanError::Document));
    let white = Page { width: 300, height: 300, pixels: vec![255; 90_000] };
    assert_eq!(scan(&white.png()), Err(ScanError::None));
    let dot = Page { width: 1, height: 1, pixels: vec![0] };
    assert_eq!(scan(&dot.png()), Err(ScanError::None));
}

#[test]
fn what_is_transparent_is_paper_and_hides_no_other_qr() {
    let world = World::new();
    let text = made(&world, &world.plain());
    let seen = Seen { noise: 0, ..SIGHTS[0].1 };
    let page = page(&matrix(&text).unwrap(), (60.0, 60.0), seen);
    let size = (page.width, page.height);
    // Black everywhere, and seen where it is not transparent.
    let seen: Vec<u8> = page.pixels.iter().flat_map(|grey| [0, 255 - grey]).collect();
    let image = png_of(ColorType::GrayscaleAlpha, size, &seen);
    assert_eq!(scan(&image).as_deref(), Ok(text.as_str()));
    // A QR that people do not see.
    let hidden: Vec<u8> = page.pixels.iter().flat_map(|grey| [*grey, 0]).collect();
    let image = png_of(ColorType::GrayscaleAlpha, size, &hidden);
    assert_eq!(scan(&image), Err(ScanError::None));
    let colour: Vec<u8> = page.pixels.iter().flat_map(|grey| [*grey, *grey, *grey]).collect();
    assert_eq!(scan(&png_of(ColorType::Rgb, size, &colour)).as_deref(), Ok(text.as_str()));
}

#[test]
fn a_jpeg_of_a_link_is_scanned_and_refused_as_a_certificate() {
    let link = include_bytes!("link.jpg");
    let text = scan(link).unwrap();
    assert_eq!(text, "https://zerotrip.example/verify?serial=fund-desk-2027-000001");
    let world = World::new();
    assert!(matches!(refused(&world, &text), QrError::Prefix(_)));
    for cut in [3, 20, 200, link.len() / 2] {
        assert!(scan(&link[..cut]).is_err(), "{cut}");
    }
}

#[test]
fn images_that_unpack_to_too_much_are_refused_before_they_are() {
    assert_eq!(scan(b"GIF89a"), Err(ScanError::Image(ImageError::Kind)));
    assert_eq!(scan(b""), Err(ScanError::Image(ImageError::Kind)));
    let long = [b"\x89PNG\r\n\x1a\n".as_slice(), &vec![0; IMAGE_BYTES]].concat();
    assert_eq!(scan(&long), Err(ScanError::Image(ImageError::Bytes(IMAGE_BYTES + 8))));
    // A header that promises too much, with nothing behind it.
    for (width, height) in [(SIDE + 1, 1), (1, SIDE + 1), (SIDE, PIXELS / SIDE + 1)] {
        let size = ImageError::Size { width, height };
        let mut png = png_of(ColorType::Grayscale, (1, 1), &[0]);
        png[16..20].copy_from_slice(&(width as u32).to_be_bytes());
        png[20..24].copy_from_slice(&(height as u32).to_be_bytes());
        let mut crc = flate2::Crc::new();
        crc.update(&png[12..29]);
        png[29..33].copy_from_slice(&crc.sum().to_be_bytes());
        assert_eq!(scan(&png), Err(ScanError::Image(size)));
        // The JPEG's frame header: FF C0, length, precision, height, width.
        let mut jpeg = include_bytes!("link.jpg").to_vec();
        let frame = jpeg.windows(2).position(|two| two == [0xff, 0xc0]).unwrap();
        jpeg[frame + 5..frame + 7].copy_from_slice(&(height as u16).to_be_bytes());
        jpeg[frame + 7..frame + 9].copy_from_slice(&(width as u16).to_be_bytes());
        assert!(
            matches!(
                scan(&jpeg),
                Err(ScanError::Image(ImageError::Size { .. } | ImageError::Damaged(_)))
            ),
            "{width} {height}"
        );
    }
    let cut = png(&matrix(&QrText::of(&[7; 40]).unwrap()).unwrap()).unwrap();
    assert!(matches!(scan(&cut[..cut.len() / 2]), Err(ScanError::Image(ImageError::Damaged(_)))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_damaged_qr_is_read_as_it_was_or_refused(
        damage in proptest::collection::vec(any::<proptest::sample::Index>(), 0..1200),
        from in any::<proptest::sample::Index>(),
    ) {
        let text = QrText::of(&(0..200).collect::<Vec<u8>>()).unwrap();
        let mut matrix = matrix(&text).unwrap();
        // All over the QR, and in one piece: format, version, timing and finders among it.
        for (count, at) in damage.iter().enumerate() {
            let at = if count % 2 == 0 { at.index(matrix.modules.len()) } else { count };
            let at = (at + from.index(matrix.modules.len())) % matrix.modules.len();
            matrix.modules[at] = !matrix.modules[at];
        }
        if let Ok(read) = scan(&png(&matrix).unwrap()) {
            prop_assert_eq!(read, text.to_string());
        }
    }
}

#[test]
#[ignore = "measures"]
fn how_much_noise_is_too_much() {
    let world = World::new();
    let text = made(&world, &world.with_facts());
    let matrix = matrix(&text).unwrap();
    for (dpi, blur) in [(300.0, 0), (300.0, 1), (300.0, 2), (150.0, 0), (150.0, 1)] {
        for turned in [0.0, 3.0, 17.0] {
            let mut line = format!("{dpi} dpi, blur {blur}, turned by {turned}°:");
            for noise in [0, 10, 20, 30] {
                for scratch in [0, 11] {
                    let seen = Seen { dpi, turned, blur, noise, scratch };
                    let scanned = scan(&page(&matrix, (70.0, 70.0), seen).png());
                    let is_read = scanned.is_ok_and(|read| read == text.as_str());
                    line.push_str(if is_read { " +" } else { " -" });
                }
                line.push_str(" |");
            }
            println!("{line}");
        }
    }
}
