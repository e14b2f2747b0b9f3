//! OFDs that are not what they seem: each is refused by name.

use proptest::prelude::*;
use zerotrip_paper::PaperError;
use zerotrip_paper::layout::Qr;

use super::*;
use crate::package::{RECORD, STATEMENT, content_of};
use crate::sealed::Sealed;
use crate::signatures::{DESCRIPTION, LIST, SEAL, VALUE, description};
use crate::zip::{Entry, read, write};

static GENUINE: LazyLock<Vec<u8>> = LazyLock::new(|| WORLD.seal(&record()));

fn refused(bytes: &[u8]) -> NotGenuine {
    WORLD.verify(bytes).map(drop).unwrap_err()
}

fn entries() -> Vec<Entry> {
    read(&GENUINE).unwrap()
}

fn changed(change: impl FnOnce(&mut Vec<Entry>)) -> Vec<u8> {
    let mut entries = entries();
    change(&mut entries);
    write(&entries).unwrap()
}

fn of<'a>(entries: &'a mut [Entry], name: &str) -> &'a mut Vec<u8> {
    &mut entries.iter_mut().find(|entry| entry.name == name).unwrap().bytes
}

fn replace(entries: &mut [Entry], name: &str, from: &str, to: &str) {
    let bytes = of(entries, name);
    let text = String::from_utf8(bytes.clone()).unwrap();
    assert!(text.contains(from), "{name}: {from}");
    *bytes = text.replacen(from, to, 1).into_bytes();
}

/// An OFD that the organ itself changed before it signed: what only the grammar catches.
fn sealed_after(change: impl FnOnce(&mut Vec<Entry>)) -> Vec<u8> {
    let mut printed = print(&record(), &FONTS, Some(&qr(33))).unwrap();
    change(&mut printed.package.entries);
    printed.sign(&WORLD.signer(), at(3)).unwrap()
}

/// The signature made again, by these means, over the files as they are.
fn signed_again(entries: &mut Vec<Entry>, days: u64, path: &str, (seal, holder): (&Seal, &Holder)) {
    entries.truncate(entries.len() - 2);
    *of(entries, SEAL) = seal.der().to_vec();
    let package = print(&record(), &FONTS, Some(&qr(33))).unwrap().package;
    let described = description(entries, &package, seconds(days)).unwrap();
    let digest = sm3(described.as_bytes());
    let with = (&holder.key, &holder.certificate);
    let sealed = Sealed::sign(seal.clone(), seconds(days), digest, path.to_owned(), with);
    entries.push(Entry::new(DESCRIPTION, described));
    entries.push(Entry::new(VALUE, sealed.unwrap().write().unwrap()));
}

/// As an organ with another seal or certificate would do it: the issuer states it, too.
fn sealed_by(seal: &Seal, holder: &Holder, days: u64) -> Vec<u8> {
    changed(|entries| {
        let statement = crate::statement::Statement {
            issuer: ORGAN.to_owned(),
            at: seconds(days),
            record: hex::encode(zerotrip_trust::digest::sha256(record_of(entries).as_bytes())),
            package: package_of(entries),
            signer: holder.certificate.digest(),
        };
        let text = statement.sign(&WORLD.issuer_key, &WORLD.issuer_certificate).unwrap();
        *of(entries, STATEMENT) = text.into_bytes();
        let mut described = entries.clone();
        resign(&mut described, seal, holder, days);
        *entries = described;
    })
}

/// What the issuer states of the files before its statement.
fn package_of(entries: &[Entry]) -> Sm3Digest {
    let end = entries.iter().position(|entry| entry.name == STATEMENT).unwrap();
    crate::statement::digest_of(&entries[..end])
}

fn record_of(entries: &[Entry]) -> String {
    let found = entries.iter().find(|entry| entry.name == RECORD).unwrap();
    String::from_utf8(found.bytes.clone()).unwrap()
}

/// Signs the files of the genuine OFD anew.
fn resign(entries: &mut Vec<Entry>, seal: &Seal, holder: &Holder, days: u64) {
    signed_again(entries, days, &format!("/{DESCRIPTION}"), (seal, holder));
}

