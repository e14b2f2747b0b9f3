//! What becomes of a certificate after it was issued: revoked, suspended, lifted, superseded, and
//! what a verifier who has the list, or has it not, says of it.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;
use zerotrip_certificates::Profile;
use zerotrip_certificates::status::{StatusToken, StatusValue};
use zerotrip_client::issued::{Ground, Register};
use zerotrip_tests::deployment::{FUND, Finished, PURPOSE, binary_path};
use zerotrip_trust::keys::{Algorithm, SigningKey};

use crate::support::{DeployedCity, deploy};

const URI: &str = "https://status.example/fund";

/// Lets the fund's certificates have a status.
pub fn with_status(town: &DeployedCity) {
    let folder = town.deployment.folder.join("published");
    fs::create_dir(&folder).unwrap();
    let settings = format!("uri = \"{URI}\"\nfolder = \"{}\"\n", folder.display());
    fs::write(town.deployment.folder.join(FUND).join("status.toml"), settings).unwrap();
}

impl DeployedCity {
    /// Issues to the one who owns nothing, and reads what the command says.
    pub fn issue(&self, name: &str, more: &[&str]) -> Finished {
        let (applicant, variant) = self.cast("nothing_owned");
        let out = self.deployment.path(name);
        let more = [&["--out", out.as_str()][..], more].concat();
        self.deployment.ask("issue", FUND, variant, &applicant, &more).unwrap()
    }

    /// The file of the list that a certificate names.
    pub fn list_of(&self, issued: &Value) -> PathBuf {
        let uri = issued["status_list"]["uri"].as_str().unwrap();
        let name = uri.strip_prefix(&format!("{URI}/")).unwrap();
        self.deployment.folder.join("published").join(name)
    }

    fn of_fund(&self, arguments: &[&str]) -> Finished {
        let dir = self.deployment.path(FUND);
        self.deployment.zerotrip(&[arguments, &["--dir", &dir, "--json"]].concat()).unwrap()
    }

    /// How verifying ends, and what it says.
    fn judged(&self, name: &str, more: &[&str]) -> (i32, Value) {
        let (file, keys) =
            (self.deployment.path(name), self.deployment.path("authority/jwks.json"));
        let arguments = [&["verify", &file, "--jwks", &keys, "--json"][..], more].concat();
        let done = self.deployment.zerotrip(&arguments).unwrap();
        let said = if done.output.is_empty() { &done.errors } else { &done.output };
        (done.code, serde_json::from_str(said).unwrap_or_else(|_| panic!("{done:?}")))
    }
}

