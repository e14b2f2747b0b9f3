#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use proptest::prelude::*;
use zerotrip_trust::keys::{Algorithm, PublicKey, SigningKey};

use crate::sign1::to_be_signed;
use crate::*;

const TYP: &str = "application/test+cwt";
const MOST: usize = 1024;

/// RFC 8392, A.1: a claims set.
const CLAIMS: &str = "a70175636f61703a2f2f61732e6578616d706c652e636f6d02656572696b77037818636f\
                      61703a2f2f6c696768742e6578616d706c652e636f6d041a5612aeb0051a5610d9f0061a\
                      5610d9f007420b71";
/// RFC 8392, A.3: the same, signed.
const SIGNED: &str = "d28443a10126a104524173796d6d657472696345434453413235365850a70175636f6170\
                      3a2f2f61732e6578616d706c652e636f6d02656572696b77037818636f61703a2f2f6c69\
                      6768742e6578616d706c652e636f6d041a5612aeb0051a5610d9f0061a5610d9f007420b\
                      7158405427c1ff28d23fbad1f29c4c7c6a555e601d6fa29f9179bc3d7438bacaca5acd08\
                      c8d4d4f96131680c429a01f85951ecee743a52b9b63632c57209120e1c9e30";
/// RFC 8392, A.2.3: the key, as a point.
const POINT: &str = "04143329cce7868e416927599cf65a34f3ce2ffda55a7eca69ed8919a394d42f0f60f7f1\
                     a780d8a783bfb7a2dd6b2796e8128dbbcef9d3d168db9529971a36e7b9";

fn bytes(hex: &str) -> Vec<u8> {
    hex::decode(hex).unwrap()
}

fn key() -> SigningKey {
    SigningKey::generate(Algorithm::Es256).unwrap()
}

fn read(hex: &str) -> Result<Value, CborError> {
    decode(&bytes(hex), MOST)
}

fn parse(token: &[u8]) -> Result<Sign1, CoseError> {
    Sign1::parse(token, TYP, MOST)
}

fn payload() -> Value {
    Value::numbered([(1, Value::text("iss")), (4, Value::number(1_800_000_000))])
}

/// A token whose protected header and parts are as they are said.
fn token_with(key: &SigningKey, protected: &Value, unprotected: Value) -> Vec<u8> {
    let (protected, payload) = (protected.encode(), payload().encode());
    let signature = key.sign(&to_be_signed(&protected, &payload)).unwrap();
    let parts =
        [Value::Bytes(protected), unprotected, Value::Bytes(payload), Value::Bytes(signature)];
    [vec![0xd2], Value::Array(parts.into()).encode()].concat()
}

fn header(key: &SigningKey, alg: Value) -> Vec<(Value, Value)> {
    vec![
        (Value::number(1), alg),
        (Value::number(4), Value::Bytes(bytes(key.id()))),
        (Value::number(16), Value::text(TYP)),
    ]
}

#[test]
fn the_claims_of_rfc_8392_are_read_and_come_back() {
    let claims = read(CLAIMS).unwrap();
    assert_eq!(hex::encode(claims.encode()), CLAIMS);
    let mut claims = Members::of(claims, "claims").unwrap();
    let issuer = Value::text("coap://as.example.com");
    assert_eq!(claims.required(1, Some).unwrap(), issuer);
    assert_eq!(claims.required(4, Some).unwrap(), Value::Unsigned(1_444_064_944));
    assert_eq!(claims.required(7, Some).unwrap(), Value::Bytes(vec![0x0b, 0x71]));
    let left = claims.clone().end().unwrap_err();
    assert_eq!(left, CoseError::Unknown { place: "claims", name: "2".into() });
    assert_eq!(
        claims.required(1, Some),
        Err(CoseError::Missing { place: "claims", name: 1 }),
        "each is taken once"
    );
}

#[test]
fn the_signature_of_rfc_8392_verifies_and_its_unprotected_header_is_refused() {
    let key = PublicKey::new(Algorithm::Es256, &bytes(POINT)).unwrap();
    let signature = &bytes(SIGNED)[bytes(SIGNED).len() - 64..];
    let signed = to_be_signed(&bytes("a10126"), &bytes(CLAIMS));
    key.verify(&signed, signature).unwrap();
    // It names its key in the unprotected header, which nobody signed.
    assert_eq!(parse(&bytes(SIGNED)).unwrap_err(), CoseError::Unprotected("4".into()));
    // RFC 8392, A.4: a MAC, in the CWT tag.
    assert_eq!(parse(&bytes("d83dd18443a10104")).unwrap_err(), CoseError::Tag(61));
}

