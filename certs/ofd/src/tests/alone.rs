//! What needs no font and no other program.

use proptest::prelude::*;

use super::*;
use crate::sealed::Sealed;
use crate::sfnt::{read_cmap, write_cmap};
use crate::xml::{escaped, millimetres};
use crate::zip::{Entry, read, write};

#[test]
fn sm3_gives_the_digests_of_the_standard() {
    // GB/T 32905-2016, annex A.
    let of = |text: &[u8]| hex::encode(sm3(text));
    assert_eq!(of(b"abc"), "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0");
    assert_eq!(
        of(&b"abcd".repeat(16)),
        "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"
    );
}

#[test]
fn sm2_verifies_the_signature_of_the_standard() {
    // GM/T 0003.5-2012, annex A.2: the recommended curve, `message digest`, the usual user id.
    let secret = "3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8";
    let secret: [u8; 32] = hex::decode(secret).unwrap().try_into().unwrap();
    let key = Sm2SigningKey::from_secret(&secret).unwrap();
    assert_eq!(
        hex::encode(key.public().point()),
        "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020\
         ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
    );
    let r = hex::decode("f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3");
    let s = hex::decode("b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa");
    let (r, s) = (r.unwrap(), s.unwrap());
    let signature = sequence(&[&unsigned(&r), &unsigned(&s)]);
    assert!(key.public().verifies(b"message digest", &signature));
    assert!(!key.public().verifies(b"message digests", &signature));
    let ours = key.sign(b"message digest").unwrap();
    assert!(key.public().verifies(b"message digest", &ours));
    assert_eq!(ours, key.sign(b"message digest").unwrap());
}

#[test]
fn a_key_is_written_as_it_was_read() {
    let key = Sm2SigningKey::from_secret(&[7; 32]).unwrap();
    let text = key.to_pkcs8_pem().unwrap();
    let again = Sm2SigningKey::from_pkcs8_pem(&text).unwrap();
    assert_eq!(again.public(), key.public());
    let other = SigningKey::generate(Algorithm::Es256).unwrap().to_pkcs8_pem();
    assert!(Sm2SigningKey::from_pkcs8_pem(&other).is_err());
    assert!(!format!("{key:?}").contains(&hex::encode([7; 32])));
}

#[test]
fn a_seal_has_one_spelling() {
    let seal = &WORLD.seal;
    assert_eq!(Seal::read(seal.der()).as_ref(), Ok(seal));
    for place in 0..seal.der().len() {
        let mut other = seal.der().to_vec();
        other[place] ^= 1;
        // The maker's certificate is trusted as a whole: that another one counts is not asked here.
        let counts = Seal::read(&other).is_ok_and(|read| read.maker() == seal.maker());
        assert!(!counts, "byte {place}");
    }
    assert!(Seal::read(&[seal.der(), &[0]].concat()).is_err());
}

#[test]
fn a_seal_with_whole_certificates_has_one_spelling_too() {
    let mut terms = terms(&WORLD.organ);
    terms.signers = Signers::Certificates(vec![WORLD.organ.certificate.der().to_vec()]);
    let seal = Seal::make(terms, &WORLD.maker.key, &WORLD.maker.certificate).unwrap();
    assert_eq!(Seal::read(seal.der()).as_ref(), Ok(&seal));
    assert!(seal.terms.signers.has(&WORLD.organ.certificate));
    assert!(!seal.terms.signers.has(&WORLD.maker.certificate));
}

#[test]
fn what_a_seal_cannot_say_is_not_made() {
    let make = |change: &dyn Fn(&mut SealTerms)| {
        let mut terms = terms(&WORLD.organ);
        change(&mut terms);
        Seal::make(terms, &WORLD.maker.key, &WORLD.maker.certificate).unwrap_err()
    };
    assert_eq!(make(&|terms| terms.number = "a b".to_owned()), SealError::Text("number"));
    assert_eq!(make(&|terms| terms.name = "a\u{202e}b".to_owned()), SealError::Text("name"));
    assert_eq!(make(&|terms| terms.ends = terms.begins), SealError::Validity);
    assert_eq!(make(&|terms| terms.signers = Signers::Digests(vec![])), SealError::Signers);
    let whole = |terms: &mut SealTerms| terms.signers = Signers::Certificates(vec![vec![1]]);
    assert_eq!(make(&whole), SealError::Signer(CertificateFault::Unreadable));
    let late = |terms: &mut SealTerms| terms.made_at = seconds(400);
    assert_eq!(make(&late), SealError::Maker(CertificateFault::NotValidThen));
    let other = Seal::make(terms(&WORLD.organ), &WORLD.organ.key, &WORLD.maker.certificate);
    assert_eq!(other.unwrap_err(), SealError::OtherKey);
    // An authority's key certifies, and makes no seals.
    let root = &WORLD.authority;
    let other = Seal::make(terms(&WORLD.organ), &root.key, &root.certificate);
    assert_eq!(other.unwrap_err(), SealError::Maker(CertificateFault::Usage));
}

