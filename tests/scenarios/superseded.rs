//! What was superseded comes back nowhere: by keys of which their holder says when they end, by a
//! renewal from before, by another directory of the same number, by a memory that was emptied, by
//! an old folder that joins again, by a hub's former machine. Real processes.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use arrow_flight::flight_service_client::FlightServiceClient;
use prost::Message as _;
use zerotrip_channel::{Http2Bounds, Http2Client, dial, files};
use zerotrip_client::Connection;
use zerotrip_proto::v1::authority_client::AuthorityClient;
use zerotrip_proto::v1::connector_client::ConnectorClient;
use zerotrip_proto::v1::scan_reply::Answer;
use zerotrip_proto::v1::{
    Envelope, ErrorCode, GetJoinReply, GetJoinRequest, JoinRequest, Key, KeyUsage, PublishRequest,
    PushDirectoryRequest,
};
use zerotrip_proto::{Refusal, bounds, to_timestamp};
use zerotrip_tests::deployment::{FUND, Finished, Running, TRANSIT, run, wait_until};
use zerotrip_trust::invitation::Invitation;
use zerotrip_trust::keys::{Algorithm, SigningKey};
use zerotrip_trust::tls;
use zerotrip_trust::x509::{self, CertificateAuthority, CertificateDer, TlsKey, pem};

use crate::gate::Thief;
use crate::support::{DeployedCity, deploy, journal, runtime};

const DAY: Duration = Duration::from_secs(86_400);
const SOON: Duration = Duration::from_secs(60);

/// The keys of a system that makes its own papers.
struct Crafted {
    tls: TlsKey,
    sign: SigningKey,
    seal: SigningKey,
}

impl Crafted {
    fn over(tls: TlsKey) -> Self {
        let [sign, seal] = [Algorithm::Ed25519, Algorithm::Es256]
            .map(|algorithm| SigningKey::generate(algorithm).unwrap());
        Self { tls, sign, seal }
    }

    /// What an honest one says of them, for a change.
    fn keys(&self, say: impl Fn(Key) -> Key) -> Vec<Key> {
        let now = SystemTime::now();
        let key = |key: &SigningKey, usage| {
            say(key.public().to_proto(usage, now - bounds::CLOCK_SKEW, now + DAY * 365))
        };
        vec![key(&self.sign, KeyUsage::Sign), key(&self.seal, KeyUsage::Seal)]
    }

    /// `JoinRequest`, as the product files it, with these keys.
    async fn file(&self, invitation: &Invitation, keys: Vec<Key>) -> Result<(), Refusal> {
        let csr = x509::make_csr(&self.tls, &invitation.system, &[], &[]).unwrap();
        let binding_tag = invitation.binding_tag(&csr, &keys).to_vec();
        let request = JoinRequest { token: invitation.token.to_vec(), csr, keys, binding_tag };
        let joined = hub_of(invitation).await.join(request).await;
        joined.map(drop).map_err(|status| Refusal::from_status(&status))
    }

    /// The folder of a system that was admitted with them.
    async fn settle(&self, invitation: &Invitation, folder: &PathBuf) {
        let request = GetJoinRequest { token: invitation.token.to_vec() };
        let reply: GetJoinReply =
            hub_of(invitation).await.get_join(request).await.unwrap().into_inner();
        let chain = reply.certificate_chain.into_iter().map(CertificateDer::from);
        let identity = [
            ("system", invitation.system.uri()),
            ("hub", invitation.hub.uri()),
            ("url", invitation.url.clone()),
        ];
        std::fs::create_dir(folder).unwrap();
        let put = |name: &str, bytes: &[u8]| std::fs::write(folder.join(name), bytes).unwrap();
        put("tls.key", self.tls.to_pem().as_bytes());
        put("sign.key", self.sign.to_pkcs8_pem().as_bytes());
        put("seal.key", self.seal.to_pkcs8_pem().as_bytes());
        put(
            "tls.pem",
            chain.map(|cert| pem::encode(pem::CERTIFICATE, &cert)).collect::<String>().as_bytes(),
        );
        put(
            "authority.pem",
            pem::encode(pem::CERTIFICATE, &CertificateDer::from(reply.authority_certificate))
                .as_bytes(),
        );
        put("directory.dsse", &reply.directory.unwrap().encode_to_vec());
        put(
            "identity.toml",
            toml::to_string(&toml::Table::from_iter(
                identity.map(|(name, value)| (name.to_owned(), value.into())),
            ))
            .unwrap()
            .as_bytes(),
        );
    }
}

