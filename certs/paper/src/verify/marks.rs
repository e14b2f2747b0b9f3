//! What a page shows: its content read operator by operator. Each operator that a paper uses is
//! known, with its operands; there is no other.

use std::collections::HashMap;

use super::error::NotGenuine;
use super::fonts::PdfFont;
use crate::layout::PAGE_HEIGHT;
use crate::pdf::{Dict, Lexer, Object, Token};

/// Something that a page shows; lengths in points, from the page's upper left corner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Seen {
    Glyph {
        c: char,
        width: f64,
        x: f64,
        y: f64,
        size: f64,
        shade: u8,
        is_turned: bool,
    },
    /// Left, top, width, height, shade.
    Rect(f64, f64, f64, f64, u8),
    Seal(f64, f64, f64, f64),
}

/// What a page's content can name.
pub(super) struct Names<'a> {
    pub(super) fonts: HashMap<String, &'a PdfFont>,
    /// Colour spaces of one grey component.
    pub(super) greys: Vec<String>,
    pub(super) images: Vec<String>,
}

type Matrix = [f64; 6];

fn times(m: Matrix, n: Matrix) -> Matrix {
    let [a, b, c, d, e, f] = m;
    let [g, h, i, j, k, l] = n;
    [
        a * g + b * i,
        a * h + b * j,
        c * g + d * i,
        c * h + d * j,
        e * g + f * i + k,
        e * h + f * j + l,
    ]
}

fn apply(m: Matrix, x: f64, y: f64) -> (f64, f64) {
    let [a, b, c, d, e, f] = m;
    (a * x + c * y + e, b * x + d * y + f)
}

#[derive(Clone, Copy)]
struct State {
    matrix: Matrix,
    is_grey: bool,
    shade: Option<u8>,
}

struct Reader<'a> {
    names: &'a Names<'a>,
    state: State,
    kept: Vec<State>,
    /// Text: its matrix, and font and size.
    text: Option<Matrix>,
    font: Option<(&'a PdfFont, f64)>,
    path: Vec<(f64, f64)>,
    rects: Vec<[(f64, f64); 4]>,
    is_open: bool,
    /// Marked content: where an `ActualText` begins, and what it is.
    marked: Vec<Option<(usize, char)>>,
    seen: Vec<Seen>,
    most: usize,
}

const DEPTH: usize = 8;

/// Everything that the content of a page shows, in its order.
pub(super) fn read(
    content: &[u8],
    names: &Names<'_>,
    page: usize,
    most: usize,
) -> Result<Vec<Seen>, NotGenuine> {
    let state = State { matrix: [1.0, 0.0, 0.0, 1.0, 0.0, 0.0], is_grey: false, shade: None };
    let mut reader = Reader {
        names,
        state,
        kept: Vec::new(),
        text: None,
        font: None,
        path: Vec::new(),
        rects: Vec::new(),
        is_open: false,
        marked: Vec::new(),
        seen: Vec::new(),
        most,
    };
    let mut lexer = Lexer::new(content, 0);
    let mut operands = Vec::new();
    let refuse = |operator: &str| NotGenuine::Operator { page, operator: operator.to_owned() };
    while !lexer.is_at_end() {
        let mut ahead = lexer.clone();
        match ahead.next() {
            Some(Token::Word(word)) => {
                lexer = ahead;
                reader.operate(&word, &operands).ok_or_else(|| refuse(&word))?;
                operands.clear();
            }
            _ => {
                let value = Object::read(&mut lexer).ok_or_else(|| refuse("?"))?;
                operands.push(value);
                if operands.len() > 6 {
                    return Err(refuse("?"));
                }
            }
        }
    }
    let is_done = operands.is_empty() && reader.kept.is_empty() && reader.marked.is_empty();
    if is_done && reader.text.is_none() && !reader.is_open {
        Ok(reader.seen)
    } else {
        Err(refuse("end"))
    }
}

fn numbers<const N: usize>(operands: &[Object]) -> Option<[f64; N]> {
    let numbers: Option<Vec<f64>> = operands.iter().map(Object::number).collect();
    numbers?.try_into().ok()
}

