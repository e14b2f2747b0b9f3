//! What is a key, and by what it verifies.
#![allow(clippy::unwrap_used, reason = "tests")]
use proptest::prelude::*;

use super::*;
use crate::keys::SigningKey;

fn jwk(algorithm: Algorithm) -> Value {
    SigningKey::generate(algorithm).unwrap().public().to_jwk()
}

fn with(mut jwk: Value, member: &str, value: Value) -> Value {
    jwk.as_object_mut().unwrap().insert(member.into(), value);
    jwk
}

fn without(mut jwk: Value, member: &str) -> Value {
    jwk.as_object_mut().unwrap().remove(member);
    jwk
}

fn set(keys: &[Value]) -> Result<JoseKeys, JwkError> {
    JoseKeys::parse(&json!({ "keys": keys }).to_string())
}

fn rsa(bytes: usize, first: u8) -> Value {
    let mut modulus = vec![0xff; bytes];
    *modulus.first_mut().unwrap() = first;
    json!({
        "kty": "RSA", "alg": "RS256", "kid": "r", "e": "AQAB",
        "n": URL_SAFE_NO_PAD.encode(modulus),
    })
}

#[test]
fn what_is_not_a_public_key_for_signatures_is_refused_or_passed_over() {
    let (es, ed) = (jwk(Algorithm::Es256), jwk(Algorithm::Ed25519));
    let both = set(&[es.clone(), ed.clone()]).unwrap();
    assert_eq!(both.iter().count(), 2);
    assert_eq!(JoseKeys::parse(&both.to_text()).unwrap(), both, "written as it is read");
    // Not for us: passed over, and a set of nothing else is none.
    for other in [
        with(es.clone(), "use", "enc".into()),
        with(es.clone(), "alg", "ECDH-ES".into()),
        with(es.clone(), "crv", "P-384".into()),
        json!({ "kty": "AKP", "kid": "m" }),
        with(rsa(256, 0xff), "alg", "RS512".into()),
    ] {
        assert!(matches!(set(std::slice::from_ref(&other)), Err(JwkError::NotASet(_))));
        assert_eq!(set(&[other, ed.clone()]).unwrap().iter().count(), 1);
    }
    let member = |member| Err(JwkError::Member { at: 1, member });
    for (wrong, refused) in [
        (without(es.clone(), "kid"), member("kid")),
        (with(es.clone(), "kid", "".into()), member("kid")),
        (with(es.clone(), "x", "AA".into()), member("x")),
        (with(es.clone(), "y", es.get("x").unwrap().clone()), member("y")),
        (with(es.clone(), "alg", json!(1)), member("alg")),
        (without(rsa(256, 0xff), "alg"), member("alg")),
        (with(rsa(256, 0xff), "e", "Aw".into()), member("e")),
        (rsa(255, 0xff), member("n")),
        (rsa(513, 0xff), member("n")),
        (rsa(256, 0x7f), member("n")),
        (with(es.clone(), "d", "AA".into()), Err(JwkError::Secret { at: 1, member: "d" })),
        (
            json!({ "kty": "oct", "k": "AA", "kid": "h", "alg": "HS256" }),
            Err(JwkError::Secret { at: 1, member: "k" }),
        ),
    ] {
        assert_eq!(set(&[wrong]), refused);
    }
    assert!(matches!(set(&[es.clone(), es]), Err(JwkError::Twice(_))));
    for text in ["", "[]", "{}", r#"{"keys":[]}"#, r#"{"keys":[],"keys":[]}"#] {
        assert!(matches!(JoseKeys::parse(text), Err(JwkError::NotASet(_))), "{text}");
    }
}

#[test]
fn a_key_verifies_by_its_own_algorithm() {
    for algorithm in [Algorithm::Es256, Algorithm::Ed25519] {
        let key = SigningKey::generate(algorithm).unwrap();
        let keys = set(&[key.public().to_jwk()]).unwrap();
        let public = keys.get(key.id()).unwrap();
        let signature = key.sign(b"message").unwrap();
        assert!(public.verifies(b"message", &signature));
        assert!(!public.verifies(b"messagf", &signature));
        assert!(!public.verifies(b"message", &[]));
    }
}

// Made by the PyPI package `cryptography` 50.0.2: a key of 2,048 bits, and its signatures over
// `message`.
const MODULUS_2048: &str = "\
     zvJZbG6tP5UOu43AR_F3GEpGVr3tzihsG17YH9PHZnyCfhclvcAki2v1oX_5P7I2OYx2y5gwN7dQIfrMneUcaior\
     TcdxI2TtDYwkQPeH0pYv79IkGCbn3sg_tRLhZ0jvBDZjtak4LLqk7snlWnvAoHSM7OanTi5ElyKCQXEMIuMVZ3Tb\
     krPKV8HJEZRl1Z1kSjFX147xjse7t36dIL14ryT4d-NpRe1BbmsY7ML8z_sUCndwGrAMqv1OrtGBx0D9tKv0D0Mn\
     NlEL8ZGdOAUrSfKweSylfRIznRuvS0sGsg05o2oQB4gu494xYTupLlnhhkwQMjQ4ksNccnBzFoR5Mw";
