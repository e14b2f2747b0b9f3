#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::net::{IpAddr, Ipv4Addr};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zerotrip_proto::v1::{GrantBundle, PendingJoin};
use zerotrip_trust::tls;

use super::enrol::{EnrolledKey, Enrolment};
use super::*;

const URL: &str = "https://localhost:8443";
const DAY: Duration = Duration::from_secs(86_400);

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> (Self, Authority) {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::init(&folder.path().join("a"), "city.example", "main", URL, DAY, SystemTime::now()).unwrap();
        (Self { folder }, authority)
    }

    fn authority(&self) -> PathBuf {
        self.folder.path().join("a")
    }

    fn hub(&self, uri: &str, usages: &[&str]) -> (PathBuf, TlsKey) {
        let folder = self.folder.path().join("h");
        let tls = TlsKey::generate().unwrap();
        let csr = x509::make_csr(&tls, &uri.parse().unwrap(), &["localhost".into()], &[IpAddr::V4(Ipv4Addr::LOCALHOST)]).unwrap();
        let key = |usage: &&str| EnrolledKey {
            usage: (*usage).to_owned(),
            public: STANDARD.encode(SigningKey::generate(Algorithm::Ed25519).unwrap().public().bytes()),
        };
        let enrolment = Enrolment { uri: uri.into(), csr: STANDARD.encode(csr), keys: usages.iter().map(key).collect() };
        files::write(&folder.join("enrolment.toml"), toml::to_string(&enrolment).unwrap().as_bytes(), Secrecy::Public).unwrap();
        (folder, tls)
    }

    fn enrol(&self, authority: &mut Authority) -> (PathBuf, TlsKey) {
        let (folder, tls) = self.hub("spiffe://city.example/hub/main", &["sign", "checkpoint"]);
        authority.enrol_hub(&folder, &["localhost".into()], &[IpAddr::V4(Ipv4Addr::LOCALHOST)], SystemTime::now()).unwrap();
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
    let pending =
        PendingJoin { system: system.uri(), token_digest: invited.invitation.token_digest().to_vec(), csr, keys, binding_tag: vec![] };
    bound(invited, pending)
}

/// As the invited system itself would send it.
fn bound(invited: &Invited, pending: PendingJoin) -> PendingJoin {
    let binding_tag = invited.invitation.binding_tag(&pending.csr, &pending.keys).to_vec();
    PendingJoin { binding_tag, ..pending }
}

fn fund() -> NewMember<'static> {
    NewMember { member: "fund", system: "desk", name_en: Some("Housing fund"), name_zh: Some("公积金中心"), administrator: false }
}

