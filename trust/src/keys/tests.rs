//! Keys under which anybody can forge, and signatures in other spellings.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use super::*;
use proptest::prelude::*;
use std::time::{Duration, UNIX_EPOCH};

fn small_points() -> Vec<Vec<u8>> {
    SMALL_ORDER_Y
        .iter()
        .flat_map(|y| {
            let plain = hex::decode(y).unwrap();
            let mut signed = plain.clone();
            signed[31] |= 0x80;
            [plain, signed]
        })
        .collect()
}

#[test]
fn rfc_8032_test_1_verifies() {
    let key = PublicKey::new(
        Algorithm::Ed25519,
        &hex::decode("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a").unwrap(),
    )
    .unwrap();
    let signature = hex::decode(
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    )
    .unwrap();
    key.verify(b"", &signature).unwrap();
    assert!(key.verify(b"x", &signature).is_err());
}

#[test]
fn every_small_order_key_is_forgeable_without_our_check_and_refused_with_it() {
    for key in small_points() {
        // S = 0 and R = -hA: no secret needed. For some message R is one of the small points.
        let forged = (0..64u8).any(|message| {
            small_points().iter().any(|r| {
                let signature = [r.as_slice(), &[0; 32]].concat();
                UnparsedPublicKey::new(&ED25519, &key).verify(&[message], &signature).is_ok()
            })
        });
        // x = 0 has no second sign, so two of the ten spellings do not decode.
        assert!(forged || key[31] & 0x80 != 0, "{}", hex::encode(&key));
        assert_eq!(
            PublicKey::new(Algorithm::Ed25519, &key),
            Err(KeyError::WeakPoint),
            "{}",
            hex::encode(&key)
        );
    }
}

#[test]
fn second_spellings_are_refused() {
    for low in 0xed..=0xffu8 {
        for last in [0x7f, 0xff] {
            let mut bytes = [0xff; 32];
            bytes[0] = low;
            bytes[31] = last;
            assert_eq!(PublicKey::new(Algorithm::Ed25519, &bytes), Err(KeyError::WeakPoint));
        }
    }
}

#[test]
fn wrong_lengths_and_points_off_the_curve_are_refused() {
    for length in [0, 31, 33, 64] {
        assert!(matches!(
            PublicKey::new(Algorithm::Ed25519, &vec![7; length]),
            Err(KeyError::WrongLength { expected: 32, .. })
        ));
    }
    let good = SigningKey::generate(Algorithm::Es256).unwrap();
    let mut bytes = good.public().bytes().to_vec();
    assert!(matches!(
        PublicKey::new(Algorithm::Es256, &bytes[..33]),
        Err(KeyError::WrongLength { expected: 65, .. })
    ));
    bytes[64] ^= 1;
    assert_eq!(PublicKey::new(Algorithm::Es256, &bytes), Err(KeyError::NotAPoint));
    let mut hybrid = good.public().bytes().to_vec();
    hybrid[0] = 6;
    assert_eq!(PublicKey::new(Algorithm::Es256, &hybrid), Err(KeyError::NotAPoint));
}

#[test]
fn an_id_must_be_derived_from_its_key() {
    let key = SigningKey::generate(Algorithm::Ed25519).unwrap();
    let other = SigningKey::generate(Algorithm::Ed25519).unwrap();
    let mut proto =
        key.public().to_proto(v1::KeyUsage::Sign, UNIX_EPOCH, UNIX_EPOCH + Duration::from_secs(1));
    assert_eq!(&PublicKey::try_from(&proto).unwrap(), key.public());
    assert_eq!(key.id(), &hex::encode(sha256(key.public().bytes()))[..32]);
    proto.id = other.id().to_owned();
    assert!(matches!(PublicKey::from_proto(&proto), Err(KeyError::WrongId { .. })));
    proto.id = key.id().to_uppercase();
    assert!(PublicKey::from_proto(&proto).is_err());
    proto.id = key.id().to_owned();
    proto.algorithm = v1::KeyAlgorithm::Es256.into();
    assert!(PublicKey::from_proto(&proto).is_err());
    proto.algorithm = 77;
    assert_eq!(PublicKey::from_proto(&proto), Err(KeyError::UnknownAlgorithm));
}