#[test]
fn another_record_is_refused() {
    let bytes = sealed_after(|entries| {
        *of(entries, RECORD) = record_with(json!({ "serial": "x" })).into_bytes();
    });
    // Each page states the beginning of the record's digest, and the title page the serial.
    assert!(matches!(refused(&bytes), NotGenuine::OtherFile(_) | NotGenuine::OtherText { .. }));
    let bytes = sealed_after(|entries| of(entries, RECORD).extend(b"x"));
    assert_eq!(refused(&bytes), NotGenuine::Record(PaperError::NotARecord));
}

#[test]
fn other_text_on_a_page_is_refused() {
    let page = content_of(0);
    let bytes = sealed_after(|entries| replace(entries, &page, "无房证明", "有房证明"));
    let (found, expected) = ("有房证明".to_owned(), "无房证明".to_owned());
    let NotGenuine::OtherText { page: 1, found: is, expected: must } = refused(&bytes) else {
        panic!()
    };
    assert!(is.starts_with(&found) && must.starts_with(&expected), "{is} {must}");
}

#[test]
fn marks_that_the_record_does_not_give_are_refused() {
    let page = content_of(0);
    for (from, to) in [
        // White over it, another place, another size, another shade, an annotation's action.
        (
            "</ofd:Layer>",
            "<ofd:PathObject ID=\"9999\" Boundary=\"0 0 210 297\" Fill=\"true\" \
          Stroke=\"false\"><ofd:FillColor Value=\"255 255 255\"/><ofd:AbbreviatedData>M 0 0 L 210 \
          0 L 210 297 C</ofd:AbbreviatedData></ofd:PathObject></ofd:Layer>",
        ),
        ("<ofd:TextCode X=\"0\"", "<ofd:TextCode X=\"1\""),
        (" Size=\"", " Size=\"1"),
        ("0 0 0", "0 0 1"),
        ("<ofd:TextObject ", "<ofd:TextObject Visible=\"false\" "),
    ] {
        let bytes = sealed_after(|entries| replace(entries, &page, from, to));
        let refused = refused(&bytes);
        let is_page =
            matches!(refused, NotGenuine::OtherMarks(1) | NotGenuine::OtherText { page: 1, .. });
        assert!(is_page, "{from}: {refused:?}");
    }
}

#[test]
fn other_files_of_the_document_are_refused() {
    for (name, from, to) in [
        ("OFD.xml", "Doc_0/Document.xml", "Doc_1/Document.xml"),
        ("OFD.xml", "<ofd:Title>", "<ofd:Title>x"),
        ("Doc_0/Document.xml", "</ofd:Pages>", "</ofd:Pages><ofd:Actions/>"),
        ("Doc_0/PublicRes.xml", "Font_0.otf", "Font_1.otf"),
        ("Doc_0/Attachs/Attachments.xml", "record.sdjwt", "other.sdjwt"),
    ] {
        let bytes = sealed_after(|entries| replace(entries, name, from, to));
        assert_eq!(refused(&bytes), NotGenuine::OtherFile(name.to_owned()));
    }
    let bytes = changed(|entries| replace(entries, LIST, "s1", "s3"));
    assert_eq!(refused(&bytes), NotGenuine::OtherFile(LIST.to_owned()));
}

#[test]
fn a_font_with_more_or_fewer_characters_is_refused() {
    let more = print(&record_with(json!({ "variant": "couple龘" })), &FONTS, None).unwrap();
    let name = "Doc_0/Res/Font_0.otf";
    let font = more.package.entries.iter().find(|entry| entry.name == name).unwrap().bytes.clone();
    let bytes = sealed_after(|entries| *of(entries, name) = font);
    assert!(matches!(refused(&bytes), NotGenuine::OtherText { .. }));
    let bytes = sealed_after(|entries| of(entries, name).push(0));
    assert_eq!(refused(&bytes), NotGenuine::Font(1));
    // A glyph of another width moves what follows it.
    let bytes = sealed_after(|entries| {
        let mut font = crate::sfnt::Sfnt::read(of(entries, name)).unwrap();
        let widths = font.tables.get_mut(b"hmtx").unwrap();
        widths.chunks_mut(4).for_each(|glyph| glyph[1] ^= 0x40);
        *of(entries, name) = font.write().unwrap();
    });
    let is_page = |name: &str| name == "Doc_0/Document.xml" || name.ends_with("Content.xml");
    let is_refused = match refused(&bytes) {
        NotGenuine::OtherMarks(_) | NotGenuine::OtherText { .. } => true,
        // With wider characters there are more lines, and so more objects.
        NotGenuine::OtherFile(name) => is_page(&name),
        _ => false,
    };
    assert!(is_refused);
}

