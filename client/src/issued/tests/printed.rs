//! Of which certificates more can be made, and the list for verifiers that read CBOR.

use serde_json::{Value, json};
use zerotrip_certificates::sdjwt::{SdJwt, issue};
use zerotrip_certificates::status::StatusCwt;

use super::*;

#[test]
fn only_what_is_recorded_and_in_force_is_printed() {
    let organ = Organ::new();
    let token = |number: u64| {
        let claims = json!({
            "iss": "spiffe://c.example/member/fund/system/desk", "iat": number, "nbf": number,
            "exp": number + 900, "vct": "urn:zerotrip:certificate:no-property:1",
        });
        let Value::Object(claims) = claims else { panic!("no object") };
        let asked = json!(request("e-1", "330106198503020027"));
        issue(&organ.key.key, claims, &[("purpose", json!("rent")), ("request", asked)]).unwrap()
    };
    let digest = |token: &SdJwt| token.digest();
    let (first, second) = (token(1), token(2));
    let entry = organ.reserve("e-1");
    let serial = entry.serial.as_str();
    let asked = |digest| organ.register().in_force(serial, &digest);
    assert!(matches!(asked(digest(&first)), Err(RegisterError::NotIssued(_))), "not sealed");
    organ.register().sealed(serial, &first.to_string(), (at(0), at(900))).unwrap();
    assert!(matches!(asked(digest(&first)), Err(RegisterError::NotIssued(_))), "not recorded");
    organ.register().recorded(serial, 7).unwrap();
    assert_eq!(asked(digest(&first)).unwrap().serial, serial);
    let shown = first.present(&[]).unwrap();
    assert!(asked(digest(&shown)).is_ok(), "a presentation of it is it");
    assert!(matches!(asked(digest(&second)), Err(RegisterError::OtherCertificate(_))));
    let unknown = organ.register().in_force("fund-desk-2027-000009", &digest(&first));
    assert!(matches!(unknown, Err(RegisterError::Unknown(_))));
    for (order, in_force) in [(Order::Suspend, false), (Order::Lift, true), (Order::Revoke, false)]
    {
        organ.order(&entry, &order).unwrap();
        match asked(digest(&first)) {
            Ok(_) => assert!(in_force, "{order:?}"),
            Err(RegisterError::NotInForce { .. }) => assert!(!in_force, "{order:?}"),
            Err(other) => panic!("{other}"),
        }
    }
}

#[test]
fn each_list_is_published_as_a_cwt_that_says_the_same() {
    let organ = Organ::new();
    let (first, second) = (organ.issued("e-1"), organ.issued("e-2"));
    organ.order(&first, &Order::Suspend).unwrap();
    let published = organ.publish(Due::All, at(5));
    let [list] = published.as_slice() else { panic!("{published:?}") };
    let bytes = fs::read(list.file.with_extension("cwt")).unwrap();
    let cwt = StatusCwt::parse(&bytes).unwrap();
    assert_eq!(cwt.claimed_address(), list.uri);
    let cwt = cwt.open(organ.key.key.public(), &list.uri).unwrap();
    let jwt = organ.list(&first);
    assert!(cwt.list() == jwt.list(), "the same list");
    assert_eq!(cwt.times(), jwt.times());
    let of = |entry: &Entry| cwt.status(entry.reference.place, at(10)).unwrap().value;
    assert_eq!((of(&first), of(&second)), (StatusValue::Suspended, StatusValue::Valid));
}
