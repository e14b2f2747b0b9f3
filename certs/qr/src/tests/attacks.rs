//! What an attacker can bring: each is refused by its name.

use proptest::prelude::*;
use zerotrip_cose::{CborError, CoseError};

use super::*;

#[test]
fn another_prefix_and_a_link_are_refused_by_name() {
    let world = World::new();
    let text = made(&world, &world.numbered()).to_string();
    let body = text.strip_prefix(PREFIX).unwrap();
    for other in [
        "https://zerotrip.example/verify?c=ZT1:ABC".to_owned(),
        "HTTPS://EVIL.EXAMPLE/".to_owned(),
        format!("HC1:{body}"),
        format!("ZT2:{body}"),
        format!("zt1:{body}"),
        format!(" {text}"),
        body.to_owned(),
        String::new(),
    ] {
        assert!(matches!(refused(&world, &other), QrError::Prefix(_)), "{other}");
    }
    let long = format!("{PREFIX}{}", "0".repeat(967));
    assert_eq!(refused(&world, &long), QrError::TooLong(971));
    assert!(matches!(refused(&world, &format!("{text}A")), QrError::Base45(_)));
    assert!(matches!(refused(&world, &format!("{text}a")), QrError::Base45(_)));
    // A line's end behind it is a text file's.
    assert!(verified(&world, &format!("{text}\n"), Demand::at(at(300))).is_ok());
}

#[test]
fn a_seal_of_another_organ_or_of_nobody_is_refused() {
    let world = World::new();
    let claims = Value::Map(claims(&world));
    assert_eq!(
        refused(&world, &sealed(&world.tax, &claims)),
        QrError::WrongIssuer { stated: FUND.into(), holder: TAX.into() }
    );
    let thief = SigningKey::generate(zerotrip_trust::keys::Algorithm::Es256).unwrap();
    assert!(matches!(refused(&world, &sealed(&thief, &claims)), QrError::Key(_)));
    // Under the name of the organ's key.
    let token = Sign1::sign(&thief, TYP, &claims).unwrap();
    let (own, stolen) = [thief.id(), world.seal.id()].map(|id| hex::decode(id).unwrap()).into();
    let at = token.windows(16).position(|window| window == own).unwrap();
    let forged = [&token[..at], &stolen, &token[at + 16..]].concat();
    let error = refused(&world, &QrText::of(&forged).unwrap().to_string());
    assert_eq!(error, QrError::Token(CoseError::BadSignature));
}

#[test]
fn a_token_of_another_kind_is_no_qr() {
    let world = World::new();
    let claims = Value::Map(claims(&world));
    let token = Sign1::sign(&world.seal, "application/statuslist+cwt", &claims).unwrap();
    let error = refused(&world, &QrText::of(&token).unwrap().to_string());
    assert!(matches!(error, QrError::Token(CoseError::WrongType { .. })), "{error:?}");
    // The CWT tag before it: a second form of the same.
    let token = Sign1::sign(&world.seal, TYP, &claims).unwrap();
    let tagged = [&[0xd8, 61], &token[..]].concat();
    let error = refused(&world, &QrText::of(&tagged).unwrap().to_string());
    assert_eq!(error, QrError::Token(CoseError::Tag(61)));
}

/// A change of the world's claims, sealed by the organ itself.
fn with(world: &World, change: impl FnOnce(&mut Vec<(Value, Value)>)) -> QrError {
    let mut claims = claims(world);
    change(&mut claims);
    refused(world, &sealed(&world.seal, &Value::Map(claims)))
}

#[test]
fn each_claim_must_be_there_in_its_shape_and_no_other() {
    let world = World::new();
    let missing = |place, name| QrError::Token(CoseError::Missing { place, name });
    for name in [1, 4, 5, 6, -65_537] {
        let error = with(&world, |claims| drop(claims.remove(place(claims, name))));
        assert_eq!(error, missing("claims", name));
        let error = with(&world, |claims| {
            let at = place(claims, name);
            claims[at].1 = Value::Null;
        });
        assert_eq!(error, missing("claims", name));
    }
    for name in [1, 2, 3, 4, 5] {
        let error = with(&world, |claims| *member(claims, name) = Value::Null);
        assert_eq!(error, missing("record", name));
    }
    // What is known to CWT, what others have, what nobody has.
    for name in [3, 8, 38, 65_534, -1, -65_538, 100_000] {
        let more = (Value::number(name), Value::Unsigned(1));
        let error = with(&world, |claims| claims.push(more));
        let name = name.to_string();
        assert_eq!(error, QrError::Token(CoseError::Unknown { place: "claims", name }));
    }
    let error = with(&world, |claims| {
        let at = place(claims, -65_537);
        let Value::Map(record) = &mut claims[at].1 else { panic!("no map") };
        record.push((Value::number(12), Value::Null));
    });
    let name = "12".to_owned();
    assert_eq!(error, QrError::Token(CoseError::Unknown { place: "record", name }));
    let array = sealed(&world.seal, &Value::Array(Vec::new()));
    assert_eq!(refused(&world, &array), QrError::NoClaims);
}

