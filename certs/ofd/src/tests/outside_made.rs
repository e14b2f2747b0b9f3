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
fn a_line_of_two_fonts_is_two_objects_one_behind_the_other() {
    let entries = print(&record(), &FONTS, None).unwrap().package.entries;
    let is_font = |entry: &&crate::zip::Entry| entry.name.starts_with("Doc_0/Res/");
    let fonts: Vec<&str> = entries.iter().filter(is_font).map(|it| it.name.as_str()).collect();
    assert_eq!(fonts, ["Doc_0/Res/Font_0.otf", "Doc_0/Res/Font_1.ttf"]);
    let page = entries.iter().find(|entry| entry.name.ends_with("Page_0/Content.xml")).unwrap();
    let page = std::str::from_utf8(&page.bytes).unwrap();
    let of = |text: &str| {
        let (before, _) = page.split_once(&format!(">{text}</ofd:TextCode>")).unwrap();
        let object = before.rsplit_once("<ofd:TextObject ").unwrap().1;
        let boundary = object.split_once("Boundary=\"").unwrap().1.split_once('"').unwrap().0;
        let sides = boundary.split(' ').map(|side| side.parse::<f64>().unwrap());
        (sides.collect::<Vec<_>>(), object.contains("Font=\"2\""))
    };
    let parts = [of("𠮷田㐂"), of("\u{2b740}"), of("·阿卜杜拉")];
    assert_eq!(parts.each_ref().map(|part| part.1), [false, true, false]);
    for pair in parts.windows(2) {
        assert!((pair[0].0[0] + pair[0].0[2] - pair[1].0[0]).abs() < 0.001, "{parts:?}");
    }
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
