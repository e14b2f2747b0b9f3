//! What a QR is good for, in the words of certificates.

use zerotrip_certificates::status::StatusError;
use zerotrip_certificates::{NoStatus, Verdict};
use zerotrip_proto::bounds::CLOCK_SKEW;
use zerotrip_proto::to_timestamp;

use super::*;

fn verdict(world: &World, text: &QrText, demand: Demand<'_>) -> Verdict {
    verified(world, text.as_str(), demand).unwrap().verdict
}

#[test]
fn the_list_says_what_has_become_of_a_qr() {
    let world = World::new();
    let text = made(&world, &world.numbered());
    for (value, expected) in [
        (0, Verdict::Valid),
        (1, Verdict::Revoked),
        (2, Verdict::Suspended),
        (3, Verdict::Superseded),
    ] {
        let list = world.list(&world.seal, LIST, value);
        let demand = Demand { list: Some(list.as_bytes()), ..Demand::at(at(2100)) };
        let judged = verified(&world, text.as_str(), demand).unwrap();
        assert_eq!((judged.verdict, judged.status.unwrap().as_of), (expected.clone(), at(2000)));
        // By the published key set as well.
        let keys = world.keys(|_| ());
        let judged = verify(text.as_str(), TrustRoot::Keys(&keys), demand).unwrap();
        assert_eq!(judged.verdict, expected);
    }
}

#[test]
fn without_a_list_that_counts_the_status_is_unknown_and_never_valid() {
    let world = World::new();
    let text = made(&world, &world.numbered());
    let why = |list: Option<&str>, when| match verdict(
        &world,
        &text,
        Demand { list: list.map(str::as_bytes), ..Demand::at(when) },
    ) {
        Verdict::UnknownStatus(why) => why,
        other => panic!("{other:?}"),
    };
    assert_eq!(why(None, at(2100)), NoStatus::NoList);
    let list = |key: &SigningKey, uri: &str| world.list(key, uri, 0);
    let of = |list: String, when| match why(Some(&list), when) {
        NoStatus::List(why) => why,
        NoStatus::NoList => panic!("there was one"),
    };
    assert_eq!(
        of(list(&world.tax, LIST), at(2100)),
        StatusError::OtherIssuer { expected: FUND.into(), found: TAX.into() }
    );
    let other = "https://status.example/fund/2.jwt";
    assert!(matches!(of(list(&world.seal, other), at(2100)), StatusError::OtherList { .. }));
    let good = || list(&world.seal, LIST);
    assert!(matches!(of(good(), at(2000) + DAY), StatusError::Ended { .. }));
    assert!(matches!(of(good(), at(1600)), StatusError::NotYet { .. }));
    assert!(matches!(of("x".into(), at(2100)), StatusError::Token(_)));
    // What cannot be revoked has no status to be known.
    let plain = made(&world, &world.plain());
    assert_eq!(verdict(&world, &plain, Demand::at(at(2100))), Verdict::Valid);
}

#[test]
fn a_list_as_a_cwt_says_the_same() {
    let world = World::new();
    let text = made(&world, &world.numbered());
    let of =
        |list: &[u8]| verdict(&world, &text, Demand { list: Some(list), ..Demand::at(at(2100)) });
    for (value, expected) in [
        (0, Verdict::Valid),
        (1, Verdict::Revoked),
        (2, Verdict::Suspended),
        (3, Verdict::Superseded),
    ] {
        assert_eq!(of(&world.cwt_list(&world.seal, LIST, value)), expected);
    }
    let why = |list: &[u8]| match of(list) {
        Verdict::UnknownStatus(NoStatus::List(why)) => why,
        other => panic!("{other:?}"),
    };
    let other = "https://status.example/fund/2.jwt";
    let list = |key: &SigningKey, uri| world.cwt_list(key, uri, 0);
    assert!(matches!(why(&list(&world.seal, other)), StatusError::OtherList { .. }));
    assert!(matches!(why(&list(&world.tax, LIST)), StatusError::OtherIssuer { .. }));
    let mut altered = list(&world.seal, LIST);
    let last = altered.len() - 1;
    altered[last] ^= 1;
    assert!(matches!(why(&altered), StatusError::Cwt(_)));
    // The QR's own token is no list.
    assert!(matches!(why(&text.token().unwrap()), StatusError::Cwt(_)));
    assert!(matches!(why(&[0xff]), StatusError::Damaged));
}