#[test]
fn files_that_are_added_doubled_moved_or_missing_are_refused() {
    let extra = changed(|entries| entries.push(Entry::new("Doc_0/extra.xml", "<x/>")));
    let (found, expected) = ("Doc_0/extra.xml".to_owned(), String::new());
    assert_eq!(refused(&extra), NotGenuine::OtherFiles { found, expected });
    let between = changed(|entries| entries.insert(1, Entry::new("Doc_0/Annots.xml", "<x/>")));
    assert!(matches!(refused(&between), NotGenuine::OtherFiles { .. }));
    // The organ itself adds a file and signs it: it is in the references, and refused all the same.
    let signed = sealed_after(|entries| entries.push(Entry::new("Doc_0/Annots.xml", "<x/>")));
    assert!(matches!(refused(&signed), NotGenuine::OtherFiles { .. }));
    let moved = changed(|entries| entries.swap(1, 2));
    assert!(matches!(refused(&moved), NotGenuine::OtherFiles { .. }));
    let missing = changed(|entries| drop(entries.pop()));
    assert!(matches!(refused(&missing), NotGenuine::OtherFiles { .. }));
    let page = content_of(2);
    let third = changed(|entries| entries.insert(8, Entry::new(page, "<x/>")));
    assert!(matches!(refused(&third), NotGenuine::OtherFiles { .. }));
    let doubled = changed(|entries| {
        let record = entries.iter().find(|entry| entry.name == RECORD).unwrap().clone();
        entries.push(record);
    });
    assert_eq!(refused(&doubled), NotGenuine::OtherForm);
}

#[test]
fn a_comment_bytes_outside_and_other_spellings_of_the_zip_are_refused() {
    let genuine = GENUINE.as_slice();
    let end = genuine.len() - 22;
    let mut comment = [genuine, b"hello"].concat();
    comment[end + 20] = 5;
    assert_eq!(refused(&comment), NotGenuine::OtherForm);
    assert_eq!(refused(&[genuine, &[0]].concat()), NotGenuine::OtherForm);
    assert_eq!(refused(&[&[0], genuine].concat()), NotGenuine::NotAnOfd);
    // Another's OFD is told from what is no OFD at all.
    let mut entries = entries();
    entries.reverse();
    assert!(is_ofd(&write(&entries).unwrap()));
    entries.retain(|entry| entry.name == RECORD);
    assert!(!is_ofd(&write(&entries).unwrap()));
    // A gap before the directory.
    let directory = u32::from_le_bytes(genuine[end + 16..end + 20].try_into().unwrap());
    let at = usize::try_from(directory).unwrap();
    let mut gap = [&genuine[..at], &[0; 4], &genuine[at..]].concat();
    gap[end + 4 + 16..end + 4 + 20].copy_from_slice(&(directory + 4).to_le_bytes());
    assert_eq!(refused(&gap), NotGenuine::OtherForm);
    // Two entries over the same bytes; an encrypted and a packed one; a size of four gigabytes.
    let second = genuine[at + 4..].windows(4).position(|four| four == b"PK\x01\x02").unwrap();
    let mut overlap = genuine.to_vec();
    overlap[at + 4 + second + 42..at + 4 + second + 46].fill(0);
    assert_eq!(refused(&overlap), NotGenuine::OtherForm);
    for (place, value) in [(6, 1), (8, 8), (8, 9), (21, 0xff), (25, 0xff)] {
        let mut other = genuine.to_vec();
        other[place] = value;
        assert_eq!(refused(&other), NotGenuine::OtherForm, "byte {place}");
    }
    let mut bomb = genuine.to_vec();
    bomb.resize(crate::bounds::OFD_BYTES + 1, 0);
    assert_eq!(refused(&bomb), NotGenuine::TooLarge);
}