/// The hub, without a certificate of one's own.
async fn hub_of(invitation: &Invitation) -> AuthorityClient<Http2Client> {
    let (config, _) = tls::pinned_client_config(invitation.ca_sha256, &[bounds::ALPN_H2]).unwrap();
    let stream = dial(&invitation.url.parse().unwrap(), config).await.unwrap();
    let (client, connection) = Http2Client::handshake(stream, Http2Bounds::STANDARD).await.unwrap();
    tokio::spawn(connection);
    AuthorityClient::new(client)
}

impl DeployedCity {
    fn folder(&self, name: &str) -> PathBuf {
        self.deployment.folder.join(name)
    }

    fn authority_runs(&self, command: &[&str], more: &[&str]) -> Finished {
        let dir = self.deployment.path("authority");
        self.deployment.zerotrip(&[command, &["--dir", &dir], more].concat()).unwrap()
    }

    fn invited(&self, member: &str, system: &str) -> Invitation {
        let out = self.deployment.path(&format!("{member}-{system}.invitation"));
        let _none = std::fs::remove_file(&out);
        self.authority_runs(
            &["member", "invite"],
            &["--member", member, "--system", system, "--out", &out],
        )
        .expect(0)
        .unwrap();
        std::fs::read_to_string(out).unwrap().parse().unwrap()
    }

    fn admit(&self, member: &str, system: &str) -> Finished {
        self.authority_runs(
            &["member", "admit"],
            &["--member", member, "--system", system, "--wait", "30"],
        )
    }

    /// An ordinary `join` in a new folder.
    fn joins(&self, binary: &str, member: &str, system: &str, folder: &str) {
        let _invited = self.invited(member, system);
        let (dir, invitation) = (
            self.deployment.path(folder),
            self.deployment.path(&format!("{member}-{system}.invitation")),
        );
        let joining = Running::start(
            binary,
            &["join", "--dir", &dir, "--invitation", &invitation],
            &self.folder("logs/joining.log"),
        )
        .unwrap();
        self.admit(member, system).expect(0).unwrap();
        joining.wait_success(SOON).unwrap();
    }

    fn asks_from(&self, folder: &str) -> Finished {
        let (applicant, _) = self.cast("nothing_owned");
        self.deployment.ask("check", folder, "couple", &applicant, &[]).unwrap()
    }

    /// The former folder is refused whatever it asks: by the hub over its own certificate, and as a
    /// signer over another one's.
    fn is_let_in_nowhere(&self, former: &str, of: &str) {
        let dir = self.deployment.path(former);
        for command in [
            &["catalog", "list"][..],
            &["ledger", "checkpoint"],
            &["directory", "fetch"],
            &["renew"],
        ] {
            let refused = self.deployment.zerotrip(&[command, &["--dir", &dir]].concat()).unwrap();
            assert!(
                refused.code != 0 && refused.errors.contains("admitted anew"),
                "{command:?}: {} {}",
                refused.code,
                refused.errors
            );
        }
        let asked = self.asks_from(former);
        assert!(
            asked.code == 3 && asked.errors.contains("admitted anew"),
            "{} {}{}",
            asked.code,
            asked.output,
            asked.errors
        );
        // Its SIGN key over the TLS certificate of another system of its member.
        let mixed = format!("{former}-mixed");
        copy(&self.folder(former), &self.folder(&mixed));
        for name in ["tls.key", "tls.pem"] {
            std::fs::copy(self.folder(of).join(name), self.folder(&mixed).join(name)).unwrap();
        }
        let asked = self.asks_from(&mixed);
        assert!(
            asked.code == 3 && asked.errors.contains("revoked"),
            "{} {}{}",
            asked.code,
            asked.output,
            asked.errors
        );
    }