#[test]
fn a_certificate_is_revoked_within_a_second_and_each_outcome_has_its_exit_code() {
    let town = deploy(200, 41);
    with_status(&town);
    let issued = town.issue("a.sdjwt", &[]).expect(0).unwrap().json().unwrap();
    let (serial, list) = (issued["serial"].as_str().unwrap(), town.list_of(&issued));
    let list = list.to_str().unwrap();
    assert!(serial.starts_with("fund-window-") && serial.ends_with("-000001"), "{serial}");
    let of = |name: &str, more: &[&str], exit, verdict: &str| {
        let (code, said) = town.judged(name, more);
        assert_eq!((code, said["verdict"].as_str()), (exit, Some(verdict)), "{said}");
        assert_eq!(said["verified"], exit == 0);
        said
    };
    let said = of("a.sdjwt", &["--status", list], 0, "valid");
    assert_eq!((&said["serial"], &said["profile"]), (&issued["serial"], &"national".into()));
    of("a.sdjwt", &[], 15, "unknown-status");
    of("a.sdjwt", &["--status", list, "--purpose", PURPOSE], 0, "valid");
    of("a.sdjwt", &["--status", list, "--purpose", "another"], 16, "wrong-purpose");
    of("a.sdjwt", &["--at", "2099-01-01T00:00:00Z"], 13, "expired");
    of("a.sdjwt", &["--at", "2020-01-01T00:00:00Z"], 14, "not-yet");

    let order = |words: &[&str]| town.of_fund(&[words, &["--reason", "a test"]].concat());
    order(&["suspend", serial]).expect(0).unwrap();
    of("a.sdjwt", &["--status", list], 11, "suspended");
    order(&["lift", serial]).expect(0).unwrap();
    of("a.sdjwt", &["--status", list], 0, "valid");
    let kept = fs::read_to_string(list).unwrap();
    let begun = Instant::now();
    let done = order(&["revoke", serial]).expect(0).unwrap().json().unwrap();
    let within = begun.elapsed();
    assert_ne!(fs::read_to_string(list).unwrap(), kept, "published when the command ends");
    assert!(within < Duration::from_secs(1), "{within:?}");
    assert_eq!((&done["state"], &done["published"]), (&"revoked".into(), &true.into()));
    let said = of("a.sdjwt", &["--status", list], 10, "revoked");
    assert_eq!(said["status"]["value"], "revoked");
    order(&["lift", serial]).expect(3).unwrap();
    of("a.sdjwt", &["--status", list], 10, "revoked");
    // A list of before is good until it ends, and says as of when it is.
    let before = town.deployment.path("before.jwt");
    fs::write(&before, &kept).unwrap();
    of("a.sdjwt", &["--status", &before], 0, "valid");
    of("a.sdjwt", &["--status", &before, "--at", "2099-01-01T00:00:00Z"], 13, "expired");

    let next = town.issue("b.sdjwt", &[]).expect(0).unwrap().json().unwrap();
    // For one errand one certificate counts, but by name beside the one whose place it takes.
    let refused = town.issue("c.sdjwt", &[]).expect(3).unwrap();
    assert!(refused.errors.contains(next["serial"].as_str().unwrap()), "{}", refused.errors);
    let third = town.issue("c.sdjwt", &["--another"]).expect(0).unwrap().json().unwrap();
    let (next, third) = (next["serial"].as_str().unwrap(), third["serial"].as_str().unwrap());
    order(&["revoke", next, "--superseded-by", third]).expect(0).unwrap();
    of("b.sdjwt", &["--status", list], 12, "superseded");
    of("c.sdjwt", &["--status", list], 0, "valid");
    order(&["revoke", "fund-window-2026-999999"]).expect(2).unwrap();
    // Only what counts is handed out again; the rest by name alone.
    let shown = |serial: &str, name: &str, more: &[&str], exit| {
        let file = town.deployment.path(name);
        let show = [&["certificates", "show", serial, "--out", &file], more].concat();
        let done = town.of_fund(&show).expect(exit).unwrap();
        assert_eq!(fs::exists(&file).unwrap(), exit == 0, "{done:?}");
        done
    };
    shown(third, "third.sdjwt", &[], 0);
    let told = shown(serial, "first.sdjwt", &[], 3);
    assert!(told.errors.contains("revoked"), "{told:?}");
    let told = shown(next, "second.sdjwt", &[], 3);
    assert!(told.errors.contains("superseded"), "{told:?}");
    let told = shown(serial, "first.sdjwt", &["--whatever-its-state"], 0).json().unwrap();
    assert_eq!(told["state"], "revoked");
    order(&["suspend", third]).expect(0).unwrap();
    let told = shown(third, "suspended.sdjwt", &[], 3);
    assert!(told.errors.contains("suspended"), "{told:?}");
    order(&["lift", third]).expect(0).unwrap();

    // Another's certificate in the list's place, a list that was altered, and no list.
    let (code, said) = town.judged("c.sdjwt", &["--status", &town.deployment.path("a.sdjwt")]);
    assert_eq!((code, &said["verdict"]), (15, &"unknown-status".into()), "{said}");
    fs::write(&before, kept.replacen('.', ".A", 1)).unwrap();
    of("c.sdjwt", &["--status", &before], 15, "unknown-status");
    let (code, _) = town.judged("c.sdjwt", &["--status", &town.deployment.path("none.jwt")]);
    assert_eq!(code, 2);

    let listed = town.of_fund(&["certificates", "list", "--state", "revoked"]);
    let listed = listed.expect(0).unwrap();
    assert!(listed.output.lines().count() == 1 && listed.output.contains(serial), "{listed:?}");
    let shown = town.of_fund(&["certificates", "show", serial]).expect(0).unwrap().json().unwrap();
    let what: Vec<&str> = shown["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["what"].as_str().unwrap())
        .collect();
    assert_eq!(what, ["suspend", "lift", "revoke"]);
    town.of_fund(&["status", "publish"]).expect(0).unwrap();
    of("a.sdjwt", &["--status", list], 10, "revoked");
    town.deployment.stop().unwrap();
}

#[test]
fn a_kill_anywhere_in_an_order_is_made_up_for_by_the_next_publication() {
    let town = deploy(200, 41);
    with_status(&town);
    let issued = town.issue("a.sdjwt", &[]).expect(0).unwrap().json().unwrap();
    let (home, list) = (town.home(FUND), town.list_of(&issued));
    let register = || Register::open(&home).unwrap().unwrap();
    let serials: Vec<String> = (0..16)
        .map(|number| {
            let exchange = format!("killed-{number}");
            let question = "no-property/couple";
            let ground = Ground { exchange: &exchange, subject: None, question };
            register().reserve(ground, Profile::National, 2026).unwrap().serial
        })
        .collect();
    let folder = home.folder.join("issued");
    let wal = || fs::metadata(folder.join("register.sqlite-wal")).map_or(0, |found| found.len());
    let mut killed = 0;
    for serial in &serials {
        let arguments = ["revoke", serial, "--dir", &town.deployment.path(FUND), "--reason", "why"];
        let mut order = Command::new(binary_path("zerotrip").unwrap())
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Polled without a pause: what lies between the order and its list is a few milliseconds.
        let (before, begun) = (wal(), Instant::now());
        while wal() == before && order.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < Duration::from_secs(20), "neither an order nor an end");
        }
        order.kill().unwrap();
        killed += usize::from(!order.wait().unwrap().success());
    }
    let key = home.key("seal").unwrap();
    let published = |serial: &str| {
        let place = register().entry(serial).unwrap().reference;
        let token = StatusToken::parse(&fs::read_to_string(&list).unwrap()).unwrap();
        let open = token.open(key.public(), &place.uri).unwrap();
        open.status(place.place, SystemTime::now()).unwrap().value
    };
    let kept = |serial: &str| register().entry(serial).unwrap().status;
    assert!(killed > 0, "none was killed before its end");
    for serial in &serials {
        let (kept, published) = (kept(serial), published(serial));
        assert!(kept == StatusValue::Revoked || published == StatusValue::Valid, "{serial}");
    }
    town.of_fund(&["status", "publish"]).expect(0).unwrap();
    for serial in &serials {
        assert_eq!(kept(serial), published(serial), "{serial}");
        town.of_fund(&["revoke", serial, "--reason", "again"]).expect(0).unwrap();
        assert_eq!(published(serial), StatusValue::Revoked, "{serial}");
    }
    town.deployment.stop().unwrap();
}

