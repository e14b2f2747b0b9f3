//! Verifying: from the bytes of a PDF to the record inside it. It makes no call and knows no font.
//!
//! 1. The file is one revision, exactly as this crate writes one of its objects.
//! 2. Its objects are of the kinds that a paper has, with the keys that those have.
//! 3. One signature covers all of it but itself, made by the issuer of the record, whose
//!    certificate the authority's root signed.
//! 4. The pages show what the record gives: the record is laid out again with the widths that the
//!    fonts inside state, and each mark is compared.
//!
//! Whether the record itself counts is for `zerotrip_certificates`, which gets it from here.

mod compare;
mod error;
mod fonts;
mod kinds;
mod marks;
mod metadata;
mod shape;
mod unpack;

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use zerotrip_trust::digest::sha256;
use zerotrip_trust::keys::PublicKey;
use zerotrip_trust::x509::{CertificateDer, check_issued_by, sealing_key_of, validity_of};

pub use error::NotGenuine;

use crate::bounds::{MARKS, PAGES, PDF_BYTES};
use crate::cms::Cms;
use crate::content::lay_out_record;
use crate::der::{Reader, SEQUENCE};
use crate::error::PaperError;
use crate::layout::{Pictures, Qr, qr_of};
use crate::pdf::{File, Object};
use crate::record::Record;
use crate::sign::{FIELD, digest_around, gap};
use crate::timestamp;
use crate::words::Form;
use fonts::{PdfFont, Stated};
use kinds::Kinds;
use marks::{Names, Seen};
use shape::Kind;
use unpack::Budget;

/// SHA-256 of the two colour profiles that papers have: sGrey and sRGB, as krilla embeds them.
const PROFILES: [&str; 2] = [
    "00c0f94e09127520a17dc0e1d9264b5702081d96dbdb1549ee88e3631ce42a9d",
    "c56e1685d888f5edb92fe07f2750f387f8fe8e91b32ff8fb0b56bfbbb9458353",
];
/// How far the clocks of signer and verifier may differ.
const CLOCK_SKEW: Duration = Duration::from_secs(300);

/// Whether these bytes say that they are a PDF.
pub fn is_pdf(bytes: &[u8]) -> bool {
    bytes.starts_with(b"%PDF-")
}

/// A PDF that is what its record gives, signed by its issuer. **The record is not verified yet.**
#[derive(Clone, Debug)]
pub struct VerifiedPaper {
    /// The text of the certificate inside, byte for byte.
    pub record: String,
    /// The system that signed, which is the one that the record names as its issuer.
    pub signer: String,
    /// With which key. Whether it was in force is for a key directory to say.
    pub key: PublicKey,
    /// When, by the signer's word.
    pub signed_at: SystemTime,
    /// When, by the word of a time-stamping authority, whose signature is not verified here.
    pub stamped_at: Option<SystemTime>,
    /// How many pages it has.
    pub pages: usize,
    /// Whether it shows a picture of a seal. A picture proves nothing.
    pub has_seal: bool,
    /// The QR code that it shows. What it says is for the caller to compare.
    pub qr: Option<Qr>,
}

/// Verifies a PDF at `now`: all but the record inside it.
pub fn verify_pdf(
    bytes: &[u8],
    root: &CertificateDer<'_>,
    now: SystemTime,
) -> Result<VerifiedPaper, NotGenuine> {
    if !is_pdf(bytes) {
        return Err(NotGenuine::NotAPdf);
    }
    if bytes.len() > PDF_BYTES {
        return Err(NotGenuine::TooLarge);
    }
    let (file, offsets) = File::read_own(bytes).ok_or(NotGenuine::OtherForm)?;
    let catalogue = file.trailer.get("Root").and_then(|root| file.resolve(root)?.as_dict());
    if catalogue.is_none_or(|catalogue| catalogue.get("AcroForm").is_none()) {
        return Err(NotGenuine::NotSigned);
    }
    let kinds = Kinds::of(&file)?;
    let (cms, time) = signature(bytes, &file, &kinds, &offsets)?;
    let text = record(&file, &kinds).ok_or(NotGenuine::Record(PaperError::NotARecord))?;
    let read = Record::read(&text).map_err(NotGenuine::Record)?;
    let (signer, key) = signer(&cms, root)?;
    if signer != read.issuer {
        return Err(NotGenuine::OtherSigner { signer, issuer: read.issuer });
    }
    let signed_at = held_at(&cms.certificate, time, &read, now)?;
    let stamped_at = cms.stamp.as_deref().map(|token| timestamp::time_of(token, &cms.signature));
    let stamped_at = stamped_at.transpose().map_err(NotGenuine::Stamp)?;
    metadata::check(&file, &kinds, &read)?;
    let pictures = shows(&file, &kinds, &read)?;
    let pages = kinds.all(Kind::Page).len();
    let Pictures { has_seal, qr } = pictures;
    Ok(VerifiedPaper { record: text, signer, key, signed_at, stamped_at, pages, has_seal, qr })
}