impl<'a> Reader<'a> {
    fn operate(&mut self, operator: &str, operands: &[Object]) -> Option<()> {
        // A path is closed and filled before anything else is done.
        if self.is_open && !matches!(operator, "m" | "l" | "h" | "f") {
            return None;
        }
        match (operator, operands) {
            ("q", []) if self.kept.len() < DEPTH => self.kept.push(self.state),
            ("Q", []) => self.state = self.kept.pop()?,
            ("cm", _) => self.state.matrix = times(numbers::<6>(operands)?, self.state.matrix),
            ("cs", [Object::Name(name)]) => {
                self.state.is_grey = self.names.greys.contains(name);
                self.state.shade = None;
            }
            ("scn", _) if self.state.is_grey => {
                let [grey] = numbers::<1>(operands)?;
                (0.0..=1.0).contains(&grey).then_some(())?;
                self.state.shade = Some((grey * 255.0).round() as u8);
            }
            ("BT", []) if self.text.is_none() => {
                self.text = Some([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
            }
            ("ET", []) => drop(self.text.take()?),
            // Filled (ISO 32000-1, table 106): neither invisible nor a clip.
            ("Tr", [Object::Number(mode)]) if mode == "0" => {}
            ("Tf", [Object::Name(name), size]) => {
                let size = size.number().filter(|size| *size > 0.0)?;
                self.font = Some((self.names.fonts.get(name)?, size));
            }
            ("Tm", _) if self.text.is_some() => self.text = Some(numbers::<6>(operands)?),
            ("Tj", [Object::Bytes(codes)]) => self.show(codes)?,
            ("TJ", [Object::Array(items)]) => items.iter().try_for_each(|item| match item {
                Object::Bytes(codes) => self.show(codes),
                other => self.shift(-other.number()? / 1_000.0 * self.font?.1),
            })?,
            ("m" | "l", _) if self.text.is_none() => self.point(operator, operands)?,
            ("h", []) => {
                let corners: [_; 4] = std::mem::take(&mut self.path).try_into().ok()?;
                self.rects.push(corners);
                self.is_open = true;
            }
            ("f", []) if self.path.is_empty() && self.is_open => self.fill()?,
            ("Do", [Object::Name(name)]) if self.names.images.contains(name) => self.image()?,
            ("BDC", [Object::Name(name), Object::Dict(properties)]) => {
                self.begin_marked(name, properties)?;
            }
            ("BMC", [Object::Name(name)]) if name == "Artifact" && self.marked.is_empty() => {
                self.marked.push(None);
            }
            ("EMC", []) => self.end_marked()?,
            _ => return None,
        }
        Some(())
    }

    fn point(&mut self, operator: &str, operands: &[Object]) -> Option<()> {
        let [x, y] = numbers::<2>(operands)?;
        ((operator == "m") == self.path.is_empty()).then_some(())?;
        self.path.push((x, y));
        self.is_open = true;
        Some(())
    }

    fn see(&mut self, seen: Seen) -> Option<()> {
        (self.seen.len() < self.most).then_some(())?;
        self.seen.push(seen);
        Some(())
    }

    fn show(&mut self, codes: &[u8]) -> Option<()> {
        let ((font, size), matrix) = (self.font?, self.text?);
        let shade = self.state.shade?;
        let mut along = 0.0;
        for code in codes.chunks(2) {
            let (c, width) = font.character(u16::from_be_bytes(code.try_into().ok()?))?;
            let whole = times(matrix, self.state.matrix);
            let (x, y) = apply(whole, along, 0.0);
            let is_turned = direction(whole)?;
            let y = PAGE_HEIGHT as f64 / 100_000.0 - y;
            self.see(Seen::Glyph { c, width, x, y, size, shade, is_turned })?;
            along += width / 1_000.0 * size;
        }
        self.shift(along)
    }

    fn shift(&mut self, along: f64) -> Option<()> {
        self.text = Some(times([1.0, 0.0, 0.0, 1.0, along, 0.0], self.text?));
        Some(())
    }

    fn fill(&mut self) -> Option<()> {
        let shade = self.state.shade?;
        self.is_open = false;
        for corners in std::mem::take(&mut self.rects) {
            let (left, top, width, height) = self.upright(corners)?;
            self.see(Seen::Rect(left, top, width, height, shade))?;
        }
        Some(())
    }

    fn image(&mut self) -> Option<()> {
        let corners = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)];
        let (left, top, width, height) = self.upright(corners)?;
        self.see(Seen::Seal(left, top, width, height))
    }

    /// A rectangle on the page of four corners, one after the other, whose sides are upright.
    fn upright(&self, corners: [(f64, f64); 4]) -> Option<(f64, f64, f64, f64)> {
        let [a, b, c, d] = corners.map(|(x, y)| apply(self.state.matrix, x, y));
        let same = |one: f64, other: f64| (one - other).abs() < 0.001;
        let is_upright = same(a.1, b.1) && same(b.0, c.0) && same(c.1, d.1) && same(d.0, a.0);
        is_upright.then_some(())?;
        let height = PAGE_HEIGHT as f64 / 100_000.0;
        Some((a.0.min(c.0), height - a.1.max(c.1), (a.0 - c.0).abs(), (a.1 - c.1).abs()))
    }

    /// Content of the structure, and within it the character that a glyph is for where two
    /// characters share it.
    fn begin_marked(&mut self, name: &str, properties: &Dict) -> Option<()> {
        let [(key, value)] = properties.0.as_slice() else { return None };
        match (name, key.as_str(), value) {
            ("Span" | "P", "MCID", id) if self.marked.is_empty() && id.count().is_some() => {
                self.marked.push(None);
            }
            ("Span", "ActualText", Object::Bytes(text)) if self.marked.len() == 1 => {
                let c = match text.as_slice() {
                    [0xfe, 0xff, rest @ ..] => super::fonts::one_character(rest)?,
                    [byte @ b' '..=b'~'] => char::from(*byte),
                    _ => return None,
                };
                self.marked.push(Some((self.seen.len(), c)));
            }
            _ => return None,
        }
        Some(())
    }

    fn end_marked(&mut self) -> Option<()> {
        let Some((at, actual)) = self.marked.pop()? else { return Some(()) };
        let [Seen::Glyph { c, .. }] = self.seen.get_mut(at..)? else { return None };
        *c = actual;
        Some(())
    }
}

/// Whether text runs level, or rises by 3 in 4; nothing else.
fn direction(m: Matrix) -> Option<bool> {
    let is = |wanted: [f64; 4]| m.iter().zip(wanted).all(|(one, other)| (one - other).abs() < 1e-4);
    if is([1.0, 0.0, 0.0, 1.0]) {
        Some(false)
    } else if is([0.8, 0.6, -0.6, 0.8]) {
        Some(true)
    } else {
        None
    }
}
