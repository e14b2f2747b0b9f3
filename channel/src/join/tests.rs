#![allow(clippy::unwrap_used, reason = "tests")]
use super::*;
use zerotrip_proto::v1::{Member, System};

const SYSTEM: &str = "spiffe://c.example/member/fund/system/desk";

fn key(usage: KeyUsage) -> Key {
    let now = SystemTime::now();
    SigningKey::generate(Algorithm::Ed25519).unwrap().public().to_proto(usage, now, now + KEY_LIFE)
}

fn directory(keys: Vec<Key>) -> KeyDirectory {
    let other = System {
        uri: "spiffe://c.example/member/fund/system/other".into(),
        keys: vec![key(KeyUsage::Sign)],
        ..System::default()
    };
    let system = System { uri: SYSTEM.into(), keys, ..System::default() };
    KeyDirectory {
        members: vec![Member { systems: vec![other, system], ..Member::default() }],
        ..KeyDirectory::default()
    }
}

fn invited(system: &str) -> Invitation {
    Invitation {
        url: "https://127.0.0.1:7443".into(),
        ca_sha256: [0; 32],
        token: [1; 32],
        binding: [2; 32],
        system: system.parse().unwrap(),
        hub: "spiffe://c.example/hub/hub-1".parse().unwrap(),
    }
}

#[test]
fn keys_that_were_begun_as_one_system_are_not_filed_as_another() {
    let folder = tempfile::tempdir().unwrap();
    let other = "spiffe://c.example/member/fund/system/csv";
    assert!(make_keys(&invited(SYSTEM), folder.path(), &[]).unwrap().fresh);
    assert!(
        !make_keys(&invited(SYSTEM), folder.path(), &[]).unwrap().fresh,
        "with a second invitation, if the first was lost"
    );
    let said = make_keys(&invited(other), folder.path(), &[]).err().unwrap().to_string();
    assert!(
        said.contains(SYSTEM) && said.contains(other) && said.ends_with("join in an empty folder"),
        "{said}"
    );
    assert!(make_keys(&invited(other), tempfile::tempdir().unwrap().path(), &[]).is_ok());
}

/// A copy of the folder has them too, and what is admitted anew is meant to shut it out.
#[test]
fn keys_of_a_system_that_had_joined_are_not_filed_again() {
    let invitation = invited(SYSTEM);
    for kept in KEY_FILES {
        let folder = tempfile::tempdir().unwrap();
        make_keys(&invitation, folder.path(), &[KeyUsage::Seal, KeyUsage::Approve]).unwrap();
        for name in KEY_FILES.iter().filter(|name| **name != kept).chain([&BEGUN]) {
            std::fs::remove_file(folder.path().join(name)).unwrap();
        }
        let said = make_keys(&invitation, folder.path(), &[KeyUsage::Seal]).err().unwrap();
        assert!(matches!(said, JoinError::UsedKeys(_)), "{kept}: {said}");
    }
}

#[test]
fn exactly_the_own_keys_are_accepted() {
    let own = vec![key(KeyUsage::Sign), key(KeyUsage::Seal)];
    let check = |keys: &[Key]| lists_exactly(&directory(keys.to_vec()), SYSTEM, &own);
    let (sign, seal) = (own.first().unwrap().clone(), own.last().unwrap().clone());
    assert_eq!(check(&own), Ok(()));
    assert_eq!(check(&[seal.clone(), sign.clone()]), Ok(()));
    let revoked = Key {
        revoked_at: Some(zerotrip_proto::to_timestamp(SystemTime::now())),
        ..key(KeyUsage::Sign)
    };
    assert_eq!(check(&[sign.clone(), seal.clone(), revoked]), Ok(()), "of an earlier join");
    let stranger = key(KeyUsage::Sign);
    assert!(
        check(&[sign.clone(), seal.clone(), stranger.clone()]).unwrap_err().contains(&stranger.id)
    );
    assert!(check(&[sign.clone(), stranger]).is_err());
    assert!(check(std::slice::from_ref(&sign)).unwrap_err().contains(&seal.id));
    assert!(
        check(&[sign.clone(), Key { usage: KeyUsage::Approve.into(), ..seal.clone() }]).is_err(),
        "another use"
    );
    assert!(check(&[sign.clone(), seal, sign]).unwrap_err().contains("twice"));
    assert!(check(&[]).is_err());
    assert!(
        lists_exactly(&directory(own.clone()), "spiffe://c.example/member/fund/system/third", &own)
            .is_err()
    );
}
