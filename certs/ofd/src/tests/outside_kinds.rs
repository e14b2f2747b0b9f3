//! Every check that ships, as OFD: a certificate on each variant, with all that it can say at its
//! longest. How the same pages look, the tests of the PDF say.

use zerotrip_certificates::{TrustRoot, fact_terms, verify};

use super::genuine::{World as Genuine, definitions, words_of};
use super::*;

/// The texts of all pages, without white space.
fn text_of(printed: &Printed) -> String {
    let pages = printed.package.entries.iter();
    let pages = pages.filter(|entry| entry.name.starts_with("Doc_0/Pages/"));
    let mut text = String::new();
    for page in pages {
        let mut rest = std::str::from_utf8(&page.bytes).unwrap();
        while let Some((_, behind)) = rest.split_once('<') {
            let (_, behind) = behind.split_once('>').unwrap();
            let end = behind.find('<').unwrap_or(behind.len());
            text.push_str(&behind[..end]);
            rest = &behind[end..];
        }
    }
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    text.split_whitespace().collect()
}

#[test]
fn every_kind_is_sealed_and_says_all_that_its_certificate_says() {
    let genuine = Genuine::new();
    let directory = genuine.directory(|_| ());
    let certificate = certify(&WORLD.ca, &genuine.seal, ORGAN);
    let signer =
        Signer { issuer_key: &genuine.seal, issuer_certificate: &certificate, ..WORLD.signer() };
    let mut kinds = 0;
    for definition in definitions() {
        for variant in &definition.variants {
            let of = format!("{}/{}", definition.name, variant.name);
            let record = genuine.longest(&definition, &variant.name);
            let printed = print(&record, &FONTS, Some(&qr(57))).unwrap();
            let verified = WORLD.verify(&printed.sign(&signer, at(3)).unwrap());
            let verified = verified.unwrap_or_else(|error| panic!("{of}: {error}"));
            assert_eq!(verified.record, record, "{of}");
            assert_eq!(verified.pages, printed.pages(), "{of}");
            let text = text_of(&printed);
            let root = TrustRoot::Directory(&directory);
            let certificate = verify(&record, root, super::genuine::at(200)).unwrap();
            let facts = fact_terms(&definition, &variant.name);
            assert_eq!(certificate.disclosed.facts.len(), facts.len(), "{of}");
            for words in words_of(&certificate) {
                let words: String = words.split_whitespace().collect();
                assert!(text.contains(&words), "{of}: `{words}` in {text}");
            }
            kinds += 1;
        }
    }
    assert!(kinds >= 60, "{kinds}");
}
