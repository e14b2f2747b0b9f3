//! What a question says beside the person.

use super::*;

/// The definition with a period, as the person's parameter is first.
fn with_period() -> Definition {
    let applicant = "[[parameter]]\nname = \"applicant\"\ntype = \"resident_id\"\n";
    let period = "\n[[parameter]]\nname = \"period\"\ntype = \"period\"\ntitle = { en = \"in\", zh \
                  = \"期间\" }\nmost_months = 24\nnot_after = \"last_month\"\n";
    let text = shipped();
    assert!(text.contains(applicant));
    let text = text.replacen(applicant, &format!("{applicant}{period}"), 1);
    Definition::parse(&text, "no-property").unwrap()
}

fn asking(period: &str) -> Vec<u8> {
    let mut message = Request::decode(request().as_slice()).unwrap();
    let Some(RequestBody::Check(check)) = &mut message.body else { panic!() };
    check.parameters.push(Parameter { name: "period".into(), value: period.into() });
    message.encode_to_vec()
}

/// A certificate on a yes that claims this, to this request; or why none is made.
fn sealed(world: &World, request: &[u8], more: &[Claim]) -> Result<String, SealError> {
    let claims = [claims(), more.to_vec()].concat();
    let fixed = fix(&world.definition, "couple", request, &claims).unwrap().unwrap();
    let outcome = Answered { answer: true, claims, ..Answered::default() };
    let answer = Answer {
        request_commitment: commit(hash_domain::REQUEST, &[6; 32], request).to_vec(),
        certificate: Some(fixed.terms),
        outcome: Some(Outcome::Answered(outcome)),
        ..world.answer()
    };
    let reply = ExchangeReply { openings: fixed.openings, ..world.reply_to(&answer) };
    let affirmed = Affirmed::try_new(world.prove(reply).unwrap()).unwrap();
    let content = CertificateContent::try_new(&affirmed, request, &world.definition)?;
    Ok(seal(&content, &world.seal, at(110))?.token)
}

#[test]
fn what_was_asked_beside_the_person_is_always_shown() {
    let world = World { definition: with_period(), ..World::new() };
    let directory = world.directory(|_| ());
    let verified = |token: &str| verify(token, TrustRoot::Directory(&directory), at(200));
    let (month, whole) = ("period=2026-01/2026-01", "period=2025-01/2026-12");
    let asked = claim(ASKED, month);
    let request = asking("2026-01/2026-01");
    let token = sealed(&world, &request, std::slice::from_ref(&asked)).unwrap();
    let parsed = SdJwt::parse(&token).unwrap();
    for keep in [&[][..], &["applicant"], &["request"], &["applicant", "request", "purpose"]] {
        let shown = verified(&parsed.present(keep).unwrap().to_string()).unwrap();
        assert_eq!(shown.scope["asked"], [month], "{keep:?}");
        assert_eq!(shown.disclosed.names_subject(), !keep.is_empty());
        let withheld = usize::from(keep.is_empty());
        assert_eq!(shown.disclosed.withheld_parameters, withheld, "the person alone: {keep:?}");
    }
    // An issuer that changes it, or leaves it out.
    let payload = token.split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    let disclosures: Vec<String> =
        parsed.disclosures().map(|(_, encoded)| encoded.to_owned()).collect();
    let scope = |change: &dyn Fn(&mut serde_json::Map<String, Value>)| {
        let mut plain = claims.as_object().unwrap().clone();
        plain.remove("_sd");
        plain.remove("_sd_alg");
        change(plain["scope"].as_object_mut().unwrap());
        let token = crate::sdjwt::issue_encoded(&world.seal, plain, &disclosures).unwrap();
        verified(&token.to_string()).unwrap_err()
    };
    let other = CertificateError::Contradiction("scope");
    assert_eq!(scope(&|scope| drop(scope.remove("asked"))), other);
    assert_eq!(scope(&|scope| drop(scope.insert("asked".into(), json!([whole])))), other);
    // A hub that claims another question than was signed, or none.
    let refused = SealError::OtherTerms("scope".into());
    for claimed in [&[][..], &[claim(ASKED, whole)], &[asked.clone(), claim(ASKED, whole)]] {
        assert_eq!(sealed(&world, &request, claimed).unwrap_err(), refused, "{claimed:?}");
    }
    // A check without such parameters claims none.
    let world = World::new();
    assert_eq!(sealed(&world, &self::request(), &[asked]).unwrap_err(), refused);
}