/// The signature and when it says it was made, once it covers the whole file, and the digest is
/// the file's.
fn signature(
    bytes: &[u8],
    file: &File,
    kinds: &Kinds<'_>,
    offsets: &[usize],
) -> Result<(Cms, SystemTime), NotGenuine> {
    let field = kinds.only(Kind::Field).and_then(|number| file.object(number)?.as_dict());
    let (Some(field), Some(number)) = (field, kinds.only(Kind::Signature)) else {
        return Err(NotGenuine::NotSigned);
    };
    let is_ours = field.get("T").and_then(Object::as_bytes) == Some(FIELD)
        && field.get("F").and_then(Object::count) == Some(132)
        && field.get("Rect") == Some(&Object::Array(vec![Object::integer(0); 4]));
    // The last object: the first gap in the file is then its own.
    if !is_ours || number != file.objects.len() {
        return Err(NotGenuine::Object { object: number, key: "Seal".to_owned() });
    }
    let dict = file.object(number).and_then(Object::as_dict).ok_or(NotGenuine::NotSigned)?;
    let contents = dict.get("Contents").and_then(Object::as_bytes).ok_or(NotGenuine::Cms)?;
    let offset = offsets.last().ok_or(NotGenuine::Range)?;
    let (begin, end) = gap(bytes, *offset, contents.len()).ok_or(NotGenuine::Range)?;
    let range = [0, begin, end, bytes.len() - end].map(Object::integer).to_vec();
    if dict.get("ByteRange") != Some(&Object::Array(range)) {
        return Err(NotGenuine::Range);
    }
    let der = Reader::new(contents).whole(SEQUENCE).ok_or(NotGenuine::Cms)?;
    if contents.iter().skip(der.len()).any(|byte| *byte != 0) {
        return Err(NotGenuine::Cms);
    }
    let cms = Cms::read(der).ok_or(NotGenuine::Cms)?;
    if digest_around(bytes, begin, end) != Some(cms.digest) {
        return Err(NotGenuine::Changed);
    }
    let time = dict.get("M").and_then(Object::as_bytes).and_then(time).ok_or(NotGenuine::Time)?;
    Ok((cms, time))
}

/// `D:YYYYMMDDhhmmssZ`.
fn time(text: &[u8]) -> Option<SystemTime> {
    let text = std::str::from_utf8(text).ok()?;
    let time = chrono::NaiveDateTime::parse_from_str(text, "D:%Y%m%d%H%M%SZ").ok()?;
    let seconds = time.and_utc().timestamp();
    (crate::print::date(seconds)? == text).then_some(())?;
    UNIX_EPOCH.checked_add(Duration::from_secs(u64::try_from(seconds).ok()?))
}

/// Who signed, once the root vouches for the key and the signature is the key's.
fn signer(cms: &Cms, root: &CertificateDer<'_>) -> Result<(String, PublicKey), NotGenuine> {
    let refuse = |error: &dyn std::fmt::Display| NotGenuine::Certificate(error.to_string());
    check_issued_by(&cms.certificate, root).map_err(|error| refuse(&error))?;
    let (holder, key) = sealing_key_of(&cms.certificate).map_err(|error| refuse(&error))?;
    if !cms.verify(&key) {
        return Err(NotGenuine::Signature);
    }
    Ok((holder.uri(), key))
}

/// When it was signed, once the signer's certificate held then.
fn held_at(
    certificate: &CertificateDer<'_>,
    at: SystemTime,
    record: &Record,
    now: SystemTime,
) -> Result<SystemTime, NotGenuine> {
    let (begins, ends) =
        validity_of(certificate).map_err(|error| NotGenuine::Certificate(error.to_string()))?;
    let issued = u64::try_from(record.issued_at).map_err(|_| NotGenuine::Time)?;
    if at < UNIX_EPOCH + Duration::from_secs(issued) || at > now + CLOCK_SKEW {
        return Err(NotGenuine::Time);
    }
    if at < begins || at > ends { Err(NotGenuine::NotValidThen) } else { Ok(at) }
}

fn record(file: &File, kinds: &Kinds<'_>) -> Option<String> {
    let Object::Stream(stream) = file.object(kinds.only(Kind::Record)?)? else { return None };
    String::from_utf8(stream.bytes.clone()).ok()
}

/// What pictures the pages show, once everything else on them is what the record gives.
fn shows(file: &File, kinds: &Kinds<'_>, read: &Record) -> Result<Pictures, NotGenuine> {
    let mut budget = Budget::new();
    let mut fonts = BTreeMap::new();
    for number in kinds.all(Kind::Font) {
        fonts.insert(number, PdfFont::read(file, number, &mut budget)?);
    }
    unpack_all(file, kinds, &mut budget)?;
    let seen = pages(file, kinds, &fonts, &mut budget)?;
    let mut stated = Stated::default();
    for mark in seen.iter().flatten() {
        if let Seen::Glyph { c, width, .. } = mark {
            let number = fonts.keys().next().copied().unwrap_or(0);
            stated.add(*c, *width).ok_or(NotGenuine::Font(number))?;
        }
    }
    let pictures = pictures(&seen)?;
    let laid_out = lay_out_record(read, Form::Pdf, &pictures, &stated);
    let laid_out = match (laid_out, stated.missing()) {
        (_, Some(c)) => {
            return Err(NotGenuine::OtherText {
                page: 1,
                found: String::new(),
                expected: c.into(),
            });
        }
        (laid_out, None) => laid_out.map_err(NotGenuine::Record)?,
    };
    compare::compare(&seen, &laid_out, &stated)?;
    Ok(pictures)
}