#[test]
fn a_description_of_other_files_is_refused() {
    for (from, to) in [
        ("/Doc_0/Document.xml", "/Doc_0/Document2.xml"),
        ("<ofd:StampAnnot ID=\"s2\"", "<ofd:StampAnnot ID=\"s9\""),
        ("1.2.156.10197.1.401", "MD5"),
    ] {
        let bytes = changed(|entries| replace(entries, DESCRIPTION, from, to));
        assert_eq!(refused(&bytes), NotGenuine::References);
    }
    // A file changed after it was signed, where the record leaves it open.
    let statement = changed(|entries| {
        let other = WORLD.seal(&record());
        let other = read(&other).unwrap();
        let other = other.iter().find(|entry| entry.name == STATEMENT).unwrap();
        *of(entries, STATEMENT) = other.bytes.clone();
    });
    assert_eq!(refused(&statement), NotGenuine::References);
}

#[test]
fn another_path_or_another_description_is_refused() {
    let organ = (&WORLD.seal, &WORLD.organ);
    let other = "/Doc_1/Signs/Sign_0/Signature.xml";
    let bytes = changed(|entries| signed_again(entries, 3, other, organ));
    assert_eq!(refused(&bytes), NotGenuine::Path(other.to_owned()));
    let bytes = changed(|entries| {
        let path = format!("/{DESCRIPTION}");
        let with = (&WORLD.organ.key, &WORLD.organ.certificate);
        let sealed = Sealed::sign(WORLD.seal.clone(), seconds(3), sm3(b"x"), path, with);
        *of(entries, VALUE) = sealed.unwrap().write().unwrap();
    });
    assert_eq!(refused(&bytes), NotGenuine::Changed);
    let bytes = changed(|entries| {
        let value = of(entries, VALUE);
        let sealed = Sealed::read(value).unwrap().unwrap();
        // Another's signature under the organ's certificate.
        let with = (&WORLD.maker.key, &WORLD.organ.certificate);
        let forged = Sealed::sign(sealed.seal, sealed.at, sealed.digest, sealed.path, with);
        *value = forged.unwrap().write().unwrap();
    });
    assert_eq!(refused(&bytes), NotGenuine::Signature);
    let bytes = changed(|entries| of(entries, VALUE).push(0));
    assert_eq!(refused(&bytes), NotGenuine::Value);
}

#[test]
fn another_seal_is_refused() {
    // By a maker that is not trusted, though the same authority certified it.
    let other = Holder::new("制章机构", 7, SIGNS, Some(&WORLD.authority));
    let seal = Seal::make(terms(&WORLD.organ), &other.key, &other.certificate).unwrap();
    let bytes = sealed_by(&seal, &WORLD.organ, 3);
    assert_eq!(refused(&bytes), NotGenuine::Maker(other.certificate.subject().to_owned()));
    // Beside the signature another one than in it.
    let mut second = terms(&WORLD.organ);
    second.number = "33010099000043".to_owned();
    let second = Seal::make(second, &WORLD.maker.key, &WORLD.maker.certificate).unwrap();
    let bytes = changed(|entries| *of(entries, SEAL) = second.der().to_vec());
    assert_eq!(refused(&bytes), NotGenuine::OtherSeal);
    // Its picture changed: the maker's signature is of another one.
    let bytes = changed(|entries| {
        let value = of(entries, VALUE);
        let at = value.windows(4).position(|four| four == b"IEND").unwrap();
        value[at - 20] ^= 1;
    });
    assert!(matches!(refused(&bytes), NotGenuine::Seal(_)));
}

