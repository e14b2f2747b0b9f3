//! What a directory must refuse, and what it must never say of a key.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use proptest::prelude::*;
use prost::Message as _;
use zerotrip_proto::bounds::CLOCK_SKEW;
use zerotrip_proto::v1::{self, Envelope, ErrorCode, KeyDirectory, KeyUsage, Status};
use zerotrip_proto::{payload_type, to_timestamp};

use super::*;
use crate::dsse;
use crate::identity::Identity;
use crate::keys::{Algorithm, SigningKey};
use crate::signed;

const POLICE: &str = "spiffe://city.example/member/police/system/household";
const FUND: &str = "spiffe://city.example/member/fund/system/counter";
const HUB: &str = "spiffe://city.example/hub/main";

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_000_000 + seconds)
}

fn key() -> SigningKey {
    SigningKey::generate(Algorithm::Ed25519).unwrap()
}

/// Issued at 0, expires at 1000; keys hold from 100 to 900.
struct City {
    authority: SigningKey,
    sign: SigningKey,
    seal: SigningKey,
    hub: SigningKey,
    message: KeyDirectory,
}

fn city() -> City {
    let (authority, sign, seal, hub) =
        (key(), key(), SigningKey::generate(Algorithm::Es256).unwrap(), key());
    let proto = |key: &SigningKey, usage| key.public().to_proto(usage, at(100), at(900));
    let system = |uri: &str, keys| v1::System {
        uri: uri.into(),
        status: Status::Active.into(),
        keys,
        administrator: uri == FUND,
        tls_key: vec![7; 32],
    };
    let member = |id: &str, systems| v1::Member {
        id: id.into(),
        name_en: id.into(),
        name_zh: "单位".into(),
        status: Status::Active.into(),
        systems,
    };
    let message = KeyDirectory {
        version: 5,
        trust_domain: "city.example".into(),
        issued_at: Some(to_timestamp(at(0))),
        expires_at: Some(to_timestamp(at(1000))),
        members: vec![
            member(
                "police",
                vec![system(
                    POLICE,
                    vec![proto(&sign, KeyUsage::Sign), proto(&key(), KeyUsage::Approve)],
                )],
            ),
            member("fund", vec![system(FUND, vec![proto(&seal, KeyUsage::Seal)])]),
        ],
        hubs: vec![v1::HubIdentity {
            uri: HUB.into(),
            status: Status::Active.into(),
            keys: vec![proto(&hub, KeyUsage::Sign), proto(&key(), KeyUsage::Checkpoint)],
            tls_key: vec![7; 32],
        }],
    };
    City { authority, sign, seal, hub, message }
}

impl City {
    /// Signed whatever it holds: a careless authority.
    fn signed(&self) -> Envelope {
        dsse::seal(payload_type::DIRECTORY, &self.message, &self.authority).unwrap()
    }

    fn open(&self) -> Result<Directory, DirectoryError> {
        Directory::open(&self.signed(), self.authority.public(), at(500), 5)
    }

    /// The faults after a change to the message, which the authority's own `seal` must find as
    /// well.
    fn faults(mut self, change: impl FnOnce(&mut KeyDirectory)) -> Vec<Fault> {
        change(&mut self.message);
        let Err(DirectoryError::Faults(faults)) = self.open() else { return vec![] };
        assert_eq!(
            Directory::seal(&self.message, &self.authority),
            Err(DirectoryError::Faults(faults.clone()))
        );
        faults
    }
}

