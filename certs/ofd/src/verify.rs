//! Verifying: from the bytes of an OFD to the record inside it. It makes no call and knows no font.
//!
//! 1. The container is exactly as this crate writes one of its entries.
//! 2. The record gives every other file: they are drawn again, with the fonts that are inside, and
//!    compared byte by byte. Only the fonts, the seal, the issuer's statement and the signature do
//!    not follow from the record.
//! 3. The issuer of the record states, by its key in the hub's directory, which SM2 certificate
//!    signs these files.
//! 4. The seal is by a maker that the caller trusts, it names that certificate, and an authority
//!    that the caller trusts issued it.
//! 5. The signature is of a description of exactly the files of the package.
//!
//! Whether the record itself counts is for `zerotrip_certificates`, which gets it from here.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use zerotrip_paper::layout::Qr;
use zerotrip_paper::{PaperError, Record};
use zerotrip_trust::keys::PublicKey;
use zerotrip_trust::x509::{CertificateDer, check_issued_by, sealing_key_of, validity_of};

use crate::bounds::{OFD_BYTES, TRUSTED};
use crate::content::{qr, shown};
use crate::error::NotGenuine;
use crate::fonts::EmbeddedFonts;
use crate::package::{Package, RECORD, STATEMENT, content_of, draw, pictures};
use crate::seal::Seal;
use crate::sealed::Sealed;
use crate::signatures::{DESCRIPTION, LIST, SEAL, VALUE, description, list};
use crate::sm2::{Sm3Digest, sm3};
use crate::statement::{SignedStatement, digest_of};
use crate::x509::Sm2Certificate;
use crate::zip::{self, Entry};

/// How far the clocks of signer and verifier may differ.
const CLOCK_SKEW: Duration = Duration::from_secs(300);
/// How much of a text that differs is shown.
const CONTEXT: usize = 24;

/// Whom a verifier trusts.
#[derive(Clone, Copy, Debug)]
pub struct Roots<'a> {
    /// The data authority's root, which certifies the keys of issuers.
    pub authority: &'a CertificateDer<'a>,
    /// The authorities that certify SM2 keys of signers: those whose key signs signers'
    /// certificates.
    pub signers: &'a [Sm2Certificate],
    /// The certificates of the seal makers.
    pub makers: &'a [Sm2Certificate],
}

/// An OFD that is what its record gives, under its issuer's seal. **The record is not verified
/// yet.**
#[derive(Clone, Debug)]
pub struct VerifiedOfd {
    /// The text of the certificate inside, byte for byte.
    pub record: String,
    /// The system that states whose seal it is: the one that the record names as its issuer.
    pub issuer: String,
    /// With which key it states that. Whether it was in force is for a key directory to say.
    pub key: PublicKey,
    /// The certificate of the SM2 key that signed.
    pub certificate: Sm2Certificate,
    /// The electronic seal.
    pub seal: Seal,
    /// When it was sealed, by the signer's and the issuer's word.
    pub sealed_at: SystemTime,
    /// How many pages it has.
    pub pages: usize,
    /// The QR code that it shows. What it says is for the caller to compare.
    pub qr: Option<Qr>,
}

/// Whether these bytes say that they are an OFD.
pub fn is_ofd(bytes: &[u8]) -> bool {
    zip::is_container(bytes)
}

/// Verifies an OFD at `now`: all but the record inside it.
pub fn verify_ofd(
    bytes: &[u8],
    roots: &Roots<'_>,
    now: SystemTime,
) -> Result<VerifiedOfd, NotGenuine> {
    if !is_ofd(bytes) {
        return Err(NotGenuine::NotAnOfd);
    }
    if bytes.len() > OFD_BYTES {
        return Err(NotGenuine::TooLarge);
    }
    let entries = zip::read(bytes).ok_or(NotGenuine::OtherForm)?;
    let text = text_of(&entries, RECORD).ok_or(NotGenuine::Record(PaperError::NotARecord))?;
    let record = Record::read(text).map_err(NotGenuine::Record)?;
    let (package, qr) = drawn_again(&entries, text, &record)?;
    let of_signature = signature_entries(&entries, &package)?;
    let sealed = signature(&entries, &package, &of_signature)?;
    check_seal(&sealed, roots)?;
    let of_package = digest_of(&package.entries);
    let (issuer, key) =
        check_statement(of_signature.statement, (&sealed, of_package), &record, roots)?;
    let sealed_at = time(sealed.at, &record, now)?;
    Ok(VerifiedOfd {
        record: text.to_owned(),
        issuer,
        key,
        certificate: sealed.certificate,
        seal: sealed.seal,
        sealed_at,
        pages: package.pages,
        qr,
    })
}

