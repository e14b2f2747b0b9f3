//! Making: from a record to a PDF that is ready to be signed.

use chrono::{DateTime, Utc};

use crate::content::lay_out_record;
use crate::draw::{Means, draw};
use crate::error::PaperError;
use crate::fonts::Fonts;
use crate::layout::{Pictures, Qr};
use crate::pdf::{Dict, File, Object, Stream};
use crate::record::Record;
use crate::seal::Seal;
use crate::words::Form;

/// What a paper has beside what its record says.
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// The picture of the organ's seal.
    pub seal: Option<Seal>,
    /// A QR code.
    pub qr: Option<Qr>,
}

/// A PDF with its record, not signed.
#[derive(Clone, Debug)]
pub struct Printed {
    pub(crate) file: File,
    pub(crate) issuer: String,
    pub(crate) issued_at: i64,
    pages: usize,
}

/// Prints a record: the text of a certificate as it was issued. The same record, fonts and look
/// give the same bytes.
///
/// The record itself is not verified here: print what was verified.
pub fn print(record: &str, fonts: &Fonts, look: &Look) -> Result<Printed, PaperError> {
    let read = Record::read(record)?;
    let pictures = Pictures { has_seal: look.seal.is_some(), qr: look.qr.clone() };
    let pages = lay_out_record(&read, Form::Pdf, &pictures, fonts)?;
    let means = Means { fonts, seal: look.seal.as_ref().map(|seal| &seal.0) };
    let drawn = draw(&pages, &read, &means)?;
    let unread = || PaperError::Pdf("its objects cannot be read again".to_owned());
    let mut file = File::read(&drawn).ok_or_else(unread)?;
    enclose(&mut file, record, read.issued_at).ok_or_else(unread)?;
    let (issuer, issued_at) = (read.issuer, read.issued_at);
    Ok(Printed { file, issuer, issued_at, pages: pages.len() })
}

impl Printed {
    /// The PDF without a signature: for looking at, and for nothing else.
    pub fn unsigned(&self) -> Vec<u8> {
        self.file.write().0
    }

    /// How many pages it has.
    pub fn pages(&self) -> usize {
        self.pages
    }
}

/// Puts the record where applications keep data of their own (ISO 32000-1, 14.5): as it is, not
/// packed.
fn enclose(file: &mut File, record: &str, issued_at: i64) -> Option<()> {
    let bytes = record.as_bytes().to_vec();
    let dict = Dict::of(vec![("Type", Object::name("ZerotripRecord"))]);
    let number = file.push(Object::Stream(Stream { dict, bytes }));
    let data = Dict::of(vec![
        ("LastModified", Object::Bytes(date(issued_at)?.into_bytes())),
        ("Private", Object::Reference(number)),
    ]);
    let info = Dict::of(vec![("Zerotrip", Object::Dict(data))]);
    catalogue(file)?.set("PieceInfo", Object::Dict(info));
    Some(())
}

pub(crate) fn catalogue(file: &mut File) -> Option<&mut Dict> {
    let root = file.trailer.get("Root")?.reference()?;
    match file.object_mut(root)? {
        Object::Dict(dict) => Some(dict),
        _ => None,
    }
}

/// A date as PDF writes it (ISO 32000-1, 7.9.4).
pub(crate) fn date(seconds: i64) -> Option<String> {
    let time = DateTime::<Utc>::from_timestamp(seconds, 0)?;
    let text = time.format("D:%Y%m%d%H%M%SZ").to_string();
    (text.len() == "D:20261130120000Z".len()).then_some(text)
}
