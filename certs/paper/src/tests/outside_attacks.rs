//! Papers that are not what they seem: each is refused by name.

use std::io::Write as _;

use proptest::prelude::*;

use super::*;
use crate::NotGenuine;
use crate::pdf::{Dict, File, Lexer, Object, Stream};
use crate::print::{Printed, catalogue};

fn refused(bytes: &[u8]) -> NotGenuine {
    verify_pdf(bytes, WORLD.ca.cert_der(), at(4)).map(drop).unwrap_err()
}

fn printed() -> Printed {
    print(&Claims::new().record(), &FONTS, &look()).unwrap()
}

/// A paper that the organ itself changed before it signed: what only the grammar catches.
fn signed_after(change: impl FnOnce(&mut File)) -> Vec<u8> {
    let mut printed = printed();
    change(&mut printed.file);
    let signed = printed.sign(&WORLD.seal, &WORLD.certificate, at(3), Stamp::None);
    signed.unwrap().into_bytes()
}

fn value(text: &str) -> Object {
    Object::read(&mut Lexer::new(text.as_bytes(), 0)).unwrap()
}

fn first_page(file: &mut File) -> &mut Dict {
    let pages = catalogue(file).unwrap().get("Pages").unwrap().reference().unwrap();
    let kids = file.object(pages).unwrap().as_dict().unwrap().get("Kids").unwrap();
    let first = kids.as_array().unwrap()[0].reference().unwrap();
    match file.object_mut(first).unwrap() {
        Object::Dict(dict) => dict,
        _ => panic!(),
    }
}