const RS256_SIGNATURE: &str = "\
     eypTO3OWOcoNYxJx-dXPNWMFwmJMDaKHecedg20HoaKTXzePU8oO9PPG75ygamkt9yK33ZY7KJ3RoJXxUaQsLy6n\
     HyYyK05LJCVaWZtlZMEytmu3pLyWfmrcw1Nc6bdzulNneX7RztR8WL0-Bcfuoj3p7iiI10VF_olXKOnh2XKDu78R\
     cnvwsNblHyEi-vmjVuc_JBbkUtbFReREiY-jaJBArHjj7OUo1iLWZ8Lp1jL_UwZARG6MAsFGQCgV8ZgIywMtDDet\
     WaiVcM41SqlVwg36YJGy7uX3kNEpoWZ_Nt1X8NViBB4ev3F4minCBOg3_uVI5M08zQIkEcwJx6Ycig";
const PS256_SIGNATURE: &str = "\
     pwV3Vf7g7dw5FtBj13cIN28YchycSbKJqIrLYPnINDNF3QLvNpErj9k2a3tHye4RMKJHdApo4zYs7PAHZhXtB-on\
     lnO8Pjj6D8MSPrukqL_TFlv5e_p1Fwbq-Pf1nXbHsMD_FDDEfDENHhzQBbbApddyOcOlEgRjfUbV55MphINGN_NG\
     hnU1m-W-UvcHOqJ8UtnOzkYODJObYNaqNzz3lBU2CticXN9P8vrI1yjOci-ktbq3-prl_8v5hijZY544uLREnuST\
     dU0Mf_c42ysMM9SzqU3N07sl8L-TV26RzsjwVlCcc-agvd9-x_P88Uh56NLHUtecvvph8JE_IIZfCQ";

#[test]
fn an_rsa_key_verifies_by_the_algorithm_of_its_set_and_by_no_other() {
    let key =
        |alg: &str| json!({ "kty": "RSA", "alg": alg, "kid": alg, "e": "AQAB", "n": MODULUS_2048 });
    let keys = set(&[key("RS256"), key("PS256")]).unwrap();
    let signature = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
    let (rs, ps) = (signature(RS256_SIGNATURE), signature(PS256_SIGNATURE));
    for (alg, own, other) in [("RS256", &rs, &ps), ("PS256", &ps, &rs)] {
        let key = keys.get(alg).unwrap();
        assert!(key.verifies(b"message", own), "{alg}");
        assert!(!key.verifies(b"message", other) && !key.verifies(b"messagf", own), "{alg}");
    }
}

proptest! {
    #[test]
    fn whatever_is_read_is_written_so_that_it_reads_alike(
        text in "[\\[\\]{}:,\"keysidn1.e -]{0,48}"
    ) {
        if let Ok(keys) = JoseKeys::parse(&text) {
            prop_assert_eq!(JoseKeys::parse(&keys.to_text()).unwrap(), keys);
        }
    }
}

#[test]
fn a_thumbprint_is_of_the_key_and_not_of_its_name() {
    // RFC 7638, 3.1, and RFC 8037, A.3.
    let modulus = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7\
                   aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXA\
                   rwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7\
                   d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lF\
                   d2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
    let rsa = json!({ "kty": "RSA", "alg": "RS256", "kid": "r", "e": "AQAB", "n": modulus });
    let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    let okp = json!({ "kty": "OKP", "crv": "Ed25519", "kid": "o", "x": x });
    let keys = set(&[rsa.clone(), okp]).unwrap();
    let of = |id: &str| URL_SAFE_NO_PAD.encode(keys.get(id).unwrap().thumbprint());
    assert_eq!(of("r"), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    assert_eq!(of("o"), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    let renamed = set(&[with(rsa, "kid", "other".into())]).unwrap();
    assert_eq!(URL_SAFE_NO_PAD.encode(renamed.get("other").unwrap().thumbprint()), of("r"));
    let (one, other) = (jwk(Algorithm::Es256), jwk(Algorithm::Es256));
    let [one, other] = [one, other].map(|jwk| set(&[jwk]).unwrap());
    let first = |keys: &JoseKeys| keys.iter().next().unwrap().thumbprint();
    assert_ne!(first(&one), first(&other));
}