#[test]
fn a_message_opens_only_under_a_key_of_its_signers_kind_and_usage() {
    let city = city();
    let directory = city.open().unwrap();
    let request = v1::Request { id: "r".into(), ..v1::Request::default() };
    let open = |key: &SigningKey, now| {
        let envelope = signed::seal(&request, key).unwrap();
        directory.open_signed::<v1::Request>(&envelope, now)
    };
    let (opened, holder) = open(&city.sign, at(500)).unwrap();
    assert_eq!((opened, holder.uri.as_str()), (request.clone(), POLICE));
    for (key, now, why) in [
        (&city.hub, at(500), Why::Unknown),
        (&city.seal, at(500), Why::WrongUsage),
        (&key(), at(500), Why::Unknown),
        (&city.sign, at(99), Why::NotYetValid),
        (&city.sign, at(900), Why::Expired),
    ] {
        assert_eq!(open(key, now), Err(SignedError::Key(why)));
    }
    let mut altered = signed::seal(&request, &city.sign).unwrap();
    altered.payload.push(0);
    let code =
        |envelope| directory.open_signed::<v1::Request>(envelope, at(500)).unwrap_err().code();
    assert_eq!(code(&altered), ErrorCode::BadSignature);
    let answer = signed::seal(&v1::Answer::default(), &city.hub).unwrap();
    assert_eq!(code(&answer), ErrorCode::Malformed);
    assert_eq!(directory.open_signed::<v1::Answer>(&answer, at(500)).unwrap().1.uri, HUB);
    let renewal = |key: &SigningKey| {
        let envelope = signed::seal(&v1::Renewal::default(), key).unwrap();
        directory.open_signed::<v1::Renewal>(&envelope, at(500)).unwrap().1.uri.clone()
    };
    assert_eq!([renewal(&city.sign), renewal(&city.hub)], [POLICE, HUB]);
}

#[test]
fn everybody_is_found() {
    let city = city();
    let directory = Directory::open(
        &Directory::seal(&city.message, &city.authority).unwrap(),
        city.authority.public(),
        at(1),
        0,
    )
    .unwrap();
    assert_eq!(
        (directory.version(), directory.expires_at(), directory.issued_at()),
        (5, at(1000), at(0))
    );
    assert_eq!(directory.member("police").unwrap().name_zh, "单位");
    assert_eq!(directory.system(POLICE).unwrap().member, "police");
    assert_eq!(directory.hub(HUB).unwrap().uri, HUB);
    assert_eq!(directory.owner_of("police.household").unwrap().id, "police");
    assert!(
        ["police", "police.", "nobody.x", ".x", ""]
            .iter()
            .all(|dataset| directory.owner_of(dataset).is_none())
    );
    assert_eq!(
        directory.administrators().map(|system| system.uri.as_str()).collect::<Vec<_>>(),
        [FUND]
    );
    assert!(
        directory.is_administrator(&FUND.parse().unwrap())
            && !directory.is_administrator(&POLICE.parse().unwrap())
    );
    assert!(
        directory.is_active(&HUB.parse().unwrap()) && directory.is_active(&POLICE.parse().unwrap())
    );
    assert!(!directory.is_active(&Identity::authority("city.example").unwrap()));
    let holder = directory.signing_key(city.sign.id(), KeyUsage::Sign, at(500)).unwrap();
    assert_eq!(
        (holder.uri.as_str(), holder.member.as_deref(), &holder.key),
        (POLICE, Some("police"), city.sign.public())
    );
    assert_eq!(directory.hub_key(city.hub.id(), KeyUsage::Sign, at(500)).unwrap().uri, HUB);
    assert_eq!(directory.hub_keys(HUB, KeyUsage::Checkpoint, at(500)).len(), 1);
    assert_eq!(directory.hub_keys(HUB, KeyUsage::Checkpoint, at(900)).len(), 0);
}

#[test]
fn only_the_authority_signs_it() {
    let city = city();
    assert!(matches!(
        Directory::open(&city.signed(), city.sign.public(), at(500), 5),
        Err(DirectoryError::Envelope(_))
    ));
    let other_type = dsse::seal(payload_type::GRANTS, &city.message, &city.authority).unwrap();
    assert!(matches!(
        Directory::open(&other_type, city.authority.public(), at(500), 5),
        Err(DirectoryError::Envelope(_))
    ));
    let mut changed = city.signed();
    *changed.payload.last_mut().unwrap() ^= 1;
    assert!(matches!(
        Directory::open(&changed, city.authority.public(), at(500), 5),
        Err(DirectoryError::Envelope(_))
    ));
}

