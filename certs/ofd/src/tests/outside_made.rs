//! What is made, and what is not.

use zerotrip_paper::PaperError;

use super::*;
use crate::package::RECORD;
use crate::zip::read;

#[test]
fn what_is_sealed_verifies_and_gives_the_record_out() {
    let record = record();
    let verified = WORLD.verify(&WORLD.seal(&record)).unwrap();
    assert_eq!(verified.record, record);
    assert_eq!(verified.issuer, ORGAN);
    assert_eq!(verified.key, *WORLD.issuer_key.public());
    assert_eq!(verified.certificate, WORLD.organ.certificate);
    assert_eq!(verified.seal, WORLD.seal);
    assert_eq!(verified.sealed_at, at(3));
    assert_eq!(verified.pages, 2);
    assert_eq!(verified.qr, Some(qr(33)));
}

#[test]
fn an_ofd_without_a_qr_verifies_too() {
    let printed = print(&record(), &FONTS, None).unwrap();
    let bytes = printed.sign(&WORLD.signer(), at(3)).unwrap();
    assert_eq!(WORLD.verify(&bytes).unwrap().qr, None);
}

#[test]
fn the_same_record_gives_the_same_files() {
    let record = record();
    let files = || print(&record, &FONTS, Some(&qr(33))).unwrap().package.entries;
    assert_eq!(files(), files());
}

#[test]
fn the_record_is_in_the_package_as_it_is() {
    let record = record();
    let entries = read(&WORLD.seal(&record)).unwrap();
    let found = entries.iter().find(|entry| entry.name == RECORD).unwrap();
    assert_eq!(found.bytes, record.as_bytes());
}

#[test]
fn a_character_that_no_font_has_is_refused_by_its_code_point() {
    let record = record_with(json!({ "persons": { "en": "x", "zh": "\u{323a0}" } }));
    let refused = print(&record, &FONTS, None).unwrap_err();
    assert_eq!(refused, OfdError::Paper(PaperError::NoGlyph(0x323a0, '\u{323a0}')));
}

#[test]
fn nothing_is_sealed_with_what_a_verifier_would_refuse() {
    let printed = print(&record(), &FONTS, None).unwrap();
    let sign = |signer: &Signer<'_>, days| printed.sign(signer, at(days)).unwrap_err();
    assert_eq!(sign(&WORLD.signer(), 0), OfdError::BadTime);
    assert_eq!(sign(&WORLD.signer(), 301), OfdError::SealNotValid);
    let fault = CertificateFault::NotValidThen;
    assert_eq!(sign(&WORLD.signer(), 366), OfdError::Certificate(fault));
    let other = Holder::new("x", 4, SIGNS, Some(&WORLD.authority));
    let signer = Signer { key: &other.key, ..WORLD.signer() };
    assert_eq!(sign(&signer, 3), OfdError::OtherKey);
    let signer = Signer { certificate: &other.certificate, ..signer };
    assert_eq!(sign(&signer, 3), OfdError::NotInSeal);
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let signer = Signer { issuer_key: &key, ..WORLD.signer() };
    assert_eq!(sign(&signer, 3), OfdError::OtherKey);
    let stranger = "spiffe://c.example/member/tax/system/desk";
    let certificate = certify(&WORLD.ca, &WORLD.issuer_key, stranger);
    let signer = Signer { issuer_certificate: &certificate, ..WORLD.signer() };
    let (issuer, holder) = (ORGAN.to_owned(), stranger.to_owned());
    assert_eq!(sign(&signer, 3), OfdError::OtherIssuer { issuer, holder });
}