fn content<'a>(entries: &'a [Entry], name: &str) -> Option<&'a [u8]> {
    entries.iter().find(|entry| entry.name == name).map(|entry| entry.bytes.as_slice())
}

fn text_of<'a>(entries: &'a [Entry], name: &str) -> Option<&'a str> {
    std::str::from_utf8(content(entries, name)?).ok()
}

/// The package that the record gives with these fonts, once it is the one that is here.
fn drawn_again(
    entries: &[Entry],
    text: &str,
    record: &Record,
) -> Result<(Package, Option<Qr>), NotGenuine> {
    let is_font = |entry: &&Entry| entry.name.starts_with("Doc_0/Res/");
    let files = entries.iter().filter(is_font).map(|entry| entry.bytes.clone()).collect();
    let fonts = EmbeddedFonts::read(files).map_err(NotGenuine::Font)?;
    let is_page = |entry: &&Entry| entry.name.starts_with("Doc_0/Pages/");
    let pages = entries.iter().filter(is_page);
    let mut codes = pages.filter_map(|page| qr(std::str::from_utf8(&page.bytes).ok()?));
    let pictures = pictures(codes.next());
    let drawn = draw(text, record, &fonts, &pictures);
    let package = match drawn {
        Err(PaperError::NoGlyph(_, c)) => {
            // The pages need a character that the fonts lack, or the other way round.
            let (found, expected) = (String::new(), c.to_string());
            return Err(NotGenuine::OtherText { page: 1, found, expected });
        }
        drawn => drawn.map_err(NotGenuine::Record)?,
    };
    for (place, expected) in package.entries.iter().enumerate() {
        let found = entries.get(place).filter(|found| found.name == expected.name);
        let found = found.ok_or_else(|| other_files(entries, place, &expected.name))?;
        if found.bytes != expected.bytes {
            return Err(differs(found, expected, package.pages));
        }
    }
    Ok((package, pictures.qr))
}

fn other_files(entries: &[Entry], place: usize, expected: &str) -> NotGenuine {
    let found = entries.get(place).map_or(String::new(), |entry| entry.name.clone());
    NotGenuine::OtherFiles { found, expected: expected.to_owned() }
}

/// What is told of a file that is not what the record gives.
fn differs(found: &Entry, expected: &Entry, pages: usize) -> NotGenuine {
    let Some(page) = (0..pages).position(|page| content_of(page) == expected.name) else {
        return NotGenuine::OtherFile(expected.name.clone());
    };
    let [is, must] = [found, expected].map(|it| shown(&String::from_utf8_lossy(&it.bytes)));
    let same = is.chars().zip(must.chars()).take_while(|(one, other)| one == other).count();
    let [found, expected] =
        [is, must].map(|text| text.chars().skip(same).take(CONTEXT).collect::<String>());
    if found == expected {
        NotGenuine::OtherMarks(page + 1)
    } else {
        NotGenuine::OtherText { page: page + 1, found, expected }
    }
}

/// The files behind the package's.
struct SignatureEntries<'a> {
    statement: &'a [u8],
    seal: &'a [u8],
    description: &'a [u8],
    value: &'a [u8],
}

/// Exactly these files are behind the package's, in this order.
fn signature_entries<'a>(
    entries: &'a [Entry],
    package: &Package,
) -> Result<SignatureEntries<'a>, NotGenuine> {
    let first = package.entries.len();
    let names = [STATEMENT, LIST, SEAL, DESCRIPTION, VALUE];
    for (place, name) in names.iter().enumerate() {
        if entries.get(first + place).is_none_or(|entry| entry.name != *name) {
            return Err(other_files(entries, first + place, name));
        }
    }
    if entries.len() != first + names.len() {
        return Err(other_files(entries, first + names.len(), ""));
    }
    let bytes = |name| content(entries, name).unwrap_or_default();
    if bytes(LIST) != list().as_bytes() {
        return Err(NotGenuine::OtherFile(LIST.to_owned()));
    }
    Ok(SignatureEntries {
        statement: bytes(STATEMENT),
        seal: bytes(SEAL),
        description: bytes(DESCRIPTION),
        value: bytes(VALUE),
    })
}