#[test]
fn rollback_freeze_and_the_future_are_refused() {
    let city = city();
    let open =
        |now, version| Directory::open(&city.signed(), city.authority.public(), now, version);
    assert!(open(at(999), 5).is_ok());
    assert_eq!(open(at(500), 6).unwrap_err(), DirectoryError::RolledBack { found: 5, at_least: 6 });
    assert_eq!(open(at(1000), 5).unwrap_err(), DirectoryError::Expired(5));
    assert_eq!(open(at(1000), 5).unwrap_err().code(), ErrorCode::StaleBundle);
    assert!(open(at(0) - CLOCK_SKEW, 5).is_ok());
    assert_eq!(
        open(at(0) - CLOCK_SKEW - Duration::from_secs(1), 5).unwrap_err(),
        DirectoryError::NotYetValid(5)
    );
}

#[test]
fn of_one_number_there_is_one_directory() {
    let mut city = city();
    let first = Directory::open(&city.signed(), city.authority.public(), at(500), 0).unwrap();
    let after = |city: &City| {
        Directory::open_after(&city.signed(), city.authority.public(), at(500), &first)
    };
    assert!(after(&city).is_ok(), "the very same");
    city.message.members[0].name_en = "another".into();
    assert_eq!(after(&city).unwrap_err(), DirectoryError::Another(5));
    assert_eq!(after(&city).unwrap_err().code(), ErrorCode::StaleBundle);
    city.message.version = 6;
    assert!(after(&city).is_ok());
    city.message.version = 4;
    assert_eq!(after(&city).unwrap_err(), DirectoryError::RolledBack { found: 4, at_least: 5 });
}

#[test]
fn a_system_without_its_tls_key_is_a_fault() {
    for wrong in [vec![], vec![7; 31], vec![7; 33]] {
        let mut city = city();
        city.message.members[0].systems[0].tls_key = wrong;
        let refused = Directory::open(&city.signed(), city.authority.public(), at(500), 5);
        assert!(matches!(refused, Err(DirectoryError::Faults(_))));
    }
}

#[test]
fn a_key_counts_only_for_its_usage_holder_and_time() {
    let city = city();
    let directory = city.open().unwrap();
    let sign = |usage, seconds| {
        directory.signing_key(city.sign.id(), usage, at(seconds)).map(|holder| holder.uri.clone())
    };
    assert!(sign(KeyUsage::Sign, 100).is_ok() && sign(KeyUsage::Sign, 899).is_ok());
    assert_eq!(sign(KeyUsage::Sign, 99), Err(Why::NotYetValid));
    assert_eq!(sign(KeyUsage::Sign, 900), Err(Why::Expired));
    assert_eq!(sign(KeyUsage::Sign, 1000), Err(Why::DirectoryExpired));
    assert_eq!(sign(KeyUsage::Seal, 500), Err(Why::WrongUsage));
    assert_eq!(directory.key_as_of(city.sign.id(), KeyUsage::Seal, at(500)), Err(Why::WrongUsage));
    assert_eq!(directory.signing_key(city.hub.id(), KeyUsage::Sign, at(500)), Err(Why::Unknown));
    assert_eq!(directory.hub_key(city.sign.id(), KeyUsage::Sign, at(500)), Err(Why::Unknown));
    assert_eq!(
        directory.signing_key(city.authority.id(), KeyUsage::Sign, at(500)),
        Err(Why::Unknown)
    );
}

