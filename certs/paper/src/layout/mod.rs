//! Layout: from blocks of text to marks on pages.
//!
//! It needs nothing of a font but how wide each character is. So a verifier lays the record out
//! again with the widths that the file states, and gets the same marks in the same places. All
//! arithmetic is in whole numbers. The PDF of this crate and the OFD of `zerotrip_ofd` are drawn
//! from the same marks.

mod flow;
mod lines;

pub(crate) use flow::lay_out;
pub use flow::qr_of;

use crate::error::PaperError;

/// A length, in hundred-thousandths of a point.
pub type Length = i64;

/// So many points.
pub const fn points(number: i64) -> Length {
    number * 100_000
}

/// Width of a page (A4).
pub const PAGE_WIDTH: Length = points(595);
/// Height of a page (A4).
pub const PAGE_HEIGHT: Length = points(842);
/// Side of the seal image.
pub const SEAL_SIDE: Length = points(98);
/// Most that a side of the QR code takes.
pub const QR_SIDE: Length = points(98);

/// How wide characters are.
pub trait Metrics {
    /// In thousandths of the font's size.
    fn advance(&self, c: char) -> Result<i64, PaperError>;
}

/// A QR code: its modules row by row, dark or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Qr {
    size: usize,
    modules: Vec<bool>,
}

impl Qr {
    /// From a finished matrix. It must be a square of a QR code's size (21, 25, … 177) with the
    /// three finder patterns in their corners.
    pub fn new(modules: Vec<bool>, size: usize) -> Result<Self, PaperError> {
        let is_size = (21..=crate::bounds::QR_MODULES).contains(&size) && size % 4 == 1;
        if !is_size || modules.len() != size * size {
            return Err(PaperError::Qr("its size is not that of a QR code"));
        }
        let qr = Self { size, modules };
        let far = size - 7;
        if [(0, 0), (far, 0), (0, far)].iter().all(|(x, y)| qr.has_finder(*x, *y)) {
            Ok(qr)
        } else {
            Err(PaperError::Qr("a finder pattern is missing"))
        }
    }

    /// Modules on a side.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Whether a module is dark; none outside is.
    pub fn is_dark(&self, x: usize, y: usize) -> bool {
        x < self.size && self.modules.get(y * self.size + x).copied().unwrap_or(false)
    }

    fn has_finder(&self, left: usize, top: usize) -> bool {
        let is_dark = |x: usize, y: usize| match (x.min(6 - x)).min(y.min(6 - y)) {
            1 => false,
            0 | 2 | 3 => true,
            _ => false,
        };
        (0..7).all(|y| (0..7).all(|x| self.is_dark(left + x, top + y) == is_dark(x, y)))
    }
}

/// A text of one line, at the left end of its base line. Lengths grow to the right and downwards.
#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    /// From the left edge of the page.
    pub x: Length,
    /// From the top edge of the page.
    pub y: Length,
    /// In hundredths of a point.
    pub size: i64,
    /// 0 black, 255 white.
    pub shade: u8,
    /// Rises to the right by 3 in 4.
    pub is_turned: bool,
    /// Its characters, in order.
    pub text: String,
}

/// Something on a page.
#[derive(Clone, Debug, PartialEq)]
pub enum Mark {
    /// A line of text.
    Text(Text),
    /// Left, top, width, height, shade.
    Rect(Length, Length, Length, Length, u8),
    /// Left, top, width, height.
    Seal(Length, Length, Length, Length),
}

/// What marks are to a reader who does not see them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Repeated or decorative.
    Artifact,
    /// A heading.
    Heading,
    /// Running text.
    Paragraph,
    /// Of the table's column titles.
    ColumnTitle,
    /// Of a table's cell: whether it begins a row.
    Cell(bool),
    /// The seal or the QR code.
    Figure(Figure),
}

/// A picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// The picture of a seal.
    Seal,
    /// The QR code.
    Qr,
}

/// Marks that belong together.
#[derive(Clone, Debug)]
pub struct Item {
    /// What they are.
    pub role: Role,
    /// In the order in which they are drawn.
    pub marks: Vec<Mark>,
}

/// A page.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// In the order in which they are drawn.
    pub items: Vec<Item>,
}

/// What is laid out.
#[derive(Clone, Debug)]
pub(crate) enum Block {
    Text {
        text: String,
        style: Style,
    },
    /// A name at the left and values beside it.
    Field {
        name: String,
        values: Vec<String>,
    },
    Table {
        titles: Vec<String>,
        rows: Vec<Vec<Vec<String>>>,
    },
    /// The pictures beside one another, and lines between them.
    Pictures {
        lines: Vec<String>,
    },
    NewPage,
}

/// How a text is set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    /// In hundredths of a point.
    pub(crate) size: i64,
    pub(crate) shade: u8,
    pub(crate) is_centred: bool,
    pub(crate) is_heading: bool,
    /// Space above.
    pub(crate) above: Length,
}

/// A paper before it is laid out.
#[derive(Clone, Debug)]
pub(crate) struct Content {
    pub(crate) blocks: Vec<Block>,
    /// What crosses each page.
    pub(crate) watermark: Vec<String>,
    /// What is at the foot of each page, before its number.
    pub(crate) foot: String,
}

/// The pictures that a paper has.
#[derive(Clone, Debug, Default)]
pub struct Pictures {
    /// Whether there is a picture of a seal.
    pub has_seal: bool,
    /// The QR code.
    pub qr: Option<Qr>,
}

/// The texts of lines, for tests.
#[cfg(test)]
pub(crate) fn break_lines(
    text: &str,
    size: i64,
    width: Length,
    metrics: &dyn Metrics,
) -> Vec<String> {
    let broken = lines::lines(text, size, width, metrics).unwrap_or_default();
    broken.into_iter().map(|line| line.text).collect()
}
