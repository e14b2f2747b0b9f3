#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod grants;
mod hubs;
mod members;
mod providers;
mod renewals;

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use prost::Message as _;
use zerotrip_channel::SystemHome;
use zerotrip_channel::files::{self, Secrecy};
use zerotrip_proto::v1::{Envelope, GrantBundle, KeyDirectory, KeyUsage, PendingJoin, Status};
use zerotrip_proto::{payload_type, to_timestamp};
use zerotrip_trust::directory::Directory;
use zerotrip_trust::dsse;
use zerotrip_trust::identity::Identity;
use zerotrip_trust::keys::{Algorithm, SigningKey};
use zerotrip_trust::tls;
use zerotrip_trust::x509::{self, TlsKey, X509Error, pem};

use super::enrol::{EnrolledKey, Enrolment};
use super::*;
use crate::folder::*;

const URL: &str = "https://localhost:8443";
const DAY: Duration = Duration::from_secs(86_400);

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> (Self, Authority) {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::init(
            &folder.path().join("a"),
            "city.example",
            "main",
            URL,
            DAY,
            SystemTime::now(),
        )
        .unwrap();
        (Self { folder }, authority)
    }

    fn authority(&self) -> PathBuf {
        self.folder.path().join("a")
    }

    fn hub(&self, uri: &str, usages: &[&str]) -> (PathBuf, TlsKey) {
        let folder = self.folder.path().join("h");
        let tls = TlsKey::generate().unwrap();
        let csr = x509::make_csr(
            &tls,
            &uri.parse().unwrap(),
            &["localhost".into()],
            &[IpAddr::V4(Ipv4Addr::LOCALHOST)],
        )
        .unwrap();
        let key = |usage: &&str| EnrolledKey {
            usage: (*usage).to_owned(),
            public: STANDARD
                .encode(SigningKey::generate(Algorithm::Ed25519).unwrap().public().bytes()),
        };
        let enrolment = Enrolment {
            uri: uri.into(),
            csr: STANDARD.encode(csr),
            keys: usages.iter().map(key).collect(),
        };
        files::write(
            &folder.join("enrolment.toml"),
            toml::to_string(&enrolment).unwrap().as_bytes(),
            Secrecy::Public,
        )
        .unwrap();
        (folder, tls)
    }

    fn enrol(&self, authority: &mut Authority) -> (PathBuf, TlsKey) {
        let (folder, tls) = self.hub("spiffe://city.example/hub/main", &["sign", "checkpoint"]);
        authority
            .enrol_hub(
                &folder,
                &["localhost".into()],
                &[IpAddr::V4(Ipv4Addr::LOCALHOST)],
                SystemTime::now(),
            )
            .unwrap();
        (folder, tls)
    }
}

fn pending(invited: &Invited) -> PendingJoin {
    let system = invited.invitation.system.clone();
    let csr = x509::make_csr(&TlsKey::generate().unwrap(), &system, &[], &[]).unwrap();
    let key = |usage, algorithm| {
        let now = SystemTime::now();
        SigningKey::generate(algorithm).unwrap().public().to_proto(usage, now - DAY, now + DAY)
    };
    let keys = vec![key(KeyUsage::Sign, Algorithm::Ed25519), key(KeyUsage::Seal, Algorithm::Es256)];
    let pending = PendingJoin {
        system: system.uri(),
        token_digest: invited.invitation.token_digest().to_vec(),
        csr,
        keys,
        binding_tag: vec![],
    };
    bound(invited, pending)
}

/// As the invited system itself would send it.
fn bound(invited: &Invited, pending: PendingJoin) -> PendingJoin {
    let binding_tag = invited.invitation.binding_tag(&pending.csr, &pending.keys).to_vec();
    PendingJoin { binding_tag, ..pending }
}

fn fund() -> NewMember<'static> {
    NewMember {
        member: "fund",
        system: "desk",
        name_en: Some("Housing fund"),
        name_zh: Some("公积金中心"),
        administrator: false,
        rename: false,
    }
}