#[test]
fn suspension_and_revocation_end_it_now_and_keep_the_past() {
    let mut city = city();
    city.message.members[0].status = Status::Suspended.into();
    let directory = city.open().unwrap();
    assert_eq!(directory.signing_key(city.sign.id(), KeyUsage::Sign, at(500)), Err(Why::Suspended));
    assert_eq!(Why::Suspended.code(), ErrorCode::MemberSuspended);
    assert!(
        !directory.is_active(&POLICE.parse().unwrap()) && !directory.system(POLICE).unwrap().active
    );
    assert!(directory.key_as_of(city.sign.id(), KeyUsage::Sign, at(500)).is_ok());
    city.message.members[0].status = Status::Active.into();
    city.message.members[0].systems[0].status = Status::Suspended.into();
    assert_eq!(
        city.open().unwrap().signing_key(city.sign.id(), KeyUsage::Sign, at(500)),
        Err(Why::Suspended)
    );
    city.message.members[0].systems[0].status = Status::Active.into();
    city.message.members[0].systems[0].keys[0].revoked_at = Some(to_timestamp(at(400)));
    let directory = city.open().unwrap();
    assert_eq!(directory.signing_key(city.sign.id(), KeyUsage::Sign, at(400)), Err(Why::Revoked));
    assert_eq!(directory.key_as_of(city.sign.id(), KeyUsage::Sign, at(400)), Err(Why::Revoked));
    assert!(directory.key_as_of(city.sign.id(), KeyUsage::Sign, at(399)).is_ok());
    city.message.hubs[0].status = Status::Suspended.into();
    let directory = city.open().unwrap();
    assert_eq!(directory.hub_key(city.hub.id(), KeyUsage::Sign, at(500)), Err(Why::Suspended));
    assert!(directory.hub_keys(HUB, KeyUsage::Sign, at(500)).is_empty());
    let kept = directory.hub_keys_as_of(HUB, KeyUsage::Sign, at(500));
    assert!(kept.len() == 1 && kept == directory.hub_keys_ever(HUB, KeyUsage::Sign), "{kept:?}");
    assert!(directory.key_as_of(city.hub.id(), KeyUsage::Sign, at(500)).is_ok());
}

#[test]
fn every_fault_is_named() {
    assert_eq!(city().faults(|_| ()), []);
    assert_eq!(city().faults(|d| d.version = 0), [Fault::NoVersion]);
    assert!(
        city()
            .faults(|d| d.trust_domain = "City".into())
            .contains(&Fault::TrustDomain("City".into()))
    );
    assert_eq!(city().faults(|d| d.issued_at = None), [Fault::Times("the directory".into())]);
    assert_eq!(
        city().faults(|d| d.expires_at = d.issued_at),
        [Fault::Times("the directory".into())]
    );
    assert!(
        city()
            .faults(|d| d.members[0].id = "Police".into())
            .contains(&Fault::MemberId("Police".into()))
    );
    assert_eq!(
        city().faults(|d| d.members[0].name_zh.clear()),
        [Fault::MemberNames("police".into())]
    );
    assert_eq!(
        city().faults(|d| d.members[0].name_en = "x".repeat(65)),
        [Fault::MemberNames("police".into())]
    );
    assert_eq!(city().faults(|d| d.members[0].status = 0), [Fault::Status("police".into())]);
    assert_eq!(
        city().faults(|d| d.members[0].systems[0].status = 9),
        [Fault::Status(POLICE.into())]
    );
    assert_eq!(city().faults(|d| d.hubs[0].status = 0), [Fault::Status(HUB.into())]);
    assert!(matches!(
        city().faults(|d| d.members[0].systems = vec![v1::System::default(); 65])[0],
        Fault::TooMany(_)
    ));
    assert!(matches!(
        city().faults(|d| d.members = vec![v1::Member::default(); MEMBERS + 1])[0],
        Fault::TooMany(_)
    ));
    assert!(city().faults(|d| d.members = vec![v1::Member::default(); MEMBERS + 1]).len() <= 64);
}

