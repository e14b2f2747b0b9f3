//! The one QR of an image.

use rqrr::{Grid, PreparedImage, SimpleGrid};

use crate::bounds::PIXELS;
use crate::image::{Grey, ImageError, read};

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
    /// Programs take it for a document too, and show something else.
    #[error("the picture is a PDF as well, which shows something else than its QR")]
    Document,
    /// There is one, and it cannot be read.
    #[error("the QR in the image cannot be read: {0}")]
    Unreadable(String),
}

/// By what programs know a PDF, wherever in a file it begins.
const DOCUMENT: &[u8] = b"%PDF-";
/// What is darker than this is ink to somebody who looks for a faint second QR.
const FAINT: u8 = 232;

/// Largest image that is looked at in twice its size.
const DOUBLED: usize = PIXELS / 4;

/// The text of the one QR in a PNG or JPEG image, **whatever it is**.
///
/// The image is looked at with the decoder's own eyes; where nothing is read so, with one threshold
/// for all of it, then at twice its size, and with its grain smoothed. Two QRs are never passed
/// over.
pub fn scan(bytes: &[u8]) -> Result<String, ScanError> {
    if bytes.windows(DOCUMENT.len()).any(|part| part == DOCUMENT) {
        return Err(ScanError::Document);
    }
    let image = read(bytes)?;
    if image.width == 0 || image.height == 0 {
        return Err(ScanError::None);
    }
    let text = looked_at(&image)?;
    // Another QR that is faint, or light on dark, is one that somebody else reads.
    let inverted = image.inverted();
    let mut others = [
        seen(&image, None),
        seen(&image, Some(FAINT)),
        seen(&inverted, None),
        seen(&inverted, Some(FAINT)),
    ]
    .concat();
    others.retain(|other| *other != text);
    others.sort_unstable();
    others.dedup();
    if others.is_empty() { Ok(text) } else { Err(ScanError::Many(others.len() + 1)) }
}

/// The one QR, by the first look that finds it.
fn looked_at(image: &Grey) -> Result<String, ScanError> {
    let own = one_of(image, None);
    let Some(first) = unread(&own) else { return own };
    let fits = image.width * image.height <= DOUBLED;
    let looks: [&dyn Fn() -> Option<Grey>; 4] = [
        &|| Some(image.clone()),
        &|| fits.then(|| image.doubled()),
        &|| Some(image.smoothed()),
        &|| fits.then(|| image.doubled().smoothed()),
    ];
    for look in looks {
        let Some(image) = look() else { continue };
        let seen = one_of(&image, Some(image.threshold()));
        if unread(&seen).is_none() {
            return seen;
        }
    }
    Err(first)
}

/// All texts that are read with this threshold, or with the decoder's own.
fn seen(image: &Grey, threshold: Option<u8>) -> Vec<String> {
    let grids = prepared(image, threshold);
    grids.into_iter().filter_map(|grid| grid.ok()).collect()
}

/// The text of a QR that is given as its modules, so many on a side.
pub fn read_modules(
    size: usize,
    is_dark: impl Fn(usize, usize) -> bool,
) -> Result<String, ScanError> {
    let decoded = Grid::new(SimpleGrid::from_func(size, is_dark)).decode();
    decoded.map(|(_, text)| text).map_err(|error| ScanError::Unreadable(error.to_string()))
}

/// Why another look may help.
fn unread(seen: &Result<String, ScanError>) -> Option<ScanError> {
    match seen {
        Err(why @ (ScanError::None | ScanError::Unreadable(_))) => Some(why.clone()),
        _ => None,
    }
}

/// Every QR that is found with this threshold, or with the decoder's own: its text, or why not.
fn prepared(image: &Grey, threshold: Option<u8>) -> Vec<Result<String, String>> {
    let (width, height) = (image.width, image.height);
    let grey = |x: usize, y: usize| image.at(x, y);
    let mut prepared = match threshold {
        None => PreparedImage::prepare_from_greyscale(width, height, grey),
        Some(threshold) => {
            let is_ink = |x: usize, y: usize| grey(x, y) < threshold;
            PreparedImage::prepare_from_bitmap(width, height, is_ink)
        }
    };
    let grids = prepared.detect_grids();
    let read = |grid: &Grid<_>| match grid.decode() {
        Ok((_, text)) => Ok(text),
        Err(error) => Err(error.to_string()),
    };
    grids.iter().map(read).collect()
}

/// The one QR that is seen with this threshold, or with the decoder's own.
fn one_of(image: &Grey, threshold: Option<u8>) -> Result<String, ScanError> {
    let mut found = prepared(image, threshold);
    match (found.pop(), found.len()) {
        (None, _) => Err(ScanError::None),
        (Some(one), 0) => one.map_err(ScanError::Unreadable),
        (Some(_), others) => Err(ScanError::Many(others + 1)),
    }
}