#[test]
fn a_new_authority_is_also_its_administrators_system() {
    let (place, authority) = Place::new();
    let home = SystemHome::load(&place.authority()).unwrap();
    let directory = home.directory(SystemTime::now()).unwrap();
    assert_eq!(
        (directory.version(), home.uri().as_str()),
        (1, "spiffe://city.example/member/authority/system/desk")
    );
    assert!(directory.is_administrator(&home.system));
    assert!(home.tls(b"h2").is_ok());
    assert_eq!(home.address.to_string(), URL);
    assert_eq!(authority.directory().members[0].name_zh, "数据主管部门");
    #[cfg(unix)]
    for secret in ["ca.key", "authority.key", "sign.key", "tls.key"] {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(place.authority().join(secret)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{secret}");
    }
    let again =
        Authority::init(&place.authority(), "city.example", "main", URL, DAY, SystemTime::now());
    assert!(matches!(again, Err(AuthorityError::Occupied(_))));
    assert!(matches!(Authority::open(place.folder.path()), Err(AuthorityError::NotOne(_))));
    let bad = |domain: &str, hub: &str, url: &str, life| {
        Authority::init(&place.folder.path().join("b"), domain, hub, url, life, SystemTime::now())
    };
    assert!(matches!(bad("City", "main", URL, DAY), Err(AuthorityError::Identity(_))));
    assert!(matches!(bad("city", "main", "http://x:1", DAY), Err(AuthorityError::Address(_))));
    assert!(matches!(bad("city", "main", URL, Duration::from_secs(59)), Err(AuthorityError::Life)));
    assert!(!place.folder.path().join("b").exists());
}

/// A file that was put back from a copy is not the folder: what it would undo was signed here.
#[test]
fn a_folder_of_which_part_was_put_back_publishes_nothing_older() {
    let now = SystemTime::now();
    let files =
        ["directory.binpb", "directory.dsse", "directory.confirmed.dsse", "directory.signed"];
    for put_back in 1..16_usize {
        let (place, mut authority) = Place::new();
        place.enrol(&mut authority);
        let invited = authority.invite(&fund(), DAY, now).unwrap();
        authority.keep_invitation(&invited, now).unwrap();
        let admitted = authority.admit(&pending(&invited), now).unwrap();
        authority.directory_confirmed(&admitted.directory).unwrap();
        let at = |name: &str| place.authority().join(name);
        let copies: Vec<Vec<u8>> =
            files.iter().map(|name| std::fs::read(at(name)).unwrap()).collect();
        let suspended = authority.set_status("fund", Status::Suspended, now).unwrap();
        authority.directory_confirmed(&suspended).unwrap();
        drop(authority);
        for (_, (name, copy)) in
            files.iter().zip(&copies).enumerate().filter(|(nth, _)| put_back >> nth & 1 == 1)
        {
            std::fs::write(at(name), copy).unwrap();
        }
        let mut authority = Authority::open_for_change(&place.authority()).unwrap();
        // Where only the working copy is older, nothing is signed without the hub either.
        if put_back & 9 == 1 {
            assert!(
                matches!(authority.sign_directory(now), Err(AuthorityError::OlderFile { .. })),
                "{put_back:#b}"
            );
        }
        authority.follow_directory(&suspended).unwrap();
        assert_eq!(authority.status("fund").unwrap(), Status::Suspended, "{put_back:#b}");
        let next = authority.sign_directory(now).unwrap();
        let next: KeyDirectory =
            dsse::open(&next, payload_type::DIRECTORY, &authority.home().authority).unwrap();
        let fund = next.members.iter().find(|member| member.id == "fund").unwrap();
        assert_eq!(fund.status(), Status::Suspended, "{put_back:#b}");
    }
}

#[test]
fn one_at_a_time_changes_the_folder() {
    let (place, authority) = Place::new();
    let again = || Authority::open_for_change(&place.authority());
    assert!(matches!(again(), Err(AuthorityError::Busy(_))), "its maker still holds it");
    assert!(Authority::open(&place.authority()).is_ok(), "reading is free");
    drop(authority);
    let first = again().unwrap();
    assert!(again().unwrap_err().to_string().contains("another command is changing the authority"));
    drop(first);
    assert!(again().is_ok());
    assert!(matches!(
        Authority::open_for_change(place.folder.path()),
        Err(AuthorityError::NotOne(_))
    ));
}

#[test]
fn suspending_is_a_new_directory() {
    let (_place, mut authority) = Place::new();
    let now = SystemTime::now();
    let invited = authority.invite(&fund(), DAY, now).unwrap();
    authority.keep_invitation(&invited, now).unwrap();
    authority.admit(&pending(&invited), now).unwrap();
    let envelope = authority.set_status("fund", Status::Suspended, now).unwrap();
    let directory = Directory::open(&envelope, &authority.home().authority, now, 3).unwrap();
    assert!(!directory.is_active(&invited.invitation.system));
    let envelope = authority.set_status("fund", Status::Active, now).unwrap();
    assert!(
        Directory::open(&envelope, &authority.home().authority, now, 4)
            .unwrap()
            .is_active(&invited.invitation.system)
    );
    assert!(matches!(
        authority.set_status("tax", Status::Active, now),
        Err(AuthorityError::UnknownMember(_))
    ));
    assert!(matches!(
        authority.set_status(MEMBER, Status::Suspended, now),
        Err(AuthorityError::Itself)
    ));
}
