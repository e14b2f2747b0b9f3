#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use zerotrip_trust::keys::{Algorithm, SigningKey};

use super::bounds::{LIST_BYTES, MOST_PLACES};
use super::*;
use crate::sdjwt::{Jws, SdJwtError};

mod cwt;

const URI: &str = "https://status.example/lists/1.jwt";
const HOUR: Duration = Duration::from_secs(3600);

/// The draft's test vectors ("Test vectors for Status List encoding"): 2^20 places.
const VECTORS: &str = include_str!("tests/vectors.json");

#[derive(Deserialize)]
struct Vector {
    bits: u64,
    lst: String,
    statuses: Vec<(u64, u8)>,
}

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000 + seconds)
}

fn key() -> SigningKey {
    SigningKey::generate(Algorithm::Es256).unwrap()
}

fn list(statuses: &[(u64, u8)]) -> StatusList {
    let mut list = StatusList::new(Bits::Two, LEAST_PLACES).unwrap();
    for (place, value) in statuses {
        list.set(*place, *value).unwrap();
    }
    list
}

fn signed(key: &SigningKey, list: &StatusList) -> String {
    sign_list(key, (URI, list), at(0), (24 * HOUR, HOUR)).unwrap()
}

/// A list with other claims, signed all the same.
fn signed_with(key: &SigningKey, change: impl FnOnce(&mut Map<String, Value>)) -> String {
    let claims = json!({
        "sub": URI, "iat": 1_800_000_000u64, "exp": 1_800_086_400u64, "ttl": 3600,
        "status_list": { "bits": 2, "lst": list(&[]).encode().unwrap() },
    });
    let Value::Object(mut claims) = claims else { panic!("no object") };
    change(&mut claims);
    Jws::sign((key, None), "statuslist+jwt", claims).unwrap()
}

fn opened(token: &str, key: &SigningKey) -> Result<OpenList, StatusError> {
    StatusToken::parse(token)?.open(key.public(), URI)
}

#[test]
fn the_drafts_vectors_read_and_come_back_at_all_widths() {
    let vectors: Vec<Vector> = serde_json::from_str(VECTORS).unwrap();
    assert_eq!(vectors.iter().map(|vector| vector.bits).collect::<Vec<_>>(), [1, 2, 4, 8]);
    for Vector { bits, lst, statuses } in vectors {
        let bits = Bits::new(bits).unwrap();
        let list = StatusList::decode(bits, &lst).unwrap();
        assert_eq!(list.places(), 1 << 20, "{bits:?}");
        let mut expected = StatusList::new(bits, 1 << 20).unwrap();
        for (place, value) in &statuses {
            expected.set(*place, *value).unwrap();
            assert_eq!(list.get(*place), Some(*value), "{bits:?} {place}");
        }
        assert!(list == expected, "{bits:?}: another place has a value");
        assert!(StatusList::decode(bits, &expected.encode().unwrap()).unwrap() == expected);
        assert_eq!(list.get(1 << 20), None);
    }
}

