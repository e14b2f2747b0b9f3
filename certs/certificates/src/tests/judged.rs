//! What a certificate is good for, by its issuer's list.

use super::*;
use crate::status::{
    Bits, LEAST_PLACES, StatusError, StatusList, StatusReference, StatusValue, sign_list,
};

const LIST: &str = "https://status.example/fund/1.jwt";
const DAY: Duration = Duration::from_secs(86_400);

impl World {
    /// A certificate with a serial number and the seventh place of the list.
    fn numbered(&self) -> String {
        let serial = Serial::new(&FUND.parse().unwrap(), 2027, 1).unwrap();
        let reference = StatusReference { uri: LIST.into(), place: 7 };
        let content = CertificateContent::try_new(
            &self.affirmed(&self.answer()),
            &self.request(),
            &self.definition,
        );
        seal(&content.unwrap().numbered(&serial, &reference), &self.seal, at(110)).unwrap().token
    }

    fn list(&self, key: &SigningKey, uri: &str, value: u8) -> String {
        let mut list = StatusList::new(Bits::Two, LEAST_PLACES).unwrap();
        list.set(7, value).unwrap();
        sign_list(key, (uri, &list), at(2000), (DAY, DAY)).unwrap()
    }

    fn judged(&self, token: &str, list: Option<&str>, when: SystemTime) -> Judged {
        self.demanded(token, Demand { list: list.map(str::as_bytes), ..Demand::at(when) })
    }

    fn demanded(&self, token: &str, demand: Demand<'_>) -> Judged {
        let directory = self.directory(|_| ());
        judge(token, TrustRoot::Directory(&directory), demand).unwrap()
    }
}