#[test]
fn a_new_authority_is_also_its_administrators_system() {
    let (place, authority) = Place::new();
    let home = SystemHome::load(&place.authority()).unwrap();
    let directory = home.directory(SystemTime::now()).unwrap();
    assert_eq!((directory.version(), home.uri().as_str()), (1, "spiffe://city.example/member/authority/system/desk"));
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
    let again = Authority::init(&place.authority(), "city.example", "main", URL, DAY, SystemTime::now());
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

#[test]
fn an_enrolled_hub_can_serve_and_is_in_the_directory() {
    let (place, mut authority) = Place::new();
    let (hub, tls_key) = place.enrol(&mut authority);
    let read = |name: &str| files::read_text(&hub.join(name)).unwrap();
    let (chain, ca) = (pem::certificates(&read("tls.pem")).unwrap(), pem::certificate(&read("ca.pem")).unwrap());
    assert_eq!(x509::identity_of(&chain[0]).unwrap().uri(), "spiffe://city.example/hub/main");
    assert!(tls::server_config(&chain, &tls_key, &ca, &[b"h2"]).is_ok());
    let key = x509::authority_key_at(&pem::certificate(&read("authority.pem")).unwrap(), &ca, SystemTime::now()).unwrap();
    let envelope = |name: &str| Envelope::decode(files::read(&hub.join(name)).unwrap().as_slice()).unwrap();
    let directory = Directory::open(&envelope("directory.dsse"), &key, SystemTime::now(), 2).unwrap();
    assert_eq!(directory.hub_keys("spiffe://city.example/hub/main", KeyUsage::Checkpoint, SystemTime::now()).len(), 1);
    let grants: GrantBundle = dsse::open(&envelope("grants.dsse"), payload_type::GRANTS, &key).unwrap();
    assert_eq!((grants.version, grants.grants.len()), (1, 0));
    // Enrolled again with new keys, the old ones end.
    place.enrol(&mut authority);
    assert_eq!(authority.directory().hubs.len(), 1);
    let keys = &authority.directory().hubs[0].keys;
    assert_eq!((keys.len(), keys.iter().filter(|key| key.revoked_at.is_some()).count()), (4, 2));
}

/// The former machine's key is no longer the hub's; the very same folder once more supersedes nothing, and of its keys no other may have any.
#[test]
fn a_hub_that_is_enrolled_anew_supersedes_its_former_certificate() {
    let (place, mut authority) = Place::new();
    let now = SystemTime::now();
    let shown = |folder: &Path| {
        let leaf = pem::certificate(&files::read_text(&folder.join("tls.pem")).unwrap()).unwrap();
        (x509::key_digest(&leaf).unwrap(), x509::validity_of(&leaf).unwrap().0)
    };
    let hub: Identity = "spiffe://city.example/hub/main".parse().unwrap();
    let tls = |envelope: &Envelope, authority: &Authority, at: SystemTime| {
        Directory::open(envelope, &authority.home().authority, at, 0).unwrap().hub_tls(&hub).unwrap()
    };
    let (folder, _) = place.enrol(&mut authority);
    let (key, first) = shown(&folder);
    let enrolled = |authority: &mut Authority, at: SystemTime| {
        authority.enrol_hub(&folder, &["localhost".to_owned()], &[IpAddr::V4(Ipv4Addr::LOCALHOST)], at)
    };
    let again = enrolled(&mut authority, now + DAY).unwrap().directory;
    let known = tls(&again, &authority, now + DAY);
    let (same, later) = shown(&folder);
    assert!(same == key && later > first);
    assert!(!known.supersedes(&key, first) && !known.supersedes(&key, later));

    // Some of its keys over others: SIGN, CHECKPOINT, and the one of TLS, by bits.
    let former = files::read_text(&folder.join("enrolment.toml")).unwrap();
    let parse = |text: &str| toml::from_str::<Enrolment>(text).unwrap();
    for kept in 1..7_usize {
        place.hub("spiffe://city.example/hub/main", &["sign", "checkpoint"]);
        let (old, mut new) = (parse(&former), parse(&files::read_text(&folder.join("enrolment.toml")).unwrap()));
        for (nth, key) in new.keys.iter_mut().enumerate().filter(|(nth, _)| kept >> nth & 1 == 1) {
            key.clone_from(&old.keys[nth]);
        }
        if kept & 4 == 4 {
            new.csr.clone_from(&old.csr);
        }
        std::fs::write(folder.join("enrolment.toml"), toml::to_string(&new).unwrap()).unwrap();
        let refused = enrolled(&mut authority, now + DAY).unwrap_err().to_string();
        assert!(refused.contains("its former folder"), "{kept:#b}: {refused}");
    }

    // Other keys: who knows the last directory takes the new hub, and with the new directory the former one no more.
    place.hub("spiffe://city.example/hub/main", &["sign", "checkpoint"]);
    let anew = enrolled(&mut authority, now + DAY * 2).unwrap().directory;
    let (other, begins) = shown(&folder);
    assert!(other != key && begins > later);
    assert!(!known.supersedes(&other, begins));
    let newest = tls(&anew, &authority, now + DAY * 2);
    assert!(newest.supersedes(&key, later) && newest.supersedes(&key, first) && !newest.supersedes(&other, begins));
    // The former folder given by mistake: its keys are revoked, and those of today are left alone.
    std::fs::write(folder.join("enrolment.toml"), former).unwrap();
    let refused = enrolled(&mut authority, now + DAY * 2).unwrap_err();
    assert!(refused.to_string().contains("its keys were revoked"), "{refused}");
    assert_eq!(authority.directory().hubs[0].keys.iter().filter(|key| key.revoked_at.is_none()).count(), 2);
}

#[test]
fn enrolments_of_another_hub_or_without_its_keys_are_refused() {
    let (place, mut authority) = Place::new();
    let mut refused = |uri: &str, usages: &[&str]| {
        let (folder, _) = place.hub(uri, usages);
        authority.enrol_hub(&folder, &["localhost".into()], &[IpAddr::V4(Ipv4Addr::LOCALHOST)], SystemTime::now()).unwrap_err().to_string()
    };
    assert!(refused("spiffe://city.example/hub/other", &["sign", "checkpoint"]).contains("this authority's hub"));
    assert!(refused("spiffe://city.example/hub/main", &["sign"]).contains("no key for `checkpoint`"));
    assert!(refused("spiffe://city.example/hub/main", &["sign", "seal"]).contains("usage `seal`"));
    let (folder, _) = place.hub("spiffe://city.example/hub/main", &["sign", "checkpoint"]);
    let not_asked = authority.enrol_hub(&folder, &["localhost".into()], &[], SystemTime::now());
    assert!(matches!(not_asked, Err(AuthorityError::Certificate(X509Error::NameNotAllowed(_)))));
    assert_eq!(Authority::open(&place.authority()).unwrap().directory().version, 1);
}

#[test]
fn only_the_invited_are_admitted() {
    let (place, mut authority) = Place::new();
    let now = SystemTime::now();
    let invited = authority.invite(&fund(), DAY, now).unwrap();
    // Not kept yet: unknown.
    assert!(matches!(authority.admit(&pending(&invited), now), Err(AuthorityError::NotInvited(_))));
    authority.keep_invitation(&invited, now).unwrap();
    let mut authority = Authority::open(&place.authority()).unwrap();
    assert_eq!(authority.invited(now).unwrap(), ["spiffe://city.example/member/fund/system/desk"]);
    let mut forged = pending(&invited);
    forged.token_digest[0] ^= 1;
    assert!(matches!(authority.admit(&forged, now), Err(AuthorityError::NotInvited(_))));
    let mut other = pending(&invited);
    other.system = "spiffe://city.example/member/tax/system/desk".into();
    assert!(matches!(authority.admit(&other, now), Err(AuthorityError::NotInvited(_))));
    assert!(matches!(authority.admit(&pending(&invited), now + DAY), Err(AuthorityError::NotInvited(_))));
    let mut stranger = pending(&invited);
    stranger.csr = x509::make_csr(&TlsKey::generate().unwrap(), &authority.home().system, &[], &[]).unwrap();
    let stranger = bound(&invited, stranger);
    assert!(matches!(authority.admit(&stranger, now), Err(AuthorityError::Certificate(_))));
    let mut twice = pending(&invited);
    let first = twice.keys[0].clone();
    twice.keys.push(first);
    let twice = bound(&invited, twice);
    assert!(matches!(authority.admit(&twice, now), Err(AuthorityError::Directory(_))));
    assert_eq!(authority.directory().members[1].systems.len(), 0, "a refused system leaves nothing");

    let admitted = authority.admit(&pending(&invited), now).unwrap();
    assert_eq!(x509::identity_of(&admitted.certificate_chain[0]).unwrap().uri(), admitted.system);
    let directory = Directory::open(&admitted.directory, &authority.home().authority, now, 2).unwrap();
    assert!(directory.is_active(&admitted.system.parse().unwrap()) && !directory.is_administrator(&admitted.system.parse().unwrap()));
    let jwks = files::read_text(&place.authority().join("jwks.json")).unwrap();
    assert!(jwks.contains(&admitted.system));
    assert!(authority.invited(now).unwrap().is_empty());
}

/// Since when a key holds and whether it is revoked is the authority's to say; who is admitted anew shuts out what was before, whatever
/// the former one said of its keys.
#[test]
fn what_a_system_says_of_its_own_keys_keeps_none_of_them_alive() {
    let now = SystemTime::now();
    for said in [None, Some(now - DAY), Some(now), Some(now + DAY), Some(now + DAY * 400)] {
        let (_place, mut authority) = Place::new();
        let mut admit = |pending: &mut dyn FnMut(&Invited) -> PendingJoin| {
            let invited = authority.invite(&fund(), DAY, now).unwrap();
            authority.keep_invitation(&invited, now).unwrap();
            let pending = bound(&invited, pending(&invited));
            (authority.admit(&pending, now).map(|admission| admission.directory), pending)
        };
        let (_, former) = admit(&mut |invited| {
            let mut claiming = pending(invited);
            for key in &mut claiming.keys {
                (key.revoked_at, key.not_before) = (said.map(to_timestamp), Some(to_timestamp(now - DAY * 3000)));
            }
            claiming
        });
        let (newer, _) = admit(&mut pending);
        let (again, _) = admit(&mut |invited| PendingJoin { token_digest: pending(invited).token_digest, ..former.clone() });
        assert!(matches!(again, Err(AuthorityError::RevokedKeys(_))), "{said:?}");

        let directory = Directory::open(&newer.unwrap(), &authority.home().authority, now, 2).unwrap();
        for key in &former.keys {
            for at in [now - DAY * 2000, now, now + DAY] {
                let usage = KeyUsage::try_from(key.usage).unwrap();
                assert!(directory.signing_key(&key.id, usage, at).is_err(), "{said:?} {usage:?}");
            }
        }
        let identity: Identity = former.system.parse().unwrap();
        let former = authority.ca.sign_csr(&former.csr, &identity, &[], &[], now - DAY, now + DAY).unwrap();
        assert!(directory.is_superseded(&identity, &x509::key_digest(&former).unwrap()), "{said:?}");
    }
}

/// With any key that it had, a copy of its former folder would still count for something. The same papers once more are a reply that was
/// lost; an invitation admits no others.
#[test]
fn a_system_is_admitted_anew_with_new_keys_alone() {
    let (_place, mut authority) = Place::new();
    let now = SystemTime::now();
    let invite = |authority: &mut Authority| {
        let invited = authority.invite(&fund(), DAY, now).unwrap();
        authority.keep_invitation(&invited, now).unwrap();
        invited
    };
    let invited = invite(&mut authority);
    let former = pending(&invited);
    let first = authority.admit(&former, now).unwrap();
    let repeated = authority.admit(&former, now).unwrap();
    assert_eq!((repeated.version, repeated.revoked), (first.version + 1, 0), "the same papers");
    let spent = authority.admit(&pending(&invited), now);
    assert!(matches!(spent, Err(AuthorityError::Spent(_))), "other papers under the same invitation");

    // By which of SIGN, SEAL and TLS key are the former ones.
    for kept in 1..8_usize {
        let invited = invite(&mut authority);
        let fresh = pending(&invited);
        let keys = former.keys.iter().zip(&fresh.keys).enumerate();
        let keys = keys.map(|(nth, (old, new))| if kept >> nth & 1 == 1 { old.clone() } else { new.clone() }).collect();
        let csr = if kept & 4 == 4 { former.csr.clone() } else { fresh.csr.clone() };
        let refused = authority.admit(&bound(&invited, PendingJoin { csr, keys, ..fresh }), now);
        assert!(matches!(refused, Err(AuthorityError::KnownKeys(_))), "{kept:#b}");
    }
    let invited = invite(&mut authority);
    let anew = authority.admit(&pending(&invited), now).unwrap();
    assert_eq!((anew.version, anew.revoked), (repeated.version + 1, 2), "nothing was kept of what was refused");
}

/// A file that was put back from a copy is not the folder: what it would undo was signed here.
#[test]
fn a_folder_of_which_part_was_put_back_publishes_nothing_older() {
    let now = SystemTime::now();
    let files = ["directory.binpb", "directory.dsse", "directory.confirmed.dsse", "directory.signed"];
    for put_back in 1..16_usize {
        let (place, mut authority) = Place::new();
        place.enrol(&mut authority);
        let invited = authority.invite(&fund(), DAY, now).unwrap();
        authority.keep_invitation(&invited, now).unwrap();
        let admitted = authority.admit(&pending(&invited), now).unwrap();
        authority.directory_confirmed(&admitted.directory).unwrap();
        let at = |name: &str| place.authority().join(name);
        let copies: Vec<Vec<u8>> = files.iter().map(|name| std::fs::read(at(name)).unwrap()).collect();
        let suspended = authority.set_status("fund", Status::Suspended, now).unwrap();
        authority.directory_confirmed(&suspended).unwrap();
        drop(authority);
        for (_, (name, copy)) in files.iter().zip(&copies).enumerate().filter(|(nth, _)| put_back >> nth & 1 == 1) {
            std::fs::write(at(name), copy).unwrap();
        }
        let mut authority = Authority::open_for_change(&place.authority()).unwrap();
        // Where only the working copy is older, nothing is signed without the hub either.
        if put_back & 9 == 1 {
            assert!(matches!(authority.sign_directory(now), Err(AuthorityError::OlderFile { .. })), "{put_back:#b}");
        }
        authority.follow_directory(&suspended).unwrap();
        assert_eq!(authority.status("fund").unwrap(), Status::Suspended, "{put_back:#b}");
        let next = authority.sign_directory(now).unwrap();
        let next: KeyDirectory = dsse::open(&next, payload_type::DIRECTORY, &authority.home().authority).unwrap();
        let fund = next.members.iter().find(|member| member.id == "fund").unwrap();
        assert_eq!(fund.status(), Status::Suspended, "{put_back:#b}");
    }
}

/// Whose directory it was before it was lost makes no difference: the key counts, and no time.
#[test]
fn a_renewed_certificate_counts_as_long_as_its_key_does() {
    let (_place, mut authority) = Place::new();
    let now = SystemTime::now();
    let invited = authority.invite(&fund(), DAY, now).unwrap();
    authority.keep_invitation(&invited, now).unwrap();
    let first = pending(&invited);
    let admitted = authority.admit(&first, now).unwrap();
    let identity: Identity = admitted.system.parse().unwrap();
    let directory = Directory::open(&admitted.directory, &authority.home().authority, now, 2).unwrap();
    let renewed = authority.ca.sign_csr(&first.csr, &identity, &[], &[], now, now + DAY).unwrap();
    for certificate in [&admitted.certificate_chain[0], &renewed] {
        assert!(!directory.is_superseded(&identity, &x509::key_digest(certificate).unwrap()));
    }
}

#[test]
fn papers_that_were_changed_on_the_way_are_refused() {
    let (place, mut authority) = Place::new();
    let now = SystemTime::now();
    let invited = authority.invite(&fund(), DAY, now).unwrap();
    authority.keep_invitation(&invited, now).unwrap();
    let (good, other) = (pending(&invited), pending(&invited));
    let mut appended = good.clone();
    appended.keys.push(other.keys[0].clone());
    let exchanged = PendingJoin { keys: other.keys.clone(), ..good.clone() };
    let swapped = PendingJoin { csr: other.csr.clone(), ..good.clone() };
    let fewer = PendingJoin { keys: good.keys[..1].to_vec(), ..good.clone() };
    let untagged = PendingJoin { binding_tag: vec![], ..good.clone() };
    // With the token, which the hub gets to see, nothing can be tagged either.
    let tag = zerotrip_trust::invitation::binding_tag(&invited.invitation.token, &good.system, &appended.csr, &appended.keys);
    let retagged = PendingJoin { binding_tag: tag.to_vec(), ..appended.clone() };
    for tampered in [appended, exchanged, swapped, fewer, untagged, retagged] {
        let error = authority.admit(&tampered, now).unwrap_err();
        assert!(matches!(&error, AuthorityError::Tampered(system) if *system == good.system), "{error}");
        assert!(error.to_string().contains("invite it again"));
    }
    assert_eq!(authority.directory().members[1].systems.len(), 0, "nothing of them stays");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(place.authority().join("invitations.toml")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    authority.admit(&good, now).unwrap();
}

#[test]
fn a_new_invitation_voids_older_ones_of_the_same_system() {
    let (_place, mut authority) = Place::new();
    let now = SystemTime::now();
    let mut invite = |new: &NewMember<'_>| {
        let invited = authority.invite(new, DAY, now).unwrap();
        authority.keep_invitation(&invited, now).unwrap();
        invited
    };
    let older = invite(&fund());
    let beside = invite(&NewMember { system: "window", ..fund() });
    let newer = invite(&fund());
    let awaited = |invited: &Invited| authority.awaited(&invited.invitation.system.uri(), now).unwrap();
    assert_eq!(awaited(&older), newer.invitation.token_digest());
    assert_eq!(awaited(&beside), beside.invitation.token_digest());
    assert!(matches!(authority.awaited(&newer.invitation.system.uri(), now + DAY), Err(AuthorityError::NoInvitation(_))));
    assert!(matches!(authority.awaited("spiffe://city.example/member/fund/system/none", now), Err(AuthorityError::NoInvitation(_))));
    assert!(matches!(authority.admit(&pending(&older), now), Err(AuthorityError::NotInvited(_))));
    authority.admit(&pending(&newer), now).unwrap();
    authority.admit(&pending(&beside), now).unwrap();
}

#[test]
fn invitations_of_before_there_was_a_binding_are_read_and_admit_nobody() {
    let (place, mut authority) = Place::new();
    let now = SystemTime::now();
    let invited = authority.invite(&fund(), DAY, now).unwrap();
    authority.keep_invitation(&invited, now).unwrap();
    let path = place.authority().join("invitations.toml");
    let text = files::read_text(&path).unwrap();
    let old: String = text.lines().filter(|line| !line.starts_with("binding")).map(|line| format!("{line}\n")).collect();
    assert_ne!(old, text);
    files::write(&path, old.as_bytes(), Secrecy::Private).unwrap();
    assert!(matches!(authority.admit(&pending(&invited), now), Err(AuthorityError::Tampered(_))));
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
    assert!(matches!(Authority::open_for_change(place.folder.path()), Err(AuthorityError::NotOne(_))));
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
    assert!(Directory::open(&envelope, &authority.home().authority, now, 4).unwrap().is_active(&invited.invitation.system));
    assert!(matches!(authority.set_status("tax", Status::Active, now), Err(AuthorityError::UnknownMember(_))));
    assert!(matches!(authority.set_status(MEMBER, Status::Suspended, now), Err(AuthorityError::Itself)));
}

#[test]
fn grants_are_added_listed_and_revoked() {
    let (_place, mut authority) = Place::new();
    let now = SystemTime::now();
    authority.keep_invitation(&authority.invite(&fund(), DAY, now).unwrap(), now).unwrap();
    let grant = NewGrant {
        id: "g-1".into(),
        member: "fund".into(),
        check: "no-property/couple".into(),
        purposes: vec!["rent-withdrawal".into()],
        legal_bases: vec!["b".into()],
        life: DAY,
        may_issue: true,
        variants_per_subject: 1,
    };
    let envelope = authority.add_grant(grant.clone(), now).unwrap();
    let bundle: GrantBundle = dsse::open(&envelope, payload_type::GRANTS, &authority.home().authority).unwrap();
    assert_eq!((bundle.version, bundle.grants.len(), bundle.grants[0].may_issue), (1, 1, true));
    let refused = |change: &dyn Fn(&mut NewGrant)| {
        let mut changed = NewGrant { id: "g-2".into(), ..grant.clone() };
        change(&mut changed);
        authority.add_grant(changed, now).unwrap_err()
    };
    assert!(matches!(
        refused(&|grant| {
            grant.id = "g-1".into();
            grant.may_issue = false;
        }),
        AuthorityError::GrantThere(_)
    ));
    assert!(matches!(refused(&|grant| grant.id = "G 2".into()), AuthorityError::Grants(_)));
    assert!(matches!(refused(&|grant| grant.member = "tax".into()), AuthorityError::UnknownMember(_)));
    assert!(matches!(refused(&|grant| grant.check = "no-property".into()), AuthorityError::Grants(_)));
    assert!(matches!(refused(&|grant| grant.purposes.clear()), AuthorityError::Grants(_)));
    assert!(authority.revoke_grant("g-2", now).is_err());
    authority.revoke_grant("g-1", now).unwrap();
    let bundle = authority.grants().unwrap();
    assert_eq!((bundle.version, bundle.grants.len()), (2, 0));
}

#[test]
fn only_what_the_hub_confirmed_counts_as_taken() {
    let (place, mut authority) = Place::new();
    let now = SystemTime::now();
    authority.keep_invitation(&authority.invite(&fund(), DAY, now).unwrap(), now).unwrap();
    let new = |id: &str| NewGrant {
        id: id.into(),
        member: "fund".into(),
        check: "no-property/couple".into(),
        purposes: vec!["rent-withdrawal".into()],
        legal_bases: vec!["b".into()],
        life: DAY,
        may_issue: false,
        variants_per_subject: 1,
    };
    let states = |authority: &Authority| -> Vec<_> {
        authority.grant_states().unwrap().into_iter().map(|(grant, state)| (grant.id, state)).collect()
    };
    let version =
        |envelope: &Envelope| dsse::open::<GrantBundle>(envelope, payload_type::GRANTS, &authority.home().authority).unwrap().version;
    let first = authority.add_grant(new("g-1"), now).unwrap();
    assert_eq!(authority.add_grant(new("g-1"), now + DAY).unwrap(), first, "once more, it is the same bundle");
    assert!(authority.add_grant(NewGrant { may_issue: true, ..new("g-1") }, now).is_err(), "another one is not");
    assert_eq!(states(&authority), [("g-1".to_owned(), GrantState::NotTaken)]);
    authority.grants_taken(&first).unwrap();
    assert_eq!(states(&authority), [("g-1".to_owned(), GrantState::InForce)]);
    assert!(authority.add_grant(new("g-1"), now).is_err());

    let revoked = authority.revoke_grant("g-1", now).unwrap();
    assert_eq!(authority.revoke_grant("g-1", now).unwrap(), revoked);
    assert_eq!(states(&authority), [("g-1".to_owned(), GrantState::RevocationNotTaken)]);
    assert_eq!(authority.newest_grants(now).unwrap(), revoked);
    authority.grants_refused().unwrap();
    assert_eq!(states(&authority), [("g-1".to_owned(), GrantState::InForce)]);
    // The refused bundle is signed: its version is not another one's as well.
    let again = authority.revoke_grant("g-1", now).unwrap();
    assert_eq!((version(&revoked), version(&again)), (2, 3));

    // A crash after the hub's word was kept, and before what waited was removed.
    let waiting = std::fs::read(place.authority().join("grants.next.dsse")).unwrap();
    authority.grants_taken(&again).unwrap();
    std::fs::write(place.authority().join("grants.next.dsse"), waiting).unwrap();
    assert_eq!((authority.waiting_grants().unwrap(), states(&authority)), (None, vec![]));

    // A hub that is behind is not followed; one that is ahead has what another copy of this folder signed.
    assert_eq!(authority.follow_hub(&first).unwrap(), None);
    assert_eq!(authority.follow_hub(&again).unwrap(), None);
    std::fs::remove_file(place.authority().join("grants.next.dsse")).unwrap();
    // That file alone is older, and the last that was signed was refused: nothing is signed over it before the hub's is taken over, and no
    // number is given out twice.
    let mut highest = version(&authority.add_grant(new("g-4"), now).unwrap());
    authority.grants_refused().unwrap();
    for again_from in [&again, &first] {
        std::fs::write(place.authority().join("grants.dsse"), first.encode_to_vec()).unwrap();
        let _none = std::fs::remove_file(place.authority().join("grants.next.dsse"));
        assert!(matches!(authority.add_grant(new("g-2"), now), Err(AuthorityError::OlderFile { .. })));
        assert!(matches!(authority.revoke_grant("g-1", now), Err(AuthorityError::OlderFile { .. })));
        assert_eq!(authority.follow_hub(again_from).unwrap(), Some(version(again_from)));
        let next = authority.add_grant(new("g-2"), now).unwrap();
        highest += 1;
        assert_eq!(version(&next), highest);
        assert_eq!(authority.follow_hub(again_from).unwrap(), None);
    }
    let ahead = dsse::seal(payload_type::GRANTS, &GrantBundle { version: 9, ..GrantBundle::default() }, &authority.key).unwrap();
    assert_eq!(authority.follow_hub(&ahead).unwrap(), Some(9));
    assert_eq!((authority.waiting_grants().unwrap(), states(&authority)), (None, vec![]));
    let stranger = dsse::seal(payload_type::GRANTS, &GrantBundle::default(), &SigningKey::generate(Algorithm::Ed25519).unwrap()).unwrap();
    assert!(authority.follow_hub(&stranger).is_err());
    // The hub refuses blanks at the end; so does the desk.
    let blank = authority.add_grant(NewGrant { purposes: vec!["p ".into()], ..new("g-3") }, now).unwrap_err();
    assert!(matches!(blank, AuthorityError::Grants(_)), "{blank}");
}

#[test]
fn several_grants_are_added_as_one_or_not_at_all() {
    let (_place, mut authority) = Place::new();
    let now = SystemTime::now();
    authority.keep_invitation(&authority.invite(&fund(), DAY, now).unwrap(), now).unwrap();
    let grant = |variant: &str, member: &str| NewGrant {
        id: format!("fund-{variant}"),
        member: member.into(),
        check: format!("no-property/{variant}"),
        purposes: vec!["rent-withdrawal".into()],
        legal_bases: vec!["b".into()],
        life: DAY,
        may_issue: false,
        variants_per_subject: 1,
    };
    let both = || vec![grant("applicant", "fund"), grant("couple", "fund")];
    let half = vec![grant("applicant", "fund"), grant("couple", "tax")];
    assert!(matches!(authority.add_grants(half, now), Err(AuthorityError::UnknownMember(_))));
    assert_eq!(authority.grants().unwrap().grants.len(), 0);
    let envelope = authority.add_grants(both(), now).unwrap();
    assert_eq!(authority.add_grants(both(), now).unwrap(), envelope, "the same again, while the hub has not taken it");
    let ids: Vec<String> = authority.grants().unwrap().grants.into_iter().map(|grant| grant.id).collect();
    assert_eq!(ids, ["fund-applicant", "fund-couple"]);
    assert!(matches!(
        authority.add_grants(vec![grant("family", "fund"), grant("couple", "fund")], now),
        Err(AuthorityError::GrantThere(_))
    ));
    assert_eq!(authority.grants().unwrap().grants.len(), 2);
}

/// A system's folder as far as renewal needs it.
struct Waiting {
    tls: TlsKey,
    sign: SigningKey,
    certificate: x509::CertificateDer<'static>,
}

impl Waiting {
    fn admitted(authority: &mut Authority, new: &NewMember<'_>, now: SystemTime) -> Self {
        let invited = authority.invite(new, DAY, now).unwrap();
        authority.keep_invitation(&invited, now).unwrap();
        let (tls, sign) = (TlsKey::generate().unwrap(), SigningKey::generate(Algorithm::Ed25519).unwrap());
        let csr = x509::make_csr(&tls, &invited.invitation.system, &[], &[]).unwrap();
        let keys = vec![sign.public().to_proto(KeyUsage::Sign, now - DAY, now + DAY * 500)];
        let pending = PendingJoin { csr, keys, ..pending(&invited) };
        let admission = authority.admit(&bound(&invited, pending), now).unwrap();
        Self { tls, sign, certificate: admission.certificate_chain[0].clone() }
    }

    fn asks(&self) -> Envelope {
        zerotrip_trust::renewal::request(&self.certificate, &self.tls, &self.sign).unwrap()
    }
}

#[test]
fn the_rule_renews_who_is_active_and_near_the_end_and_nobody_else() {
    let (place, mut authority) = Place::new();
    let begin = SystemTime::now();
    let desk = Waiting::admitted(&mut authority, &fund(), begin);
    let admin = Waiting::admitted(&mut authority, &NewMember { system: "second", administrator: true, ..fund() }, begin);
    let by_rule = |authority: &Authority, one: &Waiting, day: u32| {
        let now = begin + DAY * day;
        let asked = authority.asked(&one.asks(), now).unwrap();
        authority.by_rule(&asked, now)
    };
    for (day, expected) in [(0, Err(ByHand::NotDue)), (304, Err(ByHand::NotDue)), (306, Ok(())), (364, Ok(())), (366, Err(ByHand::Ended))] {
        assert_eq!(by_rule(&authority, &desk, day), expected, "day {day}");
    }
    assert_eq!(by_rule(&authority, &admin, 350), Err(ByHand::Administrator));

    let now = begin + DAY * 350;
    let asked = authority.asked(&desk.asks(), now).unwrap();
    let renewed = authority.renew(&asked, now).unwrap();
    assert_eq!((renewed.holder.as_str(), renewed.ends), (asked.holder.uri().as_str(), now + CERTIFICATE_LIFE));
    let envelope = authority.sign_directory(now).unwrap();
    // Without renewal its key would have ended on day 500.
    let later = Directory::open(&envelope, &authority.home().authority, now, 0).unwrap();
    let holds = |one: &Waiting, day: u32| later.key_as_of(one.sign.id(), KeyUsage::Sign, begin + DAY * day).is_ok();
    assert!(holds(&desk, 499) && holds(&desk, 1400) && holds(&admin, 499) && !holds(&admin, 501));

    // What has ended or was revoked stays so, also where the same certificate is shown.
    assert!(matches!(authority.asked(&admin.asks(), begin + DAY * 501), Err(AuthorityError::Renewal(_))));
    authority.set_status("fund", Status::Suspended, now).unwrap();
    assert!(matches!(authority.asked(&desk.asks(), now), Err(AuthorityError::Renewal(_))));
    authority.set_status("fund", Status::Active, now).unwrap();
    let anew = Waiting::admitted(&mut authority, &fund(), now);
    assert!(matches!(authority.asked(&desk.asks(), now + DAY), Err(AuthorityError::Renewal(_))));

    let path = place.authority().join("authority.toml");
    let text = files::read_text(&path).unwrap();
    let by_hand = text.replace("renew_by_hand = false", "renew_by_hand = true");
    assert_ne!(by_hand, text);
    files::write(&path, by_hand.as_bytes(), Secrecy::Public).unwrap();
    assert_eq!(by_rule(&Authority::open(&place.authority()).unwrap(), &anew, 700), Err(ByHand::Always));
}

#[test]
fn the_authority_renews_its_own_even_after_its_end_and_says_beforehand_what_ends() {
    let (place, mut authority) = Place::new();
    let begin = SystemTime::now();
    place.enrol(&mut authority);
    let _desk = Waiting::admitted(&mut authority, &fund(), begin);
    let said = |authority: &Authority, day: u32| -> Vec<String> {
        let now = begin + DAY * day;
        authority.endings(now).unwrap().iter().filter_map(|ending| ending.in_words(now)).map(|said| said.text.en).collect()
    };
    assert_eq!(said(&authority, 300), Vec::<String>::new());
    let near = said(&authority, 310);
    for holder in ["member/authority/system/desk", "member/fund/system/desk", "hub/main"] {
        assert!(near.iter().any(|text| text.contains(&format!("TLS certificate of `spiffe://city.example/{holder}` ends in"))), "{near:?}");
    }
    assert!(!authority.own_is_due(begin + DAY * 300).unwrap() && authority.own_is_due(begin + DAY * 310).unwrap());
    // Two years late: the root's key lies in the folder.
    let late = begin + DAY * 1000;
    assert!(authority.own_is_due(late).unwrap());
    assert_eq!(authority.renew_own(late).unwrap(), late + CERTIFICATE_LIFE);
    let home = SystemHome::load(&place.authority()).unwrap();
    assert_eq!(authority.home().certificate(), home.certificate());
    assert!(home.certificate_holds(late).is_ok() && home.certificate_holds(late + CERTIFICATE_LIFE).is_err());
    assert!(x509::is_over_key(home.certificate().unwrap(), home.tls_key()).unwrap());
    let envelope = authority.sign_directory(late).unwrap();
    let directory = Directory::open(&envelope, &authority.home().authority, late, 0).unwrap();
    assert!(directory.signing_key(home.sign.id(), KeyUsage::Sign, late + DAY).is_err(), "the directory ends first");
    assert!(directory.key_as_of(home.sign.id(), KeyUsage::Sign, late + DAY * 900).is_ok());
}
