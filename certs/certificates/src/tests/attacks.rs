//! Certificates by those who hold keys: every field of a real one replaced, withheld, doubled,
//! moved to another seal, time, subject, by every kind of key holder there is. Each is refused by
//! name.

use serde_json::Map;
use zerotrip_trust::merkle::empty_root;

use super::*;
use crate::sdjwt;

type Plain = Map<String, Value>;
type Change = Box<dyn Fn(&World, &mut Plain, &mut Vec<String>)>;

fn on(change: impl Fn(&mut Plain) + 'static) -> Change {
    Box::new(move |_, plain, _| change(plain))
}

fn put(name: &'static str, value: impl Into<Value>) -> Change {
    let value = value.into();
    on(move |plain| drop(plain.insert(name.to_owned(), value.clone())))
}

fn disclosed(name: &str, value: &str) -> String {
    sdjwt::disclosure(name, &value.into()).unwrap()
}

fn without(disclosures: &mut Vec<String>, name: &str) {
    disclosures.retain(|one| sdjwt::opened(one).unwrap().0 != name);
}

fn contradicts(name: &'static str) -> CertificateError {
    CertificateError::Contradiction(name)
}

/// Every change to a real certificate that its own issuer can seal, and how it is refused.
fn dishonest() -> Vec<(&'static str, Change, CertificateError)> {
    let both = |text: &str| json!({ "en": text, "zh": text });
    let seconds = 1_800_000_000u64;
    let day = 86_400;
    let mut table: Vec<(&'static str, Change, CertificateError)> = vec![
        (
            "statement",
            put("statement", both("owns no home anywhere in China")),
            contradicts("statement"),
        ),
        (
            "half a statement",
            on(|plain| plain["statement"]["zh"] = "全国无房".into()),
            contradicts("statement"),
        ),
        ("title", put("title", both("Proof of everything")), contradicts("title")),
        ("persons", put("persons", both("the whole family")), contradicts("persons")),
        ("variant", put("variant", "family"), contradicts("variant")),
        (
            "scope wider",
            put("scope", json!({ "regions": ["330100", "330200", "110000"] })),
            contradicts("scope"),
        ),
        ("scope gone", put("scope", json!({ "regions": [] })), contradicts("scope")),
        (
            "scope of another kind",
            on(|plain| plain["scope"]["years"] = json!(["all"])),
            contradicts("scope"),
        ),
        ("vct", put("vct", "urn:zerotrip:certificate:no-property:2"), contradicts("vct")),
        ("sources", put("sources", json!([])), contradicts("sources")),
        (
            "as of",
            on(|plain| plain["sources"][0]["as_of"] = "2099-01-01T00:00:00Z".into()),
            contradicts("sources"),
        ),
        ("policy", put("policy", json!({ "ids": [], "digest": "" })), contradicts("policy")),
        ("definition", put("definition_digest", "00"), contradicts("definition_digest")),
        ("until 2046", put("exp", 2_400_000_000u64), CertificateError::ValidTooLong),
        ("a second longer", put("exp", seconds + 101 + 30 * day), CertificateError::ValidTooLong),
        ("begins later", put("nbf", seconds + 150), contradicts("nbf")),
        ("begins earlier", put("nbf", seconds), contradicts("nbf")),
        (
            "answered later",
            on(|plain| plain["evidence"]["answered_at"] = "2099-01-01T00:00:00Z".into()),
            contradicts("evidence.answered_at"),
        ),
        ("one more claim", put("owner", "nobody"), CertificateError::Surplus("owner".into())),
        ("a holder's key", put("cnf", json!({ "jwk": {} })), CertificateError::NoProfile),
        ("a status", put("status", json!({})), CertificateError::Claim("serial")),
        (
            "one more in the evidence",
            on(|plain| plain["evidence"]["note"] = "x".into()),
            CertificateError::Surplus("note".into()),
        ),
        (
            "one more in the receipt",
            on(|plain| plain["evidence"]["receipt"]["note"] = "x".into()),
            CertificateError::Surplus("note".into()),
        ),
        (
            "a term withheld",
            on(|plain| drop(plain["evidence"]["terms"].as_array_mut().unwrap().pop())),
            TermsError::Incomplete.into(),
        ),
        (
            "a term doubled",
            on(|plain| {
                let terms = plain["evidence"]["terms"].as_array_mut().unwrap();
                terms.push(terms[0].clone());
            }),
            TermsError::Twice("check".into()).into(),
        ),
        (
            "a term of its own",
            on(|plain| {
                let terms = plain["evidence"]["terms"].as_array_mut().unwrap();
                *terms.last_mut().unwrap() =
                    disclosed("vct", "urn:zerotrip:certificate:no-property:1").into();
            }),
            TermsError::Foreign("vct".into()).into(),
        ),
        (
            "a term that is none",
            on(|plain| plain["evidence"]["terms"][0] = "x".into()),
            TermsError::Opening.into(),
        ),
        (
            "no answer",
            on(|plain| plain["evidence"]["answer"] = "".into()),
            CertificateError::Evidence(EvidenceError::Envelope(dsse::DsseError::WrongType {
                expected: payload_type::ANSWER.into(),
                found: String::new(),
            })),
        ),
    ];
    for name in ["statement", "title", "persons", "scope", "sources", "policy", "definition_digest"]
    {
        table.push((name, on(move |plain| drop(plain.remove(name))), contradicts(name)));
    }
    for name in ["vct", "check", "variant", "evidence"] {
        let refused = match name {
            "vct" => CertificateError::Token(SdJwtError::Missing("vct")),
            other => CertificateError::Claim(other),
        };
        table.push((name, on(move |plain| drop(plain.remove(name))), refused));
    }
    for name in ["iat", "nbf", "exp"] {
        table.push((
            name,
            on(move |plain| drop(plain.remove(name))),
            CertificateError::Token(SdJwtError::Missing(name)),
        ));
    }
    // Whom it is about: shown, withheld, doubled.
    let hidden = |name: &'static str, change: fn(&mut Vec<String>), refused| {
        let change: Change =
            Box::new(move |_: &World, _: &mut Plain, disclosures: &mut Vec<String>| {
                change(disclosures)
            });
        (name, change, refused)
    };
    table.extend([
        hidden(
            "another subject",
            |all| {
                without(all, "applicant");
                all.push(disclosed("applicant", "110105194912310038"));
            },
            CertificateError::OtherDisclosure("applicant".into()),
        ),
        hidden(
            "the same subject, salted anew",
            |all| {
                without(all, "applicant");
                all.push(disclosed("applicant", "11010519491231002X"));
            },
            CertificateError::OtherDisclosure("applicant".into()),
        ),
        hidden("no subject", |all| without(all, "applicant"), CertificateError::OtherWithheld),
        hidden("no request", |all| without(all, "request"), CertificateError::OtherWithheld),
        hidden("nothing to disclose", Vec::clear, CertificateError::OtherWithheld),
        hidden(
            "one more",
            |all| all.push(disclosed("spouse", "X")),
            CertificateError::OtherDisclosure("spouse".into()),
        ),
        hidden(
            "another purpose",
            |all| {
                without(all, "purpose");
                all.push(disclosed("purpose", "purchase"));
            },
            CertificateError::OtherDisclosure("purpose".into()),
        ),
        hidden(
            "another case",
            |all| {
                without(all, "case_number");
                all.push(disclosed("case_number", "case-8"));
            },
            CertificateError::OtherDisclosure("case_number".into()),
        ),
    ]);
    table
}