/// Changes what the first page draws.
fn redraw(file: &mut File, change: impl FnOnce(String) -> String) {
    let content = first_page(file).get("Contents").unwrap().reference().unwrap();
    let Object::Stream(stream) = file.object_mut(content).unwrap() else { panic!() };
    let mut unpacked = Vec::new();
    let mut reader = flate2::read::ZlibDecoder::new(stream.bytes.as_slice());
    std::io::Read::read_to_end(&mut reader, &mut unpacked).unwrap();
    // Strings are bytes: as hexadecimal they are text.
    let mut text = String::new();
    let mut lexer = Lexer::new(&unpacked, 0);
    while !lexer.is_at_end() {
        let mut ahead = lexer.clone();
        match ahead.next().unwrap() {
            crate::pdf::Token::Word(word) => {
                lexer = ahead;
                text.push_str(&word);
                text.push('\n');
            }
            _ => {
                let mut out = Vec::new();
                Object::read(&mut lexer).unwrap().write(&mut out);
                text.push_str(&String::from_utf8(out).unwrap());
                text.push(' ');
            }
        }
    }
    stream.bytes = packed(change(text).as_bytes());
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

fn object_error(bytes: &[u8]) -> String {
    match refused(bytes) {
        NotGenuine::Object { key, .. } => key,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_unchanged_paper_that_the_helper_signs_is_accepted() {
    verify_pdf(&signed_after(|file| redraw(file, |text| text)), WORLD.ca.cert_der(), at(4))
        .unwrap();
}

#[test]
fn a_second_revision_is_refused() {
    let bytes = WORLD.sign(&Claims::new().record(), &look());
    let update = b"99 0 obj\n<<>>\nendobj\nxref\n99 1\n0000000000 00000 n \ntrailer\n\
        <</Size 100/Prev 1>>\nstartxref\n1\n%%EOF\n";
    assert_eq!(refused(&[&bytes[..], update].concat()), NotGenuine::OtherForm);
    assert_eq!(refused(&[&bytes[..], b"\n"].concat()), NotGenuine::OtherForm);
    assert_eq!(refused(&[b"\n", &bytes[..]].concat()), NotGenuine::NotAPdf);
    assert_eq!(refused(&bytes[..bytes.len() - 1]), NotGenuine::OtherForm);
    // Hidden between two objects, where a reader sees nothing.
    let at = bytes.windows(8).position(|window| window == b"\nendobj\n").unwrap() + 8;
    let hidden = [&bytes[..at], b"%hidden\n", &bytes[at..]].concat();
    assert_eq!(refused(&hidden), NotGenuine::OtherForm);
    assert_eq!(refused(b"%PDF-1.7\n"), NotGenuine::OtherForm);
    assert_eq!(refused(&vec![b'%'; 5 << 20]), NotGenuine::NotAPdf);
}

#[test]
fn a_stripped_or_second_signature_is_refused() {
    assert_eq!(refused(&printed().unsigned()), NotGenuine::NotSigned);
    let second = signed_after(|file| {
        let field =
            file.push(value("<</Type/Annot/Subtype/Widget/FT/Sig/T<41>/F 132/Rect[0 0 0 0]>>"));
        first_page(file).set("Annots", Object::Array(vec![Object::Reference(field)]));
    });
    // The helper's own field replaces the list, so nothing refers to the other.
    assert!(matches!(refused(&second), NotGenuine::Unused(_)), "{:?}", refused(&second));
}

#[test]
fn the_range_is_all_but_the_gap() {
    let bytes = WORLD.sign(&Claims::new().record(), &look());
    let (mut file, _) = File::read_own(&bytes).unwrap();
    let range = |file: &mut File, change: &dyn Fn(&mut Vec<Object>)| {
        let Object::Dict(dict) = file.objects.last_mut().unwrap() else { panic!() };
        let mut numbers = dict.get("ByteRange").unwrap().as_array().unwrap().to_vec();
        change(&mut numbers);
        dict.set("ByteRange", Object::Array(numbers));
    };
    range(&mut file, &|numbers| numbers[0] = Object::integer(1));
    assert_eq!(refused(&file.write().0), NotGenuine::Range);
    range(&mut file, &|numbers| {
        numbers[0] = Object::integer(0);
        let wider = numbers[2].count().unwrap() + 10;
        numbers[2] = Object::integer(wider);
    });
    assert_eq!(refused(&file.write().0), NotGenuine::Range);
}

#[test]
fn the_gap_holds_the_signature_and_zeros() {
    let mut bytes = WORLD.sign(&Claims::new().record(), &look());
    let at = bytes.windows(10).rposition(|window| window == b"/Contents ").unwrap();
    let end = bytes[at..].iter().position(|byte| *byte == b'>').unwrap() + at;
    bytes[end - 1] = b'1';
    assert_eq!(refused(&bytes), NotGenuine::Cms);
}

#[test]
fn another_signer_root_or_time_is_refused() {
    let bytes = WORLD.sign(&Claims::new().record(), &look());
    let day = Duration::from_secs(DAY);
    let other = CertificateAuthority::generate("c.example", at(0), 900 * day).unwrap();
    let error = verify_pdf(&bytes, other.cert_der(), at(4)).map(drop).unwrap_err();
    assert!(matches!(error, NotGenuine::Certificate(_)), "{error:?}");
    let error = verify_pdf(&bytes, WORLD.ca.cert_der(), at(2)).map(drop).unwrap_err();
    assert_eq!(error, NotGenuine::Time);
    // Another system of the same authority.
    let mut printed = printed();
    printed.issuer = "spiffe://c.example/member/tax/system/desk".into();
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let certificate = certify(&WORLD.ca, &key, &printed.issuer);
    let signed = printed.sign(&key, &certificate, at(3), Stamp::None).unwrap().into_bytes();
    assert!(matches!(refused(&signed), NotGenuine::OtherSigner { .. }));
    // One whose certificate had ended.
    let printed = self::printed();
    let late = printed.sign(&WORLD.seal, &WORLD.certificate, at(366), Stamp::None).unwrap();
    let error = verify_pdf(&late.into_bytes(), WORLD.ca.cert_der(), at(367)).map(drop).unwrap_err();
    assert_eq!(error, NotGenuine::NotValidThen);
}

#[test]
fn another_record_is_refused() {
    let mut other = Claims::new();
    other.disclosed[0].1 = "110105194912310038".into();
    let other = other.record();
    let swap = |file: &mut File| {
        let place = file.objects.len() - 1;
        let Object::Stream(Stream { bytes, .. }) = &mut file.objects[place] else { panic!() };
        *bytes = other.clone().into_bytes();
    };
    let error = refused(&signed_after(swap));
    assert!(matches!(error, NotGenuine::OtherText { page: 1, .. }), "{error:?}");
    let bytes = WORLD.sign(&Claims::new().record(), &look());
    let (mut file, _) = File::read_own(&bytes).unwrap();
    let place = file.objects.len() - 3;
    let Object::Stream(Stream { bytes, .. }) = &mut file.objects[place] else { panic!() };
    *bytes = other.clone().into_bytes();
    let error = refused(&file.write().0);
    assert!(matches!(error, NotGenuine::Changed | NotGenuine::Range), "{error:?}");
}

#[test]
fn other_text_on_a_page_is_refused() {
    let drawn =
        |change: &dyn Fn(String) -> String| refused(&signed_after(|file| redraw(file, change)));
    // One text less, one twice, one moved, one white, one larger, one invisible.
    let block = |text: &str| {
        let begin = text.rfind("BT\n").unwrap();
        let end = text.rfind("ET\n").unwrap() + 3;
        (begin, end)
    };
    let less = drawn(&|text| {
        let (begin, end) = block(&text);
        format!("{}{}", &text[..begin], &text[end..])
    });
    assert!(matches!(less, NotGenuine::OtherText { .. } | NotGenuine::OtherMarks(_)), "{less:?}");
    let twice = drawn(&|text| {
        let (begin, end) = block(&text);
        format!("{}{}{}", &text[..end], &text[begin..end], &text[end..])
    });
    assert!(matches!(twice, NotGenuine::OtherText { .. }), "{twice:?}");
    let moved = drawn(&|text| text.replacen("1 0 0 -1 56 ", "1 0 0 -1 57 ", 1));
    assert!(matches!(moved, NotGenuine::OtherMarks(1)), "{moved:?}");
    let white = drawn(&|text| text.replace("\n0 scn\n", "\n1 scn\n"));
    assert!(matches!(white, NotGenuine::OtherMarks(1) | NotGenuine::Operator { .. }), "{white:?}");
    let invisible = drawn(&|text| text.replacen("0 Tr\n", "3 Tr\n", 1));
    assert_eq!(invisible, NotGenuine::Operator { page: 1, operator: "Tr".into() });
    let clipped = drawn(&|text| format!("0 0 1 1 re\nW\nn\n{text}"));
    assert_eq!(clipped, NotGenuine::Operator { page: 1, operator: "re".into() });
    let inline = drawn(&|text| format!("{text}BI\n"));
    assert_eq!(inline, NotGenuine::Operator { page: 1, operator: "BI".into() });
    // A white sheet over it all, as a rectangle that a paper could have.
    let sheet = drawn(&|text| {
        let last = text.rfind("q\n").unwrap();
        let covered = "q\n/c0 cs\n1 scn\n0 0 m\n595 0 l\n595 842 l\n0 842 l\nh\nf\nQ\n";
        format!("{}{}{}", &text[..last], covered, &text[last..])
    });
    assert!(matches!(sheet, NotGenuine::OtherMarks(1) | NotGenuine::OtherText { .. }), "{sheet:?}");
}

#[test]
fn another_colour_profile_is_refused() {
    let inverted = signed_after(|file| {
        let profile = file.objects.iter_mut().find_map(|object| match object {
            Object::Stream(stream) if stream.dict.get("N") == Some(&Object::integer(1)) => {
                Some(stream)
            }
            _ => None,
        });
        profile.unwrap().bytes = packed(b"black is white");
    });
    assert_eq!(object_error(&inverted), "ICCBased");
}

#[test]
fn scripts_actions_forms_and_files_have_no_place() {
    let in_catalogue = |key: &str, text: &str| {
        object_error(&signed_after(|file| catalogue(file).unwrap().set(key, value(text))))
    };
    assert_eq!(in_catalogue("OpenAction", "<</S/JavaScript/JS<00>>>"), "OpenAction");
    assert_eq!(in_catalogue("AA", "<</WC<</S/Launch>>>>"), "AA");
    assert_eq!(in_catalogue("Names", "<</EmbeddedFiles<<>>>>"), "Names");
    assert_eq!(in_catalogue("OCProperties", "<<>>"), "OCProperties");
    assert_eq!(in_catalogue("AF", "[]"), "AF");
    assert_eq!(in_catalogue("Perms", "<<>>"), "Perms");
    let in_page = |key: &str, text: &str| {
        object_error(&signed_after(|file| first_page(file).set(key, value(text))))
    };
    assert_eq!(in_page("AA", "<<>>"), "AA");
    assert_eq!(in_page("Rotate", "90"), "Rotate");
    assert_eq!(in_page("CropBox", "[0 0 1 1]"), "CropBox");
    assert_eq!(in_page("MediaBox", "[0 0 595 400]"), "MediaBox");
    // A reader that believes the count shows fewer pages.
    for count in ["0", "1", "-5", "99999999"] {
        let counted = signed_after(|file| {
            let pages = catalogue(file).unwrap().get("Pages").unwrap().reference().unwrap();
            let Object::Dict(pages) = file.object_mut(pages).unwrap() else { panic!() };
            pages.set("Count", value(count));
        });
        assert_eq!(object_error(&counted), "Count", "{count}");
    }
    // A form field over the text, beside the one for the signature.
    let bytes = WORLD.sign(&Claims::new().record(), &look());
    let (mut file, _) = File::read_own(&bytes).unwrap();
    let count = file.objects.len();
    let over = value("<</Type/Annot/Subtype/Widget/FT/Tx/T<41>/V<42>/F 4/Rect[0 0 595 842]>>");
    let signature = file.objects.pop().unwrap();
    file.objects.push(over);
    file.objects.push(signature);
    let both = Object::Array(vec![Object::Reference(count - 1), Object::Reference(count)]);
    first_page(&mut file).set("Annots", both);
    assert!(matches!(refused(&file.write().0), NotGenuine::Object { .. }));
    // An object that only a hostile reader would find.
    let unused = signed_after(|file| {
        file.push(value("<</S/Launch>>"));
    });
    assert!(matches!(refused(&unused), NotGenuine::Unused(_)));
}

#[test]
fn a_bomb_is_not_unpacked() {
    let bomb = packed(&vec![b' '; 64 << 20]);
    let of_page = signed_after(|file| {
        let content = first_page(file).get("Contents").unwrap().reference().unwrap();
        let Object::Stream(stream) = file.object_mut(content).unwrap() else { panic!() };
        stream.bytes = bomb.clone();
    });
    assert!(matches!(refused(&of_page), NotGenuine::Stream(_)));
    let nested =
        [b"%PDF-1.7\n%\x80\x80\x80\x80\n1 0 obj\n".to_vec(), b"[".repeat(100_000)].concat();
    assert_eq!(refused(&nested), NotGenuine::OtherForm);
    let torn = signed_after(|file| {
        let content = first_page(file).get("Contents").unwrap().reference().unwrap();
        let Object::Stream(stream) = file.object_mut(content).unwrap() else { panic!() };
        stream.bytes.truncate(100);
    });
    assert!(matches!(refused(&torn), NotGenuine::Stream(_)));
}

#[test]
fn the_title_and_descriptions_are_the_records() {
    let titled = signed_after(|file| {
        let info = file.trailer.get("Info").unwrap().reference().unwrap();
        let Object::Dict(info) = file.object_mut(info).unwrap() else { panic!() };
        info.set("Title", Object::Bytes(b"Deed of ownership".to_vec()));
    });
    assert_eq!(refused(&titled), NotGenuine::Metadata("Title"));
    let described = signed_after(|file| {
        let element = file.objects.iter_mut().find_map(|object| match object {
            Object::Dict(dict) if dict.get("Alt").is_some() => Some(dict),
            _ => None,
        });
        element.unwrap().set("Alt", Object::Bytes(b"something else".to_vec()));
    });
    assert_eq!(refused(&described), NotGenuine::Metadata("Alt"));
}

static SIGNED: LazyLock<Vec<u8>> = LazyLock::new(|| WORLD.sign(&Claims::new().record(), &look()));

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn any_one_byte_that_is_changed_is_found(
        place in any::<proptest::sample::Index>(),
        by in 1u8..,
    ) {
        let mut bytes = SIGNED.clone();
        let place = place.index(bytes.len());
        bytes[place] ^= by;
        let result = verify_pdf(&bytes, WORLD.ca.cert_der(), at(4));
        prop_assert!(result.is_err(), "byte {} by {}", place, by);
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let with_head = [b"%PDF-1.7\n%\x80\x80\x80\x80\n1 0 obj\n".as_slice(), &bytes].concat();
        prop_assert!(verify_pdf(&with_head, WORLD.ca.cert_der(), at(4)).is_err());
    }
}