    fn log_of(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder(&format!("logs/{name}.log"))).unwrap_or_default()
    }

    fn wait_for(&self, name: &str, text: &str) {
        let said = wait_until(SOON, &format!("`{text}` in the log of {name}"), || {
            Ok(self.log_of(name).contains(text))
        });
        said.unwrap_or_else(|error| panic!("{error}: {}", self.log_of(name)));
    }

    /// In the place of a folder's certificate another one over the same key.
    fn certify(&self, folder: &str, begins: SystemTime, ends: SystemTime) {
        let read = |name: &str| files::read_text(&self.folder(name)).unwrap();
        let ca =
            CertificateAuthority::from_pem(&read("authority/ca.pem"), &read("authority/ca.key"))
                .unwrap();
        let present = pem::certificates(&read(&format!("{folder}/tls.pem"))).unwrap().remove(0);
        let holder = x509::identity_of(&present).unwrap();
        let key = TlsKey::from_pem(&read(&format!("{folder}/tls.key"))).unwrap();
        let csr = x509::make_csr(&key, &holder, &[], &[]).unwrap();
        let leaf = ca.sign_csr(&csr, &holder, &[], &[], begins, ends).unwrap();
        std::fs::write(self.folder(folder).join("tls.pem"), pem::encode(pem::CERTIFICATE, &leaf))
            .unwrap();
    }

    /// Renewed on the product's way, a year before anything makes it necessary but the
    /// certificate's own end.
    fn renewed(&self, member: &str, system: &str) {
        let now = SystemTime::now();
        self.certify(member, now - DAY * 345, now + DAY * 20);
        let dir = self.deployment.path(member);
        let binary = if system == "front" { "zerotrip-connector" } else { "zerotrip" };
        let asked = || run(binary, &["renew", "--dir", &dir], &self.deployment.folder).unwrap();
        asked().expect(1).unwrap();
        self.authority_runs(
            &["member", "renew"],
            &["--member", member, "--system", system, "--wait", "30"],
        )
        .expect(0)
        .unwrap();
        asked().expect(0).unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    for command in [
        vec!["rm".as_ref(), "-rf".as_ref(), to.as_os_str()],
        vec!["cp".as_ref(), "-r".as_ref(), from.as_os_str(), to.as_os_str()],
    ] {
        assert!(
            std::process::Command::new(command[0]).args(&command[1..]).status().unwrap().success()
        );
    }
}

/// A system that says of its own keys when they began, or when they are revoked, when it joins: the
/// authority says that, not it.
#[test]
fn keys_of_which_their_holder_says_when_they_end_keep_no_former_folder_alive() {
    let town = deploy(60, 31);
    let now = SystemTime::now();
    let claims: [(&str, Option<SystemTime>, SystemTime); 4] = [
        ("later", Some(now + DAY * 365), now - bounds::CLOCK_SKEW),
        ("soon", Some(now + Duration::from_secs(5)), now - bounds::CLOCK_SKEW),
        ("already", Some(now - SOON), now - bounds::CLOCK_SKEW),
        ("of-old", None, now - DAY * 2190),
    ];
    for (system, revoked_at, not_before) in claims {
        let (crafted, invitation) =
            (Crafted::over(TlsKey::generate().unwrap()), town.invited(FUND, system));
        let say = |key: Key| Key {
            revoked_at: revoked_at.map(to_timestamp),
            not_before: Some(to_timestamp(not_before)),
            ..key
        };
        runtime().block_on(crafted.file(&invitation, crafted.keys(say))).unwrap();
        town.admit(FUND, system).expect(0).unwrap();
        let former = format!("former-{system}");
        runtime().block_on(crafted.settle(&invitation, &town.folder(&former)));
        std::fs::copy(town.folder(FUND).join("ca.pem"), town.folder(&former).join("ca.pem"))
            .unwrap();
        assert_eq!(
            town.asks_from(&former).code,
            0,
            "{system}: what it said of its keys counts for nothing either way"
        );
        // What is sealed with a key of today on an answer of today says nothing of the years
        // before.
        let directory = town.home(&former).directory(SystemTime::now()).unwrap();
        for years in [1, 5] {
            assert!(
                directory
                    .key_as_of(crafted.seal.id(), KeyUsage::Seal, now - DAY * 365 * years)
                    .is_err(),
                "{system}"
            );
        }

        town.joins("zerotrip", FUND, system, &format!("anew-{system}"));
        assert_eq!(town.asks_from(&format!("anew-{system}")).code, 0, "{system}");
        town.is_let_in_nowhere(&former, FUND);
        // And it does not come in again with them.
        let invitation = town.invited(FUND, system);
        runtime().block_on(crafted.file(&invitation, crafted.keys(say))).unwrap();
        let refused = town.admit(FUND, system);
        assert!(
            refused.code != 0 && refused.errors.contains("keys that were revoked"),
            "{} {}",
            refused.code,
            refused.errors
        );
        assert_eq!(
            town.asks_from(&format!("anew-{system}")).code,
            0,
            "{system}: nothing has changed"
        );
    }
    town.deployment.stop().unwrap();
}