#[test]
fn every_field_of_a_real_certificate_that_its_issuer_changes_is_refused_by_name() {
    let world = World::new();
    let (directory, keys) = (
        world.directory(|_| ()),
        JwkSet::parse(&world.directory(|_| ()).jwks().to_string()).unwrap(),
    );
    let roots = [TrustRoot::Directory(&directory), TrustRoot::Keys(&keys)];
    let (plain, disclosures) = world.parts();
    let real = sdjwt::issue_encoded(&world.seal, plain.clone(), &disclosures).unwrap().to_string();
    for root in roots {
        verify(&real, root, at(200)).unwrap();
    }
    for (what, change, expected) in dishonest() {
        let (mut plain, mut disclosures) = (plain.clone(), disclosures.clone());
        change(&world, &mut plain, &mut disclosures);
        let Ok(token) = sdjwt::issue_encoded(&world.seal, plain, &disclosures) else {
            panic!("{what}: no such token can be made");
        };
        let shown = token.to_string();
        // What is withheld changes nothing: the seal refers to it all the same.
        let bare = token.present(&[]).unwrap().to_string();
        for root in roots {
            assert_eq!(verify(&shown, root, at(200)).unwrap_err(), expected, "{what}");
            assert!(verify(&bare, root, at(200)).is_err(), "{what}, withheld");
        }
    }
}