#[test]
fn ecdsa_of_zeroes_and_der_are_refused() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let good = key.sign(b"m").unwrap();
    key.public().verify(b"m", &good).unwrap();
    assert!(key.public().verify(b"m", &[0; 64]).is_err());
    let mut r_zero = good.clone();
    r_zero[..32].fill(0);
    assert!(key.public().verify(b"m", &r_zero).is_err());
    let mut s_zero = good.clone();
    s_zero[32..].fill(0);
    assert!(key.public().verify(b"m", &s_zero).is_err());
    // The same signature as a DER SEQUENCE of two INTEGERs.
    let integer = |bytes: &[u8]| {
        let mut body: Vec<u8> = bytes.iter().copied().skip_while(|byte| *byte == 0).collect();
        if body[0] & 0x80 != 0 {
            body.insert(0, 0);
        }
        [vec![2, u8::try_from(body.len()).unwrap()], body].concat()
    };
    let body = [integer(&good[..32]), integer(&good[32..])].concat();
    let der = [vec![0x30, u8::try_from(body.len()).unwrap()], body].concat();
    UnparsedPublicKey::new(&ring::signature::ECDSA_P256_SHA256_ASN1, key.public().bytes())
        .verify(b"m", &der)
        .unwrap();
    assert!(key.public().verify(b"m", &der).is_err());
}

#[test]
fn ed25519_refuses_a_non_canonical_s() {
    let key = SigningKey::generate(Algorithm::Ed25519).unwrap();
    let mut signature = key.sign(b"m").unwrap();
    // S + L: the same value modulo the group's order.
    let order =
        hex::decode("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010").unwrap();
    let mut carry = 0u16;
    for (byte, add) in signature[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        *byte = (sum & 0xff) as u8;
        carry = sum >> 8;
    }
    assert!(key.public().verify(b"m", &signature).is_err());
}

#[test]
fn pem_round_trips_and_debug_keeps_the_secret() {
    for algorithm in [Algorithm::Ed25519, Algorithm::Es256] {
        let key = SigningKey::generate(algorithm).unwrap();
        let text = key.to_pkcs8_pem();
        let again = SigningKey::from_pkcs8_pem(&text).unwrap();
        assert_eq!(again.public(), key.public());
        again.public().verify(b"m", &key.sign(b"m").unwrap()).unwrap();
        let shown = format!("{key:?}");
        assert!(shown.contains(key.id()) && shown.len() < 64, "{shown}");
        assert!(SigningKey::from_pkcs8_pem(&text.replace("PRIVATE", "PUBLIC")).is_err());
        assert!(SigningKey::from_pkcs8_pem("").is_err());
    }
}

#[test]
fn jwks_name_what_verifiers_look_for() {
    let ed = SigningKey::generate(Algorithm::Ed25519).unwrap().public().to_jwk();
    assert_eq!(
        (ed["kty"].as_str(), ed["crv"].as_str(), ed["alg"].as_str()),
        (Some("OKP"), Some("Ed25519"), Some("EdDSA"))
    );
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let ec = key.public().to_jwk();
    assert_eq!(
        (ec["kty"].as_str(), ec["crv"].as_str(), ec["alg"].as_str()),
        (Some("EC"), Some("P-256"), Some("ES256"))
    );
    let point = [
        vec![4],
        URL_SAFE_NO_PAD.decode(ec["x"].as_str().unwrap()).unwrap(),
        URL_SAFE_NO_PAD.decode(ec["y"].as_str().unwrap()).unwrap(),
    ]
    .concat();
    assert_eq!(point, key.public().bytes());
    assert_eq!(ec["kid"], key.id());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_changed_bit_or_length_breaks_a_signature(
        message in proptest::collection::vec(any::<u8>(), 0..80), bit in 0usize..512, ed in any::<bool>(), cut in 0usize..80,
    ) {
        let key = SigningKey::generate(if ed { Algorithm::Ed25519 } else { Algorithm::Es256 }).unwrap();
        let signature = key.sign(&message).unwrap();
        prop_assert!(key.public().verify(&message, &signature).is_ok());
        let mut flipped = signature.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(key.public().verify(&message, &flipped).is_err());
        let mut resized = signature.clone();
        resized.resize(cut, 0);
        prop_assert_eq!(key.public().verify(&message, &resized).is_ok(), cut == 64);
        let mut other = message.clone();
        other.push(0);
        prop_assert!(key.public().verify(&other, &signature).is_err());
    }
}