/// Renewed before its system was admitted anew, with a year to go, or by an authority whose clock
/// was ahead: it is over another key.
#[test]
fn a_certificate_that_was_renewed_before_its_system_was_admitted_anew_counts_nowhere() {
    let mut town = deploy(60, 31);
    town.deployment.stop_connector("estate").unwrap();
    for (member, system, binary) in
        [(FUND, "window", "zerotrip"), ("estate", "front", "zerotrip-connector")]
    {
        town.renewed(member, system);
        std::fs::rename(town.folder(member), town.folder(&format!("former-{member}"))).unwrap();
        town.joins(binary, member, system, member);
    }
    town.joins("zerotrip", FUND, "other", "other");
    town.is_let_in_nowhere(&format!("former-{FUND}"), "other");
    let attached = || {
        town.log_of("hub")
            .lines()
            .filter(|line| line.contains("INFO attached") && line.contains("member/estate/"))
            .count()
    };
    assert_eq!(attached(), 1, "it was before it was lost");
    let serve = ["serve", "--dir", &town.deployment.path("former-estate")];
    let former =
        Running::start("zerotrip-connector", &serve, &town.folder("logs/former-estate.log"))
            .unwrap();
    town.wait_for("former-estate", "admitted anew");
    assert_eq!(attached(), 1);
    drop(former);
    // As a clock that was ahead makes them: each begins after the system was admitted anew.
    let now = SystemTime::now();
    town.certify(&format!("former-{FUND}"), now - Duration::from_secs(1), now + DAY * 365);
    town.is_let_in_nowhere(&format!("former-{FUND}"), "other");
    assert_eq!(
        town.asks_from(FUND).code,
        4,
        "the new folder is let in; estate is yet to sign and serve there"
    );
    town.deployment.stop().unwrap();
}

/// Signed in two folders of the authority: one with a suspension, one without.
#[test]
fn of_two_directories_of_one_number_the_second_is_refused_by_name() {
    let mut town = deploy(60, 31);
    let (authority, copied) = (town.folder("authority"), town.folder("authority-copied"));
    copy(&authority, &copied);
    let version = |text: &Finished| text.json().unwrap()["version"].as_u64().unwrap();
    let first = version(
        &town
            .authority_runs(&["--json", "member", "suspend"], &["--member", TRANSIT])
            .expect(0)
            .unwrap(),
    );
    let fetch = |town: &DeployedCity| {
        town.deployment
            .zerotrip(&["directory", "fetch", "--dir", &town.deployment.path(FUND)])
            .unwrap()
    };
    fetch(&town).expect(0).unwrap();
    let dir = copied.display().to_string();
    town.deployment
        .zerotrip(&["authority", "refresh", "--dir", &dir, "--offline"])
        .unwrap()
        .expect(0)
        .unwrap();
    let bytes = std::fs::read(copied.join("directory.dsse")).unwrap();
    let second = Envelope::decode(bytes.as_slice()).unwrap();
    let opened =
        zerotrip_trust::Directory::open(&second, &town.home(FUND).authority, SystemTime::now(), 0)
            .unwrap();
    assert_eq!(opened.version(), first, "of one number");

    // The hub, while it runs, and where its enrolment's file is replaced.
    let publish = async {
        let connection = Connection::open(&town.home("authority")).await.unwrap();
        connection
            .authority()
            .publish_directory(PublishRequest { bundle: Some(second.clone()) })
            .await
    };
    let refused = Refusal::from_status(&runtime().block_on(publish).unwrap_err());
    assert!(
        refused.en.contains(&format!("version {first} is not newer than {first}")),
        "{}",
        refused.en
    );
    town.deployment.kill_hub().unwrap();
    let enrolled = std::fs::read(town.folder("hub").join("directory.dsse")).unwrap();
    std::fs::write(town.folder("hub").join("directory.dsse"), &bytes).unwrap();
    town.deployment.start_hub().unwrap();
    town.deployment.wait_all_attached().unwrap();
    let asked = town.asks_from(TRANSIT);
    assert!(
        asked.code == 3 && asked.errors.contains("MEMBER_SUSPENDED"),
        "{} {}",
        asked.code,
        asked.errors
    );
    std::fs::write(town.folder("hub").join("directory.dsse"), enrolled).unwrap();

    // Who has one of the two refuses the other: here a client and a connector have the second, and
    // the hub shows the first.
    let why = format!("the authority signed another directory version {first} before");
    town.deployment.stop_connector("estate").unwrap();
    for member in [FUND, "estate"] {
        std::fs::write(town.folder(member).join("directory.dsse"), &bytes).unwrap();
    }
    town.deployment.start_connector("estate").unwrap();
    for refused in [fetch(&town), town.asks_from(FUND)] {
        assert!(
            refused.code != 0 && refused.errors.contains(&why),
            "{} {}",
            refused.code,
            refused.errors
        );
    }
    town.wait_for("hub", "the connector does not take the key directory");
    assert!(journal(&town.deployment.folder, "estate").contains(&why), "{}", town.log_of("hub"));
    let kept = |member: &str| std::fs::read(town.folder(member).join("directory.dsse")).unwrap();
    assert!(kept(FUND) == bytes && kept("estate") == bytes, "kept as it was");
    // A newer one ends it, as the message says.
    town.authority_runs(&["authority", "refresh"], &[]).expect(0).unwrap();
    fetch(&town).expect(0).unwrap();
    town.deployment.wait_all_attached().unwrap();
    assert_eq!(town.asks_from(FUND).code, 0);
    town.deployment.stop().unwrap();
}