/// The finding: any joined member takes the evidence out of a certificate that it was shown, and
/// seals what it likes over it.
#[test]
fn evidence_lifted_out_of_anothers_certificate_is_good_for_nothing() {
    let world = World::new();
    let directory = world.directory(|_| ());
    let (plain, disclosures) = world.parts();
    let lifted =
        |key: &SigningKey, iss: &str, disclosures: &[String], change: &dyn Fn(&mut Plain)| {
            let mut plain = plain.clone();
            plain.insert("iss".into(), iss.into());
            change(&mut plain);
            let token = sdjwt::issue_encoded(key, plain, disclosures).unwrap();
            verify(&token.to_string(), TrustRoot::Directory(&directory), at(200)).unwrap_err()
        };
    let subject = [disclosed("applicant", "110105194912310038")];
    let everywhere = |plain: &mut Plain| {
        plain.insert(
            "statement".into(),
            json!({ "en": "owns no home anywhere in China", "zh": "全国无房" }),
        );
        plain.insert("exp".into(), 2_400_000_000u64.into());
    };
    assert_eq!(lifted(&world.tax, TAX, &subject, &everywhere), contradicts("iss"));
    assert_eq!(
        lifted(&world.tax, TAX, &disclosures, &|_| ()),
        contradicts("iss"),
        "word for word, under another seal"
    );
    let wrong = CertificateError::WrongIssuer { stated: FUND.into(), holder: TAX.into() };
    assert_eq!(lifted(&world.tax, FUND, &disclosures, &|_| ()), wrong);
}

/// Who else holds keys, and cannot seal.
#[test]
fn no_other_key_holder_makes_a_certificate() {
    let world = World::new();
    let (plain, disclosures) = world.parts();
    let es = || SigningKey::generate(Algorithm::Es256).unwrap();
    let (request_key, stranger, hub_p256) = (es(), es(), es());
    let directory = world.directory(|message| {
        let key = |key: &SigningKey, usage| key.public().to_proto(usage, at(0), at(1_000_000_000));
        message.members[0].systems[0].keys.push(key(&request_key, KeyUsage::Sign));
        message.hubs[0].keys.push(key(&hub_p256, KeyUsage::Sign));
        let system = System {
            uri: format!("{FUND}-2"),
            status: Status::Active.into(),
            keys: vec![key(&stranger, KeyUsage::Seal)],
            administrator: false,
            tls_key: vec![7; 32],
        };
        message.members[0].systems.push(system);
    });
    let by = |key: &SigningKey, iss: &str| {
        let mut plain = plain.clone();
        plain.insert("iss".into(), iss.into());
        let token = sdjwt::issue_encoded(key, plain, &disclosures).unwrap().to_string();
        verify(&token, TrustRoot::Directory(&directory), at(200)).unwrap_err()
    };
    let no_good =
        |key: &SigningKey, why| CertificateError::SealKey { key_id: key.id().into(), why };
    assert_eq!(
        by(&request_key, FUND),
        no_good(&request_key, Why::WrongUsage),
        "the key with which the same system asks"
    );
    assert_eq!(by(&hub_p256, HUB), no_good(&hub_p256, Why::WrongUsage), "the hub's");
    let unknown = es();
    assert_eq!(by(&unknown, FUND), no_good(&unknown, Why::Unknown));
    // Another system of the same member holds a sealing key of its own: the answer was not to it.
    assert_eq!(by(&stranger, &format!("{FUND}-2")), contradicts("iss"));
    for key in [&world.hub, &world.checkpoint, &world.authority, &world.other_hub] {
        assert!(
            matches!(
                sdjwt::issue_encoded(key, plain.clone(), &disclosures),
                Err(SdJwtError::WrongKeyKind(_))
            ),
            "Ed25519 seals nothing"
        );
    }
}

