//! What is made, and that it is accepted.

use super::*;
use crate::layout::{Mark, Pictures, lay_out};
use crate::record::Record;

fn verified(bytes: &[u8]) -> crate::VerifiedPaper {
    verify_pdf(bytes, WORLD.ca.cert_der(), at(4)).unwrap()
}

#[test]
fn a_signed_paper_gives_its_record_back_byte_for_byte() {
    let record = Claims::new().record();
    let bytes = WORLD.sign(&record, &look());
    let paper = verified(&bytes);
    assert_eq!(paper.record, record);
    assert_eq!((paper.signer.as_str(), &paper.key), (ORGAN, WORLD.seal.public()));
    assert_eq!((paper.signed_at, paper.stamped_at), (at(3), None));
    assert_eq!((paper.pages, paper.has_seal), (2, true));
    assert_eq!(paper.qr, Some(qr(33)));
    let bare = verified(&WORLD.sign(&record, &Look::default()));
    assert_eq!((bare.record, bare.has_seal, bare.qr), (record.clone(), false, None));
    assert!(
        bytes.windows(record.len()).any(|window| window == record.as_bytes()),
        "the record is in the file as it is"
    );
}

#[test]
fn the_same_record_gives_the_same_bytes() {
    let record = Claims::new().record();
    let once = print(&record, &FONTS, &look()).unwrap().unsigned();
    assert_eq!(once, print(&record, &FONTS, &look()).unwrap().unsigned());
    // The order in which characters were first asked for changes nothing.
    let fresh = Fonts::new(vec![FontFile {
        name: "serif".into(),
        face: 2,
        bytes: Arc::new(
            std::fs::read("/usr/share/fonts/opentype/noto/NotoSerifCJK-Regular.ttc").unwrap(),
        ),
    }])
    .unwrap();
    let plain = Claims { disclosed: Vec::new(), ..Claims::new() }.record();
    let other = print(&plain, &fresh, &look()).unwrap().unsigned();
    assert_eq!(other, print(&plain, &FONTS, &look()).unwrap().unsigned());
}