#[test]
fn a_bomb_a_cut_stream_and_what_is_left_over_are_refused() {
    let packed = |bytes: &[u8]| {
        use std::io::Write as _;
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let read = |packed: &[u8]| StatusList::decode(Bits::One, &URL_SAFE_NO_PAD.encode(packed));
    let bomb = packed(&vec![0; 64 << 20]);
    assert!(bomb.len() < 80_000, "small, and 64 MiB inside");
    assert_eq!(read(&bomb), Err(StatusError::Unpacked));
    assert_eq!(read(&packed(&vec![0; LIST_BYTES + 1])), Err(StatusError::Unpacked));
    assert!(read(&packed(&vec![0; LIST_BYTES])).is_ok());
    let whole = packed(&[7; 4096]);
    assert!(read(&whole).is_ok());
    for cut in 0..whole.len() {
        assert_eq!(read(&whole[..cut]), Err(StatusError::Damaged), "{cut}");
    }
    assert_eq!(read(&[whole.as_slice(), &[0]].concat()), Err(StatusError::Trailing));
    assert_eq!(read(&[whole.as_slice(), &whole].concat()), Err(StatusError::Trailing));
    assert_eq!(read(&packed(&[])), Err(StatusError::Places(0)));
    // Raw DEFLATE and gzip are other formats.
    assert_eq!(read(&whole[2..whole.len() - 4]), Err(StatusError::Damaged));
    assert_eq!(StatusList::decode(Bits::One, "e-n="), Err(StatusError::Claim("status_list.lst")));
}

#[test]
fn a_list_has_whole_bytes_and_values_that_fit() {
    assert_eq!(StatusList::new(Bits::One, 9), Err(StatusError::Places(9)));
    assert_eq!(StatusList::new(Bits::One, 0), Err(StatusError::Places(0)));
    let most = MOST_PLACES + 8;
    assert_eq!(StatusList::new(Bits::One, most), Err(StatusError::Places(most)));
    assert_eq!(StatusList::new(Bits::Eight, u64::MAX), Err(StatusError::Places(u64::MAX)));
    let mut list = StatusList::new(Bits::Two, 8).unwrap();
    assert_eq!(list.set(0, 4), Err(StatusError::Value(4)));
    assert_eq!(list.set(8, 1), Err(StatusError::OutOfRange { place: 8, places: 8 }));
    assert_eq!((list.get(8), list.get(u64::MAX)), (None, None));
    assert_eq!([0, 3, 5, 16].map(Bits::new), [None; 4]);
}

#[test]
fn a_signed_list_says_what_became_of_each_place_and_until_when() {
    let key = key();
    let token = signed(&key, &list(&[(5, 1), (6, 2), (7, 3)]));
    let list = opened(&token, &key).unwrap();
    let of = |place| list.status(place, at(10)).unwrap();
    assert_eq!(
        [4, 5, 6, 7].map(|place| of(place).value),
        [StatusValue::Valid, StatusValue::Revoked, StatusValue::Suspended, StatusValue::Superseded]
    );
    assert_eq!((of(4).as_of, of(4).until), (at(0), at(86_400)));
    let places = LEAST_PLACES;
    assert_eq!(list.status(places, at(10)), Err(StatusError::OutOfRange { place: places, places }));
    assert_eq!(list.status(0, at(86_400)), Err(StatusError::Ended { at: at(86_400) }));
    let skew = zerotrip_proto::bounds::CLOCK_SKEW;
    assert!(list.status(0, at(0) - skew).is_ok());
    let before = at(0) - skew - Duration::from_secs(1);
    assert_eq!(list.status(0, before), Err(StatusError::NotYet { from: at(0) }));
    let mut four = StatusList::new(Bits::Four, 16).unwrap();
    four.set(3, 12).unwrap();
    let list = opened(&signed(&key, &four), &key).unwrap();
    assert_eq!(list.status(3, at(10)), Err(StatusError::Unknown(12)));
}

#[test]
fn a_list_that_is_not_the_one_or_not_signed_so_is_refused_by_name() {
    let key = key();
    let token = signed(&key, &list(&[]));
    let other = "https://status.example/lists/2.jwt";
    let refused = |token: &str| opened(token, &key).unwrap_err();
    let of_other = StatusToken::parse(&token).unwrap().open(key.public(), other).unwrap_err();
    assert_eq!(of_other, StatusError::OtherList { expected: other.into(), found: URI.into() });
    assert!(matches!(
        opened(&token, &self::key()).unwrap_err(),
        StatusError::Token(SdJwtError::WrongKey { .. })
    ));
    for (claim, value, error) in [
        ("sub", Value::Null, StatusError::Claim("sub")),
        ("ttl", json!(0), StatusError::Claim("ttl")),
        ("ttl", json!("3600"), StatusError::Claim("ttl")),
        ("iat", json!(-1), StatusError::Token(SdJwtError::Missing("iat"))),
        ("exp", Value::Null, StatusError::Token(SdJwtError::Missing("exp"))),
        ("exp", json!(1_800_000_000u64), StatusError::Times),
        ("exp", json!(1_800_086_401u64), StatusError::LivesTooLong),
        ("status_list", json!([]), StatusError::Claim("status_list")),
        ("iss", json!("x"), StatusError::Surplus("iss".into())),
        ("status_list", json!({ "bits": 3, "lst": "" }), StatusError::Claim("status_list.bits")),
        ("status_list", json!({ "bits": 1 }), StatusError::Claim("status_list.lst")),
        (
            "status_list",
            json!({ "bits": 1, "lst": "", "aggregation_uri": "x" }),
            StatusError::Surplus("aggregation_uri".into()),
        ),
    ] {
        let token = signed_with(&key, |claims| drop(claims.insert(claim.into(), value)));
        assert_eq!(refused(&token), error, "{claim}");
    }
    let certificate = Jws::sign((&key, None), "dc+sd-jwt", Map::new()).unwrap();
    assert!(matches!(refused(&certificate), StatusError::Token(SdJwtError::WrongType { .. })));
    assert_eq!(refused(&"A".repeat((8 << 20) + 1)), StatusError::TooLarge((8 << 20) + 1));
    let two = sign_list(&key, (URI, &list(&[])), at(0), (25 * HOUR, HOUR));
    assert_eq!(two, Err(StatusError::LivesTooLong));
}

#[test]
fn a_certificate_names_one_list_and_one_place_in_one_spelling() {
    let reference = StatusReference { uri: URI.into(), place: 7 };
    assert_eq!(StatusReference::read(&reference.to_claim()), Some(reference));
    for claim in [
        json!({}),
        json!("x"),
        json!({ "status_list": { "idx": 7 } }),
        json!({ "status_list": { "idx": -7, "uri": URI } }),
        json!({ "status_list": { "idx": 7.5, "uri": URI } }),
        json!({ "status_list": { "idx": "7", "uri": URI } }),
        json!({ "status_list": { "idx": 7, "uri": URI, "more": 1 } }),
        json!({ "status_list": { "idx": 7, "uri": URI }, "other": {} }),
        json!({ "status_list": { "idx": 7, "uri": "http://status.example/1" } }),
    ] {
        assert_eq!(StatusReference::read(&claim), None, "{claim}");
    }
    for good in ["https://a/b", "https://a.example:8443/x/y.jwt", "https://192.0.2.1/~l"] {
        assert!(is_list_uri(good), "{good}");
    }
    for bad in [
        "https://a",
        "https://a/",
        "https://A/b",
        "https://user@a/b",
        "https://a/b?holder=1",
        "https://a/b#1",
        "https://a/../b",
        "https://a//b",
        "https://a:/b",
        "https://a/%62",
        "https://a/b c",
        "file:///b",
    ] {
        assert!(!is_list_uri(bad), "{bad}");
    }
    assert!(!is_list_uri(&format!("https://a/{}", "b".repeat(600))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn what_was_set_last_is_what_is_read(
        width in 0usize..4,
        sets in prop::collection::vec((0u64..64, any::<u8>()), 0..40),
    ) {
        let bits = Bits::new([1, 2, 4, 8][width]).unwrap();
        let mut list = StatusList::new(bits, 64).unwrap();
        let mut expected = [0u8; 64];
        for (place, value) in sets {
            let value = value & (u8::MAX >> (8 - bits.number()));
            list.set(place, value).unwrap();
            expected[usize::try_from(place).unwrap()] = value;
        }
        let read = StatusList::decode(bits, &list.encode().unwrap()).unwrap();
        for (place, value) in (0u64..).zip(expected) {
            prop_assert_eq!(read.get(place), Some(value));
        }
    }

    #[test]
    fn no_changed_byte_of_a_list_verifies(
        place in any::<prop::sample::Index>(),
        byte in 33u8..127,
    ) {
        let key = key();
        let token = sign_list(
            &key,
            (URI, &StatusList::new(Bits::One, 64).unwrap()),
            at(0),
            (HOUR, HOUR),
        ).unwrap();
        let mut bytes = token.clone().into_bytes();
        let place = place.index(bytes.len());
        bytes[place] = byte;
        let changed = String::from_utf8(bytes).unwrap();
        if changed != token {
            prop_assert!(opened(&changed, &key).is_err());
        }
    }

    #[test]
    fn hostile_text_never_panics(text in "[A-Za-z0-9._~=-]{0,200}") {
        prop_assert!(StatusToken::parse(&text).is_err());
    }
}
