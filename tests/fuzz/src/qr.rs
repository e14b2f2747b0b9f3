//! The QR of a certificate: its text, the token in it, and the picture that it is in.

use zerotrip_cose::{Sign1, Value, decode};
use zerotrip_qr::{PREFIX, QrText, base45_decode, base45_encode, is_image, matrix, png, scan};
use zerotrip_trust::keys::{Algorithm, SigningKey};

/// The bytes as a QR's text, and as the token in one.
pub fn qr(data: &[u8]) -> bool {
    let token = format!("{PREFIX}{}", base45_encode(data));
    let text = std::str::from_utf8(data);
    text.is_ok_and(reads_back) | reads_back(&token)
}

/// What is read is written as it was, and has one encoding.
fn reads_back(text: &str) -> bool {
    let Ok(read) = QrText::read(text) else { return false };
    assert_eq!(read.as_str(), text.trim_end_matches(['\r', '\n']));
    let token = base45_decode(read.as_str().strip_prefix(PREFIX).unwrap()).unwrap();
    assert_eq!(base45_encode(&token), read.as_str().strip_prefix(PREFIX).unwrap());
    if let Ok(value) = decode(&token, token.len()) {
        assert_eq!(value.encode(), token);
    }
    matrix(&read).unwrap();
    read.claimed().is_ok()
}

pub fn qr_seeds() -> Vec<Vec<u8>> {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let issuer = "spiffe://c.example/member/fund/system/desk";
    let list = Value::Map(vec![
        (Value::text("idx"), Value::Unsigned(7)),
        (Value::text("uri"), Value::text("https://status.example/1.jwt")),
    ]);
    let number = Value::Array(vec![Value::Unsigned(24), Value::text("months")]);
    let record = Value::numbered([
        (1, Value::text("no-property")),
        (2, Value::Unsigned(1)),
        (3, Value::text("couple")),
        (4, Value::Bytes(vec![7; 32])),
        (5, Value::Unsigned(1_764_000_000)),
        (6, Value::text("applicant")),
        (9, Value::Array(vec![Value::text("330100")])),
        (
            11,
            Value::Map(vec![(Value::text("months"), number), (Value::text("since"), Value::Null)]),
        ),
    ]);
    let claims = Value::numbered([
        (1, Value::text(issuer)),
        (2, Value::text("11010519491231002X")),
        (4, Value::Unsigned(1_766_000_000)),
        (5, Value::Unsigned(1_764_000_000)),
        (6, Value::Unsigned(1_764_000_000)),
        (7, Value::Bytes(b"fund-desk-2026-000001".to_vec())),
        (65_535, Value::Map(vec![(Value::text("status_list"), list)])),
        (-65_537, record),
    ]);
    let token = Sign1::sign(&key, "application/zerotrip+cwt", &claims).unwrap();
    vec![format!("{PREFIX}{}", base45_encode(&token)).into_bytes(), token]
}

/// The bytes as a picture with a QR in it.
pub fn qr_image(data: &[u8]) -> bool {
    let scanned = scan(data);
    assert!(scanned.is_err() || is_image(data));
    scanned.is_ok()
}

pub fn qr_image_seeds() -> Vec<Vec<u8>> {
    let text = QrText::read(&format!("{PREFIX}{}", base45_encode(&[7; 20]))).unwrap();
    let jpeg = include_bytes!("../../../certs/qr/src/tests/link.jpg");
    vec![png(&matrix(&text).unwrap()).unwrap(), jpeg.to_vec()]
}
