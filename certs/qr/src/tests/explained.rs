//! What people read is in both languages, with the remedy apart.

use zerotrip_certificates::sdjwt::SdJwtError;
use zerotrip_certificates::{CertificateError, VerdictKind};
use zerotrip_cose::{CborError, CoseError};
use zerotrip_text::Explain;

use super::*;
use crate::image::ImageError;

/// What others wrote is between back-ticks. The rest is Chinese.
fn is_chinese(text: &str) -> bool {
    let said: String = text.split('`').step_by(2).collect();
    let mut words = said.split(|c: char| !c.is_ascii_alphabetic());
    !text.is_empty() && words.all(|word| word.len() < 3)
}

fn explained(error: &dyn Explain) {
    let said = error.explain();
    assert!(is_chinese(&said.what.zh), "{}", said.what.zh);
    assert!(!said.what.en.is_empty() && !said.what.en.ends_with('.'), "{}", said.what.en);
    if let Some(remedy) = said.remedy {
        assert!(is_chinese(&remedy.zh), "{}", remedy.zh);
        assert!(!said.what.en.contains(&remedy.en), "{}", remedy.en);
    }
}

#[test]
fn every_error_is_said_in_both_languages() {
    let certificate = || CertificateError::from(SdJwtError::BadSignature);
    let of = |why| QrError::Token(CoseError::Cbor { place: "payload", why });
    for error in [
        QrError::Prefix("https://x".into()),
        QrError::TooLong(971),
        QrError::Base45(Base45Error::Length),
        QrError::NoClaims,
        QrError::Half("cti", "status"),
        QrError::Times,
        QrError::Key(certificate()),
        QrError::KeyEnded(certificate()),
        QrError::WrongIssuer { stated: FUND.into(), holder: TAX.into() },
        QrError::Certificate(certificate()),
        QrError::NotValid(VerdictKind::Revoked),
        QrError::NotValid(VerdictKind::WrongPurpose),
        QrError::Bound,
        QrError::NotTheIssuers { key_id: "k".into(), issuer: FUND.into() },
        QrError::Unfit("scope".into()),
        QrError::TooMuch { found: 700 },
        of(CborError::TooLarge { found: 2, most: 1 }),
        of(CborError::Cut),
        of(CborError::Trailing(1)),
        of(CborError::Indefinite),
        of(CborError::NotShortest),
        of(CborError::Unsupported("a tag")),
        of(CborError::NotUtf8),
        of(CborError::KeyOrder("1".into())),
        of(CborError::KeyTwice("1".into())),
        of(CborError::TooDeep(6)),
        of(CborError::NoTag),
        of(CborError::NotDeterministic),
        QrError::Token(CoseError::Tag(61)),
        QrError::Token(CoseError::Shape),
        QrError::Token(CoseError::Unprotected("4".into())),
        QrError::Token(CoseError::Unknown { place: "claims", name: "3".into() }),
        QrError::Token(CoseError::Missing { place: "record", name: 1 }),
        QrError::Token(CoseError::WrongAlgorithm("-35".into())),
        QrError::Token(CoseError::WrongType { found: "x".into(), expected: TYP }),
        QrError::Token(CoseError::SignatureLength(65)),
        QrError::Token(CoseError::WrongKey { expected: "a".into(), found: "b".into() }),
        QrError::Token(CoseError::WrongKeyKind("a".into())),
        QrError::Token(CoseError::BadSignature),
    ] {
        explained(&error);
    }
    for error in [
        ScanError::Image(ImageError::Kind),
        ScanError::Image(ImageError::Bytes(1)),
        ScanError::Image(ImageError::Size { width: 1, height: 1 }),
        ScanError::Image(ImageError::Damaged("why".into())),
        ScanError::None,
        ScanError::Many(2),
        ScanError::Document,
        ScanError::Unreadable("why".into()),
    ] {
        explained(&error);
    }
}