/// What was seen of the hub: only where there is no file was nothing seen.
#[test]
fn a_memory_that_was_emptied_cut_or_leads_nowhere_is_refused_by_its_name() {
    let mut town = deploy(60, 31);
    assert_eq!(town.asks_from(FUND).code, 0);
    type Damage = fn(&str) -> Option<String>;
    let damages: [(&str, Damage); 5] = [
        ("emptied", |_| Some(String::new())),
        ("blank", |_| Some("\n\n".into())),
        ("cut", |kept| Some(kept.split_inclusive('\n').take(2).collect())),
        ("cut within", |kept| Some(kept[..kept.len() / 3].into())),
        ("a link to nowhere", |_| None),
    ];
    let damage = |file: &PathBuf, by: Damage| {
        let kept = std::fs::read_to_string(file).unwrap();
        std::fs::remove_file(file).unwrap();
        match by(&kept) {
            Some(text) => std::fs::write(file, text).unwrap(),
            None => std::os::unix::fs::symlink("nowhere", file).unwrap(),
        }
        kept
    };
    let restore = |file: &PathBuf, kept: &str| {
        std::fs::remove_file(file).unwrap();
        std::fs::write(file, kept).unwrap();
    };
    for (name, by) in damages {
        let seen = town.folder(FUND).join("ledger-seen.note");
        let kept = damage(&seen, by);
        let refused = town.asks_from(FUND);
        let said = refused.code != 0
            && refused.errors.contains("ledger-seen.note")
            && !refused.output.contains("true");
        assert!(said, "{name}: {} {}{}", refused.code, refused.output, refused.errors);
        restore(&seen, &kept);
        assert_eq!(town.asks_from(FUND).code, 0, "{name}");

        let seen = town.folder("estate").join("state/hub-seen.toml");
        town.deployment.stop_connector("estate").unwrap();
        let kept = damage(&seen, by);
        let before = town.log_of("estate").len();
        town.deployment.start_connector("estate").unwrap();
        let said = || {
            let log = town.log_of("estate");
            Ok(log[before..]
                .lines()
                .any(|line| line.contains("nothing is answered") && line.contains("hub-seen.toml")))
        };
        wait_until(SOON, &format!("{name}: the connector names the file"), said).unwrap();
        assert_eq!(town.asks_from(FUND).code, 4, "{name}: nothing is answered");
        town.deployment.stop_connector("estate").unwrap();
        assert!(
            !std::fs::read_to_string(&seen).is_ok_and(|now| now.contains("root")) || name == "cut",
            "{name}: left as it is"
        );
        restore(&seen, &kept);
        town.deployment.start_connector("estate").unwrap();
        town.deployment.wait_all_attached().unwrap();
    }
    assert_eq!(town.asks_from(FUND).code, 0);
    town.deployment.stop().unwrap();
}

