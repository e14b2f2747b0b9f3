//! The fonts of a PDF: which character each code is, and how wide.

use std::cell::RefCell;
use std::collections::HashMap;

use super::error::NotGenuine;
use super::unpack::Budget;
use crate::error::PaperError;
use crate::layout::Metrics;
use crate::pdf::{Dict, File, Lexer, Object, Stream, Token};

/// A font.
#[derive(Debug)]
pub(super) struct PdfFont {
    characters: HashMap<u16, char>,
    widths: HashMap<u16, f64>,
}

impl PdfFont {
    pub(super) fn read(
        file: &File,
        number: usize,
        budget: &mut Budget,
    ) -> Result<Self, NotGenuine> {
        let read = |budget: &mut Budget| {
            let font = file.object(number)?.as_dict()?;
            let Object::Stream(map) = file.resolve(font.get("ToUnicode")?)? else { return None };
            let characters = characters(map, budget)?;
            let descendants = file.resolve(font.get("DescendantFonts")?)?.as_array()?;
            let [descendant] = descendants else { return None };
            let widths = widths(file.resolve(descendant)?.as_dict()?)?;
            Some(Self { characters, widths })
        };
        read(budget).ok_or(NotGenuine::Font(number))
    }

    /// Character and width of a code, in thousandths of the size.
    pub(super) fn character(&self, code: u16) -> Option<(char, f64)> {
        Some((*self.characters.get(&code)?, *self.widths.get(&code)?))
    }
}

/// `first last width …`
fn widths(font: &Dict) -> Option<HashMap<u16, f64>> {
    let mut widths = HashMap::new();
    let list = font.get("W")?.as_array()?;
    for group in list.chunks(3) {
        let [first, last, width] = group else { return None };
        let (first, last) = (first.count()?, last.count()?);
        let width = width.number()?;
        for code in u16::try_from(first).ok()?..=u16::try_from(last).ok()? {
            widths.insert(code, width).is_none().then_some(())?;
        }
    }
    Some(widths)
}

const HEAD: &str = include_str!("tounicode-head.txt");
const TAIL: &str = include_str!("tounicode-tail.txt");

/// One character for each code; codes ascend. Everything else of the map is always the same.
fn characters(map: &Stream, budget: &mut Budget) -> Option<HashMap<u16, char>> {
    let text = String::from_utf8(budget.unpack(map)?).ok()?;
    let body = text.strip_prefix(HEAD)?.strip_suffix(TAIL)?;
    let mut characters = HashMap::new();
    let mut lexer = Lexer::new(body.as_bytes(), 0);
    let mut before = 0;
    while !lexer.is_at_end() {
        let Token::Number(count) = lexer.next()? else { return None };
        (lexer.next()? == Token::Word("beginbfchar".to_owned())).then_some(())?;
        for _ in 0..count.parse::<u8>().ok()? {
            let (Token::Bytes(code), Token::Bytes(text)) = (lexer.next()?, lexer.next()?) else {
                return None;
            };
            let code = u16::from_be_bytes(code.try_into().ok()?);
            (code > before).then(|| before = code)?;
            characters.insert(code, one_character(&text)?);
        }
        (lexer.next()? == Token::Word("endbfchar".to_owned())).then_some(())?;
    }
    Some(characters)
}

/// The only character of a text in UTF-16.
pub(super) fn one_character(text: &[u8]) -> Option<char> {
    let units = text.chunks(2).map(|pair| Some(u16::from_be_bytes(pair.try_into().ok()?)));
    let units = units.collect::<Option<Vec<_>>>()?;
    let mut characters = char::decode_utf16(units);
    let one = characters.next()?.ok()?;
    characters.next().is_none().then_some(one)
}

/// The widths that the PDF states: what its record is laid out with again.
#[derive(Debug, Default)]
pub(super) struct Stated(HashMap<char, i64>, RefCell<Option<char>>);

impl Stated {
    /// A character as a page shows it. It has one width, whatever font it is of.
    pub(super) fn add(&mut self, c: char, width: f64) -> Option<()> {
        let width = width.round() as i64;
        (*self.0.entry(c).or_insert(width) == width).then_some(())
    }

    /// The first character that was asked for and that no page shows.
    pub(super) fn missing(&self) -> Option<char> {
        *self.1.borrow()
    }
}

impl Metrics for Stated {
    fn advance(&self, c: char) -> Result<i64, PaperError> {
        let known = self.0.get(&c).copied();
        if known.is_none() {
            self.1.borrow_mut().get_or_insert(c);
        }
        known.ok_or(PaperError::NoGlyph(c.into(), c))
    }
}