fn unknown(judged: &Judged) -> &NoStatus {
    assert_eq!(judged.status, None);
    match &judged.verdict {
        Verdict::UnknownStatus(why) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_list_says_what_has_become_of_a_certificate() {
    let world = World::new();
    let token = world.numbered();
    for (value, verdict) in [
        (StatusValue::Valid, Verdict::Valid),
        (StatusValue::Revoked, Verdict::Revoked),
        (StatusValue::Suspended, Verdict::Suspended),
        (StatusValue::Superseded, Verdict::Superseded),
    ] {
        let list = world.list(&world.seal, LIST, value.number());
        let judged = world.judged(&token, Some(&list), at(2100));
        assert_eq!((judged.verdict, judged.status.unwrap().as_of), (verdict, at(2000)));
        let certificate = judged.certificate;
        assert_eq!(certificate.serial.unwrap().as_str(), "fund-desk-2027-000001");
        assert_eq!(certificate.profile, Some(Profile::National));
    }
    // One that is revoked is revoked, whatever else is the matter with it.
    let list = world.list(&world.seal, LIST, 1);
    let token = world.numbered();
    let demand =
        Demand { list: Some(list.as_bytes()), purpose: Some("another"), ..Demand::at(at(2100)) };
    assert_eq!(world.demanded(&token, demand).verdict, Verdict::Revoked);
}

#[test]
fn without_a_list_that_counts_the_status_is_unknown_and_never_valid() {
    let world = World::new();
    let token = world.numbered();
    let of = |list: Option<&str>| {
        let judged = world.judged(&token, list, at(2100));
        unknown(&judged).clone()
    };
    assert_eq!(of(None), NoStatus::NoList);
    let list = |key: &SigningKey, uri: &str| world.list(key, uri, 0);
    let why = |list: String| match of(Some(&list)) {
        NoStatus::List(why) => why,
        NoStatus::NoList => panic!("there was one"),
    };
    assert_eq!(
        why(list(&world.tax, LIST)),
        StatusError::OtherIssuer { expected: FUND.into(), found: TAX.into() }
    );
    let stranger = SigningKey::generate(Algorithm::Es256).unwrap();
    assert!(matches!(why(list(&stranger, LIST)), StatusError::Key { why: Why::Unknown, .. }));
    let other = "https://status.example/fund/2.jwt";
    assert!(matches!(why(list(&world.seal, other)), StatusError::OtherList { .. }));
    let good = list(&world.seal, LIST);
    let late = world.judged(&token, Some(&good), at(2000) + DAY);
    assert_eq!(*unknown(&late), NoStatus::List(StatusError::Ended { at: at(2000) + DAY }));
    let early = world.judged(&token, Some(&good), at(1600));
    assert_eq!(*unknown(&early), NoStatus::List(StatusError::NotYet { from: at(2000) }));
    let short = StatusList::new(Bits::Eight, 7).unwrap();
    let short = sign_list(&world.seal, (LIST, &short), at(2000), (DAY, DAY)).unwrap();
    assert_eq!(why(short), StatusError::OutOfRange { place: 7, places: 7 });
    let mut odd = StatusList::new(Bits::Four, 8).unwrap();
    odd.set(7, 9).unwrap();
    let odd = sign_list(&world.seal, (LIST, &odd), at(2000), (DAY, DAY)).unwrap();
    assert_eq!(why(odd), StatusError::Unknown(9));
    assert!(matches!(why(token.clone()), StatusError::Token(_)), "no list at all");
}

#[test]
fn a_list_signed_with_a_key_that_was_revoked_since_says_nothing() {
    let world = World::new();
    let (token, list) = (world.numbered(), world.list(&world.seal, LIST, 0));
    let directory = world.directory(|message| {
        message.members[0].systems[0].keys[0].revoked_at = Some(to_timestamp(at(2050)));
    });
    let keys = JwkSet::parse(&directory.jwks().to_string()).unwrap();
    let demand = |seconds| Demand { list: Some(list.as_bytes()), ..Demand::at(at(seconds)) };
    for root in [TrustRoot::Directory(&directory), TrustRoot::Keys(&keys)] {
        let judged = judge(&token, root, demand(2040)).unwrap();
        assert_eq!(judged.verdict, Verdict::Valid, "it was in force");
        let judged = judge(&token, root, demand(2100)).unwrap();
        assert!(matches!(
            unknown(&judged),
            NoStatus::List(StatusError::Key { why: Why::Revoked, .. } | StatusError::Keys(_))
        ));
    }
}

#[test]
fn times_purpose_and_profile_are_judged_and_forgery_goes_first() {
    let world = World::new();
    let token = world.numbered();
    let list = world.list(&world.seal, LIST, 0);
    let end = at(100) + 30 * DAY;
    assert_eq!(world.judged(&token, None, end).verdict, Verdict::Expired);
    assert_eq!(
        world.judged(&token, None, at(0) - Duration::from_secs(300)).verdict,
        Verdict::NotYetValid
    );
    let demand = |profile, purpose| Demand {
        list: Some(list.as_bytes()),
        profile,
        purpose,
        ..Demand::at(at(2100))
    };
    let of = |token: &str, demand| world.demanded(token, demand).verdict;
    assert_eq!(of(&token, demand(None, Some("rent-withdrawal"))), Verdict::Valid);
    assert_eq!(
        of(&token, demand(None, Some("purchase"))),
        Verdict::WrongPurpose { shown: Some("rent-withdrawal".into()) }
    );
    let bare = SdJwt::parse(&token).unwrap().present(&["applicant"]).unwrap().to_string();
    assert_eq!(
        of(&bare, demand(None, Some("rent-withdrawal"))),
        Verdict::WrongPurpose { shown: None }
    );
    assert_eq!(of(&token, demand(Some(Profile::National), None)), Verdict::Valid);
    let plain = world.sealed().token;
    assert_eq!(of(&plain, demand(None, None)), Verdict::Valid, "it has no place in any list");
    assert_eq!(
        of(&plain, demand(Some(Profile::National), None)),
        Verdict::WrongProfile { found: None }
    );
    // What is forged is not called expired: nothing in it is so.
    let forged = world.sealed_with(|claims| {
        claims.insert("statement".into(), json!({ "en": "all", "zh": "一切" }));
    });
    let directory = world.directory(|_| ());
    let demand = Demand::at(end);
    let error = judge(&forged, TrustRoot::Directory(&directory), demand).unwrap_err();
    assert_eq!(error, CertificateError::Contradiction("statement"));
}

#[test]
fn number_and_place_come_together_and_in_one_shape() {
    let world = World::new();
    let directory = world.directory(|_| ());
    let reference = || StatusReference { uri: LIST.into(), place: 7 }.to_claim();
    type Change<'a> = &'a dyn Fn(&mut serde_json::Map<String, Value>);
    let changes: [(&'static str, Change<'_>); 5] = [
        ("serial", &|claims| drop(claims.insert("status".into(), reference()))),
        ("status", &|claims| {
            claims.insert("serial".into(), "fund-desk-2027-000001".into());
        }),
        ("serial", &|claims| {
            claims.insert("status".into(), reference());
            claims.insert("serial".into(), "tax-desk-2027-000001".into());
        }),
        ("status", &|claims| {
            claims.insert("serial".into(), "fund-desk-2027-000001".into());
            claims.insert("status".into(), json!({ "status_list": { "idx": 7 } }));
        }),
        ("status", &|claims| {
            claims.insert("serial".into(), "fund-desk-2027-000001".into());
            let mut status = reference();
            status["status_list"]["aggregation_uri"] = "https://a/b".into();
            claims.insert("status".into(), status);
        }),
    ];
    for (name, change) in changes {
        let token = world.sealed_with(change);
        let error = verify(&token, TrustRoot::Directory(&directory), at(200)).unwrap_err();
        assert_eq!(error, CertificateError::Claim(name));
    }
    let hidden = crate::sdjwt::disclosure("status", &reference()).unwrap();
    let (plain, disclosures) = world.parts();
    let disclosures = [disclosures, vec![hidden]].concat();
    let error = crate::sdjwt::issue_encoded(&world.seal, plain, &disclosures).unwrap_err();
    assert_eq!(error, SdJwtError::ReservedName("status".into()));
}
