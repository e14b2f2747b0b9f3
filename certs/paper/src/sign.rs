//! Signing: a PAdES signature over the one revision of a PDF (ETSI EN 319 142-1).

use std::time::{SystemTime, UNIX_EPOCH};

use zerotrip_trust::digest::{Digest, Hasher};
use zerotrip_trust::keys::SigningKey;
use zerotrip_trust::x509::{CertificateDer, sealing_key_of};

use crate::bounds::{PDF_BYTES, SIGNATURE_BYTES, STAMPED_BYTES};
use crate::cms::Cms;
use crate::error::PaperError;
use crate::pdf::{Dict, File, Object};
use crate::print::{Printed, catalogue, date};
use crate::timestamp::{self, StampError};

/// How the one signature field is called.
pub(crate) const FIELD: &[u8] = b"Seal";

/// Whether a time stamp will be asked for: the gap must be large enough before anything is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stamp {
    /// No.
    None,
    /// Yes; one that does not come leaves a signature without.
    Wanted,
}

/// A signed PDF.
#[derive(Clone, Debug)]
pub struct SignedPaper {
    bytes: Vec<u8>,
    /// Where the hexadecimal digits of the signature are.
    gap: (usize, usize),
    cms: Cms,
}

impl Printed {
    /// Signs with the sealing key of the system that issued the certificate, whose certificate the
    /// authority's root signed. `at` is what the signature says of when.
    pub fn sign(
        &self,
        key: &SigningKey,
        certificate: &CertificateDer<'_>,
        at: SystemTime,
        stamp: Stamp,
    ) -> Result<SignedPaper, PaperError> {
        let refuse = |error: &dyn std::fmt::Display| PaperError::Certificate(error.to_string());
        let (holder, certified) = sealing_key_of(certificate).map_err(|error| refuse(&error))?;
        if certified != *key.public() {
            return Err(refuse(&"it is over another key"));
        }
        if holder.uri() != self.issuer {
            let (issuer, holder) = (self.issuer.clone(), holder.uri());
            return Err(PaperError::OtherIssuer { issuer, holder });
        }
        let seconds = at.duration_since(UNIX_EPOCH).map_err(|_| PaperError::BadTime)?.as_secs();
        let seconds = i64::try_from(seconds).map_err(|_| PaperError::BadTime)?;
        if seconds < self.issued_at {
            return Err(PaperError::BadTime);
        }
        let time = date(seconds).ok_or(PaperError::BadTime)?;
        let room = if stamp == Stamp::None { SIGNATURE_BYTES } else { STAMPED_BYTES };
        let mut file = self.file.clone();
        let made = with_signature(&mut file, &time, room);
        let (bytes, (begin, end)) = made.ok_or(PaperError::NoRoom)?;
        if bytes.len() > PDF_BYTES {
            return Err(PaperError::TooMany("bytes of the PDF", PDF_BYTES));
        }
        let digest = digest_around(&bytes, begin, end).ok_or(PaperError::NoRoom)?;
        let cms = Cms::sign(digest, key, certificate)?;
        let mut signed = SignedPaper { bytes, gap: (begin + 1, end - 1), cms };
        signed.fill()?;
        Ok(signed)
    }
}

impl SignedPaper {
    /// What to send to a time-stamping authority (`application/timestamp-query`).
    pub fn time_stamp_request(&self) -> Vec<u8> {
        timestamp::request(&self.cms.signature)
    }

    /// Adds the token of its response (`application/timestamp-reply`).
    pub fn add_time_stamp(&mut self, response: &[u8]) -> Result<(), PaperError> {
        let token = timestamp::token(response, &self.cms.signature)?;
        let before = self.clone();
        self.cms.stamp = Some(token);
        if self.fill().is_err() {
            *self = before;
            return Err(StampError::NoRoom.into());
        }
        Ok(())
    }

