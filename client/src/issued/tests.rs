#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use prost::Message as _;
use serde_json::{Map, Value};
use tempfile::TempDir;
use zerotrip_certificates::Profile;
use zerotrip_certificates::sdjwt::{disclosure, issue_encoded};
use zerotrip_certificates::status::{Bits, OpenList, StatusToken, StatusValue};
use zerotrip_proto::v1::request::Body;
use zerotrip_proto::v1::{CheckBody, ErrorCode, Parameter, Request};
use zerotrip_trust::identity::Identity;
use zerotrip_trust::keys::{Algorithm, SigningKey};
use zerotrip_trust::x509::CertificateAuthority;

use super::bounds::{DECOYS, FULL, MORE_DECOYS, PLACES};
use super::*;

/// What every token says.
fn plain() -> Map<String, Value> {
    let times = [("iat", at(0)), ("exp", at(900))].map(|(name, time)| {
        let seconds = time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        (name.to_owned(), Value::from(seconds))
    });
    times.into_iter().chain([("iss".to_owned(), Value::from("fund"))]).collect()
}
mod copies;
mod errand;
mod newest;
mod printed;

const ASKED: &str = "no-property/couple";

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000 + seconds)
}

/// An organ's folder, and its sealing key.
struct Organ {
    home: TempDir,
    key: Sealer,
}

impl Organ {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("lists")).unwrap();
        let settings = "uri = \"https://status.example/fund\"\nfolder = \"lists\"\n";
        fs::write(home.path().join(FILE), settings).unwrap();
        let key = SigningKey::generate(Algorithm::Es256).unwrap();
        Self { home, key: Sealer { key, certificate: None } }
    }

    fn register(&self) -> Register {
        let fund: Identity = "spiffe://c.example/member/fund/system/desk".parse().unwrap();
        Register::open_in(self.home.path(), &fund).unwrap().unwrap()
    }

    fn reserve(&self, exchange: &str) -> Entry {
        self.register().reserve(ground(exchange), Profile::National, 2027).unwrap()
    }

    /// One that was issued.
    fn issued(&self, exchange: &str) -> Entry {
        self.issued_about(exchange, "330106198503020027")
    }

    /// The same about somebody.
    fn issued_about(&self, exchange: &str, applicant: &str) -> Entry {
        let entry = self.reserve(exchange);
        let mut register = self.register();
        let token = self.token(exchange, applicant);
        register.sealed(&entry.serial, &token, (at(0), at(900))).unwrap();
        register.recorded(&entry.serial, 7).unwrap();
        register.entry(&entry.serial).unwrap()
    }

    /// A certificate about somebody for an errand of this case.
    fn token(&self, case: &str, applicant: &str) -> String {
        let about = disclosure("applicant", &applicant.into()).unwrap();
        let asked = disclosure("request", &request(case, applicant).into()).unwrap();
        issue_encoded(&self.key.key, plain(), &[about, asked]).unwrap().to_string()
    }

    fn order(&self, entry: &Entry, order: &Order) -> Result<Done, RegisterError> {
        self.register().order(&entry.serial, order, "why", at(5))
    }

    fn publish(&self, due: Due, when: SystemTime) -> Vec<Published> {
        self.register().publish(&self.key, when, due).unwrap()
    }

    fn list(&self, entry: &Entry) -> OpenList {
        let name = entry.reference.uri.rsplit('/').next().unwrap();
        let text = fs::read_to_string(self.home.path().join("lists").join(name)).unwrap();
        let token = StatusToken::parse(&text).unwrap();
        token.open(self.key.key.public(), &entry.reference.uri).unwrap()
    }

    fn published(&self, entry: &Entry) -> StatusValue {
        self.list(entry).status(entry.reference.place, at(10)).unwrap().value
    }
}