#[test]
fn a_token_comes_back_under_its_key_alone() {
    let key = key();
    let token = Sign1::sign(&key, TYP, &payload()).unwrap();
    let read = parse(&token).unwrap();
    assert_eq!((read.key_id(), read.claimed().unwrap()), (key.id(), payload()));
    read.verify(key.public()).unwrap();
    let other = self::key();
    assert!(matches!(read.verify(other.public()), Err(CoseError::WrongKey { .. })));
    let edwards = SigningKey::generate(Algorithm::Ed25519).unwrap();
    assert!(matches!(read.verify(edwards.public()), Err(CoseError::WrongKeyKind(_))));
    assert!(matches!(Sign1::sign(&edwards, TYP, &payload()), Err(CoseError::WrongKeyKind(_))));
    assert!(matches!(
        Sign1::parse(&token, "application/other+cwt", MOST),
        Err(CoseError::WrongType { .. })
    ));
    let most = token.len() - 1;
    assert_eq!(
        Sign1::parse(&token, TYP, most).unwrap_err(),
        CoseError::Cbor { place: "token", why: CborError::TooLarge { found: token.len(), most } }
    );
}

#[test]
fn another_key_under_the_name_of_the_issuers_does_not_verify() {
    let (key, thief) = (key(), key());
    let header = Value::Map(header(&key, Value::number(-7)));
    let token = parse(&token_with(&thief, &header, Value::Map(Vec::new()))).unwrap();
    assert_eq!(token.verify(key.public()), Err(CoseError::BadSignature));
}

#[test]
fn the_algorithm_is_es256_and_in_the_protected_header() {
    let key = key();
    let refused = |header: Vec<(Value, Value)>, unprotected: Vec<(Value, Value)>| {
        parse(&token_with(&key, &Value::Map(header), Value::Map(unprotected))).unwrap_err()
    };
    for (alg, name) in [
        (Value::number(-35), "-35"),
        (Value::number(-8), "-8"),
        (Value::number(0), "0"),
        (Value::text("none"), "none"),
        (Value::text("ES256"), "ES256"),
        (Value::Null, "null"),
    ] {
        let error = refused(header(&key, alg), Vec::new());
        assert_eq!(error, CoseError::WrongAlgorithm(name.into()));
    }
    let without = |at: usize| {
        let mut header = header(&key, Value::number(-7));
        header.remove(at);
        header
    };
    for (at, name) in [(0, 1), (1, 4), (2, 16)] {
        let error = refused(without(at), Vec::new());
        assert_eq!(error, CoseError::Missing { place: "protected header", name });
    }
    let alg = (Value::number(1), Value::number(-7));
    assert_eq!(refused(without(0), vec![alg.clone()]), CoseError::Unprotected("1".into()));
    let whole = || header(&key, Value::number(-7));
    assert_eq!(refused(whole(), vec![alg]), CoseError::Unprotected("1".into()));
    // `crit`, and a certificate (`x5chain`).
    for name in [2, 33] {
        let more = (Value::number(name), Value::Array(Vec::new()));
        let error = refused([whole(), vec![more]].concat(), Vec::new());
        let name = name.to_string();
        assert_eq!(error, CoseError::Unknown { place: "protected header", name });
    }
    let mut short = whole();
    short[1].1 = Value::Bytes(vec![7; 15]);
    let error = refused(short, Vec::new());
    assert_eq!(error, CoseError::Missing { place: "protected header", name: 4 });
}

#[test]
fn a_token_has_four_parts_one_signature_and_one_tag() {
    let key = key();
    let token = Sign1::sign(&key, TYP, &payload()).unwrap();
    let Value::Array(parts) = decode(&token[1..], MOST).unwrap() else { panic!("no array") };
    let with = |parts: &[Value]| {
        parse(&[vec![0xd2], Value::Array(parts.to_vec()).encode()].concat()).unwrap_err()
    };
    assert_eq!(with(&parts[..3]), CoseError::Shape);
    let five = [&parts[..], &parts[3..]].concat();
    assert_eq!(with(&five), CoseError::Shape);
    for at in 0..4 {
        let mut other = parts.clone();
        other[at] = Value::Null;
        assert_eq!(with(&other), CoseError::Shape, "{at}");
    }
    let mut long = parts.clone();
    long[3] = Value::Bytes(vec![1; 65]);
    assert_eq!(with(&long), CoseError::SignatureLength(65));
    // Without its tag, with the CWT tag before it, with COSE_Sign's.
    let place = "token";
    let untagged = parse(&token[1..]).unwrap_err();
    assert_eq!(untagged, CoseError::Cbor { place, why: CborError::NoTag });
    assert_eq!(parse(&[&[0xd8, 61], &token[..]].concat()).unwrap_err(), CoseError::Tag(61));
    let many = [&[0xd8, 98], &token[1..]].concat();
    assert_eq!(parse(&many).unwrap_err(), CoseError::Tag(98));
    let long_tag = [&[0xd8, 18], &token[1..]].concat();
    assert_eq!(
        parse(&long_tag).unwrap_err(),
        CoseError::Cbor { place, why: CborError::NotShortest }
    );
    let more = [&token[..], &[0]].concat();
    assert_eq!(parse(&more).unwrap_err(), CoseError::Cbor { place, why: CborError::Trailing(1) });
}