    /// The PDF.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    fn fill(&mut self) -> Result<(), PaperError> {
        let der = self.cms.write().ok_or(PaperError::NoRoom)?;
        let digits = hex::encode(der);
        let (begin, end) = self.gap;
        let gap = self.bytes.get_mut(begin..end).ok_or(PaperError::NoRoom)?;
        let (used, rest) = gap.split_at_mut_checked(digits.len()).ok_or(PaperError::NoRoom)?;
        used.copy_from_slice(digits.as_bytes());
        rest.fill(b'0');
        Ok(())
    }
}

/// SHA-256 of all but the gap, which is the string with its `<` and `>`.
pub(crate) fn digest_around(bytes: &[u8], begin: usize, end: usize) -> Option<Digest> {
    let mut hasher = Hasher::new();
    hasher.update(bytes.get(..begin)?);
    hasher.update(bytes.get(end..)?);
    Some(hasher.finish())
}

/// Adds the field and its signature, which is the last object; says where the gap is.
fn with_signature(file: &mut File, time: &str, room: usize) -> Option<(Vec<u8>, (usize, usize))> {
    let field = file.objects.len() + 1;
    let pages = catalogue(file)?.get("Pages")?.reference()?;
    let pages = file.object(pages)?.as_dict()?;
    let first = pages.get("Kids")?.as_array()?.first()?.reference()?;
    let Object::Dict(page) = file.object_mut(first)? else { return None };
    page.set("Annots", Object::Array(vec![Object::Reference(field)]));
    catalogue(file)?.set(
        "AcroForm",
        Object::Dict(Dict::of(vec![
            ("Fields", Object::Array(vec![Object::Reference(field)])),
            ("SigFlags", Object::integer(3)),
        ])),
    );
    file.push(Object::Dict(Dict::of(vec![
        ("Type", Object::name("Annot")),
        ("Subtype", Object::name("Widget")),
        ("FT", Object::name("Sig")),
        ("T", Object::Bytes(FIELD.to_vec())),
        // Printed, and locked (ISO 32000-1, 12.5.3).
        ("F", Object::integer(132)),
        ("Rect", Object::Array(vec![Object::integer(0); 4])),
        ("P", Object::Reference(first)),
        ("V", Object::Reference(field + 1)),
    ])));
    let mut signature = Dict::of(vec![
        ("Type", Object::name("Sig")),
        ("Filter", Object::name("Adobe.PPKLite")),
        ("SubFilter", Object::name("ETSI.CAdES.detached")),
        ("M", Object::Bytes(time.as_bytes().to_vec())),
        ("Contents", Object::Bytes(vec![0; room])),
        ("ByteRange", Object::Array(Vec::new())),
    ]);
    file.push(Object::Dict(signature.clone()));
    // The range is behind the gap, so only its last number depends on how it is written.
    for _ in 0..4 {
        let (bytes, offsets) = file.write();
        let (begin, end) = gap(&bytes, *offsets.last()?, room)?;
        let range = [0, begin, end, bytes.len() - end].map(Object::integer).to_vec();
        if signature.get("ByteRange") == Some(&Object::Array(range.clone())) {
            return Some((bytes, (begin, end)));
        }
        signature.set("ByteRange", Object::Array(range));
        *file.objects.last_mut()? = Object::Dict(signature.clone());
    }
    None
}

/// Where the signature's string of so many bytes begins and ends, `<` and `>` included, in the
/// object that begins at this offset.
pub(crate) fn gap(bytes: &[u8], object: usize, room: usize) -> Option<(usize, usize)> {
    const KEY: &[u8] = b"/Contents ";
    // Everything before it is short.
    let head = bytes.get(object..)?.get(..512)?;
    let at = head.windows(KEY.len()).position(|window| window == KEY)?;
    let begin = object + at + KEY.len();
    let end = begin + 2 * room + 2;
    (bytes.get(begin) == Some(&b'<') && bytes.get(end - 1) == Some(&b'>')).then_some((begin, end))
}
