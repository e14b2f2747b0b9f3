//! What a viewer or a screen reader takes from a paper beside its pages.

use super::error::NotGenuine;
use super::kinds::Kinds;
use super::shape::Kind;
use super::unpack::Budget;
use crate::content::title_of;
use crate::pdf::{File, Object};
use crate::record::Record;
use crate::words;

/// The document's title is the record's, descriptions are those of the two pictures, the language
/// is Chinese, and the metadata say PDF/A-2u.
pub(super) fn check(file: &File, kinds: &Kinds<'_>, record: &Record) -> Result<(), NotGenuine> {
    let info = kinds.only(Kind::Info).and_then(|number| file.object(number)?.as_dict());
    let title = info.and_then(|info| info.get("Title")?.as_bytes());
    if title.and_then(text) != Some(title_of(record)) {
        return Err(NotGenuine::Metadata("Title"));
    }
    let catalogue = kinds.only(Kind::Catalogue).and_then(|number| file.object(number)?.as_dict());
    let language = catalogue.and_then(|catalogue| catalogue.get("Lang")?.as_bytes());
    if language != Some(b"zh-CN") {
        return Err(NotGenuine::Metadata("Lang"));
    }
    for number in kinds.all(Kind::Element) {
        let alt = file.object(number).and_then(|element| element.as_dict()?.get("Alt"));
        let Some(alt) = alt else { continue };
        let known = [words::SEAL_ALT, words::QR_ALT];
        if !alt.as_bytes().and_then(text).is_some_and(|text| known.contains(&text.as_str())) {
            return Err(NotGenuine::Metadata("Alt"));
        }
    }
    let xmp = kinds.only(Kind::Metadata).and_then(|number| file.object(number));
    let Some(Object::Stream(xmp)) = xmp else { return Err(NotGenuine::Metadata("XMP")) };
    let xmp = Budget::new().unpack(xmp).and_then(|bytes| String::from_utf8(bytes).ok());
    let says = |text: &str| xmp.as_ref().is_some_and(|xmp| xmp.matches(text).count() == 1);
    let is_a2u =
        says("<pdfaid:part>2</pdfaid:part>") && says("<pdfaid:conformance>U</pdfaid:conformance>");
    if is_a2u { Ok(()) } else { Err(NotGenuine::Metadata("XMP")) }
}

/// A text string (ISO 32000-1, 7.9.2.2): ASCII, or UTF-16 with a mark.
fn text(bytes: &[u8]) -> Option<String> {
    match bytes {
        [0xfe, 0xff, rest @ ..] => {
            let units = rest.chunks(2).map(|pair| Some(u16::from_be_bytes(pair.try_into().ok()?)));
            String::from_utf16(&units.collect::<Option<Vec<_>>>()?).ok()
        }
        _ if bytes.is_ascii() => String::from_utf8(bytes.to_vec()).ok(),
        _ => None,
    }
}
