//! The package: every file of an OFD but those that its signature brings. All of them follow from
//! the record, the fonts and the QR code.

use std::collections::BTreeSet;

use zerotrip_paper::layout::{Mark, Metrics, Page, Pictures, Qr};
use zerotrip_paper::{Fonts, Form, PaperError, Record, lay_out_record, title_of};

use crate::content::{Boundary, Numbers, PAPER, write};
use crate::error::OfdError;
use crate::fonts::EmbeddedFonts;
use crate::values::day;
use crate::xml::{HEAD, NAMESPACE, escaped};
use crate::zip::Entry;

/// Where the record is.
pub(crate) const RECORD: &str = "Doc_0/Attachs/record.sdjwt";
/// Where the issuer's statement is.
pub(crate) const STATEMENT: &str = "Doc_0/Attachs/issuer.jwt";

/// All files but the signature's.
#[derive(Clone, Debug)]
pub(crate) struct Package {
    pub(crate) entries: Vec<Entry>,
    pub(crate) pages: usize,
    /// The page with the seal, and where on it.
    pub(crate) seal: (u32, Boundary),
}

/// Fonts for a record: what its pages show, and no more.
pub(crate) fn fonts_for(
    record: &Record,
    fonts: &Fonts,
    pictures: &Pictures,
) -> Result<EmbeddedFonts, OfdError> {
    let pages = lay_out(record, pictures, fonts)?;
    EmbeddedFonts::subset(fonts, &characters(&pages))
}

/// Lays a record out and draws it.
pub(crate) fn draw(
    text: &str,
    record: &Record,
    fonts: &EmbeddedFonts,
    pictures: &Pictures,
) -> Result<Package, PaperError> {
    let pages = lay_out(record, pictures, fonts)?;
    if let Some(c) = fonts.characters().difference(&characters(&pages)).next() {
        return Err(PaperError::NoGlyph((*c).into(), *c));
    }
    let first_page = fonts.all().len() + 1;
    let mut numbers = Numbers::after(number(first_page + pages.len() - 1));
    let mut written = Vec::new();
    let mut seals = Vec::new();
    for (place, page) in pages.iter().enumerate() {
        let (content, on_page) = write(page, &mut numbers, fonts)?;
        written.push(Entry::new(content_of(place), content));
        seals.extend(on_page.into_iter().map(|boundary| (number(first_page + place), boundary)));
    }
    let [seal] = seals.as_slice() else { return Err(PaperError::Seal("has no place")) };
    let mut entries = vec![
        Entry::new("OFD.xml", ofd(record)?),
        Entry::new("Doc_0/Document.xml", document(first_page, pages.len(), numbers.last())),
        Entry::new("Doc_0/PublicRes.xml", resources(fonts)),
    ];
    for (place, font) in fonts.all().iter().enumerate() {
        let name = format!("Doc_0/Res/{}", font_file(place, font.outlines.ending()));
        entries.push(Entry::new(name, font.bytes.clone()));
    }
    entries.extend(written);
    entries.push(Entry::new("Doc_0/Attachs/Attachments.xml", attachments()));
    entries.push(Entry::new(RECORD, text));
    Ok(Package { entries, pages: pages.len(), seal: seal.clone() })
}

fn lay_out(
    record: &Record,
    pictures: &Pictures,
    metrics: &dyn Metrics,
) -> Result<Vec<Page>, PaperError> {
    lay_out_record(record, Form::Ofd, pictures, metrics)
}

fn characters(pages: &[Page]) -> BTreeSet<char> {
    let marks = pages.iter().flat_map(|page| &page.items).flat_map(|item| &item.marks);
    let text = |mark: &Mark| match mark {
        Mark::Text(line) => Some(line.text.clone()),
        _ => None,
    };
    marks.filter_map(text).flat_map(|text| text.chars().collect::<Vec<_>>()).collect()
}

/// The name of a page's content.
pub(crate) fn content_of(place: usize) -> String {
    format!("Doc_0/Pages/Page_{place}/Content.xml")
}

fn font_file(place: usize, ending: &str) -> String {
    format!("Font_{place}.{ending}")
}

/// Within the bounds of pages, fonts and marks, which are far below.
fn number(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn ofd(record: &Record) -> Result<String, PaperError> {
    let id = record.digest.get(..32).ok_or(PaperError::NotARecord)?;
    let day = day(record.issued_at).ok_or(PaperError::Claim("iat"))?;
    let title = escaped(&title_of(record));
    Ok(format!(
        "{HEAD}<ofd:OFD {NAMESPACE} Version=\"1.0\" DocType=\"OFD\"><ofd:DocBody><ofd:DocInfo>\
         <ofd:DocID>{id}</ofd:DocID><ofd:Title>{title}</ofd:Title><ofd:CreationDate>{day}\
         </ofd:CreationDate><ofd:Creator>Zerotrip</ofd:Creator></ofd:DocInfo><ofd:DocRoot>\
         Doc_0/Document.xml</ofd:DocRoot><ofd:Signatures>Doc_0/Signs/Signatures.xml\
         </ofd:Signatures></ofd:DocBody></ofd:OFD>\n"
    ))
}

fn document(first_page: usize, pages: usize, last: u32) -> String {
    let page = |place: usize| {
        let number = first_page + place;
        format!("<ofd:Page ID=\"{number}\" BaseLoc=\"Pages/Page_{place}/Content.xml\"/>")
    };
    let pages: String = (0..pages).map(page).collect();
    format!(
        "{HEAD}<ofd:Document {NAMESPACE}><ofd:CommonData><ofd:MaxUnitID>{last}</ofd:MaxUnitID>\
         <ofd:PageArea><ofd:PhysicalBox>{PAPER}</ofd:PhysicalBox></ofd:PageArea><ofd:PublicRes>\
         PublicRes.xml</ofd:PublicRes></ofd:CommonData><ofd:Pages>{pages}</ofd:Pages>\
         <ofd:Attachments>Attachs/Attachments.xml</ofd:Attachments></ofd:Document>\n"
    )
}

fn resources(fonts: &EmbeddedFonts) -> String {
    let mut list = String::new();
    for (place, font) in fonts.all().iter().enumerate() {
        let (number, file) = (place + 1, font_file(place, font.outlines.ending()));
        list.push_str(&format!(
            "<ofd:Font ID=\"{number}\" FontName=\"Zerotrip{number}\" \
             FamilyName=\"Zerotrip{number}\"><ofd:FontFile>{file}</ofd:FontFile></ofd:Font>"
        ));
    }
    format!("{HEAD}<ofd:Res {NAMESPACE} BaseLoc=\"Res\"><ofd:Fonts>{list}</ofd:Fonts></ofd:Res>\n")
}

fn attachments() -> String {
    let one = |id: &str, name: &str, format: &str, file: &str| {
        format!(
            "<ofd:Attachment ID=\"{id}\" Name=\"{name}\" Format=\"{format}\"><ofd:FileLoc>{file}\
             </ofd:FileLoc></ofd:Attachment>"
        )
    };
    format!(
        "{HEAD}<ofd:Attachments {NAMESPACE}>{}{}</ofd:Attachments>\n",
        one("a1", "record", "sdjwt", "record.sdjwt"),
        one("a2", "issuer", "jwt", "issuer.jwt")
    )
}

/// The QR code of a package, where it has one.
pub(crate) fn pictures(qr: Option<Qr>) -> Pictures {
    // The picture of the seal is a part of the electronic seal: there always is one.
    Pictures { has_seal: true, qr }
}
