//! Copies: one number, a place for each, and one order for all.

use zerotrip_certificates::sdjwt::SdJwt;

use super::*;

fn tokens(organ: &Organ, count: usize) -> Vec<String> {
    let about = || disclosure("applicant", &"330106198503020027".into()).unwrap();
    let token = || issue_encoded(&organ.key.key, plain(), &[about()]).unwrap().to_string();
    (0..count).map(|_| token()).collect()
}

fn issued(organ: &Organ, exchange: &str, count: usize) -> Entry {
    let mut register = organ.register();
    let entry = register.reserve(ground(exchange), Profile::Haip, 2027).unwrap();
    register.places(&entry.serial, count).unwrap();
    let tokens = tokens(organ, count);
    let texts: Vec<&str> = tokens.iter().map(String::as_str).collect();
    register.sealed_copies(&entry.serial, &texts, (at(0), at(900)), Beside::None).unwrap();
    register.recorded(&entry.serial, 7).unwrap();
    register.entry(&entry.serial).unwrap()
}

/// An organ whose lists for wallets can be signed.
fn certified() -> Organ {
    let mut organ = Organ::new();
    let day = Duration::from_secs(86_400);
    let root = CertificateAuthority::generate("c.example", at(0) - day, 900 * day).unwrap();
    let fund: Identity = "spiffe://c.example/member/fund/system/desk".parse().unwrap();
    let ends = (at(0) - day, at(0) + 90 * day);
    let leaf = root.sign_seal_key(organ.key.key.public(), &fund, ends.0, ends.1).unwrap();
    organ.key.certificate = Some(leaf);
    organ
}

#[test]
fn copies_have_one_number_and_each_a_place_of_its_own() {
    let organ = Organ::new();
    let mut register = organ.register();
    let entry = register.reserve(ground("e-1"), Profile::Haip, 2027).unwrap();
    let places = register.places(&entry.serial, 5).unwrap();
    assert_eq!(places[0], entry.reference);
    let different: BTreeSet<u64> = places.iter().map(|place| place.place).collect();
    assert_eq!(different.len(), 5);
    // The same again, by whatever process.
    assert_eq!(organ.register().places(&entry.serial, 5).unwrap(), places);
    assert_eq!(register.places(&entry.serial, 3).unwrap(), places[..3]);
    for wrong in [0, COPIES + 1] {
        let refused = register.places(&entry.serial, wrong);
        assert!(matches!(refused, Err(RegisterError::Copies(_))), "{wrong}: {refused:?}");
    }
    // Three keys came after all: what was drawn for more is nobody's.
    let tokens = tokens(&organ, 3);
    let texts: Vec<&str> = tokens.iter().map(String::as_str).collect();
    register.sealed_copies(&entry.serial, &texts, (at(0), at(900)), Beside::None).unwrap();
    let copies = register.copies(&entry.serial).unwrap();
    let kept: Vec<&str> = copies.iter().filter_map(|copy| copy.token.as_deref()).collect();
    assert_eq!((kept, copies.len()), (texts.clone(), 3));
    assert_eq!(register.entry(&entry.serial).unwrap().copies, 3);
    // Sealed once; and nothing is drawn for more.
    let again = register.sealed_copies(&entry.serial, &texts, (at(0), at(900)), Beside::None);
    assert!(matches!(again, Err(RegisterError::Unknown(_))), "{again:?}");
    let more = register.places(&entry.serial, 4);
    assert!(matches!(more, Err(RegisterError::Copies(4))), "{more:?}");
    // Another certificate gets none of those places.
    let other = register.reserve(ground("e-2"), Profile::Haip, 2027).unwrap();
    assert_eq!(other.serial, "fund-desk-2027-000002");
    let others = register.places(&other.serial, COPIES).unwrap();
    assert!(others.iter().all(|place| !places.contains(place)));
}

#[test]
fn an_order_holds_for_every_copy() {
    let organ = certified();
    let (entry, other) = (issued(&organ, "e-1", 4), issued(&organ, "e-2", 2));
    organ.publish(Due::All, at(1));
    let value = |entry: &Entry| -> Vec<StatusValue> {
        let copies = organ.register().copies(&entry.serial).unwrap();
        let of = |place| organ.list(entry).status(place, at(10)).unwrap().value;
        copies.iter().map(|copy| of(copy.reference.place)).collect()
    };
    assert_eq!(value(&entry), [StatusValue::Valid; 4]);
    let done = organ.order(&entry, &Order::Revoke).unwrap();
    assert!(done.changed && done.entry.unpublished);
    organ.publish(Due::Needed, at(2));
    assert_eq!(value(&entry), [StatusValue::Revoked; 4]);
    assert_eq!(value(&other), [StatusValue::Valid; 2]);
    assert_eq!(organ.register().events(&entry.serial).unwrap().len(), 1, "one order");
    assert!(!organ.order(&entry, &Order::Revoke).unwrap().changed);
    // One that the hub did not record ends with all its copies.
    let mut register = organ.register();
    let refused = register.reserve(ground("e-3"), Profile::Haip, 2027).unwrap();
    register.places(&refused.serial, 3).unwrap();
    let tokens = tokens(&organ, 3);
    let texts: Vec<&str> = tokens.iter().map(String::as_str).collect();
    register.sealed_copies(&refused.serial, &texts, (at(0), at(900)), Beside::None).unwrap();
    register.give_up(&refused.serial, None, at(3)).unwrap();
    organ.publish(Due::Needed, at(4));
    assert_eq!(value(&refused), [StatusValue::Revoked; 3]);
}

#[test]
fn each_copy_is_known_as_that_certificate() {
    let organ = Organ::new();
    let entry = issued(&organ, "e-1", 3);
    let register = organ.register();
    for copy in register.copies(&entry.serial).unwrap() {
        let digest = SdJwt::parse(&copy.token.unwrap()).unwrap().digest();
        assert_eq!(register.in_force(&entry.serial, &digest).unwrap(), entry);
    }
    let refused = register.in_force(&entry.serial, &[7; 32]);
    assert!(matches!(refused, Err(RegisterError::OtherCertificate(_))), "{refused:?}");
}
