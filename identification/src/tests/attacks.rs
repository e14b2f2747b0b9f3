//! Each thing that can be done to an assertion, and the one name that it is refused by.

use super::*;

/// A change to a whole that counts, and what is left of it.
type Attack = (&'static str, Box<dyn Fn(&mut World) -> String>, Fault);

fn claim(what: &'static str, name: &'static str, value: Value, fault: Fault) -> Attack {
    let change = move |world: &mut World| {
        world.token(&world.header(), &with(World::claims(), name, value.clone()))
    };
    (what, Box::new(change), fault)
}

fn no_claim(name: &'static str, fault: Fault) -> Attack {
    let change =
        move |world: &mut World| world.token(&world.header(), &without(World::claims(), name));
    ("a claim that is not there", Box::new(change), fault)
}

fn header(what: &'static str, name: &'static str, value: Value, fault: Fault) -> Attack {
    let change = move |world: &mut World| {
        world.token(&with(world.header(), name, value.clone()), &World::claims())
    };
    (what, Box::new(change), fault)
}

fn text(what: &'static str, change: fn(&str) -> String, fault: Fault) -> Attack {
    let change = move |world: &mut World| change(&world.token(&world.header(), &World::claims()));
    (what, Box::new(change), fault)
}

fn trust(what: &'static str, change: fn(&mut IdentityProvider), fault: Fault) -> Attack {
    let change = move |world: &mut World| {
        let token = world.token(&world.header(), &World::claims());
        change(&mut world.provider);
        token
    };
    (what, Box::new(change), fault)
}

fn member(name: &str) -> Fault {
    Fault::HeaderMember(name.into())
}

fn algorithm(name: &str) -> Fault {
    Fault::Algorithm(name.into())
}

fn attacks() -> Vec<Attack> {
    let ended: fn(&mut IdentityProvider) = |one| one.not_after = Some(to_timestamp(at(NOW)));
    let begins: fn(&mut IdentityProvider) = |one| one.not_before = Some(to_timestamp(at(NOW + 1)));
    let rotated: fn(&mut IdentityProvider) = |one| {
        let other = SigningKey::generate(Algorithm::Es256).unwrap().public().to_jwk();
        one.jwks = json!({ "keys": [other] }).to_string();
    };
    // Another's key under the id that the token names.
    let swapped: fn(&mut IdentityProvider) = |one| {
        let known: Value = serde_json::from_str(&one.jwks).unwrap();
        let other = SigningKey::generate(Algorithm::Es256).unwrap().public().to_jwk();
        let other = with(other, "kid", known["keys"][0]["kid"].clone());
        one.jwks = json!({ "keys": [other] }).to_string();
    };
    let all = vec![
        // The algorithm is the key's (RFC 8725, 2.1 and 3.1).
        header("no signature", "alg", "none".into(), algorithm("none")),
        header("no signature, in capitals", "alg", "None".into(), algorithm("None")),
        header("a public key as a secret", "alg", "HS256".into(), algorithm("HS256")),
        header("a weaker hash", "alg", "RS1".into(), algorithm("RS1")),
        header("another curve", "alg", "ES384".into(), algorithm("ES384")),
        header("an encrypted token", "alg", "RSA-OAEP".into(), algorithm("RSA-OAEP")),
        header("another algorithm of a known kind", "alg", "RS256".into(), Fault::OtherAlgorithm),
        header("another algorithm of a known kind", "alg", "PS256".into(), Fault::OtherAlgorithm),
        header("another algorithm of a known kind", "alg", "EdDSA".into(), Fault::OtherAlgorithm),
        header("an algorithm that is not a text", "alg", json!(256), Fault::Claim("alg")),
        // The token says nothing of how it is verified (RFC 7515, 4.1; RFC 7797; RFC 8725, 3.10).
        header("an extension", "crit", json!(["exp"]), member("crit")),
        header("an unencoded payload", "b64", json!(false), member("b64")),
        header("its own key", "jwk", json!({ "kty": "EC" }), member("jwk")),
        header("a place of keys", "jku", "https://evil.example/jwks".into(), member("jku")),
        header("its own certificate", "x5c", json!(["AA"]), member("x5c")),
        header("a place of certificates", "x5u", "https://evil.example/".into(), member("x5u")),
        header("another content", "cty", "JWT".into(), member("cty")),
        header("an encryption", "enc", "A256GCM".into(), member("enc")),
        // Another kind of token (RFC 8725, 3.11).
        header("an access token", "typ", "at+jwt".into(), Fault::Type),
        header("a logout token", "typ", "logout+jwt".into(), Fault::Type),
        header("a proof of possession", "typ", "dpop+jwt".into(), Fault::Type),
        header("a type that is not a text", "typ", json!(["JWT"]), Fault::Type),
        header("a key of nobody", "kid", "other".into(), Fault::UnknownKey),
        header("a key that is not a text", "kid", json!(1), Fault::Claim("kid")),
        // Form.
        text("a signature that is cut", |t| t[..t.len() - 2].into(), Fault::BadSignature),
        text("no signature at all", |t| t[..=t.rfind('.').unwrap()].into(), Fault::BadSignature),
        text("two parts", |t| t[..t.rfind('.').unwrap()].into(), Fault::NotCompact),
        text("four parts", |t| format!("{t}.AA"), Fault::NotCompact),
        text("nothing", |_| String::new(), Fault::NotCompact),
        text("base64 of another alphabet", |t| t.replacen("ey", "e/", 1), Fault::Base64),
        text("padding", |t| format!("{t}="), Fault::Base64),
        text("a blank", |t| t.replacen('.', " .", 1), Fault::Base64),
        text("the JSON form", |_| r#"{"payload":"","signatures":[]}"#.into(), Fault::NotCompact),
        text("an SD-JWT", |t| format!("{t}~"), Fault::Base64),
        text("a megabyte", |t| format!("{t}{}", "A".repeat(1 << 20)), Fault::TooLarge),
        // Who signed it, for whom (OpenID Connect Core 1.0, 3.1.3.7, 2 to 7).
        claim("another issuer", "iss", "https://evil.example".into(), Fault::UnknownIssuer),
        claim(
            "an issuer that looks alike",
            "iss",
            "https://login.city.example/".into(),
            Fault::UnknownIssuer,
        ),
        claim("an issuer that is not a text", "iss", json!(1), Fault::Claim("iss")),
        claim("another system's", "aud", "web".into(), Fault::Audience),
        claim("nobody's", "aud", "other".into(), Fault::Audience),
        claim("two systems'", "aud", json!(["desk", "web"]), Fault::Audience),
        claim("the same twice", "aud", json!(["desk", "desk"]), Fault::Audience),
        claim("none", "aud", json!([]), Fault::Claim("aud")),
        claim("not a text", "aud", json!([1]), Fault::Claim("aud")),
        claim("handed to another party", "azp", "web".into(), Fault::Audience),
        claim("a party that is not a text", "azp", json!(null), Fault::Claim("azp")),
        trust("trust that has ended", ended, Fault::NotTrustedNow),
        trust("trust that has not begun", begins, Fault::NotTrustedNow),
        trust("a key that was taken back", rotated, Fault::UnknownKey),
        trust("a key of another under its id", swapped, Fault::BadSignature),
        trust(
            "a provider that is trusted no more",
            |one| one.issuer = "https://x.example".into(),
            Fault::UnknownIssuer,
        ),
        trust(
            "an audience that was given to another system",
            |one| one.audiences[0].system = OTHER_SYSTEM.into(),
            Fault::Audience,
        ),
        // Times (3.1.3.7, 9, 10 and 13).
        claim("to come", "iat", json!(NOW + 31), Fault::NotYet),
        claim("not yet", "nbf", json!(NOW + 31), Fault::NotYet),
        claim("identified in the future", "auth_time", json!(NOW + 31), Fault::NotYet),
        claim(
            "identified after it was made",
            "auth_time",
            json!(NOW + 25),
            Fault::Claim("auth_time"),
        ),
        claim("ends before it was made", "exp", json!(NOW - 10), Fault::Claim("exp")),
        claim("identified too long ago", "auth_time", json!(NOW - 901), Fault::TooLongAgo),
        claim("identified in 1970", "auth_time", json!(0), Fault::TooLongAgo),
        claim("a time as a text", "exp", "1796000290".into(), Fault::Claim("exp")),
        claim("a time with a fraction", "exp", json!(1_796_000_290.5), Fault::Claim("exp")),
        claim("a time before 1970", "iat", json!(-1), Fault::Claim("iat")),
        claim("a time without end", "exp", json!(u64::MAX), Fault::Claim("exp")),
        claim("a time that is null", "nbf", json!(null), Fault::Claim("nbf")),
        // This request, and no other (3.1.3.7, 11).
        claim("another request's", "nonce", "the-nonce-of-another".into(), Fault::OtherRequest),
        claim("an empty one", "nonce", "".into(), Fault::OtherRequest),
        claim("one that is not a text", "nonce", json!([NONCE]), Fault::Claim("nonce")),
        // The level (3.1.3.7, 12).
        claim("a lower level", "acr", "pwd".into(), Fault::TooLow),
        claim("the provider's own word", "acr", "high".into(), Fault::UnknownLevel),
        claim("another spelling", "acr", "FACE".into(), Fault::UnknownLevel),
        claim("a list of levels", "acr", json!(["face"]), Fault::Claim("acr")),
        // The person.
        claim("another person", "citizen_id", OTHER_PERSON.into(), Fault::OtherPerson),
        claim("a damaged number", "citizen_id", "110105194912310021".into(), Fault::OtherPerson),
        claim("the short number", "citizen_id", "110105491231002".into(), Fault::OtherPerson),
        claim("a number and more", "citizen_id", format!("{PERSON}1").into(), Fault::OtherPerson),
        claim("not a text", "citizen_id", json!([PERSON]), Fault::OtherPerson),
        claim("nothing", "citizen_id", "".into(), Fault::OtherPerson),
        no_claim("citizen_id", Fault::OtherPerson),
        trust(
            "a name instead of a number",
            |one| one.subject_claim = "given_name".into(),
            Fault::OtherPerson,
        ),
        trust(
            "a number where a digest is due",
            |one| one.subject_form = SubjectForm::ResidentIdSha256.into(),
            Fault::OtherPerson,
        ),
        // What is not stated is not so.
        no_claim("iss", Fault::Claim("iss")),
        no_claim("aud", Fault::Claim("aud")),
        no_claim("exp", Fault::Claim("exp")),
        no_claim("iat", Fault::Claim("iat")),
        no_claim("auth_time", Fault::NotIdentified),
        no_claim("nonce", Fault::OtherRequest),
        no_claim("acr", Fault::NoLevel),
    ];
    let own: Vec<Attack> = vec![
        (
            "expired",
            Box::new(|world| {
                let claims = with(World::claims(), "exp", json!(NOW - 30));
                let claims = with(claims, "iat", json!(NOW - 100));
                world.token(&world.header(), &with(claims, "auth_time", json!(NOW - 110)))
            }),
            Fault::Expired,
        ),
        (
            "a name twice in the claims",
            Box::new(|world| {
                let claims = World::claims().to_string();
                let twice = claims.replacen('{', &format!(r#"{{"nonce":"{NONCE}","#), 1);
                signed(&world.es, &world.header().to_string(), &twice)
            }),
            Fault::Twice,
        ),
        (
            "a name twice in the header, once escaped",
            Box::new(|world| {
                let header = world.header().to_string();
                let twice = header.replacen('{', r#"{"\u0061lg":"none","#, 1);
                signed(&world.es, &twice, &World::claims().to_string())
            }),
            Fault::Twice,
        ),
        (
            "a name twice, deep inside",
            Box::new(|world| {
                let claims = World::claims().to_string();
                let twice = claims.replacen('{', r#"{"address":{"a":1,"a":2},"#, 1);
                signed(&world.es, &world.header().to_string(), &twice)
            }),
            Fault::Twice,
        ),
        (
            "claims that are a list",
            Box::new(|world| signed(&world.es, &world.header().to_string(), "[]")),
            Fault::Json,
        ),
        (
            "signed with another key of the provider",
            Box::new(|world| {
                signed(&world.ed, &world.header().to_string(), &World::claims().to_string())
            }),
            Fault::BadSignature,
        ),
        (
            "signed by a stranger under a known key's id",
            Box::new(|world| {
                let stranger = SigningKey::generate(Algorithm::Es256).unwrap();
                signed(&stranger, &world.header().to_string(), &World::claims().to_string())
            }),
            Fault::BadSignature,
        ),
        (
            "claims of another token under this signature",
            Box::new(|world| {
                let one = world.token(&world.header(), &World::claims());
                let other = world.token(&world.header(), &with(World::claims(), "acr", "x".into()));
                let (head, _) = other.rsplit_once('.').unwrap();
                format!("{head}.{}", one.rsplit_once('.').unwrap().1)
            }),
            Fault::BadSignature,
        ),
        (
            "a signature in DER",
            Box::new(|world| {
                let token = world.token(&world.header(), &World::claims());
                let (head, signature) = token.rsplit_once('.').unwrap();
                let raw = URL_SAFE_NO_PAD.decode(signature).unwrap();
                let der = [&[0x30, 0x44, 0x02, 0x20], &raw[..32], &[0x02, 0x20], &raw[32..]];
                format!("{head}.{}", URL_SAFE_NO_PAD.encode(der.concat()))
            }),
            Fault::BadSignature,
        ),
        (
            "an empty signature of zeros",
            Box::new(|world| {
                let token = world.token(&world.header(), &World::claims());
                let (head, _) = token.rsplit_once('.').unwrap();
                format!("{head}.{}", URL_SAFE_NO_PAD.encode([0; 64]))
            }),
            Fault::BadSignature,
        ),
        (
            "no algorithm",
            Box::new(|world| world.token(&without(world.header(), "alg"), &World::claims())),
            Fault::Claim("alg"),
        ),
        (
            "no key",
            Box::new(|world| world.token(&without(world.header(), "kid"), &World::claims())),
            Fault::Claim("kid"),
        ),
    ];
    all.into_iter().chain(own).collect()
}

#[test]
fn every_attack_on_an_identity_assertion_is_refused_by_name() {
    let world = World::new();
    let whole = world.verified(&world.token(&world.header(), &World::claims())).unwrap();
    assert_eq!((whole.provider.as_str(), whole.level), ("citizen-login", Level::Substantial));
    assert_eq!((whole.at, whole.name.zh.as_str()), (at(NOW - 20), "城市统一身份认证"));
    let mut failed = Vec::new();
    let attacks = attacks();
    for (what, change, fault) in &attacks {
        let mut world = World::new();
        let token = change(&mut world);
        let said = world.verified(&token);
        if said != Err(fault.clone()) {
            failed.push(format!("{what}: {said:?}, not {fault:?}"));
        }
        let words = fault.words();
        for secret in [PERSON, OTHER_PERSON, "张三", NONCE, "u-1"] {
            let told = words.en.contains(secret) || words.zh.contains(secret);
            assert!(!told, "{what}: {words:?}");
        }
        assert!(
            matches!(fault.code(), ErrorCode::IdentityInvalid | ErrorCode::IdentityInsufficient),
            "{what}: a refusal, and none of a source"
        );
    }
    assert!(failed.is_empty(), "{} of {}:\n{}", failed.len(), attacks.len(), failed.join("\n"));
}