#[test]
fn a_seal_that_expired_or_does_not_name_the_signer_is_refused() {
    let mut short = terms(&WORLD.organ);
    short.ends = seconds(2);
    let short = Seal::make(short, &WORLD.maker.key, &WORLD.maker.certificate).unwrap();
    let bytes = sealed_by(&short, &WORLD.organ, 3);
    assert_eq!(refused(&bytes), NotGenuine::SealNotValidThen);
    assert!(WORLD.verify(&sealed_by(&short, &WORLD.organ, 2)).is_ok());
    // Used before it was made, though it says that it held then.
    let mut late = terms(&WORLD.organ);
    late.made_at = seconds(4);
    let late = Seal::make(late, &WORLD.maker.key, &WORLD.maker.certificate).unwrap();
    assert_eq!(refused(&sealed_by(&late, &WORLD.organ, 3)), NotGenuine::SealNotValidThen);
    let other = Holder::new("x", 5, SIGNS, Some(&WORLD.authority));
    let bytes = sealed_by(&WORLD.seal, &other, 3);
    assert_eq!(refused(&bytes), NotGenuine::NotInSeal);
    // The same key, under another certificate.
    let der = {
        let (organ, root) = (&WORLD.organ, &WORLD.authority);
        certificate("x", &organ.key.public(), &root.name, &root.key, SIGNS, 99)
    };
    let certificate = Sm2Certificate::from_der(&der).unwrap();
    let twin = Holder { certificate, ..WORLD.organ.clone() };
    assert_eq!(refused(&sealed_by(&WORLD.seal, &twin, 3)), NotGenuine::NotInSeal);
}

/// A signer that the seal names.
fn named(holder: &Holder) -> Seal {
    Seal::make(terms(holder), &WORLD.maker.key, &WORLD.maker.certificate).unwrap()
}

#[test]
fn a_signer_of_another_root_use_or_time_is_refused() {
    let root = Holder::new("SM2 Root", 8, AUTHORITY, None);
    let fault = |holder: Holder, days| match refused(&sealed_by(&named(&holder), &holder, days)) {
        NotGenuine::Certificate(fault) => fault,
        other => panic!("{other:?}"),
    };
    let of_other = Holder::new("x", 5, SIGNS, Some(&root));
    assert_eq!(fault(of_other, 3), CertificateFault::Issuer);
    let late = Terms { validity: (4, 9), ..SIGNS };
    let late = Holder::new("x", 5, late, Some(&WORLD.authority));
    assert_eq!(fault(late, 3), CertificateFault::NotValidThen);
    let encrypts = Terms { usage: 0b0011_0000, ..SIGNS };
    let encrypts = Holder::new("x", 5, encrypts, Some(&WORLD.authority));
    assert_eq!(fault(encrypts, 3), CertificateFault::Usage);
    let good = Holder::new("x", 5, SIGNS, Some(&WORLD.authority));
    assert!(WORLD.verify(&sealed_by(&named(&good), &good, 3)).is_ok());
}

#[test]
fn a_seal_that_the_issuer_does_not_state_is_refused() {
    // Another organ with a genuine seal puts it on the fund's certificate.
    let thief = Holder::new("另一单位", 5, SIGNS, Some(&WORLD.authority));
    let seal = named(&thief);
    let bytes = changed(|entries| resign(entries, &seal, &thief, 3));
    assert_eq!(refused(&bytes), NotGenuine::OtherStatement("certificate"));
    // With a statement of its own system.
    let stranger = "spiffe://c.example/member/tax/system/desk";
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let certificate = certify(&WORLD.ca, &key, stranger);
    let statement = |issuer: &str, record: &str, days| crate::statement::Statement {
        issuer: issuer.to_owned(),
        at: seconds(days),
        record: record.to_owned(),
        package: package_of(&entries()),
        signer: thief.certificate.digest(),
    };
    let with = |text: String| {
        changed(|entries| {
            *of(entries, STATEMENT) = text.into_bytes();
            resign(entries, &seal, &thief, 3);
        })
    };
    let digest = hex::encode(zerotrip_trust::digest::sha256(record_of(&entries()).as_bytes()));
    let (signer, issuer) = (stranger.to_owned(), ORGAN.to_owned());
    for claimed in [stranger, ORGAN] {
        let text = statement(claimed, &digest, 3).sign(&key, &certificate).unwrap();
        let (signer, issuer) = (signer.clone(), issuer.clone());
        assert_eq!(refused(&with(text)), NotGenuine::OtherIssuer { signer, issuer });
    }
    // Another key under the fund's certificate.
    let text = statement(ORGAN, &digest, 3).sign(&key, &WORLD.issuer_certificate).unwrap();
    assert_eq!(refused(&with(text)), NotGenuine::IssuerSignature);
    // A certificate of another root.
    let other = CertificateAuthority::generate("c.example", at(0), Duration::from_secs(3650 * DAY))
        .unwrap();
    let forged = certify(&other, &key, ORGAN);
    let text = statement(ORGAN, &digest, 3).sign(&key, &forged).unwrap();
    assert!(matches!(refused(&with(text)), NotGenuine::Issuer(_)));
    // Of another record or another time.
    let sign = |it: crate::statement::Statement| {
        with(it.sign(&WORLD.issuer_key, &WORLD.issuer_certificate).unwrap())
    };
    let other = refused(&sign(statement(ORGAN, &"0".repeat(64), 3)));
    assert_eq!(other, NotGenuine::OtherStatement("record"));
    let other = refused(&sign(statement(ORGAN, &digest, 2)));
    assert_eq!(other, NotGenuine::OtherStatement("time"));
    let other = refused(&sign(crate::statement::Statement {
        package: [0; 32],
        ..statement(ORGAN, &digest, 3)
    }));
    assert_eq!(other, NotGenuine::OtherStatement("package"));
    assert!(WORLD.verify(&sign(statement(ORGAN, &digest, 3))).is_ok());
    assert_eq!(refused(&with("x.y.z".to_owned())), NotGenuine::Statement);
}

