//! The list as a CWT.

use zerotrip_cose::{CborError, CoseError, Sign1, Value as Cbor};

use super::*;
use crate::status::{StatusCwt, sign_cwt_list};

const TYP: &str = "application/statuslist+cwt";

fn signed(key: &SigningKey, list: &StatusList) -> Vec<u8> {
    sign_cwt_list(key, (URI, list), at(0), (24 * HOUR, HOUR)).unwrap()
}

fn opened(token: &[u8], key: &SigningKey) -> Result<OpenList, StatusError> {
    StatusCwt::parse(token)?.open(key.public(), URI)
}

/// The claims of a list, to be changed and signed all the same.
fn claims() -> Vec<(i64, Cbor)> {
    let part = Cbor::Map(vec![
        (Cbor::text("bits"), Cbor::Unsigned(2)),
        (Cbor::text("lst"), Cbor::Bytes(list(&[]).pack().unwrap())),
    ]);
    vec![
        (2, Cbor::text(URI)),
        (4, Cbor::Unsigned(1_800_086_400)),
        (6, Cbor::Unsigned(1_800_000_000)),
        (65_533, part),
        (65_534, Cbor::Unsigned(3600)),
    ]
}

#[test]
fn the_drafts_vectors_come_back_as_cwts_at_all_widths() {
    let vectors: Vec<Vector> = serde_json::from_str(VECTORS).unwrap();
    let key = key();
    for Vector { bits, lst, statuses } in vectors {
        let list = StatusList::decode(Bits::new(bits).unwrap(), &lst).unwrap();
        let open = opened(&signed(&key, &list), &key).unwrap();
        assert_eq!((open.list().places(), u64::from(open.list().bits().number())), (1 << 20, bits));
        assert!(*open.list() == list);
        for (place, value) in statuses {
            assert_eq!(open.list().get(place), Some(value), "{bits} {place}");
        }
    }
}

#[test]
fn the_drafts_example_has_the_list_that_it_says_and_an_encoding_that_is_not_ours() {
    // Draft 20, 5.2: the statuses of 4.1 at one bit.
    let lst = hex::decode("78dadbb918000217015d").unwrap();
    let list = StatusList::unpack(Bits::One, &lst).unwrap();
    let values: Vec<u8> = (0..16).map(|place| list.get(place).unwrap()).collect();
    assert_eq!(values, [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1]);
    assert_eq!(list.pack().unwrap().first(), Some(&0x78));
    let example = "d2845820a2012610781a6170706c69636174696f6e2f7374617475736c6973742b637774a1044231\
                   325850a502782168747470733a2f2f6578616d706c652e636f6d2f7374617475736c697374732f31\
                   061a648c5bea041a8898dfea19fffe19a8c019fffda2646269747301636c73744a78dadbb9180002\
                   17015d584093fa4d01032b18c35e2fe1101b77fd6cc9440022caa4694450c4e4e9feab4e99d1fa6d\
                   9772ce2bf3a12e0323ded7c982c5e101a5e67f0cbc1e2b6f57ce99c279";
    let error = StatusCwt::parse(&hex::decode(example).unwrap()).unwrap_err();
    assert_eq!(error, StatusError::Cwt(CoseError::Unprotected("4".into())));
}

#[test]
fn a_list_that_is_not_the_one_or_not_signed_so_is_refused_by_name_as_a_cwt() {
    let key = key();
    let token = signed(&key, &list(&[(7, 1)]));
    let open = opened(&token, &key).unwrap();
    assert_eq!(open.status(7, at(10)).unwrap().value, StatusValue::Revoked);
    assert_eq!(open.status(0, at(86_400)), Err(StatusError::Ended { at: at(86_400) }));
    let other = "https://status.example/lists/2.jwt";
    let error = StatusCwt::parse(&token).unwrap().open(key.public(), other).unwrap_err();
    assert_eq!(error, StatusError::OtherList { expected: other.into(), found: URI.into() });
    assert!(matches!(
        opened(&token, &self::key()).unwrap_err(),
        StatusError::Cwt(CoseError::WrongKey { .. })
    ));
    let with = |key_of: i64, value: Option<Cbor>| {
        let mut claims = claims();
        claims.retain(|(known, _)| *known != key_of);
        claims.extend(value.map(|value| (key_of, value)));
        opened(&Sign1::sign(&key, TYP, &Cbor::numbered(claims)).unwrap(), &key)
    };
    assert!(with(65_534, Some(Cbor::Unsigned(60))).is_ok());
    let missing = |name| StatusError::Cwt(CoseError::Missing { place: "claims", name });
    for name in [2, 4, 6, 65_533, 65_534] {
        assert_eq!(with(name, None).unwrap_err(), missing(name));
        assert_eq!(with(name, Some(Cbor::Null)).unwrap_err(), missing(name));
    }
    assert_eq!(with(65_534, Some(Cbor::Unsigned(0))).unwrap_err(), missing(65_534));
    for name in [1, 3, 5, -1] {
        let name_text = name.to_string();
        let unknown = CoseError::Unknown { place: "claims", name: name_text };
        assert_eq!(with(name, Some(Cbor::Null)).unwrap_err(), StatusError::Cwt(unknown));
    }
    let part = |bits, lst, more: Option<&str>| {
        let mut part = vec![(Cbor::text("bits"), bits), (Cbor::text("lst"), lst)];
        part.extend(more.map(|name| (Cbor::text(name), Cbor::Null)));
        Some(Cbor::Map(part))
    };
    let lst = || Cbor::Bytes(list(&[]).pack().unwrap());
    for part in [
        part(Cbor::Unsigned(3), lst(), None),
        part(Cbor::Unsigned(2), Cbor::text("eNoDAAAAAAE"), None),
        part(Cbor::Unsigned(2), lst(), Some("aggregation_uri")),
    ] {
        assert_eq!(with(65_533, part).unwrap_err(), missing(65_533));
    }
    let cut = part(Cbor::Unsigned(2), Cbor::Bytes(vec![0x78, 0xda]), None);
    assert_eq!(with(65_533, cut).unwrap_err(), StatusError::Damaged);
    let exp = |seconds| with(4, Some(Cbor::Unsigned(seconds))).unwrap_err();
    assert_eq!(exp(1_800_000_000), StatusError::Times);
    assert_eq!(exp(1_800_086_401), StatusError::LivesTooLong);
    let certificate = Sign1::sign(&key, "application/zerotrip+cwt", &Cbor::numbered(claims()));
    assert!(matches!(
        StatusCwt::parse(&certificate.unwrap()).unwrap_err(),
        StatusError::Cwt(CoseError::WrongType { .. })
    ));
    let long = vec![0xd2; (8 << 20) + 1];
    assert!(matches!(
        StatusCwt::parse(&long).unwrap_err(),
        StatusError::Cwt(CoseError::Cbor { why: CborError::TooLarge { .. }, .. })
    ));
}

#[test]
fn every_flipped_bit_of_a_list_as_a_cwt_is_refused() {
    let key = key();
    let token = signed(&key, &list(&[(7, 1)]));
    for bit in 0..token.len() * 8 {
        let mut flipped = token.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(opened(&flipped, &key).is_err(), "bit {bit}");
    }
}
