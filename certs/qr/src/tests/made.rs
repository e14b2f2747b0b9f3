//! What is made of a certificate, and of which none is.

use zerotrip_certificates::sdjwt::SdJwt;
use zerotrip_certificates::{CertificateError, VerdictKind};
use zerotrip_proto::to_timestamp;
use zerotrip_trust::keys::Algorithm;

use super::*;
use crate::bounds::{TEXT_CHARS, TOKEN_BYTES, VERSION};

#[test]
fn a_qr_says_what_its_certificate_says_and_is_sealed_by_the_same_organ() {
    let world = World::new();
    let token = world.numbered();
    let text = made(&world, &token);
    let judged = verified(&world, text.as_str(), Demand::at(at(300))).unwrap();
    let Record { issuer, listed, subject, .. } = &judged.qr.record;
    assert_eq!((issuer.as_str(), judged.qr.issuer.uri.as_str()), (FUND, FUND));
    assert_eq!(judged.qr.issuer.key_id, world.seal.id());
    let (serial, list) = listed.as_ref().unwrap();
    assert_eq!((serial.as_str(), list.place), ("fund-desk-2027-000001", 7));
    assert_eq!(list.uri, LIST);
    let subject = subject.as_ref().unwrap();
    assert_eq!((subject.name.as_str(), subject.id.as_str()), ("applicant", PERSON));
    let record = &judged.qr.record;
    assert_eq!(record.vct(), "urn:zerotrip:certificate:no-property:1");
    assert_eq!((record.check.as_str(), record.variant.as_str()), ("no-property", "couple"));
    assert_eq!(record.purpose.as_deref(), Some("rent-withdrawal"));
    assert_eq!(record.case_number.as_deref(), Some("case-7"));
    assert_eq!(record.regions, ["330100", "330200"]);
    assert_eq!((record.valid_from, record.sealed_at), (at(110), at(200)));
    assert_eq!(record.valid_until, at(100) + 30 * DAY);
    assert_eq!(record.as_of, at(1), "the oldest of the sources");
    let certificate = SdJwt::parse(&token).unwrap();
    assert_eq!(record.digest, certificate.digest(), "it is bound to the certificate");
}

#[test]
fn a_presentation_gives_a_qr_of_no_more_than_it_shows() {
    let world = World::new();
    let token = SdJwt::parse(&world.with_facts()).unwrap();
    let record = |keep: &[&str]| {
        let shown = token.present(keep).unwrap().to_string();
        made(&world, &shown).claimed().unwrap()
    };
    let all = record(&["applicant", "purpose", "case_number", "class", "valid_until"]);
    assert_eq!(all.facts["class"], FactText::Text("c1".into()));
    assert_eq!(all.facts["valid_until"], FactText::Text("2030-06".into()));
    let some = record(&["purpose", "class"]);
    assert_eq!((some.subject, some.case_number), (None, None));
    assert_eq!(some.purpose.as_deref(), Some("rent-withdrawal"));
    assert_eq!(some.facts.keys().collect::<Vec<_>>(), ["class"]);
    let none = record(&[]);
    assert_eq!((none.purpose, none.facts.len()), (None, 0));
    assert_eq!((none.digest, some.digest), (all.digest, all.digest), "of one certificate");
}

#[test]
fn a_qr_is_made_of_what_verifies_by_its_own_organ_alone() {
    let world = World::new();
    let directory = world.directory(|_| ());
    let root = TrustRoot::Directory(&directory);
    let (token, plain) = (world.numbered(), world.plain());
    let make = |token: &str, standing, key, when| super::make(token, root, standing, key, when);
    assert!(make(&plain, Standing::Unlisted, &world.seal, at(200)).is_ok());
    // One that can be revoked, where no register says that it was not.
    assert_eq!(
        make(&token, Standing::Unlisted, &world.seal, at(200)),
        Err(QrError::NotValid(VerdictKind::UnknownStatus))
    );
    let end = at(100) + 30 * DAY;
    assert_eq!(
        make(&token, Standing::InRegister, &world.seal, end),
        Err(QrError::NotValid(VerdictKind::Expired))
    );
    let early = at(0) - std::time::Duration::from_secs(300);
    assert_eq!(
        make(&plain, Standing::Unlisted, &world.seal, early),
        Err(QrError::NotValid(VerdictKind::NotYetValid))
    );
    // Another organ, a key that nobody knows, a key that cannot seal.
    assert_eq!(
        make(&token, Standing::InRegister, &world.tax, at(200)),
        Err(QrError::NotTheIssuers { key_id: world.tax.id().into(), issuer: FUND.into() })
    );
    for algorithm in [Algorithm::Es256, Algorithm::Ed25519] {
        let stranger = SigningKey::generate(algorithm).unwrap();
        assert!(matches!(
            super::make(&token, root, Standing::InRegister, &stranger, at(200)),
            Err(QrError::Key(CertificateError::SealKey { .. }))
        ));
    }
    let altered = token.replacen('.', ".A", 1);
    assert!(matches!(
        make(&altered, Standing::InRegister, &world.seal, at(200)),
        Err(QrError::Certificate(_))
    ));
}