#[test]
fn other_fonts_under_a_stolen_sm2_key_are_refused() {
    // The statement of a genuine OFD is of its fonts too: they cannot be drawn anew.
    let bytes = changed(|entries| {
        let bytes = of(entries, "Doc_0/Res/Font_0.otf");
        let mut font = crate::sfnt::Sfnt::read(bytes).unwrap();
        *font.tables.get_mut(b"name").unwrap().last_mut().unwrap() ^= 1;
        *bytes = font.write().unwrap();
        resign(entries, &WORLD.seal, &WORLD.organ, 3);
    });
    assert_eq!(refused(&bytes), NotGenuine::OtherStatement("package"));
}

#[test]
fn a_time_before_the_certificate_or_in_the_future_is_refused() {
    assert_eq!(refused(&sealed_by(&WORLD.seal, &WORLD.organ, 0)), NotGenuine::Time);
    assert_eq!(refused(&sealed_by(&WORLD.seal, &WORLD.organ, 5)), NotGenuine::Time);
}

#[test]
fn another_qr_is_handed_out_as_what_it_is_and_half_of_one_is_refused() {
    let page = content_of(0);
    let printed = |code: &Qr| print(&record(), &FONTS, Some(code)).unwrap().package.entries;
    let with = |change: fn(String) -> String| {
        sealed_after(|entries| {
            let text = String::from_utf8(of(entries, &page).clone()).unwrap();
            *of(entries, &page) = change(text).into_bytes();
        })
    };
    assert_ne!(printed(&qr(33)), printed(&qr(37)));
    let cut = with(|text| text.replacen(" L 1", " L 2", 1));
    assert!(matches!(refused(&cut), NotGenuine::OtherMarks(1)));
}

#[test]
fn any_one_byte_that_is_changed_is_found_in_the_signature_and_around_it() {
    // All of what is small, byte by byte: headers, descriptions, statement, seal, signature.
    let genuine = GENUINE.as_slice();
    let tail = genuine.len() - 22 - 20 * 90;
    for place in (0..64).chain(tail..genuine.len()) {
        let mut other = genuine.to_vec();
        other[place] ^= 1;
        assert!(WORLD.verify(&other).is_err(), "byte {place}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn any_one_byte_that_is_changed_is_found(
        place in any::<proptest::sample::Index>(),
        bit in 0u8..8,
    ) {
        let mut other = GENUINE.clone();
        let place = place.index(other.len());
        other[place] ^= 1 << bit;
        prop_assert!(WORLD.verify(&other).is_err(), "byte {}", place);
    }

    /// The containers of ours alone have checksums; here one byte of a file changes, and its
    /// checksum with it.
    #[test]
    fn any_one_byte_of_a_file_that_is_changed_is_found(
        file in any::<proptest::sample::Index>(),
        place in any::<proptest::sample::Index>(),
        bit in 0u8..8,
    ) {
        let bytes = changed(|entries| {
            let file = file.index(entries.len());
            let bytes = &mut entries[file].bytes;
            let place = place.index(bytes.len());
            bytes[place] ^= 1 << bit;
        });
        prop_assert!(WORLD.verify(&bytes).is_err());
    }
}