#[test]
fn signatures_of_zero_and_beyond_the_order_are_refused() {
    let key = key();
    let token = Sign1::sign(&key, TYP, &payload()).unwrap();
    let (body, signature) = token.split_at(token.len() - 64);
    let order = bytes("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
    let (r, s) = signature.split_at(32);
    let (zero, all) = ([0; 32], [0xff; 32]);
    let one = [vec![0; 31], vec![1]].concat();
    for (r, s) in [
        (&zero[..], s),
        (r, &zero[..]),
        (&zero[..], &zero[..]),
        (&order[..], s),
        (r, &order[..]),
        (&all[..], s),
        (r, &all[..]),
        (&one[..], &one[..]),
    ] {
        let token = parse(&[body, r, s].concat()).unwrap();
        assert_eq!(token.verify(key.public()), Err(CoseError::BadSignature));
    }
}

#[test]
fn what_has_a_second_encoding_is_refused_by_name() {
    use CborError::*;
    for (hex, error) in [
        // Longer forms than needed.
        ("1817", NotShortest),
        ("190018", NotShortest),
        ("1a0000ffff", NotShortest),
        ("1b00000000ffffffff", NotShortest),
        ("3817", NotShortest),
        ("5801aa", NotShortest),
        ("780161", NotShortest),
        ("980101", NotShortest),
        ("b8010101", NotShortest),
        // Lengths that are not said.
        ("5f41aaff", Indefinite),
        ("7f6161ff", Indefinite),
        ("9f01ff", Indefinite),
        ("bf0101ff", Indefinite),
        ("ff", Indefinite),
        // Keys.
        ("a201010102", KeyTwice("1".into())),
        ("a202010102", KeyOrder("1".into())),
        ("a220010101", KeyOrder("1".into())),
        ("a2616101616102", KeyTwice("a".into())),
        ("a1a20101010201", KeyTwice("1".into())),
        // What is not read at all.
        ("f97e00", Unsupported("a float, a boolean or another simple value")),
        ("fa47c35000", Unsupported("a float, a boolean or another simple value")),
        ("f4", Unsupported("a float, a boolean or another simple value")),
        ("f7", Unsupported("a float, a boolean or another simple value")),
        ("f816", Unsupported("a float, a boolean or another simple value")),
        ("c101", Unsupported("a tag")),
        ("1c", Unsupported("a head that is reserved")),
        ("62c328", NotUtf8),
        // Ends.
        ("", Cut),
        ("18", Cut),
        ("42aa", Cut),
        ("8201", Cut),
        ("a101", Cut),
        ("5bffffffffffffffff", Cut),
        ("9bffffffffffffffff", Cut),
        ("bbffffffffffffffff", Cut),
        ("0000", Trailing(1)),
        ("81818181818100", TooDeep(6)),
    ] {
        assert_eq!(read(hex), Err(error), "{hex}");
    }
    assert!(read("818181818100").is_ok());
}

#[test]
fn numbers_have_their_shortest_form() {
    for (number, hex) in [
        (0, "00"),
        (23, "17"),
        (24, "1818"),
        (255, "18ff"),
        (256, "190100"),
        (65_535, "19ffff"),
        (65_536, "1a00010000"),
        (1 << 32, "1b0000000100000000"),
        (-1, "20"),
        (-7, "26"),
        (-65_537, "3a00010000"),
        (i64::MIN, "3b7fffffffffffffff"),
    ] {
        assert_eq!(hex::encode(Value::number(number).encode()), hex);
        assert_eq!(read(hex).unwrap().name(), number.to_string());
    }
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<u64>().prop_map(Value::Unsigned),
        any::<u64>().prop_map(Value::Negative),
        proptest::collection::vec(any::<u8>(), 0..40).prop_map(Value::Bytes),
        ".{0,12}".prop_map(Value::Text),
        Just(Value::Null),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        let entry = (any::<i32>(), inner.clone());
        prop_oneof![
            proptest::collection::vec(inner, 0..5).prop_map(Value::Array),
            proptest::collection::vec(entry, 0..5).prop_map(|entries| {
                let unique: std::collections::BTreeMap<i32, Value> = entries.into_iter().collect();
                Value::numbered(unique.into_iter().map(|(key, value)| (key.into(), value)))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn a_value_has_one_encoding(value in any_value()) {
        let encoded = value.encode();
        let read = decode(&encoded, encoded.len()).unwrap();
        prop_assert_eq!(read.encode(), encoded);
    }

    #[test]
    fn what_is_read_is_written_as_it_was(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        if let Ok(value) = decode(&bytes, MOST) {
            prop_assert_eq!(value.encode(), bytes);
        }
    }

    #[test]
    fn no_flipped_bit_verifies(at in 0usize..10_000) {
        let key = key();
        let mut token = Sign1::sign(&key, TYP, &payload()).unwrap();
        let bit = at % (token.len() * 8);
        token[bit / 8] ^= 1 << (bit % 8);
        let verified = parse(&token).and_then(|read| read.verify(key.public()));
        prop_assert!(verified.is_err(), "bit {}", bit);
    }
}