#[test]
fn what_comes_in_pairs_comes_whole() {
    let world = World::new();
    for (gone, error) in [
        (7, QrError::Half("cti", "status")),
        (65_535, QrError::Half("cti", "status")),
        (2, QrError::Half("subject", "sub")),
    ] {
        assert_eq!(with(&world, |claims| drop(claims.remove(place(claims, gone)))), error);
    }
}

#[test]
fn members_have_bounds_and_one_spelling() {
    let world = World::new();
    let record = |name: i64, value: Value| {
        let error = with(&world, |claims| *member(claims, name) = value.clone());
        assert_eq!(
            error,
            QrError::Token(CoseError::Missing { place: "record", name }),
            "{name} {value:?}"
        );
    };
    let texts = |count| Value::Array(vec![Value::text("1"); count]);
    for bad in ["", " no-property", "No-Property", "no property", "a@", "@2", "a@x", "不"] {
        record(1, Value::text(bad));
    }
    record(1, Value::text(&"a".repeat(65)));
    // A version that the check's name contradicts.
    record(2, Value::Unsigned(1_000_000_000));
    record(3, Value::text("Couple"));
    record(4, Value::Bytes(vec![0; 31]));
    record(4, Value::Bytes(vec![0; 33]));
    record(5, Value::Unsigned(253_402_300_800));
    record(6, Value::text("the applicant"));
    for bad in ["", " x", "x ", "a\u{202e}b", "a\nb", "a\u{200b}b"] {
        record(7, Value::text(bad));
        record(8, Value::text(bad));
    }
    record(8, Value::text(&"a".repeat(201)));
    record(9, texts(0));
    record(9, texts(17));
    let claim = |name: i64, value: Value| {
        let error = with(&world, |claims| {
            let at = place(claims, name);
            claims[at].1 = value;
        });
        assert_eq!(error, QrError::Token(CoseError::Missing { place: "claims", name }));
    };
    claim(7, Value::Bytes(b"tax-desk-2027-000001".to_vec()));
    claim(7, Value::Bytes(vec![0xff]));
    claim(7, Value::text("fund-desk-2027-000001"));
    let list = |entries: Vec<(Value, Value)>| {
        Value::Map(vec![(Value::text("status_list"), Value::Map(entries))])
    };
    let idx = || (Value::text("idx"), Value::Unsigned(7));
    let uri = |uri: &str| (Value::text("uri"), Value::text(uri));
    claim(65_535, list(vec![idx()]));
    claim(65_535, list(vec![uri(LIST)]));
    claim(65_535, list(vec![idx(), uri("http://status.example/1.jwt")]));
    claim(65_535, list(vec![idx(), uri("https://status.example/1.jwt?who=me")]));
    claim(65_535, list(vec![idx(), uri(LIST), (Value::text("x"), Value::Null)]));
    claim(65_535, list(vec![(Value::text("idx"), Value::number(-7)), uri(LIST)]));
}

#[test]
fn values_have_names_bounds_and_few_kinds() {
    let world = World::new();
    let facts = |entries: Vec<(Value, Value)>| {
        let mut claims = claims(&world);
        let at = place(&claims, -65_537);
        let Value::Map(record) = &mut claims[at].1 else { panic!("no map") };
        record.push((Value::number(11), Value::Map(entries)));
        sealed(&world.seal, &Value::Map(claims))
    };
    let of = |value: Value| facts(vec![(Value::text("class"), value)]);
    let number = |value: Value, unit: &str| Value::Array(vec![value, Value::text(unit)]);
    for good in [Value::text("c1"), number(Value::Unsigned(24), "months"), Value::Null] {
        assert!(verified(&world, &of(good), Demand::at(at(300))).is_ok());
    }
    let error = QrError::Token(CoseError::Missing { place: "record", name: 11 });
    for bad in [
        Value::Unsigned(24),
        number(Value::number(-1), "fen"),
        number(Value::Unsigned(24), "years"),
        number(Value::text("24"), "months"),
        Value::Bytes(vec![1]),
        Value::Array(Vec::new()),
    ] {
        assert_eq!(refused(&world, &of(bad)), error);
    }
    assert_eq!(refused(&world, &facts(Vec::new())), error, "none has no claim at all");
    let many = (0..17).map(|at| (Value::text(&format!("a{at}")), Value::Null)).collect();
    assert_eq!(refused(&world, &facts(many)), error);
    assert_eq!(refused(&world, &facts(vec![(Value::text("A b"), Value::Null)])), error);
}