#[test]
fn rare_characters_are_printed_or_refused_by_their_code_point() {
    let with = |name: &str| {
        let mut claims = Claims::new();
        claims.disclosed[1].1 = name.into();
        print(&claims.record(), &FONTS, &Look::default())
    };
    for name in ["𠮷", "㐂", "𪚥", "𫝆", "龘", "臺", "张·三", "Ünal Şahin", "Ελένη", "ｶﾅ"]
    {
        with(name).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    assert_eq!(with("王\u{e000}").unwrap_err(), PaperError::Unprintable(0xe000, "value"));
    assert_eq!(with("\u{30000}").unwrap_err(), PaperError::NoGlyph(0x30000, '\u{30000}'));
    // What is joined, stacked, reordered or not seen.
    let hidden = ["a\u{202e}b", "a\u{200b}b", "a\u{ad}b", "a\nb"];
    for name in ["བཀྲ་ཤིས", "محمد", "e\u{301}", "葛\u{e0100}"].into_iter().chain(hidden)
    {
        let error = with(name).unwrap_err();
        assert!(matches!(error, PaperError::Unprintable(_, "value")), "{name}: {error}");
    }
}

#[test]
fn characters_that_share_a_glyph_keep_their_code_points() {
    let mut claims = Claims::new();
    claims.disclosed[1].1 = "⽤用⽅方Å\u{212b}".into();
    let record = claims.record();
    assert_eq!(verified(&WORLD.sign(&record, &Look::default())).record, record);
}

#[test]
fn a_long_table_goes_over_pages_with_its_titles() {
    let source = |number: usize| {
        json!({
            "dataset": format!("estate.ownership_{number}"), "owner": "estate",
            "as_of": "2027-01-16T01:30:00Z",
            "coverage": { "en": "Ownership of real estate ".repeat(1 + number % 5),
                          "zh": "本市不动产权属登记（含历史档案），".repeat(1 + number % 4) },
        })
    };
    let sources: Vec<_> = (0..60).map(source).collect();
    let record = Claims::new().set("sources", sources.into()).record();
    let bytes = WORLD.sign(&record, &look());
    let paper = verified(&bytes);
    assert!(paper.pages > 4, "{}", paper.pages);
    let read = Record::read(&record).unwrap();
    let content = crate::content::content(&read, crate::Form::Pdf).unwrap();
    let pages = lay_out(&content, &Pictures::default(), &*FONTS).unwrap();
    let has_titles = |page: &crate::layout::Page| {
        page.items
            .iter()
            .flat_map(|item| &item.marks)
            .any(|mark| matches!(mark, Mark::Text(line) if line.text.contains("数据目录")))
    };
    let with = pages.iter().filter(|page| has_titles(page)).count();
    assert_eq!(with, pages.len() - 1, "all but the page for sceptics");
}

#[test]
fn a_row_that_fits_on_no_page_is_taken_apart() {
    let long = "本市不动产权属登记，含历史档案。".repeat(200);
    let sources = json!([{
        "dataset": "estate.ownership", "owner": "estate", "as_of": "2027-01-16T01:30:00Z",
        "coverage": { "en": "all", "zh": long },
    }]);
    let record = Claims::new().set("sources", sources.clone()).record();
    assert!(verified(&WORLD.sign(&record, &look())).pages > 3);
    let mut longer = sources;
    longer[0]["coverage"]["zh"] = "长".repeat(4_001).into();
    let record = Claims::new().set("sources", longer).record();
    assert!(matches!(print(&record, &FONTS, &look()), Err(PaperError::TooMany(_, 4_000))));
}

#[test]
fn what_is_withheld_is_said() {
    let full = Claims::new().record();
    let token = zerotrip_certificates::sdjwt::SdJwt::parse(&full).unwrap();
    let bare = token.present(&["applicant"]).unwrap().to_string();
    let read = Record::read(&bare).unwrap();
    assert_eq!((read.withheld, &read.purpose, read.facts.len()), (5, &None, 0));
    assert_eq!(verified(&WORLD.sign(&bare, &look())).record, bare);
    // A proof of its holder is for one verifier and one time.
    let bound = format!("{bare}eyJhbGciOiJFUzI1NiJ9.e30.c2ln");
    assert_eq!(print(&bound, &FONTS, &look()).unwrap_err(), PaperError::NotARecord);
    assert_eq!(print(&format!("{bare}\n"), &FONTS, &look()).unwrap_err(), PaperError::NotARecord);
}

#[test]
fn only_the_issuer_signs_and_not_before_it_issued() {
    let printed = print(&Claims::new().record(), &FONTS, &Look::default()).unwrap();
    let other = SigningKey::generate(Algorithm::Es256).unwrap();
    let of_other = certify(&WORLD.ca, &other, "spiffe://c.example/member/tax/system/desk");
    let signed = |key, certificate, at| {
        printed.sign(key, certificate, at, Stamp::None).map(drop).unwrap_err()
    };
    assert!(matches!(signed(&other, &of_other, at(3)), PaperError::OtherIssuer { .. }));
    assert!(matches!(signed(&other, &WORLD.certificate, at(3)), PaperError::Certificate(_)));
    assert_eq!(signed(&WORLD.seal, &WORLD.certificate, at(0)), PaperError::BadTime);
}

#[test]
fn pictures_and_fonts_are_held_to_their_bounds() {
    let refused = |bytes: Vec<u8>| Seal::from_png(bytes).unwrap_err();
    let png = include_bytes!("seal.png").to_vec();
    assert_eq!(refused(b"GIF89a".to_vec()), PaperError::Seal("is not a PNG"));
    assert_eq!(refused(vec![0; (1 << 20) + 1]), PaperError::Seal("is over 1 MiB"));
    let mut wide = png.clone();
    wide[18] = 0xff;
    assert!(matches!(refused(wide), PaperError::Seal(_)));
    let mut torn = png;
    torn.truncate(200);
    let torn = Seal::from_png(torn).and_then(|seal| {
        print(&Claims::new().record(), &FONTS, &Look { seal: Some(seal), qr: None })
    });
    assert!(torn.is_err(), "a picture that is not whole");
    assert!(Qr::new(vec![true; 21 * 21], 21).is_err(), "no finder patterns");
    assert!(Qr::new(vec![], 22).is_err());
    let font = |bytes: Vec<u8>| {
        Fonts::new(vec![FontFile { name: "f".into(), face: 0, bytes: Arc::new(bytes) }])
    };
    assert!(matches!(font(b"no font".to_vec()), Err(PaperError::Font { .. })));
    assert_eq!(Fonts::new(Vec::new()).unwrap_err(), PaperError::NoFont);
}