#[test]
fn a_picture_is_read_before_it_is_believed() {
    let png = picture().png().to_vec();
    let cut = png[..png.len() / 2].to_vec();
    assert!(Picture::from_png(cut, 40).is_err());
    assert!(Picture::from_png(b"GIF89a".to_vec(), 40).is_err());
    assert!(Picture::from_png(png, 400).is_err());
}

#[test]
fn certificates_count_for_what_they_are() {
    let root = &WORLD.authority;
    let roots = std::slice::from_ref(&root.certificate);
    let issued = |holder: &Holder| holder.certificate.check_issued(roots, seconds(3));
    assert_eq!(issued(&WORLD.organ), Ok(()));
    // The same name, another key.
    let twin = Holder::new("SM2 Root", 9, AUTHORITY, None);
    assert_eq!(issued(&Holder::new("x", 4, SIGNS, Some(&twin))), Err(CertificateFault::Issuer));
    // An organ is no authority.
    let by_organ = Holder::new("x", 4, SIGNS, Some(&WORLD.organ));
    let organ = std::slice::from_ref(&WORLD.organ.certificate);
    let issued_by_organ = by_organ.certificate.check_issued(organ, seconds(3));
    assert_eq!(issued_by_organ, Err(CertificateFault::NotAnAuthority));
    let encrypts = Terms { usage: 0b0011_0000, ..SIGNS };
    let encrypts = Holder::new("x", 4, encrypts, Some(root)).certificate;
    assert_eq!(encrypts.check_signs(seconds(3)), Err(CertificateFault::Usage));
    let late = Terms { validity: (5, 6), ..SIGNS };
    let late = Holder::new("x", 4, late, Some(root)).certificate;
    assert_eq!(late.check_signs(seconds(4)), Err(CertificateFault::NotValidThen));
    assert_eq!(late.check_signs(seconds(5)), Ok(()));
    assert_eq!(
        Sm2Certificate::from_der(&WORLD.issuer_certificate).unwrap_err(),
        CertificateFault::Key
    );
}

#[test]
fn lengths_are_whole_tenths_of_a_micrometre() {
    use zerotrip_paper::layout::points;
    assert_eq!(millimetres(points(72)), "25.4");
    assert_eq!(millimetres(points(1)), "0.3528");
    assert_eq!(millimetres(-points(36)), "-12.7");
    assert_eq!(millimetres(0), "0");
    assert_eq!(escaped("a<b>&\"c"), "a&lt;b&gt;&amp;&quot;c");
}

fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let bytes = proptest::collection::vec(any::<u8>(), 0..40);
    let named = proptest::collection::btree_map("[a-z]{1,6}(/[A-Z0-9]{1,4})?", bytes, 0..6);
    named.prop_map(|named| named.into_iter().map(|(name, bytes)| Entry::new(name, bytes)).collect())
}

proptest! {
    #[test]
    fn a_container_has_one_spelling(entries in entries(), place in any::<usize>(), bit in 0u8..8) {
        let bytes = write(&entries).unwrap();
        prop_assert_eq!(read(&bytes), Some(entries.clone()));
        let mut other = bytes.clone();
        let place = place % other.len();
        other[place] ^= 1 << bit;
        prop_assert!(read(&other).is_none_or(|read| read != entries));
        prop_assert!(read(&[bytes.as_slice(), &[0]].concat()).is_none());
        prop_assert!(read(&[&[0], bytes.as_slice()].concat()).is_none());
    }

    #[test]
    fn a_character_map_has_one_spelling(
        glyphs in proptest::collection::btree_map(any::<char>(), 1u16.., 1..40)
    ) {
        let bytes = write_cmap(&glyphs).unwrap();
        prop_assert_eq!(read_cmap(&bytes), Some(glyphs));
    }

    #[test]
    fn no_bytes_are_taken_for_anything(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(Sealed::read(&bytes).is_none());
        prop_assert!(Seal::read(&bytes).is_err());
        prop_assert!(Sm2Certificate::from_der(&bytes).is_err());
        prop_assert!(crate::fonts::EmbeddedFonts::read(vec![bytes.clone()]).is_err());
        prop_assert!(WORLD.verify(&bytes).is_err());
    }
}

/// The certificates that the fuzz targets have: the same as of this world.
#[test]
fn the_certificates_that_fuzzing_has_are_of_this_world() {
    use base64::Engine as _;
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/src/sm2");
    for (name, holder) in
        [("authority", &WORLD.authority), ("maker", &WORLD.maker), ("organ", &WORLD.organ)]
    {
        let file = folder.join(format!("{name}.txt"));
        if std::env::var_os("ZEROTRIP_WRITE_SM2").is_some() {
            let text = base64::engine::general_purpose::STANDARD.encode(holder.certificate.der());
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&file, text + "\n").unwrap();
        }
        let text = std::fs::read_to_string(file).unwrap();
        let der = base64::engine::general_purpose::STANDARD.decode(text.trim()).unwrap();
        let kept = Sm2Certificate::from_der(&der).unwrap();
        assert_eq!(kept.key(), holder.certificate.key(), "{name}");
    }
}