#[test]
fn issuing_again_under_one_id_brings_the_same_certificate() {
    let town = deploy(200, 41);
    with_status(&town);
    let id = "0199a3c4-5b6d-7e8f-8a9b-0c1d2e3f4a5b";
    let first = town.issue("a.sdjwt", &["--request-id", id]).expect(0).unwrap().json().unwrap();
    let entries = town.deployment.ledger_figure("size").unwrap();
    let again = town.issue("b.sdjwt", &["--request-id", id]).expect(0).unwrap().json().unwrap();
    assert_eq!(town.deployment.ledger_figure("size").unwrap(), entries, "nobody was asked");
    assert_eq!(first["serial"], again["serial"]);
    let read = |name: &str| fs::read_to_string(town.deployment.path(name)).unwrap();
    assert_eq!(read("a.sdjwt"), read("b.sdjwt"));
    let (serial, out) = (first["serial"].as_str().unwrap(), town.deployment.path("c.sdjwt"));
    town.of_fund(&["certificates", "show", serial, "--out", &out]).expect(0).unwrap();
    assert_eq!(read("a.sdjwt"), read("c.sdjwt"));
    // The id is that of one question: who asks another under it gets nobody's certificate.
    let out = town.deployment.path("d.sdjwt");
    let more = ["--out", &out, "--request-id", id];
    let ((own, variant), (other, _)) = (town.cast("nothing_owned"), town.cast("migrant"));
    assert_ne!(own, other);
    let refused = town.deployment.ask("issue", FUND, variant, &other, &more).unwrap();
    refused.expect(2).unwrap();
    town.issue("d.sdjwt", &["--request-id", "1"]).expect(2).unwrap();
    // What was revoked is not handed out again.
    let serial = first["serial"].as_str().unwrap();
    town.of_fund(&["revoke", serial, "--reason", "a test"]).expect(0).unwrap();
    let refused = town.issue("e.sdjwt", &["--request-id", id]).expect(3).unwrap();
    assert!(refused.errors.contains("not in force"), "{}", refused.errors);
    assert!(!town.deployment.folder.join("e.sdjwt").exists());
    assert!(!town.deployment.folder.join("d.sdjwt").exists());
    town.deployment.stop().unwrap();
}