#[test]
fn a_place_outside_the_list_is_of_unknown_status() {
    let world = World::new();
    let list = world.list(&world.seal, LIST, 0);
    let mut claims = claims(&world);
    let at_status = place(&claims, 65_535);
    let inner = Value::Map(vec![
        (Value::text("idx"), Value::Unsigned(1 << 40)),
        (Value::text("uri"), Value::text(LIST)),
    ]);
    claims[at_status].1 = Value::Map(vec![(Value::text("status_list"), inner)]);
    let text = sealed(&world.seal, &Value::Map(claims));
    let demand = Demand { list: Some(list.as_bytes()), ..Demand::at(at(2100)) };
    let Verdict::UnknownStatus(NoStatus::List(why)) =
        verified(&world, &text, demand).unwrap().verdict
    else {
        panic!("known")
    };
    assert!(matches!(why, StatusError::OutOfRange { .. }), "{why:?}");
}

#[test]
fn times_and_purpose_are_judged_in_the_order_of_certificates() {
    let world = World::new();
    let text = made(&world, &world.numbered());
    let list = world.list(&world.seal, LIST, 0);
    let revoked = world.list(&world.seal, LIST, 1);
    let end = at(100) + 30 * DAY;
    assert_eq!(verdict(&world, &text, Demand::at(end)), Verdict::Expired);
    let last = Demand::at(end - std::time::Duration::from_secs(1));
    assert_eq!(verdict(&world, &text, last), Verdict::UnknownStatus(NoStatus::NoList));
    // Clocks may differ by so much.
    let directory = world.directory(|_| ());
    let root = TrustRoot::Directory(&directory);
    let later = make(&world.numbered(), root, Standing::InRegister, &world.seal, at(1000)).unwrap();
    let begin = at(1000) - CLOCK_SKEW;
    let early = Demand::at(begin - std::time::Duration::from_secs(1));
    assert_eq!(verdict(&world, &later, early), Verdict::NotYetValid);
    let unknown = Verdict::UnknownStatus(NoStatus::NoList);
    assert_eq!(verdict(&world, &later, Demand::at(begin)), unknown);
    fn demand<'a>(list: &'a str, purpose: Option<&'a str>) -> Demand<'a> {
        Demand { list: Some(list.as_bytes()), purpose, ..Demand::at(at(2100)) }
    }
    assert_eq!(verdict(&world, &text, demand(&list, Some("rent-withdrawal"))), Verdict::Valid);
    assert_eq!(
        verdict(&world, &text, demand(&list, Some("purchase"))),
        Verdict::WrongPurpose { shown: Some("rent-withdrawal".into()) }
    );
    let wrong = demand(&revoked, Some("purchase"));
    assert_eq!(verdict(&world, &text, wrong), Verdict::Revoked, "what is surely so goes first");
    let silent = zerotrip_certificates::sdjwt::SdJwt::parse(&world.numbered()).unwrap();
    let silent = made(&world, &silent.present(&["applicant"]).unwrap().to_string());
    assert_eq!(
        verdict(&world, &silent, demand(&list, Some("rent-withdrawal"))),
        Verdict::WrongPurpose { shown: None }
    );
}

#[test]
fn a_qr_counts_only_as_long_as_its_key_is_in_force() {
    let world = World::new();
    let text = made(&world, &world.plain());
    let directory = world.directory(|message| {
        message.members[0].systems[0].keys[0].revoked_at = Some(to_timestamp(at(250)));
    });
    let keys = world.keys(|message| {
        message.members[0].systems[0].keys[0].revoked_at = Some(to_timestamp(at(250)));
    });
    for root in [TrustRoot::Directory(&directory), TrustRoot::Keys(&keys)] {
        let judged = verify(text.as_str(), root, Demand::at(at(240))).unwrap();
        assert_eq!(judged.verdict, Verdict::Valid, "it was in force");
        // Who stole the key could have dated a QR back.
        let error = verify(text.as_str(), root, Demand::at(at(300))).unwrap_err();
        assert!(matches!(error, QrError::KeyEnded(_)), "{error:?}");
    }
    let ended = world.directory(|message| {
        message.members[0].systems[0].keys[0].not_after = Some(to_timestamp(at(1000)));
    });
    let root = TrustRoot::Directory(&ended);
    let error = verify(text.as_str(), root, Demand::at(at(2000))).unwrap_err();
    assert!(matches!(error, QrError::KeyEnded(_)), "{error:?}");
}