/// What such a certificate shows as the request.
fn request(case: &str, applicant: &str) -> String {
    let parameter = Parameter { name: "applicant".into(), value: applicant.into() };
    let body = CheckBody {
        check: "no-property".into(),
        variant: "couple".into(),
        parameters: vec![parameter],
        ..CheckBody::default()
    };
    let body = Some(Body::Check(body));
    let request =
        Request { purpose: "rent".into(), case_number: case.into(), body, ..Request::default() };
    URL_SAFE_NO_PAD.encode(request.encode_to_vec())
}

fn ground(exchange: &str) -> Ground<'_> {
    Ground { exchange, subject: None, question: ASKED }
}

fn used(list: &OpenList) -> BTreeSet<u64> {
    (0..PLACES).filter(|place| list.list().get(*place) != Some(0)).collect()
}

#[test]
fn each_certificate_has_a_number_and_a_place_that_no_other_ever_gets() {
    let organ = Organ::new();
    let first = organ.reserve("e-1");
    assert_eq!((first.serial.as_str(), first.stage), ("fund-desk-2027-000001", Stage::Reserved));
    assert_eq!(organ.reserve("e-1"), first, "once for each ground");
    let mut register = organ.register();
    let mut places = Vec::new();
    for number in 2..400 {
        let exchange = format!("e-{number}");
        let entry = register.reserve(ground(&exchange), Profile::National, 2027).unwrap();
        assert_eq!(entry.serial, format!("fund-desk-2027-{number:06}"));
        assert_eq!(entry.reference.uri, first.reference.uri);
        places.push(entry.reference.place);
    }
    let distinct: BTreeSet<&u64> = places.iter().collect();
    assert_eq!(distinct.len(), places.len());
    // They tell nothing of the order: as many go up as down, and they are everywhere.
    let up = places.windows(2).filter(|pair| pair[0] < pair[1]).count();
    assert!((140..260).contains(&up), "{up}");
    assert!((120..280).contains(&places.iter().filter(|place| **place < PLACES / 2).count()));
    // A decoy is nobody's.
    organ.publish(Due::All, at(0));
    let list = organ.list(&first);
    assert!(places.iter().all(|place| list.list().get(*place) == Some(0)));
    let other = Ground { subject: Some(3), ..ground("e-1") };
    let of_many = register.reserve(other, Profile::National, 2028).unwrap();
    assert_eq!((of_many.serial.as_str(), of_many.subject), ("fund-desk-2028-000001", Some(3)));
}