#[test]
fn a_key_that_was_revoked_makes_no_qr() {
    let world = World::new();
    let directory = world.directory(|message| {
        message.members[0].systems[0].keys[0].revoked_at = Some(to_timestamp(at(150)));
    });
    let root = TrustRoot::Directory(&directory);
    let error = make(&world.plain(), root, Standing::Unlisted, &world.seal, at(200));
    assert!(matches!(error, Err(QrError::Key(CertificateError::SealKey { .. }))), "{error:?}");
}

#[test]
fn it_fits_into_a_qr_of_version_20_with_level_m() {
    let world = World::new();
    for (token, name) in [
        (world.plain(), "no number"),
        (world.numbered(), "number and list"),
        (world.with_facts(), "number, list and two values"),
    ] {
        let text = made(&world, &token);
        let matrix = matrix(&text).unwrap();
        let bytes = text.token().unwrap();
        let packed = zlib(&bytes);
        println!(
            "{name}: token {} bytes ({} with zlib), text {} characters, version {}, level {}, {} \
             modules, {:.1} mm with margin at 6 dots of 300 dpi",
            bytes.len(),
            packed,
            text.as_str().len(),
            matrix.version,
            matrix.level,
            matrix.size,
            (matrix.size + 8) as f64 * 0.508,
        );
        assert!(matrix.version <= VERSION && matrix.level != 'L');
        assert_eq!(matrix.size, 17 + 4 * usize::from(matrix.version));
        assert_eq!(matrix.modules.len(), matrix.size * matrix.size);
    }
    // The bound is exactly what such a QR holds.
    let most = QrText::of(&[0xff; TOKEN_BYTES]).unwrap();
    assert_eq!(matrix(&most).unwrap().version, VERSION);
    assert!(most.as_str().len() <= TEXT_CHARS);
    let more = QrText::of(&[0; TOKEN_BYTES + 1]);
    assert_eq!(more, Err(QrError::TooMuch { found: TOKEN_BYTES + 1 }));
}

fn zlib(bytes: &[u8]) -> usize {
    use std::io::Write as _;
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap().len()
}

#[test]
fn base45_is_that_of_rfc_9285() {
    // RFC 9285, 4.3 and 4.4.
    for (bytes, text) in [
        ("AB", "BB8"),
        ("Hello!!", "%69 VD92EX0"),
        ("base-45", "UJCLQE7W581"),
        ("ietf!", "QED8WEX0"),
        ("", ""),
    ] {
        assert_eq!(base45_encode(bytes.as_bytes()), text);
        assert_eq!(base45_decode(text).unwrap(), bytes.as_bytes());
    }
    assert_eq!(base45_decode("FGW").unwrap(), [0xff, 0xff]);
    for (text, error) in [
        ("GGW", Base45Error::Value(1)),
        (":::", Base45Error::Value(1)),
        ("BB8::", Base45Error::Value(4)),
        ("V5", Base45Error::Value(1)),
        ("A", Base45Error::Length),
        ("BB8A", Base45Error::Length),
        ("BB8bB8", Base45Error::Character(4)),
        ("BB8B_8", Base45Error::Character(5)),
        ("BB8\u{ff}", Base45Error::Character(5)),
    ] {
        assert_eq!(base45_decode(text), Err(error), "{text}");
    }
}

#[test]
fn drawings_are_of_one_size_and_of_the_same_modules() {
    let world = World::new();
    let matrix = matrix(&made(&world, &world.numbered())).unwrap();
    let svg = svg(&matrix);
    let side = matrix.size + 8;
    assert!(svg.contains(&format!("viewBox=\"0 0 {side} {side}\"")), "{}", &svg[..200]);
    // Each run is drawn as `M<x> <y>h<length>…`.
    let path = svg.split("<path d=\"").nth(1).unwrap().split('"').next().unwrap();
    let mut drawn = vec![false; side * side];
    for run in path.split('M').skip(1) {
        let (x, rest) = run.split_once(' ').unwrap();
        let (y, rest) = rest.split_once('h').unwrap();
        let (length, _) = rest.split_once('v').unwrap();
        let number = |text: &str| text.parse::<usize>().unwrap();
        for offset in 0..number(length) {
            drawn[number(y) * side + number(x) + offset] = true;
        }
    }
    let grey = crate::image::read(&png(&matrix).unwrap()).unwrap();
    assert_eq!((grey.width, grey.height), (side * MODULE_PIXELS, side * MODULE_PIXELS));
    for (at, dark) in drawn.iter().enumerate() {
        let (x, y) = (at % side, at / side);
        assert_eq!(*dark, x >= 4 && y >= 4 && matrix.is_dark(x - 4, y - 4), "{x} {y}");
        let (left, top) = (x * MODULE_PIXELS, y * MODULE_PIXELS);
        for (dx, dy) in [(0, 0), (MODULE_PIXELS - 1, MODULE_PIXELS - 1)] {
            let pixel = grey.pixels[(top + dy) * grey.width + left + dx];
            assert_eq!(pixel, if *dark { 0 } else { 255 }, "{x} {y}");
        }
    }
}

#[test]
fn a_certificate_that_is_bound_to_a_key_gets_no_qr() {
    let world = World::new();
    let token = world.bound();
    let directory = world.directory(|_| ());
    let root = TrustRoot::Directory(&directory);
    let error = make(&token, root, Standing::InRegister, &world.seal, at(200)).unwrap_err();
    assert_eq!(error, QrError::Bound);
}