/// A copy of the folder has the TLS key as well.
#[test]
fn a_system_does_not_join_again_over_the_tls_key_that_it_had() {
    let town = deploy(60, 31);
    let (folder, old) = (town.folder(FUND), town.folder("old"));
    let invitation = town.invited(FUND, "window");
    let file = town.deployment.path(&format!("{FUND}-window.invitation"));
    let join = |dir: &PathBuf| {
        town.deployment
            .zerotrip(&[
                "join",
                "--dir",
                &dir.display().to_string(),
                "--invitation",
                &file,
                "--wait",
                "1",
            ])
            .unwrap()
    };
    let refused = join(&folder);
    assert!(
        refused.code != 0 && refused.errors.contains("already holds an identity"),
        "{} {}",
        refused.code,
        refused.errors
    );
    for removed in [&["sign.key", "seal.key"][..], &["sign.key"], &["seal.key"], &[]] {
        copy(&folder, &old);
        for name in [&["identity.toml"], removed].concat() {
            std::fs::remove_file(old.join(name)).unwrap();
        }
        let refused = join(&old);
        let said = refused.errors.contains("holds keys of a system that had joined")
            && refused.errors.contains("join in an empty folder");
        assert!(refused.code != 0 && said, "{removed:?}: {} {}", refused.code, refused.errors);
    }
    // Filed all the same.
    let tls = TlsKey::from_pem(&files::read_text(&folder.join("tls.key")).unwrap()).unwrap();
    let crafted = Crafted::over(tls);
    runtime().block_on(crafted.file(&invitation, crafted.keys(|key| key))).unwrap();
    let refused = town.admit(FUND, "window");
    let said = refused.errors.contains("keys that it was admitted with before");
    assert!(refused.code != 0 && said, "{} {}", refused.code, refused.errors);
    assert_eq!(town.asks_from(FUND).code, 0, "nothing has changed");
    town.deployment.stop().unwrap();
}

/// A `join` that did not wait until it was admitted: whoever copied its folder can end it too. A
/// new invitation is for new keys.
#[test]
fn a_join_that_was_admitted_does_not_go_on_under_another_invitation() {
    let town = deploy(60, 31);
    let file = town.deployment.path(&format!("{FUND}-branch.invitation"));
    let join = |dir: &str, wait: &str| {
        town.deployment
            .zerotrip(&[
                "join",
                "--dir",
                &town.deployment.path(dir),
                "--invitation",
                &file,
                "--wait",
                wait,
            ])
            .unwrap()
    };
    town.invited(FUND, "branch");
    assert_ne!(join("branch", "1").code, 0, "nobody has admitted it yet");
    town.admit(FUND, "branch").expect(0).unwrap();
    copy(&town.folder("branch"), &town.folder("copied"));
    join("copied", "30").expect(0).unwrap();
    assert_eq!(town.asks_from("copied").code, 0);

    town.invited(FUND, "branch");
    assert_ne!(join("branch", "1").code, 0);
    let refused = town.admit(FUND, "branch");
    assert!(
        refused.code != 0 && refused.errors.contains("join in an empty folder"),
        "{} {}",
        refused.code,
        refused.errors
    );
    town.joins("zerotrip", FUND, "branch", "anew");
    assert_eq!(town.asks_from("anew").code, 0);
    town.is_let_in_nowhere("copied", FUND);
    town.deployment.stop().unwrap();
}