#[test]
fn many_at_once_share_no_number_and_no_place() {
    let organ = Organ::new();
    organ.reserve("first");
    let entries: Vec<Entry> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..4)
            .map(|worker| {
                let organ = &organ;
                scope.spawn(move || {
                    let mut register = organ.register();
                    (0..40)
                        .map(|number| {
                            let exchange = format!("{worker}-{number}");
                            register.reserve(ground(&exchange), Profile::National, 2027).unwrap()
                        })
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    let serials: BTreeSet<&String> = entries.iter().map(|entry| &entry.serial).collect();
    let places: BTreeSet<u64> = entries.iter().map(|entry| entry.reference.place).collect();
    assert_eq!((serials.len(), places.len()), (160, 160));
}

#[test]
fn a_list_that_is_half_used_is_followed_by_another_and_stays_published() {
    let organ = Organ::new();
    let first = organ.issued("e-1");
    let register = organ.register();
    register
        .connection
        .execute("UPDATE list SET used = ?", [i64::try_from(FULL).unwrap()])
        .unwrap();
    let second = organ.issued("e-2");
    assert_ne!(first.reference.uri, second.reference.uri);
    assert_eq!(organ.publish(Due::All, at(0)).len(), 2);
    organ.order(&first, &Order::Revoke).unwrap();
    let published = organ.publish(Due::Needed, at(1));
    assert_eq!(published.len(), 1, "only the one that changed");
    assert_eq!(published[0].uri, first.reference.uri);
    assert_eq!(organ.published(&first), StatusValue::Revoked);
    assert_eq!(organ.published(&second), StatusValue::Valid);
}

#[test]
fn what_is_ordered_is_published_and_what_is_final_stays() {
    let organ = Organ::new();
    let entry = organ.issued("e-1");
    let now = |order: &Order| {
        let done = organ.order(&entry, order).unwrap();
        organ.publish(Due::Needed, at(6));
        assert_eq!(organ.published(&entry), done.entry.status);
        (done.entry.status, done.changed)
    };
    organ.publish(Due::All, at(0));
    assert_eq!(organ.published(&entry), StatusValue::Valid);
    assert_eq!(now(&Order::Lift), (StatusValue::Valid, false));
    assert_eq!(now(&Order::Suspend), (StatusValue::Suspended, true));
    assert_eq!(now(&Order::Suspend), (StatusValue::Suspended, false));
    assert_eq!(now(&Order::Lift), (StatusValue::Valid, true));
    assert_eq!(now(&Order::Suspend), (StatusValue::Suspended, true));
    assert_eq!(now(&Order::Revoke), (StatusValue::Revoked, true));
    assert_eq!(now(&Order::Revoke), (StatusValue::Revoked, false));
    for order in [Order::Lift, Order::Suspend] {
        assert!(matches!(organ.order(&entry, &order), Err(RegisterError::Final(_))));
    }
    let said: Vec<String> =
        organ.register().events(&entry.serial).unwrap().into_iter().map(|one| one.what).collect();
    assert_eq!(said, ["suspend", "lift", "suspend", "revoke"]);

    let old = organ.issued("e-2");
    let by = |serial: &str| organ.order(&old, &Order::Supersede(Some(serial.to_owned())));
    assert!(matches!(by("fund-desk-2027-000009"), Err(RegisterError::Unknown(_))));
    assert!(matches!(by(&old.serial), Err(RegisterError::NoSuccessor(_))), "itself");
    assert!(matches!(by(&entry.serial), Err(RegisterError::NoSuccessor(_))), "revoked");
    let reserved = organ.reserve("e-3");
    assert!(matches!(by(&reserved.serial), Err(RegisterError::NoSuccessor(_))), "not issued");
    let anothers = organ.issued_about("e-5", "330106198309100015");
    assert!(matches!(by(&anothers.serial), Err(RegisterError::NoSuccessor(_))), "another person");
    let next = organ.issued("e-4");
    assert_eq!(by(&next.serial).unwrap().entry.status, StatusValue::Superseded);
    organ.publish(Due::Needed, at(7));
    assert_eq!(organ.published(&old), StatusValue::Superseded);
    // What was registered later takes a certificate's place too, once.
    let later = || organ.order(&anothers, &Order::Supersede(None)).unwrap();
    assert_eq!((later().changed, later().changed), (true, false));
    let status = organ.register().entry(&anothers.serial).unwrap().status;
    assert_eq!(status, StatusValue::Superseded);
    for reason in ["", "  ", "a\u{202e}b", &"x".repeat(201)] {
        let refused = organ.register().order(&next.serial, &Order::Revoke, reason, at(5));
        assert!(matches!(refused, Err(RegisterError::Reason)), "{reason}");
    }
}

#[test]
fn an_order_is_durable_before_it_is_published_and_published_by_the_next() {
    let organ = Organ::new();
    let entry = organ.issued("e-1");
    organ.publish(Due::All, at(0));
    assert!(organ.publish(Due::Needed, at(1)).is_empty(), "nothing has changed");
    organ.order(&entry, &Order::Revoke).unwrap();
    // The process ends here: the list says nothing of it, the register does.
    assert_eq!(organ.published(&entry), StatusValue::Valid);
    let kept = organ.register().entry(&entry.serial).unwrap();
    assert_eq!((kept.status, kept.unpublished), (StatusValue::Revoked, true));
    assert_eq!(organ.publish(Due::Needed, at(2)).len(), 1);
    assert_eq!(organ.published(&entry), StatusValue::Revoked);
    assert!(!organ.register().entry(&entry.serial).unwrap().unpublished);
    // Half a day later it is published anew by itself, and by a clock that was set back too.
    let half_a_day = Duration::from_secs(12 * 3600);
    assert_eq!(organ.publish(Due::Needed, at(2) + half_a_day).len(), 1);
    assert_eq!(organ.publish(Due::Needed, at(3)).len(), 1);
}

#[test]
fn the_published_list_does_not_tell_how_many_were_revoked() {
    let organ = Organ::new();
    let entry = organ.issued("e-1");
    organ.publish(Due::All, at(0));
    let mut before = used(&organ.list(&entry));
    let least = usize::try_from(DECOYS).unwrap();
    let most = usize::try_from(2 * DECOYS + MORE_DECOYS).unwrap();
    assert!((least..most).contains(&before.len()), "{}", before.len());
    let mut added = BTreeSet::new();
    for number in 0..40 {
        organ.publish(Due::All, at(number));
        let after = used(&organ.list(&entry));
        assert!(after.is_superset(&before), "a decoy stays");
        added.insert(after.len() - before.len());
        before = after;
    }
    // Nothing was revoked, and the lists differ by as many places as if something had been.
    assert!(added.len() > 3 && added.iter().all(|count| (1..8).contains(count)), "{added:?}");
}

#[test]
fn a_register_that_was_put_back_takes_no_revocation_back() {
    let organ = Organ::new();
    let entry = organ.issued("e-1");
    organ.publish(Due::All, at(0));
    let folder = organ.home.path().join("issued");
    let copy = organ.home.path().join("copy");
    copy_folder(&folder, &copy);
    organ.order(&entry, &Order::Revoke).unwrap();
    organ.publish(Due::Needed, at(1));
    fs::remove_dir_all(&folder).unwrap();
    copy_folder(&copy, &folder);
    let mut register = organ.register();
    assert_eq!(register.entry(&entry.serial).unwrap().status, StatusValue::Valid, "forgotten");
    let refused = register.publish(&organ.key, at(2), Due::All);
    assert!(matches!(refused, Err(RegisterError::SetBack { .. })), "{refused:?}");
    assert_eq!(organ.published(&entry), StatusValue::Revoked, "the list stays");
    // Nor where the list is damaged, gone, or another's: nothing shows then what it said.
    let name = entry.reference.uri.rsplit('/').next().unwrap();
    let file = organ.home.path().join("lists").join(name);
    let list = fs::read_to_string(&file).unwrap();
    for damaged in [Some(""), Some("rubbish"), list.get(..4000.min(list.len() / 2)), None] {
        match damaged {
            Some(text) => fs::write(&file, text).unwrap(),
            None => fs::remove_file(&file).unwrap(),
        }
        for due in [Due::All, Due::Needed] {
            if due == Due::Needed && damaged.is_some() {
                continue;
            }
            let refused = register.publish(&organ.key, at(43_201), due);
            assert!(matches!(refused, Err(RegisterError::Unseen { .. })), "{refused:?}");
        }
        fs::write(&file, &list).unwrap();
    }
    fs::remove_file(&file).unwrap();
    register.publish(&organ.key, at(3), Due::Anew).unwrap();
}

#[test]
fn a_register_that_was_put_back_lifts_no_suspension_and_gives_no_number_twice() {
    let organ = Organ::new();
    let entry = organ.issued("e-1");
    organ.publish(Due::All, at(0));
    let folder = organ.home.path().join("issued");
    let copy = organ.home.path().join("copy");
    copy_folder(&folder, &copy);
    let second = organ.issued("e-2");
    organ.order(&entry, &Order::Suspend).unwrap();
    organ.publish(Due::Needed, at(1));
    let now = organ.home.path().join("now");
    copy_folder(&folder, &now);
    fs::remove_dir_all(&folder).unwrap();
    copy_folder(&copy, &folder);
    let refused = organ.register().reserve(ground("e-3"), Profile::National, 2027);
    assert!(matches!(refused, Err(RegisterError::Older(_))), "{refused:?}, not {}", second.serial);
    let refused = organ.register().publish(&organ.key, at(2), Due::All);
    assert!(matches!(refused, Err(RegisterError::SetBack { .. })), "{refused:?}");
    assert_eq!(organ.published(&entry), StatusValue::Suspended);
    // One that was lost begins no count anew.
    fs::remove_dir_all(&folder).unwrap();
    let refused = organ.register().reserve(ground("e-3"), Profile::National, 2027);
    assert!(matches!(refused, Err(RegisterError::Older(_))), "{refused:?}");
    // The newest one goes on, and lifts what it is ordered to.
    fs::remove_dir_all(&folder).unwrap();
    copy_folder(&now, &folder);
    assert_ne!(organ.reserve("e-3").serial, second.serial);
    organ.order(&entry, &Order::Lift).unwrap();
    organ.publish(Due::Needed, at(3));
    assert_eq!(organ.published(&entry), StatusValue::Valid);
}

#[test]
fn a_list_that_was_written_just_before_a_crash_stops_nothing() {
    let organ = Organ::new();
    organ.issued("e-1");
    organ.publish(Due::All, at(0));
    // The list was written, and the register did not come to note it.
    organ.publish(Due::All, at(9));
    organ.register().connection.execute("UPDATE list SET published_at = 0", []).unwrap();
    organ.reserve("e-2");
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

#[test]
fn what_the_hub_did_not_record_counts_as_revoked() {
    let organ = Organ::new();
    let entry = organ.reserve("e-1");
    let mut register = organ.register();
    let token = organ.token("e-1", "330106198503020027");
    register.sealed(&entry.serial, &token, (at(0), at(900))).unwrap();
    register.give_up(&entry.serial, Some(ErrorCode::NotIssuable), at(1)).unwrap();
    let given_up = register.entry(&entry.serial).unwrap();
    assert_eq!((given_up.stage, given_up.status), (Stage::GivenUp, StatusValue::Revoked));
    assert!(register.is_refused(&entry.serial).unwrap());
    assert!(register.recorded(&entry.serial, 7).is_err());
    organ.publish(Due::Needed, at(2));
    assert_eq!(organ.published(&entry), StatusValue::Revoked);
    let issued = organ.issued("e-2");
    register.give_up(&issued.serial, None, at(1)).unwrap();
    assert_eq!(register.entry(&issued.serial).unwrap(), issued, "it was recorded");
    // What an operator writes is no refusal, whatever it ends with.
    register.order(&issued.serial, &Order::Revoke, "NOT_ISSUABLE", at(2)).unwrap();
    assert!(!register.is_refused(&issued.serial).unwrap());
}

#[test]
fn certificates_are_found_by_number_exchange_and_state() {
    let organ = Organ::new();
    for number in 1..=5 {
        organ.issued(&format!("e-{number}"));
    }
    let register = organ.register();
    let of = |search: Search| -> Vec<String> {
        register.entries(&search).unwrap().into_iter().map(|entry| entry.exchange).collect()
    };
    let all = Search { most: 100, ..Search::default() };
    assert_eq!(of(all.clone()), ["e-5", "e-4", "e-3", "e-2", "e-1"]);
    assert_eq!(of(Search { most: 2, ..all.clone() }), ["e-5", "e-4"]);
    let serial = |text: &str| Search { serial: Some(text.to_owned()), ..all.clone() };
    assert_eq!(of(serial("fund-desk-2027-000002")), ["e-2"]);
    assert_eq!(of(serial("fund-desk-2026-")), Vec::<String>::new());
    assert_eq!(of(serial("fund-desk-%")), Vec::<String>::new(), "no pattern");
    assert_eq!(of(Search { exchange: Some("e-3".into()), ..all.clone() }), ["e-3"]);
    let entry = register.entry("fund-desk-2027-000004").unwrap();
    organ.order(&entry, &Order::Revoke).unwrap();
    assert_eq!(of(Search { status: Some(StatusValue::Revoked), ..all }), ["e-4"]);
}

#[test]
fn settings_are_refused_by_name_and_the_register_is_for_its_owner() {
    let organ = Organ::new();
    let fund: Identity = "spiffe://c.example/member/fund/system/desk".parse().unwrap();
    let open = || Register::open_in(organ.home.path(), &fund);
    let settings = fs::read_to_string(organ.home.path().join(FILE)).unwrap();
    for text in [
        "uri = \"http://status.example\"\nfolder = \"lists\"",
        "uri = \"https://status.example/\"\nfolder = \"lists\"",
        "uri = \"https://status.example/a?b\"\nfolder = \"lists\"",
        "folder = \"lists\"",
        "uri = \"https://status.example\"\nfolder = \"lists\"\nmore = 1",
    ] {
        fs::write(organ.home.path().join(FILE), text).unwrap();
        assert!(matches!(open(), Err(RegisterError::Settings { .. })), "{text}");
    }
    fs::write(organ.home.path().join(FILE), "uri = \"https://a\"\nfolder = \"none\"").unwrap();
    let refused = open().unwrap().unwrap().publish(&organ.key, at(0), Due::All);
    assert!(matches!(refused, Err(RegisterError::NoFolder(_))), "{refused:?}");
    // Whoever holds a certificate looks where it says.
    fs::write(organ.home.path().join(FILE), &settings).unwrap();
    organ.issued("e-1");
    let moved = settings.replace("https://", "https://new.");
    assert_ne!(moved, settings);
    fs::write(organ.home.path().join(FILE), moved).unwrap();
    assert!(matches!(open(), Err(RegisterError::Moved { .. })));
    fs::remove_file(organ.home.path().join(FILE)).unwrap();
    assert!(open().unwrap().is_none());
    use std::os::unix::fs::PermissionsExt as _;
    let mode = |name: &str| {
        fs::metadata(organ.home.path().join(name)).unwrap().permissions().mode() & 0o777
    };
    assert_eq!((mode("issued"), mode("issued/register.sqlite")), (0o700, 0o600));
}

#[test]
fn in_a_wallets_profile_a_revocation_is_all_that_there_is() {
    let mut organ = Organ::new();
    let root =
        CertificateAuthority::generate("c.example", at(0), Duration::from_secs(90_000)).unwrap();
    let fund: Identity = "spiffe://c.example/member/fund/system/desk".parse().unwrap();
    let (begins, ends) = (at(0), at(80_000));
    let national = organ.issued("e-1");
    let entry = organ.register().reserve(ground("e-2"), Profile::Haip, 2027).unwrap();
    assert_ne!(entry.reference.uri, national.reference.uri, "a list of its own");
    assert_eq!(entry.serial, "fund-desk-2027-000002", "and one count of both");
    let refused = organ.register().publish(&organ.key, at(0), Due::All);
    assert!(matches!(refused, Err(RegisterError::NoCertificate(_))), "{refused:?}");
    let leaf = root.sign_seal_key(organ.key.key.public(), &fund, begins, ends).unwrap();
    organ.key.certificate = Some(leaf);
    assert_eq!(organ.publish(Due::All, at(0)).len(), 2);
    assert_eq!(organ.list(&entry).list().bits(), Bits::One);
    for order in [Order::Suspend, Order::Lift] {
        let refused = organ.order(&entry, &order);
        assert!(matches!(refused, Err(RegisterError::NotInProfile { .. })), "{refused:?}");
    }
    let mut register = organ.register();
    let token = national.token.as_deref().unwrap();
    register.sealed(&entry.serial, token, (at(0), at(900))).unwrap();
    register.recorded(&entry.serial, 7).unwrap();
    let order = Order::Supersede(Some(national.serial.clone()));
    assert_eq!(organ.order(&entry, &order).unwrap().entry.status, StatusValue::Revoked);
    organ.publish(Due::Needed, at(1));
    assert_eq!(organ.published(&entry), StatusValue::Revoked);
}