#[test]
fn times_that_make_no_sense_are_refused() {
    let world = World::new();
    let (start, end) = (seconds_of(at(110)), seconds_of(at(100) + 30 * DAY));
    for (exp, nbf, iat) in [
        (start, start, start),
        (start - 1, start, start),
        (end, start, start - 1),
        (end, start, end),
        (start + 367 * 86_400, start, start),
    ] {
        let error = with(&world, |claims| {
            for (name, value) in [(4, exp), (5, nbf), (6, iat)] {
                let at = place(claims, name);
                claims[at].1 = Value::Unsigned(value);
            }
        });
        assert_eq!(error, QrError::Times, "{exp} {nbf} {iat}");
    }
}

#[test]
fn claims_in_a_second_encoding_are_refused_though_they_are_sealed() {
    let world = World::new();
    let good = Value::Map(claims(&world)).encode();
    // The payload as it is, sealed: what an organ with other software could make.
    let payload = |bytes: Vec<u8>| {
        let token = seal_bytes(&world.seal, &bytes);
        refused(&world, &QrText::of(&token).unwrap().to_string())
    };
    let cbor = |why| QrError::Token(CoseError::Cbor { place: "payload", why });
    let head = good[0];
    let first = &good[1..];
    assert_eq!(payload([&[0xbf], first, &[0xff]].concat()), cbor(CborError::Indefinite));
    assert_eq!(payload([&[0xb8, head & 0x1f], first].concat()), cbor(CborError::NotShortest));
    assert_eq!(payload([&good[..], &[0]].concat()), cbor(CborError::Trailing(1)));
    let twice = [&[head + 1, 0x01, 0x61, b'a'], first].concat();
    assert_eq!(payload(twice), cbor(CborError::KeyTwice("1".into())));
    let order = [&[head + 1, 0x03, 0x61, b'a'], first].concat();
    assert_eq!(payload(order), cbor(CborError::KeyOrder("1".into())));
    assert_eq!(payload(good[..good.len() - 1].to_vec()), cbor(CborError::Cut));
}

/// Signs a payload of any bytes.
fn seal_bytes(key: &SigningKey, payload: &[u8]) -> Vec<u8> {
    let protected = Value::numbered([
        (1, Value::number(-7)),
        (4, Value::Bytes(hex::decode(key.id()).unwrap())),
        (16, Value::text(TYP)),
    ])
    .encode();
    let signed = Value::Array(vec![
        Value::text("Signature1"),
        Value::Bytes(protected.clone()),
        Value::Bytes(Vec::new()),
        Value::Bytes(payload.to_vec()),
    ]);
    let signature = key.sign(&signed.encode()).unwrap();
    let parts = Value::Array(vec![
        Value::Bytes(protected),
        Value::Map(Vec::new()),
        Value::Bytes(payload.to_vec()),
        Value::Bytes(signature),
    ]);
    [vec![0xd2], parts.encode()].concat()
}

#[test]
fn every_flipped_bit_is_refused() {
    let world = World::new();
    let directory = world.directory(|_| ());
    let root = TrustRoot::Directory(&directory);
    let token = made(&world, &world.with_facts()).token().unwrap();
    for bit in 0..token.len() * 8 {
        let mut flipped = token.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let text = QrText::of(&flipped).unwrap().to_string();
        assert!(verify(&text, root, Demand::at(at(300))).is_err(), "bit {bit}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_other_text_verifies(
        changes in proptest::collection::vec((any::<usize>(), any::<u8>(), 0u8..4), 1..6),
    ) {
        let world = World::new();
        let token = made(&world, &world.numbered()).token().unwrap();
        let mut other = token.clone();
        for (at, byte, kind) in changes {
            let at = at % other.len();
            match kind {
                0 => other[at] = byte,
                1 => other.insert(at, byte),
                2 => drop(other.remove(at)),
                _ => other.truncate(at.max(1)),
            }
        }
        prop_assume!(other != token && other.len() <= crate::bounds::TOKEN_BYTES);
        let text = QrText::of(&other).unwrap().to_string();
        prop_assert!(verified(&world, &text, Demand::at(at(300))).is_err());
    }

    #[test]
    fn any_text_is_read_or_refused(text in "(ZT1:)?[0-9A-Z $%*+./:-]{0,200}") {
        if let Ok(read) = QrText::read(&text) {
            prop_assert_eq!(read.as_str(), text);
            prop_assert!(read.claimed().is_err(), "claims out of nothing");
        }
    }
}