#[test]
fn doubles_and_strangers_are_named() {
    let twice = city().faults(|d| {
        let mut again = d.members[0].clone();
        again.systems.clear();
        d.members.push(again);
    });
    assert_eq!(twice, [Fault::Twice("police".into())]);
    let twice = city().faults(|d| {
        let mut again = d.members[0].systems[0].clone();
        again.keys.clear();
        d.members[0].systems.push(again);
    });
    assert_eq!(twice, [Fault::Twice(POLICE.into())]);
    let moved = city().faults(|d| d.members[0].systems[0].uri = FUND.into());
    assert!(matches!(moved.as_slice(), [Fault::Uri { .. }, ..]));
    let elsewhere = POLICE.replace("city", "town");
    assert!(matches!(
        city().faults(|d| d.members[0].systems[0].uri = elsewhere).as_slice(),
        [Fault::Uri { .. }]
    ));
    assert!(matches!(
        city().faults(|d| d.members[0].systems[0].uri = HUB.into()).as_slice(),
        [Fault::Uri { .. }]
    ));
    assert!(matches!(
        city().faults(|d| d.hubs[0].uri = POLICE.into()).as_slice(),
        [Fault::Uri { .. }]
    ));
}

#[test]
fn key_faults_are_named() {
    let key_of = |d: &mut KeyDirectory, change: fn(&mut v1::Key)| {
        change(&mut d.members[0].systems[0].keys[0])
    };
    let faults = |change: fn(&mut v1::Key)| city().faults(|d| key_of(d, change));
    assert!(matches!(
        faults(|k| k.id = "0".repeat(32)).as_slice(),
        [Fault::Key { why: crate::keys::KeyError::WrongId { .. }, .. }]
    ));
    assert!(matches!(faults(|k| k.public_key = vec![0; 32]).as_slice(), [Fault::Key { .. }]));
    assert!(matches!(faults(|k| k.algorithm = 0).as_slice(), [Fault::Key { .. }]));
    assert!(matches!(faults(|k| k.usage = 0).as_slice(), [Fault::KeyUsage { .. }]));
    assert!(matches!(
        faults(|k| k.usage = KeyUsage::Checkpoint.into()).as_slice(),
        [Fault::KeyUsage { .. }]
    ));
    assert!(matches!(
        city().faults(|d| d.hubs[0].keys[0].usage = KeyUsage::Seal.into()).as_slice(),
        [Fault::KeyUsage { .. }]
    ));
    assert!(matches!(faults(|k| k.not_after = None).as_slice(), [Fault::Times(_)]));
    assert!(matches!(faults(|k| k.not_after = k.not_before).as_slice(), [Fault::Times(_)]));
    // A revocation nobody can read is not the same as none.
    assert!(matches!(
        faults(|k| k.revoked_at = Some(prost_types::Timestamp { seconds: -1, nanos: 0 }))
            .as_slice(),
        [Fault::Times(_)]
    ));
    let shared = city().faults(|d| {
        let key = d.members[0].systems[0].keys[0].clone();
        d.members[1].systems[0].keys.push(key);
    });
    assert!(matches!(shared.as_slice(), [Fault::KeyShared { holder, .. }] if holder == FUND));
    let second_usage = city().faults(|d| {
        let mut key = d.members[0].systems[0].keys[0].clone();
        key.usage = KeyUsage::Approve.into();
        d.members[0].systems[0].keys.push(key);
    });
    assert!(matches!(second_usage.as_slice(), [Fault::KeyShared { .. }]));
    let own = city();
    let authority = own.authority.public().to_proto(KeyUsage::Sign, at(100), at(900));
    assert!(matches!(
        own.faults(|d| d.hubs[0].keys.push(authority)).as_slice(),
        [Fault::KeyShared { .. }]
    ));
}

#[test]
fn all_faults_come_at_once_and_read_well() {
    let faults = city().faults(|d| {
        d.version = 0;
        d.members[0].name_en.clear();
        d.members[0].systems[0].keys[0].usage = 0;
    });
    assert_eq!(faults.len(), 3);
    let text = DirectoryError::Faults(faults).to_string();
    assert!(text.contains("version 0; names of member `police`"), "{text}");
}