/// Everything around the terms that the holder of a reply can put together.
#[test]
fn an_answer_that_fixes_nothing_is_no_ground_for_a_certificate() {
    let world = World::new();
    let directory = world.directory(|_| ());
    let (plain, disclosures) = world.parts();
    let with_answer = |answer: &Answer, change: &dyn Fn(&mut Plain)| {
        let mut plain = plain.clone();
        let reply = world.reply_to(answer);
        let receipt = reply.receipt.unwrap();
        plain["evidence"]["answer"] =
            URL_SAFE_NO_PAD.encode(reply.answer.unwrap().encode_to_vec()).into();
        plain["evidence"]["receipt"]["entry"] = URL_SAFE_NO_PAD.encode(receipt.entry).into();
        plain["evidence"]["receipt"]["checkpoint"] = receipt.checkpoint.into();
        let opening = receipt.opening.unwrap();
        plain["evidence"]["receipt"]["salt"] = URL_SAFE_NO_PAD.encode(opening.salt).into();
        plain["evidence"]["receipt"]["content"] = URL_SAFE_NO_PAD.encode(opening.content).into();
        change(&mut plain);
        let token = sdjwt::issue_encoded(&world.seal, plain, &disclosures).unwrap().to_string();
        verify(&token, TrustRoot::Directory(&directory), at(200))
    };
    with_answer(&world.answer(), &|_| ()).unwrap();
    // To a member without the right to issue, the hub answers the check and fixes nothing.
    let none = Answer { certificate: None, ..world.answer() };
    assert_eq!(with_answer(&none, &|_| ()).unwrap_err(), CertificateError::NotAllowed);
    assert_eq!(
        CertificateContent::try_new(&world.affirmed(&none), &world.request(), &world.definition)
            .unwrap_err(),
        SealError::NotAllowed
    );
    // The terms of one answer in the place of another's.
    let other = fix(&world.definition, "couple", &request(), &claims()).unwrap().unwrap();
    let swapped = Answer { certificate: Some(other.terms), ..world.answer() };
    assert!(matches!(
        with_answer(&swapped, &|_| ()).unwrap_err(),
        CertificateError::Terms(TermsError::Foreign(_))
    ));
    for spoil in [0, 1, 2, 3] {
        let mut terms = world.fixed.terms.clone();
        match spoil {
            0 => terms.shown.clear(),
            1 => terms.shown.push(terms.shown[0].clone()),
            2 => drop(terms.shown[0].pop()),
            _ => drop(terms.shown.pop()),
        }
        let spoilt = Answer { certificate: Some(terms), ..world.answer() };
        assert!(
            matches!(with_answer(&spoilt, &|_| ()).unwrap_err(), CertificateError::Terms(_)),
            "{spoil}"
        );
    }
    // An answer without a ledger behind it, by a copyist: the root of nothing.
    let empty = sign_checkpoint(
        &Checkpoint { origin: checkpoint_origin(HUB).into(), size: 0, root: empty_root() },
        &world.checkpoint,
    )
    .unwrap();
    let unrecorded = with_answer(&world.answer(), &|plain| {
        plain["evidence"]["receipt"]["checkpoint"] = empty.clone().into()
    });
    assert!(matches!(unrecorded.unwrap_err(), CertificateError::Evidence(_)));
    // Sealed too late, or kept for later.
    let late = |iat: u64| {
        let change = move |plain: &mut Plain| {
            plain.insert("iat".into(), (1_800_000_000 + iat).into());
            plain.insert("nbf".into(), (1_800_000_000 + iat).into());
        };
        let mut plain = plain.clone();
        change(&mut plain);
        let token = sdjwt::issue_encoded(&world.seal, plain, &disclosures).unwrap().to_string();
        verify(&token, TrustRoot::Directory(&directory), at(200_000))
    };
    assert!(late(100 + 3600).is_ok());
    assert_eq!(late(100 + 3600 + 306).unwrap_err(), CertificateError::IssuedTooLate);
    let content = CertificateContent::try_new(
        &world.affirmed(&world.answer()),
        &world.request(),
        &world.definition,
    )
    .unwrap();
    assert_eq!(seal(&content, &world.seal, at(100 + 3601)).unwrap_err(), SealError::TooOld);
}

#[test]
fn an_issuer_seals_only_what_the_hub_has_fixed_as_it_expects() {
    let world = World::new();
    let refused = |variant: &str, request: &[u8], claims: &[Claim]| {
        let fixed = fix(&world.definition, variant, request, claims).unwrap().unwrap();
        let mut reply =
            world.reply_to(&Answer { certificate: Some(fixed.terms), ..world.answer() });
        reply.openings = fixed.openings;
        let affirmed = Affirmed::try_new(world.prove(reply).unwrap()).unwrap();
        CertificateContent::try_new(&affirmed, &world.request(), &world.definition).unwrap_err()
    };
    assert_eq!(refused("family", &request(), &claims()), SealError::OtherTerms("variant".into()));
    assert_eq!(refused("couple", &request(), &[]), SealError::OtherTerms("scope".into()));
    let change = |change: &dyn Fn(&mut Request)| {
        let mut message = Request::decode(request().as_slice()).unwrap();
        change(&mut message);
        message.encode_to_vec()
    };
    assert_eq!(
        refused("couple", &change(&|asked| asked.issuer = TAX.into()), &claims()),
        SealError::OtherTerms("iss".into())
    );
    assert_eq!(
        refused("couple", &change(&|asked| asked.purpose = "x".into()), &claims()),
        SealError::OtherTerms("purpose".into())
    );
    let other = change(&|asked| {
        let Some(RequestBody::Check(check)) = &mut asked.body else { panic!() };
        check.parameters[0].value = "110105194912310038".into();
    });
    assert_eq!(refused("couple", &other, &claims()), SealError::OtherTerms("applicant".into()));
    let mut reply = world.reply_to(&world.answer());
    reply.openings.pop();
    let affirmed = Affirmed::try_new(world.prove(reply).unwrap()).unwrap();
    let error =
        CertificateContent::try_new(&affirmed, &world.request(), &world.definition).unwrap_err();
    assert_eq!(error, SealError::Terms(TermsError::Incomplete));
}