/// The signature, once it is of exactly these files, by the key of its certificate.
fn signature(
    entries: &[Entry],
    package: &Package,
    found: &SignatureEntries<'_>,
) -> Result<Sealed, NotGenuine> {
    let sealed = Sealed::read(found.value).ok_or(NotGenuine::Value)?;
    let sealed = sealed.map_err(NotGenuine::Seal)?;
    if sealed.seal.der() != found.seal {
        return Err(NotGenuine::OtherSeal);
    }
    let signed = entries.get(..entries.len().saturating_sub(2)).unwrap_or_default();
    let described = description(signed, package, sealed.at);
    if described.as_deref().map(str::as_bytes) != Some(found.description) {
        return Err(NotGenuine::References);
    }
    if sealed.path != format!("/{DESCRIPTION}") {
        return Err(NotGenuine::Path(zerotrip_text::shown(&sealed.path)));
    }
    if sealed.digest != sm3(found.description) {
        return Err(NotGenuine::Changed);
    }
    if !sealed.verifies() {
        return Err(NotGenuine::Signature);
    }
    Ok(sealed)
}

/// The seal is by a maker who is trusted, and in the hands of one who may use it.
fn check_seal(sealed: &Sealed, roots: &Roots<'_>) -> Result<(), NotGenuine> {
    let Sealed { seal, certificate, at, .. } = sealed;
    if !roots.makers.iter().take(TRUSTED).any(|maker| maker == seal.maker()) {
        return Err(NotGenuine::Maker(seal.maker().subject().to_owned()));
    }
    if !seal.terms.signers.has(certificate) {
        return Err(NotGenuine::NotInSeal);
    }
    if !seal.holds(*at) {
        return Err(NotGenuine::SealNotValidThen);
    }
    certificate.check_signs(*at).map_err(NotGenuine::Certificate)?;
    let signers = roots.signers.get(..roots.signers.len().min(TRUSTED)).unwrap_or_default();
    certificate.check_issued(signers, *at).map_err(NotGenuine::Certificate)
}

/// The record's issuer says that this SM2 certificate signs this record in this package, at this
/// time.
fn check_statement(
    text: &[u8],
    (sealed, package): (&Sealed, Sm3Digest),
    record: &Record,
    roots: &Roots<'_>,
) -> Result<(String, PublicKey), NotGenuine> {
    let signed = SignedStatement::read(text).ok_or(NotGenuine::Statement)?;
    let refuse = |error: &dyn std::fmt::Display| NotGenuine::Issuer(error.to_string());
    check_issued_by(&signed.certificate, roots.authority).map_err(|error| refuse(&error))?;
    let holder = sealing_key_of(&signed.certificate).map_err(|error| refuse(&error));
    let (holder, key) = holder?;
    if !signed.verifies(&key) {
        return Err(NotGenuine::IssuerSignature);
    }
    let (signer, issuer) = (holder.uri(), record.issuer.clone());
    let statement = &signed.statement;
    if signer != issuer || statement.issuer != issuer {
        return Err(NotGenuine::OtherIssuer { signer, issuer });
    }
    if statement.record != record.digest {
        return Err(NotGenuine::OtherStatement("record"));
    }
    if statement.package != package {
        return Err(NotGenuine::OtherStatement("package"));
    }
    if statement.signer != sealed.certificate.digest() {
        return Err(NotGenuine::OtherStatement("certificate"));
    }
    if statement.at != sealed.at {
        return Err(NotGenuine::OtherStatement("time"));
    }
    let at = system_time(sealed.at).ok_or(NotGenuine::Time)?;
    let (begins, ends) = validity_of(&signed.certificate).map_err(|error| refuse(&error))?;
    if at < begins || at > ends {
        return Err(NotGenuine::IssuerNotValidThen);
    }
    Ok((issuer, key))
}

fn time(at: i64, record: &Record, now: SystemTime) -> Result<SystemTime, NotGenuine> {
    let time = system_time(at).ok_or(NotGenuine::Time)?;
    if at < record.issued_at || time > now + CLOCK_SKEW { Err(NotGenuine::Time) } else { Ok(time) }
}

fn system_time(seconds: i64) -> Option<SystemTime> {
    UNIX_EPOCH.checked_add(Duration::from_secs(u64::try_from(seconds).ok()?))
}