/// Enrolled anew, with other keys, over its store; whoever has its former machine has a copy of
/// that store and the former keys.
#[test]
fn a_hub_that_is_enrolled_anew_goes_on_over_its_store_and_its_former_machine_is_taken_by_nobody() {
    let mut town = deploy(60, 31);
    let file = town.deployment.path("before.sdjwt");
    let (applicant, variant) = town.cast("nothing_owned");
    town.deployment
        .ask("issue", FUND, variant, &applicant, &["--out", &file])
        .unwrap()
        .expect(0)
        .unwrap();
    let seconds = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let issued = seconds();
    let of_hub = |town: &DeployedCity, command: &[&str]| {
        let (dir, store) = (town.deployment.path("hub"), town.deployment.path(""));
        run(
            "zerotrip-hub",
            &[command, &["--dir", &dir, "--store", &store]].concat(),
            &town.deployment.folder,
        )
        .unwrap()
    };
    let verified = |town: &DeployedCity| {
        town.deployment
            .zerotrip(&["ledger", "verify", "--dir", &town.deployment.path(FUND)])
            .unwrap()
    };
    let backup = town.deployment.path("backup");
    of_hub(&town, &["backup", "--to", &backup]).expect(0).unwrap();
    verified(&town).expect(0).unwrap();
    town.deployment.kill_hub().unwrap();
    let former = town.folder("former-hub");
    std::fs::rename(town.folder("hub"), &former).unwrap();
    for part in ["store.sqlite", "store.sqlite-wal", "head", "ledger"] {
        copy(&town.folder(part), &former.join(part));
    }

    // Keys are revoked as of a whole second.
    wait_until(SOON, "the next second", || Ok(seconds() > issued)).unwrap();
    let hub = town.deployment.path("hub");
    let trust_domain = town.home(FUND).hub.uri();
    let trust_domain = trust_domain.trim_start_matches("spiffe://").split('/').next().unwrap();
    run(
        "zerotrip-hub",
        &["init", "--dir", &hub, "--trust-domain", trust_domain],
        &town.deployment.folder,
    )
    .unwrap()
    .expect(0)
    .unwrap();
    std::fs::copy(former.join("hub.toml"), town.folder("hub").join("hub.toml")).unwrap();
    town.authority_runs(&["authority", "enrol-hub"], &["--hub-dir", &hub]).expect(0).unwrap();
    // What its former key published lies beside the store, and nobody moves it away.
    town.deployment.start_hub().unwrap();
    town.authority_runs(&["authority", "refresh"], &[]).expect(0).unwrap();
    town.deployment.wait_all_attached().unwrap();
    assert_eq!(town.asks_from(FUND).code, 0);
    verified(&town).expect(0).unwrap();
    // What it said in its time holds, a moment before its end too, for each who verifies it.
    let (dir, keys) = (town.deployment.path(FUND), town.deployment.path("authority/jwks.json"));
    for root in [["--dir", &dir], ["--jwks", &keys]] {
        town.deployment
            .zerotrip(&[&["verify", &file][..], &root].concat())
            .unwrap()
            .expect(0)
            .unwrap();
    }

    town.deployment.kill_hub().unwrap();
    let listen = town.deployment.url.trim_start_matches("https://").to_owned();
    let definitions = zerotrip_tests::deployment::definitions().display().to_string();
    let serve = [
        "serve",
        "--dir",
        &former.display().to_string(),
        "--listen",
        &listen,
        "--definitions",
        &definitions,
    ];
    let mut machine =
        Running::start("zerotrip-hub", &serve, &town.folder("logs/former-hub.log")).unwrap();
    machine.wait_for("listens on").unwrap();
    for refused in [
        town.asks_from(FUND),
        verified(&town),
        town.authority_runs(&["member", "suspend"], &["--member", TRANSIT]),
    ] {
        assert!(
            refused.code != 0 && !refused.output.contains("true"),
            "{} {}",
            refused.code,
            refused.output
        );
        assert!(refused.errors.contains("before it was admitted anew"), "{}", refused.errors);
    }
    for member in ["police", "civil", "estate", "housing"] {
        town.wait_for(member, "before it was admitted anew");
    }
    assert!(!town.log_of("former-hub").contains("INFO attached"));
    machine.stop().unwrap();

    // A backup of before is put back as any other; what departments saw since is the authority's to
    // confirm.
    let restored = of_hub(&town, &["restore", "--from", &backup]).expect(0).unwrap();
    assert!(restored.output.contains("zerotrip authority refresh"), "{}", restored.output);
    town.deployment.start_hub().unwrap();
    town.authority_runs(&["authority", "refresh"], &[]).expect(0).unwrap();
    let refused = town.asks_from(FUND);
    assert!(refused.code != 0, "it saw more: {}", refused.output);
    town.deployment.stop().unwrap();
}

/// A register of which one person's rows are more than a channel takes unread, and which answers
/// two scans at once.
fn burden_the_register(town: &mut DeployedCity, owner: &str) {
    town.deployment.stop_connector("estate").unwrap();
    let folder = town.folder("city/estate");
    let database = rusqlite::Connection::open(folder.join("ownership.db")).unwrap();
    let fill = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 2000) \
                insert into T_FDCQ (DYH, QLRSFZH, QLRMC, GYFE, QSZT, DJRQ, ZXRQ) \
                select printf('%.*c', 10000, 'q'), ?1, QLRMC, GYFE, QSZT, DJRQ, ZXRQ \
                from n join (select * from T_FDCQ limit 1)";
    database.execute(fill, [owner]).unwrap();
    drop(database);
    let file = folder.join("ownership.toml");
    let limits = "\n[limits]\nmost_at_once = 2\nmost_bytes = \"64MiB\"\ntime_out = \"60s\"\n";
    // On some days none of the city's few other rows has ended, or is of somebody from elsewhere.
    let accepted = "\n[accepted]\nnothing_ended = \"of one\"\nonly_locals = \"of one\"\n";
    let text = std::fs::read_to_string(&file).unwrap() + limits + accepted;
    std::fs::write(&file, text).unwrap();
    let (dir, file) = (town.deployment.path("estate"), file.display().to_string());
    run("zerotrip-connector", &["sign", "--dir", &dir, &file], &folder).unwrap().expect(0).unwrap();
    town.deployment.start_connector("estate").unwrap();
    town.deployment.wait_all_attached().unwrap();
}