#[test]
fn one_that_was_sealed_and_not_seen_recorded_is_announced_again_and_no_other_takes_its_place() {
    let town = deploy(200, 41);
    with_status(&town);
    let id = "0199a3c4-5b6d-7e8f-8a9b-0c1d2e3f4a5b";
    let first = town.issue("a.sdjwt", &["--request-id", id]).expect(0).unwrap().json().unwrap();
    // As a kill leaves it that comes between the hub's record and its note here.
    let register = town.home(FUND).folder.join("issued/register.sqlite");
    let forget = "UPDATE certificate SET stage = 1, record_index = NULL";
    rusqlite::Connection::open(&register).unwrap().execute(forget, []).unwrap();
    let again = town.issue("b.sdjwt", &["--request-id", id]).expect(0).unwrap().json().unwrap();
    assert_eq!(first["serial"], again["serial"]);
    let read = |name: &str| fs::read_to_string(town.deployment.path(name)).unwrap();
    assert_eq!(read("a.sdjwt"), read("b.sdjwt"));
    let listed = town.of_fund(&["certificates", "list"]).expect(0).unwrap();
    assert_eq!(listed.output.lines().count(), 1, "{listed:?}");
    assert_eq!(listed.json().unwrap()["stage"], "recorded");
    // Another errand under the same id gets nobody's certificate.
    for word in ["--official", "--service-item", "--basis"] {
        let (applicant, variant) = town.cast("nothing_owned");
        let mut other = town.deployment.question("issue", FUND, variant, &applicant);
        let at = other.iter().position(|argument| argument == word).unwrap();
        other[at + 1] = "another".into();
        let out = town.deployment.path("c.sdjwt");
        other.extend(["--out", &out, "--request-id", id].map(str::to_owned));
        let other: Vec<&str> = other.iter().map(String::as_str).collect();
        town.deployment.zerotrip(&other).unwrap().expect(2).unwrap();
        assert!(!town.deployment.folder.join("c.sdjwt").exists());
    }
    town.deployment.stop().unwrap();
}

impl DeployedCity {
    /// A holder's key: the private half as PEM, the public one as a JSON Web Key.
    pub fn holder(&self, name: &str) -> (String, String) {
        let key = SigningKey::generate(Algorithm::Es256).unwrap();
        let (pem, jwk) = (format!("{name}.pem"), format!("{name}.jwk"));
        let write = |name: &str, text: String| {
            fs::write(self.deployment.folder.join(name), text).unwrap();
            self.deployment.path(name)
        };
        (write(&pem, key.to_pkcs8_pem()), write(&jwk, key.public().to_jwk().to_string()))
    }

    /// Has the authority certify the fund's sealing key.
    pub fn certify_seal(&self) -> String {
        let (dir, out) = (self.deployment.path("authority"), self.deployment.path("fund/seal.pem"));
        let names = ["--member", "fund", "--system", "window", "--out", &out];
        let arguments = [&["member", "seal-certificate", "--dir", &dir][..], &names[..]].concat();
        self.deployment.zerotrip(&arguments).unwrap().expect(0).unwrap();
        out
    }

    /// A presentation to a verifier.
    pub fn present(&self, from: &str, to: &str, more: &[&str]) -> Finished {
        let (from, to) = (self.deployment.path(from), self.deployment.path(to));
        let arguments = [&["present", &from, "--out", &to][..], more].concat();
        self.deployment.zerotrip(&arguments).unwrap()
    }
}