#[test]
fn what_verifiers_of_certificates_need_is_published() {
    let mut city = city();
    city.message.members[1].systems[0].keys[0].revoked_at = Some(to_timestamp(at(400)));
    let jwks = city.open().unwrap().jwks();
    let keys = jwks["keys"].as_array().unwrap();
    let found: Vec<_> = keys
        .iter()
        .map(|key| {
            (key["iss"].as_str().unwrap(), key["kid"].as_str().unwrap(), key[JWK_USAGE].as_str())
        })
        .collect();
    let seal = keys.iter().find(|key| key["kid"] == city.seal.id()).unwrap();
    assert!(found.contains(&(FUND, city.seal.id(), None)), "{found:?}");
    assert!(found.contains(&(HUB, city.hub.id(), Some("sign"))), "{found:?}");
    assert!(
        !found.iter().any(|(_, kid, _)| *kid == city.sign.id()),
        "a system's requests are no business of verifiers"
    );
    assert_eq!((seal["nbf"].as_u64(), seal["exp"].as_u64()), (Some(1_000_100), Some(1_000_900)));
    assert_eq!(seal["revoked_at"].as_u64(), Some(1_000_400));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_live_key_is_one_that_nothing_speaks_against(
        seconds in 0u64..1100, revoked in proptest::option::of(0u64..1100), member in any::<bool>(), system in any::<bool>(),
    ) {
        let mut city = city();
        let status = |active: bool| i32::from(if active { Status::Active } else { Status::Suspended });
        city.message.members[0].status = status(member);
        city.message.members[0].systems[0].status = status(system);
        city.message.members[0].systems[0].keys[0].revoked_at = revoked.map(|seconds| to_timestamp(at(seconds)));
        let directory = city.open().unwrap();
        let held = (100..900).contains(&seconds) && revoked.is_none_or(|revoked| seconds < revoked);
        // A revocation is not put off by an authority's clock that is ahead.
        let live = held && member && system && revoked.is_none_or(|revoked| seconds + CLOCK_SKEW.as_secs() < revoked);
        prop_assert_eq!(directory.signing_key(city.sign.id(), KeyUsage::Sign, at(seconds)).is_ok(), live);
        prop_assert_eq!(directory.key_as_of(city.sign.id(), KeyUsage::Sign, at(seconds)).is_ok(), held);
    }
}

/// A root that verified once does not outlive its key: neither in time nor in the next directory.
#[test]
fn a_remembered_root_counts_for_nothing_once_its_key_does() {
    let mut city = city();
    let directory = city.open().unwrap();
    let payloads = (0..3_u8)
        .map(|at| v1::Request { id: at.to_string(), ..v1::Request::default() }.encode_to_vec());
    let batch = crate::batch::sign(payload_type::REQUEST, payloads.collect(), &city.sign).unwrap();
    let opened: Vec<String> = batch
        .iter()
        .map(|one| directory.open_signed::<v1::Request>(one, at(500)).unwrap().0.id)
        .collect();
    assert_eq!(opened, ["0", "1", "2"]);
    for now in [at(50), at(950)] {
        let refused = directory.open_signed::<v1::Request>(&batch[0], now).unwrap_err();
        assert!(matches!(refused, SignedError::Key(_)), "{refused}");
    }
    city.message.members[0].systems[0].keys[0].revoked_at = Some(to_timestamp(at(499)));
    let refused = city.open().unwrap().open_signed::<v1::Request>(&batch[1], at(500)).unwrap_err();
    assert!(matches!(refused, SignedError::Key(Why::Revoked)), "{refused}");
    city.message.members[0].systems[0].keys.remove(0);
    let refused = city.open().unwrap().open_signed::<v1::Request>(&batch[1], at(500)).unwrap_err();
    assert!(matches!(refused, SignedError::Key(Why::Unknown)), "{refused}");
}