/// Its operator goes on with the former keys, over a channel and a lane that were opened in its
/// time, with scans of every kind under way on it.
#[test]
fn a_hub_that_is_superseded_while_its_lane_is_open_gets_nothing_more() {
    let mut town = deploy(60, 31);
    let (applicant, _) = town.cast("nothing_owned");
    burden_the_register(&mut town, &applicant);
    town.deployment.kill_hub().unwrap();
    let noted = |what: &str| {
        let event = format!("\"event\":\"{what}\"");
        journal(&town.deployment.folder, "estate").matches(&event).count()
    };
    let stale = || {
        let code = format!("\"code\":\"{}\"", ErrorCode::StaleBundle.name());
        journal(&town.deployment.folder, "estate").matches(&code).count()
    };
    let runtime = runtime();
    let thief = runtime.block_on(Thief::take_over(&town));
    runtime.block_on(thief.show(0)).unwrap();
    let begun = noted("scan");

    // Two answers that are too long for the lane: one is being read, one is not fetched yet. The
    // third scan waits for its turn.
    let mut lane = runtime.block_on(thief.lane.lock());
    let mut handle = || {
        runtime.block_on(async {
            let sent = lane.send(thief.right()).await;
            match lane.reply().await {
                (number, Some(Answer::Streamed(handle))) if number == sent => handle,
                other => panic!("{other:?} {}", journal(&town.deployment.folder, "estate")),
            }
        })
    };
    let read = handle();
    let mut stream = runtime.block_on(async {
        let ticket = arrow_flight::Ticket { ticket: read.into() };
        let fetched = FlightServiceClient::new(thief.client.clone()).do_get(ticket).await;
        let mut stream = fetched.unwrap().into_inner();
        assert!(stream.message().await.unwrap().is_some(), "it is under way");
        stream
    });
    let unread = handle();
    let waits = runtime.block_on(lane.send(thief.right()));
    wait_until(SOON, "the third scan", || Ok(noted("scan") == begun + 3)).unwrap();
    assert_eq!((noted("answered"), stale()), (0, 0), "all three are under way");

    // Enrolled anew elsewhere. It is the former one that brings the directory.
    let (anew, trust_domain) = (town.deployment.path("anew"), town.home(FUND).hub.uri());
    let trust_domain = trust_domain.trim_start_matches("spiffe://").split('/').next().unwrap();
    let init = ["init", "--dir", &anew, "--trust-domain", trust_domain];
    run("zerotrip-hub", &init, &town.deployment.folder).unwrap().expect(0).unwrap();
    town.authority_runs(&["authority", "enrol-hub"], &["--hub-dir", &anew]).expect(0).unwrap();
    let directory = std::fs::read(town.folder("authority/directory.dsse")).unwrap();
    let directory = Some(Envelope::decode(directory.as_slice()).unwrap());
    let push = PushDirectoryRequest { directory };
    runtime.block_on(ConnectorClient::new(thief.client.clone()).push_directory(push)).unwrap();

    let (number, answer) = runtime.block_on(lane.reply());
    let Some(Answer::Refused(detail)) = &answer else { panic!("{answer:?}") };
    assert_eq!((number, detail.code()), (waits, ErrorCode::StaleBundle));
    let ended = runtime.block_on(async {
        loop {
            match stream.message().await {
                Ok(Some(message)) => assert!(message.app_metadata.is_empty(), "a receipt"),
                ended => break ended,
            }
        }
    });
    let ended = ended.map(|_| "whole").map_err(|status| Refusal::from_status(&status).code);
    assert_eq!(ended, Err(ErrorCode::StaleBundle));
    drop(lane);
    runtime.block_on(async {
        let refused = Err(ErrorCode::StaleBundle);
        assert_eq!(thief.send_ticket(unread).await, refused, "what waited to be fetched");
        assert_eq!(thief.send_on_lane(thief.right()).await, refused, "on the lane");
        assert_eq!(thief.send_envelope(&thief.right()).await, refused, "beside it");
        let after = thief.show(0).await;
        assert!(after.is_err(), "it proves nothing any more");
    });
    // Three that were under way and three that came after, each by itself.
    wait_until(SOON, "each in the journal", || Ok(stale() >= 6)).unwrap();
    assert_eq!((noted("answered"), noted("scan")), (0, begun + 3));
}