#[test]
fn a_wallets_certificate_is_bound_to_its_holder_and_revoked_for_ever() {
    let town = deploy(200, 41);
    with_status(&town);
    let (holder, jwk) = town.holder("holder");
    let (thief, _) = town.holder("thief");
    let refused = town.issue("a.sdjwt", &["--holder-key", &jwk]);
    assert!(refused.code == 2 && refused.errors.contains("seal.pem"), "{refused:?}");
    town.certify_seal();
    let refused = town.issue("a.sdjwt", &["--holder-key", &holder]);
    assert!(refused.code == 2 && refused.errors.contains("JSON Web Key"), "{refused:?}");
    let issued = town.issue("a.sdjwt", &["--holder-key", &jwk]).expect(0).unwrap().json().unwrap();
    assert_eq!(
        (&issued["profile"], &issued["holder"]["proof"]),
        (&"haip-1.0".into(), &Value::Null)
    );
    let asked = ["--audience", "https://verifier.example", "--nonce", "n-0S6"];
    let by =
        |key: &'static str| [&["--show", "applicant", "--holder-key", key][..], &asked].concat();
    let (holder, thief): (&'static str, &'static str) = (holder.leak(), thief.leak());
    town.present("a.sdjwt", "b.sdjwt", &by(holder)).expect(0).unwrap();
    town.present("a.sdjwt", "c.sdjwt", &by(thief)).expect(2).unwrap();
    let list = town.list_of(&issued);
    let list = list.to_str().unwrap();
    let of = |name: &str, more: &[&str]| {
        let (code, said) = town.judged(name, &[&["--status", list][..], more].concat());
        (code, said["verdict"].as_str().unwrap().to_owned())
    };
    let word = |code, word: &str| (code, word.to_owned());
    assert_eq!(
        of("b.sdjwt", &[&["--profile", "haip-1.0"][..], &asked[..]].concat()),
        word(0, "valid")
    );
    assert_eq!(of("a.sdjwt", &asked), word(18, "not-holder"));
    let other = ["--audience", "https://other.example", "--nonce", "n-0S6"];
    assert_eq!(of("b.sdjwt", &other), word(18, "not-holder"));
    assert_eq!(of("b.sdjwt", &["--profile", "national"]), word(17, "wrong-profile"));
    let root = town.deployment.path("authority/ca.pem");
    assert_eq!(of("b.sdjwt", &["--ca", &root]), word(0, "valid"));
    let serial = issued["serial"].as_str().unwrap();
    for (order, code) in [("suspend", 3), ("lift", 3), ("revoke", 0)] {
        town.of_fund(&[order, serial, "--reason", "a test"]).expect(code).unwrap();
    }
    assert_eq!(of("b.sdjwt", &asked), word(10, "revoked"));
    town.deployment.stop().unwrap();
}

#[test]
fn a_presentation_shows_what_was_named_and_nothing_else() {
    let town = deploy(200, 41);
    let (applicant, _) = town.cast("nothing_owned");
    town.issue("a.sdjwt", &[]).expect(0).unwrap();
    let file = town.deployment.path("a.sdjwt");
    let present = |name: &str, more: &[&str]| town.present("a.sdjwt", name, more);
    present("b.sdjwt", &["--show", "applicant"]).expect(0).unwrap();
    let (code, said) = town.judged("b.sdjwt", &[]);
    assert_eq!((code, &said["disclosed"]["applicant"]), (0, &applicant.into()));
    assert_eq!(said["withheld"].as_array().unwrap().len(), 3, "{said}");
    present("c.sdjwt", &["--show-nothing"]).expect(0).unwrap();
    let (code, said) = town.judged("c.sdjwt", &[]);
    assert_eq!((code, &said["names_subject"]), (0, &false.into()));
    present("d.sdjwt", &["--show", "nothing-of-that-name"]).expect(2).unwrap();
    present("d.sdjwt", &[]).expect(2).unwrap();
    present("c.sdjwt", &["--show-nothing"]).expect(2).unwrap();
    let listed = town.deployment.zerotrip(&["present", &file, "--list", "--json"]).unwrap();
    let listed = listed.expect(0).unwrap().json().unwrap();
    assert_eq!(listed["can_show"].as_array().unwrap().len(), 4);
    town.deployment.stop().unwrap();
}
