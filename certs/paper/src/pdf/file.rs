//! A file of objects.

use super::lexer::{Lexer, Token};
use super::object::{Dict, Object, Stream};
use crate::bounds::{DEPTH, OBJECTS, PDF_BYTES};

/// PDF 1.7, and four bytes over 127, so that no tool takes it for text (ISO 32000-1, 7.5.2).
const HEADER: &[u8] = b"%PDF-1.7\n%\x80\x80\x80\x80\n";

/// One revision of a PDF.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct File {
    /// The object with the number n is in place n - 1.
    pub(crate) objects: Vec<Object>,
    /// Without `Size`, which follows from the objects.
    pub(crate) trailer: Dict,
}

impl File {
    pub(crate) fn object(&self, number: usize) -> Option<&Object> {
        self.objects.get(number.checked_sub(1)?)
    }

    pub(crate) fn object_mut(&mut self, number: usize) -> Option<&mut Object> {
        self.objects.get_mut(number.checked_sub(1)?)
    }

    /// Adds an object and says its number.
    pub(crate) fn push(&mut self, object: Object) -> usize {
        self.objects.push(object);
        self.objects.len()
    }

    /// What a value refers to, or the value.
    pub(crate) fn resolve<'a>(&'a self, value: &'a Object) -> Option<&'a Object> {
        match value {
            Object::Reference(number) => self.object(*number),
            other => Some(other),
        }
    }

    /// As bytes, and where each object begins.
    pub(crate) fn write(&self) -> (Vec<u8>, Vec<usize>) {
        let mut out = HEADER.to_vec();
        let mut offsets = Vec::with_capacity(self.objects.len());
        for (place, object) in self.objects.iter().enumerate() {
            offsets.push(out.len());
            out.extend_from_slice(format!("{} 0 obj\n", place + 1).as_bytes());
            object.write(&mut out);
            out.extend_from_slice(b"\nendobj\n");
        }
        let table = out.len();
        let size = self.objects.len() + 1;
        out.extend_from_slice(format!("xref\n0 {size}\n0000000000 65535 f \n").as_bytes());
        for offset in &offsets {
            out.extend_from_slice(format!("{offset:010} 00000 n \n").as_bytes());
        }
        out.extend_from_slice(b"trailer\n");
        let mut trailer = self.trailer.clone();
        trailer.set("Size", Object::integer(size));
        trailer.write(None, &mut out);
        out.extend_from_slice(format!("\nstartxref\n{table}\n%%EOF\n").as_bytes());
        (out, offsets)
    }

    /// Reads a file of one revision whose objects are numbered from 1, in order.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > PDF_BYTES {
            return None;
        }
        // The second line is a comment of four bytes over 127; which ones differs by writer.
        let mut lexer = Lexer::new(bytes, 0);
        lexer.literal(b"%PDF-1.7\n%")?;
        lexer.raw(4)?.iter().all(|byte| *byte > 127).then_some(())?;
        let mut objects = Vec::new();
        loop {
            match lexer.next()? {
                Token::Word(word) if word == "xref" => break,
                Token::Number(number) if number == (objects.len() + 1).to_string() => {}
                _ => return None,
            }
            number(&mut lexer, "0")?;
            word(&mut lexer, "obj")?;
            objects.push(indirect(&mut lexer)?);
            if objects.len() > OBJECTS {
                return None;
            }
        }
        // The table is not read: it follows from the objects, and is compared when written again.
        number(&mut lexer, "0")?;
        number(&mut lexer, &(objects.len() + 1).to_string())?;
        for _ in 0..=objects.len() {
            lexer.next()?;
            lexer.next()?;
            lexer.next()?;
        }
        word(&mut lexer, "trailer")?;
        let Object::Dict(mut trailer) = value(&mut lexer, DEPTH)? else { return None };
        trailer.0.retain(|(key, _)| key != "Size");
        Some(Self { objects, trailer })
    }

    /// Reads what [`File::write`] writes, and nothing else.
    pub(crate) fn read_own(bytes: &[u8]) -> Option<(Self, Vec<usize>)> {
        let file = Self::read(bytes)?;
        let (written, offsets) = file.write();
        (written == bytes).then_some((file, offsets))
    }
}

fn word(lexer: &mut Lexer<'_>, wanted: &str) -> Option<()> {
    matches!(lexer.next()?, Token::Word(word) if word == wanted).then_some(())
}

fn number(lexer: &mut Lexer<'_>, wanted: &str) -> Option<()> {
    matches!(lexer.next()?, Token::Number(number) if number == wanted).then_some(())
}

fn indirect(lexer: &mut Lexer<'_>) -> Option<Object> {
    let read = value(lexer, DEPTH)?;
    match lexer.next()? {
        Token::Word(word) if word == "endobj" => Some(read),
        Token::Word(word) if word == "stream" => {
            let Object::Dict(mut dict) = read else { return None };
            let length = dict.get("Length")?.count()?;
            dict.0.retain(|(key, _)| key != "Length");
            lexer.literal(b"\n")?;
            let bytes = lexer.raw(length)?.to_vec();
            lexer.literal(b"\nendstream")?;
            self::word(lexer, "endobj")?;
            Some(Object::Stream(Stream { dict, bytes }))
        }
        _ => None,
    }
}

/// The next value. A number before `0 R` is a reference.
fn value(lexer: &mut Lexer<'_>, depth: usize) -> Option<Object> {
    let depth = depth.checked_sub(1)?;
    Some(match lexer.next()? {
        Token::Number(text) => {
            let mut ahead = lexer.clone();
            let is_reference = number(&mut ahead, "0").is_some() && word(&mut ahead, "R").is_some();
            match text.parse() {
                Ok(number) if is_reference => {
                    *lexer = ahead;
                    Object::Reference(number)
                }
                _ => Object::Number(text),
            }
        }
        Token::Name(name) => Object::Name(name),
        Token::Bytes(bytes) => Object::Bytes(bytes),
        Token::Word(word) if word == "true" => Object::Bool(true),
        Token::Word(word) if word == "false" => Object::Bool(false),
        Token::ArrayBegin => {
            let mut items = Vec::new();
            loop {
                let mut ahead = lexer.clone();
                if ahead.next()? == Token::ArrayEnd {
                    *lexer = ahead;
                    break Object::Array(items);
                }
                items.push(value(lexer, depth)?);
            }
        }
        Token::DictBegin => {
            let mut dict = Dict::default();
            loop {
                match lexer.next()? {
                    Token::DictEnd => break Object::Dict(dict),
                    Token::Name(key) if dict.get(&key).is_none() => {
                        let value = value(lexer, depth)?;
                        dict.0.push((key, value));
                    }
                    _ => return None,
                }
            }
        }
        _ => return None,
    })
}

impl Object {
    /// The next value that a lexer has.
    pub(crate) fn read(lexer: &mut Lexer<'_>) -> Option<Self> {
        value(lexer, DEPTH)
    }
}