/// Streams that are only shown by a viewer can be unpacked within the same bounds.
fn unpack_all(file: &File, kinds: &Kinds<'_>, budget: &mut Budget) -> Result<(), NotGenuine> {
    for kind in [Kind::FontProgram, Kind::CidSet, Kind::Profile, Kind::Image, Kind::Mask] {
        for number in kinds.all(kind) {
            let Some(Object::Stream(stream)) = file.object(number) else { continue };
            let unpacked = budget.unpack(stream).ok_or(NotGenuine::Stream(number))?;
            // A profile of another make could turn black into white.
            if kind == Kind::Profile && !PROFILES.contains(&hex::encode(sha256(&unpacked)).as_str())
            {
                return Err(NotGenuine::Object { object: number, key: "ICCBased".to_owned() });
            }
        }
    }
    Ok(())
}

/// A QR code is all that is black and no text.
fn pictures(seen: &[Vec<Seen>]) -> Result<Pictures, NotGenuine> {
    let mut pictures = Pictures::default();
    for (place, page) in seen.iter().enumerate() {
        pictures.has_seal |= page.iter().any(|mark| matches!(mark, Seen::Seal(..)));
        let black = |mark: &Seen| match mark {
            Seen::Rect(x, y, w, h, 0) => Some((*x, *y, *w, *h)),
            _ => None,
        };
        let rects: Vec<_> = page.iter().filter_map(black).collect();
        if !rects.is_empty() {
            pictures.qr = Some(qr_of(&rects).ok_or(NotGenuine::OtherMarks(place + 1))?);
        }
    }
    Ok(pictures)
}

fn pages(
    file: &File,
    kinds: &Kinds<'_>,
    fonts: &BTreeMap<usize, PdfFont>,
    budget: &mut Budget,
) -> Result<Vec<Vec<Seen>>, NotGenuine> {
    let tree = kinds.only(Kind::Pages).ok_or(NotGenuine::OtherForm)?;
    let list = file.object(tree).and_then(|tree| tree.as_dict()?.get("Kids")?.as_array());
    let list = list.unwrap_or_default();
    if list.len() > PAGES || list.len() != kinds.all(Kind::Page).len() {
        return Err(NotGenuine::Object { object: tree, key: "Kids".to_owned() });
    }
    let count = file.object(tree).and_then(|tree| tree.as_dict()?.get("Count")?.count());
    if count != Some(list.len()) {
        return Err(NotGenuine::Object { object: tree, key: "Count".to_owned() });
    }
    let (mut seen, mut left) = (Vec::new(), MARKS);
    for (place, page) in list.iter().enumerate() {
        let number = page.reference().unwrap_or(0);
        let refuse = |key: &str| NotGenuine::Object { object: number, key: key.to_owned() };
        let page = file.object(number).and_then(Object::as_dict).ok_or_else(|| refuse("Page"))?;
        let size: Vec<_> = [0, 0, 595, 842].map(Object::integer).to_vec();
        if page.get("MediaBox") != Some(&Object::Array(size)) {
            return Err(refuse("MediaBox"));
        }
        let names = page.get("Resources").and_then(|it| names(file, file.resolve(it)?, fonts));
        let names = names.ok_or_else(|| refuse("Resources"))?;
        let stream = page.get("Contents").and_then(|it| file.resolve(it));
        let Some(Object::Stream(stream)) = stream else { return Err(refuse("Contents")) };
        let content = budget.unpack(stream).ok_or(NotGenuine::Stream(number))?;
        let marks = marks::read(&content, &names, place + 1, left)?;
        left -= marks.len();
        seen.push(marks);
    }
    Ok(seen)
}

/// What the names in a page's content mean.
fn names<'a>(
    file: &'a File,
    resources: &'a Object,
    fonts: &'a BTreeMap<usize, PdfFont>,
) -> Option<Names<'a>> {
    let resources = resources.as_dict()?;
    let members =
        |key: &str| resources.get(key).and_then(Object::as_dict).map(|it| it.0.as_slice());
    let mut names = Names { fonts: HashMap::new(), greys: Vec::new(), images: Vec::new() };
    for (name, value) in members("Font").unwrap_or_default() {
        names.fonts.insert(name.clone(), fonts.get(&value.reference()?)?);
    }
    for (name, value) in members("ColorSpace").unwrap_or_default() {
        let profile = file.resolve(value)?.as_array()?.get(1)?;
        if file.resolve(profile)?.as_dict()?.get("N")?.count()? == 1 {
            names.greys.push(name.clone());
        }
    }
    for (name, _) in members("XObject").unwrap_or_default() {
        names.images.push(name.clone());
    }
    Some(names)
}
