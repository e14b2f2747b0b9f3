//! What ends, and is renewed in place: certificates near their end and past it, by rule and by
//! hand, of connectors, systems, the hub and the authority; a directory that ran out; a hub that
//! was set back. Real processes; the root's key makes certificates that end when a test wants it.

use std::path::Path;
use std::time::{Duration, SystemTime};

use zerotrip_channel::{Http2Bounds, Http2Client, dial, files};
use zerotrip_proto::bounds;
use zerotrip_tests::deployment::{DEPARTMENTS, FUND, Finished, Running, run, wait_until};
use zerotrip_trust::x509::{self, CertificateAuthority, CertificateDer, TlsKey, pem};

use crate::support::{DeployedCity, deploy, runtime};

const DATASETS: [&str; 4] =
    ["police.household", "civil.marriage", "estate.ownership", "housing.presale"];
const DAY: Duration = Duration::from_secs(86_400);
const SOON: Duration = Duration::from_secs(60);

impl DeployedCity {
    fn of_authority(&self, command: &[&str], more: &[&str]) -> Finished {
        let dir = self.deployment.path("authority");
        self.deployment.zerotrip(&[command, &["--dir", &dir], more].concat()).unwrap()
    }

    fn renew_by_hand(&self, member: &str, system: &str) -> Finished {
        self.of_authority(&["member", "renew"], &["--member", member, "--system", system])
    }

    fn couple(&self) -> Finished {
        let (applicant, _) = self.cast("nothing_owned");
        self.deployment.ask("check", FUND, "couple", &applicant, &[]).unwrap()
    }

    fn certificate(&self, folder: &str) -> CertificateDer<'static> {
        pem::certificates(
            &files::read_text(&self.deployment.folder.join(folder).join("tls.pem")).unwrap(),
        )
        .unwrap()
        .remove(0)
    }

    fn ends(&self, folder: &str) -> SystemTime {
        x509::validity_of(&self.certificate(folder)).unwrap().1
    }

    /// In the place of a folder's certificate the same of a year ago: over the same key, of the
    /// same root, with another end.
    fn age(&self, folder: &str, ends: SystemTime) {
        let folder = self.deployment.folder.join(folder);
        let read = |folder: &Path, name: &str| files::read_text(&folder.join(name)).unwrap();
        let authority = self.deployment.folder.join("authority");
        let ca = CertificateAuthority::from_pem(
            &read(&authority, "ca.pem"),
            &read(&authority, "ca.key"),
        )
        .unwrap();
        let present = pem::certificates(&read(&folder, "tls.pem")).unwrap().remove(0);
        let (holder, (dns, ips)) =
            (x509::identity_of(&present).unwrap(), x509::names_of(&present).unwrap());
        let key = TlsKey::from_pem(&read(&folder, "tls.key")).unwrap();
        let csr = x509::make_csr(&key, &holder, &[], &[]).unwrap();
        let aged = ca.sign_csr(&csr, &holder, &dns, &ips, ends - DAY * 365, ends).unwrap();
        std::fs::write(folder.join("tls.pem"), pem::encode(pem::CERTIFICATE, &aged)).unwrap();
    }

    fn log(&self, name: &str) -> String {
        std::fs::read_to_string(self.deployment.folder.join("logs").join(format!("{name}.log")))
            .unwrap()
    }

    fn wait_said(&self, name: &str, text: &str) {
        wait_until(Duration::from_secs(30), &format!("`{text}` in the log of {name}"), || {
            Ok(self.log(name).contains(text))
        })
        .unwrap();
    }

    fn wait_renewed(&self, folder: &str) {
        let later = || Ok(self.ends(folder) > SystemTime::now() + DAY * 300);
        wait_until(Duration::from_secs(30), &format!("{folder} renewed"), later).unwrap();
    }

    /// Everything of a department's folder that a renewal must leave as it is, with its content.
    fn kept(&self, member: &str) -> Vec<(String, Vec<u8>)> {
        let root = self.deployment.folder.join(member);
        let mut kept = Vec::new();
        for part in ["", "signed", "state/rows", "adjudications"] {
            let Ok(entries) = std::fs::read_dir(root.join(part)) else { continue };
            for path in entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()) {
                let name = path.strip_prefix(&root).unwrap().display().to_string();
                if !["tls.pem", "directory.dsse", "serve.lock"].contains(&name.as_str()) {
                    kept.push((name, std::fs::read(path).unwrap()));
                }
            }
        }
        kept.sort();
        assert!(kept.iter().any(|(name, _)| name == "approve.key") && kept.len() > 5, "{member}");
        kept
    }
}

#[test]
fn what_is_near_its_end_is_announced_and_renewed_in_place_by_rule() {
    let mut town = deploy(200, 41);
    assert_eq!(town.couple().code, 0);
    let kept = town.kept("estate");
    // A year has passed: the connector, the hub, the issuer and the authority's own desk end in
    // three weeks.
    let soon = SystemTime::now() + DAY * 20;
    for folder in ["estate", "hub", FUND, "authority"] {
        town.age(folder, soon);
    }
    town.deployment.kill_hub().unwrap();
    town.deployment.stop_connector("estate").unwrap();
    town.deployment.start_hub().unwrap();
    town.deployment.start_connector("estate").unwrap();
    town.deployment.wait_attached(&DATASETS).unwrap();
    town.wait_said("estate", "member/estate/system/front` ends in 1");
    town.wait_said("hub", "hub/hub-1` ends in 1");
    town.wait_said("hub", "member/estate/system/front` ends in 1");
    town.wait_said("estate", "asked the authority to renew");
    town.wait_said("hub", "asked the authority to renew this hub's certificate");
    let asked = town.couple();
    assert!(asked.code == 0, "{}", asked.errors);
    let dir = town.deployment.path(FUND);
    let told = town
        .deployment
        .zerotrip(&["directory", "fetch", "--dir", &dir])
        .unwrap()
        .expect(0)
        .unwrap();
    assert!(
        told.errors.contains("WARNING: the TLS certificate of")
            && told.errors.contains("ends in 1"),
        "{}",
        told.errors
    );
    let told = town
        .deployment
        .zerotrip(&["--lang", "zh", "directory", "fetch", "--dir", &dir])
        .unwrap()
        .expect(0)
        .unwrap();
    assert!(told.errors.contains("警告：") && told.errors.contains("到期"), "{}", told.errors);
    // Not renewed yet: nobody but the authority renews.
    town.deployment.zerotrip(&["renew", "--dir", &dir]).unwrap().expect(1).unwrap();
    assert!(town.ends(FUND) < soon + DAY);

    let refreshed = town.of_authority(&["authority", "refresh"], &[]).expect(0).unwrap();
    for said in [
        "renewed the authority's own certificates",
        "renewed spiffe://data.hangzhou.example/member/estate",
        "hub/hub-1 until",
    ] {
        assert!(refreshed.errors.contains(said), "{said}: {}", refreshed.errors);
    }
    assert!(town.ends("authority") > SystemTime::now() + DAY * 300);
    for folder in ["estate", "hub"] {
        town.wait_renewed(folder);
    }
    town.deployment.zerotrip(&["renew", "--dir", &dir]).unwrap().expect(0).unwrap();
    town.wait_renewed(FUND);
    town.deployment.wait_attached(&DATASETS).unwrap();
    assert_eq!(town.kept("estate"), kept, "renewal replaces one file");
    assert_eq!(town.couple().code, 0);
    // The hub shows its new certificate without a restart, and after one.
    town.deployment.kill_hub().unwrap();
    town.deployment.start_hub().unwrap();
    town.deployment.wait_attached(&DATASETS).unwrap();
    assert_eq!(town.couple().code, 0);
    let quiet = town
        .deployment
        .zerotrip(&["directory", "fetch", "--dir", &dir])
        .unwrap()
        .expect(0)
        .unwrap();
    assert!(!quiet.errors.contains("WARNING"), "{}", quiet.errors);
    town.deployment.stop().unwrap();
}

#[test]
fn what_has_ended_says_so_and_is_renewed_by_hand_and_nobody_who_was_revoked_is() {
    let mut town = deploy(200, 43);
    let past = SystemTime::now() - DAY;
    for folder in ["estate", FUND, "authority"] {
        town.age(folder, past);
    }
    town.deployment.stop_connector("estate").unwrap();
    town.deployment.start_connector("estate").unwrap();
    town.wait_said("estate", "ended on");
    town.wait_said("estate", "asked the authority to renew");
    town.deployment
        .zerotrip(&["renew", "--dir", &town.deployment.path(FUND)])
        .unwrap()
        .expect(1)
        .unwrap();
    let ended = town.couple();
    assert!(
        ended.code == 2 && ended.errors.contains("ended on") && ended.errors.contains("`renew`"),
        "{} {}",
        ended.code,
        ended.errors
    );
    let ended = town.of_authority(&["member", "suspend"], &["--member", "transit"]);
    assert!(
        ended.code == 2 && ended.errors.contains("zerotrip authority renew"),
        "{}",
        ended.errors
    );

    // The desk by its own root's key, without any hub.
    town.of_authority(&["authority", "renew"], &[]).expect(0).unwrap();
    let refreshed = town.of_authority(&["authority", "refresh"], &[]).expect(0).unwrap();
    assert!(
        refreshed
            .errors
            .contains("its certificate has ended; grant it with `zerotrip member renew`"),
        "{}",
        refreshed.errors
    );
    assert!(town.ends("estate") < SystemTime::now());
    town.renew_by_hand("estate", "front").expect(0).unwrap();
    town.renew_by_hand("police", "front").expect(1).unwrap();
    town.renew_by_hand(FUND, "window").expect(0).unwrap();
    town.deployment
        .zerotrip(&["renew", "--dir", &town.deployment.path(FUND)])
        .unwrap()
        .expect(0)
        .unwrap();
    run(
        "zerotrip-connector",
        &["renew", "--dir", &town.deployment.path("estate")],
        &town.deployment.folder,
    )
    .unwrap()
    .expect(0)
    .unwrap();
    town.deployment.wait_attached(&DATASETS).unwrap();
    assert_eq!(town.couple().code, 0);

    // The hub's own: nobody but the authority reaches it, to hand it a renewed one; no restart.
    town.age("hub", past);
    town.deployment.kill_hub().unwrap();
    town.deployment.start_hub().unwrap();
    town.wait_said("hub", "hub/hub-1` ended on");
    town.wait_said("hub", "the hub's TLS certificate has ended");
    assert!(
        town.couple().errors.contains("could not be proven to be the expected peer"),
        "nobody else takes it"
    );
    town.of_authority(&["authority", "refresh"], &[]).expect(2).unwrap();
    town.of_authority(&["member", "renew"], &["--hub", "--wait", "10"]).expect(0).unwrap();
    town.wait_renewed("hub");
    town.deployment.wait_attached(&DATASETS).unwrap();
    assert_eq!(town.couple().code, 0);

    // A suspended one asks in vain, and so does the former folder of one that was admitted anew.
    town.of_authority(&["member", "suspend"], &["--member", FUND]).expect(0).unwrap();
    let refused =
        town.deployment.zerotrip(&["renew", "--dir", &town.deployment.path(FUND)]).unwrap();
    assert!(refused.code != 0 && refused.errors.contains("suspended"), "{}", refused.errors);
    town.renew_by_hand(FUND, "window").expect(1).unwrap();
    town.deployment.stop().unwrap();
}

#[test]
fn a_channel_ends_with_its_certificate_and_says_so() {
    let mut town = deploy(60, 31);
    town.deployment.stop_connector("estate").unwrap();
    town.age("estate", SystemTime::now() + Duration::from_secs(20));
    town.deployment.start_connector("estate").unwrap();
    town.deployment.wait_attached(&DATASETS).unwrap();
    town.wait_said(
        "estate",
        "the hub closed the channel: the connector's TLS certificate (`tls.pem`) has ended",
    );
    town.deployment.wait_detached("estate.ownership").unwrap();
    assert_eq!(town.couple().code, 4, "not asked, and so not known");
    town.of_authority(
        &["member", "renew"],
        &["--member", "estate", "--system", "front", "--wait", "70"],
    )
    .expect(0)
    .unwrap();
    run(
        "zerotrip-connector",
        &["renew", "--dir", &town.deployment.path("estate")],
        &town.deployment.folder,
    )
    .unwrap()
    .expect(0)
    .unwrap();
    town.deployment.wait_attached(&DATASETS).unwrap();
    assert_eq!(town.couple().code, 0);
    town.deployment.stop().unwrap();
}

#[test]
fn a_hub_with_a_directory_that_ran_out_starts_and_takes_nothing_but_a_newer_one() {
    let mut town = deploy(200, 9);
    town.deployment.kill_hub().unwrap();
    for (member, ..) in DEPARTMENTS {
        town.deployment.stop_connector(member).unwrap();
    }
    // As if the last one had been published two days ago: the authority's own key signs it, and it
    // is the newest that there is.
    town.publish_ended();
    town.deployment.start_hub().unwrap();
    town.wait_said("hub", "NOT SERVING");
    town.wait_said("hub", "ended on");
    assert_eq!(runtime().block_on(town.serves()), Some(false), "the health service says so");
    let stale = town.couple();
    assert!(stale.code == 2 && stale.errors.contains("expired"), "{} {}", stale.code, stale.errors);
    let listed = town
        .deployment
        .zerotrip(&["catalog", "show", "no-property", "--dir", &town.deployment.path(FUND)])
        .unwrap();
    assert!(
        listed.code != 0 && listed.errors.contains("zerotrip authority refresh"),
        "{}",
        listed.errors
    );
    // A connector that was off as long waits for it, and needs nobody afterwards.
    let estate = town.deployment.path("estate");
    let log = town.deployment.folder.join("logs/estate-waiting.log");
    let waiting = Running::start("zerotrip-connector", &["serve", "--dir", &estate], &log).unwrap();
    town.wait_said(
        "estate-waiting",
        "The authority publishes one with `zerotrip authority refresh`",
    );

    town.of_authority(&["authority", "refresh"], &[]).expect(0).unwrap();
    wait_until(SOON, "serving", || Ok(runtime().block_on(town.serves()) == Some(true))).unwrap();
    town.deployment.wait_attached(&["estate.ownership"]).unwrap();
    for member in ["police", "civil", "housing"] {
        town.deployment.start_connector(member).unwrap();
    }
    town.deployment.wait_attached(&DATASETS).unwrap();
    assert_eq!(town.couple().code, 0);
    waiting.stop().unwrap();
    town.deployment.stop().unwrap();
}

impl DeployedCity {
    /// `None` where the services do not say the same: they change one after another.
    async fn serves(&self) -> Option<bool> {
        let home = self.home(FUND);
        let stream = dial(&home.address, home.tls(bounds::ALPN_H2).unwrap()).await.unwrap();
        let (client, connection) =
            Http2Client::handshake(stream, Http2Bounds::STANDARD).await.unwrap();
        tokio::spawn(connection);
        let mut health = tonic_health::pb::health_client::HealthClient::new(client);
        let mut all = Vec::new();
        for service in ["", "zerotrip.v1.Exchange", "zerotrip.v1.Catalog", "zerotrip.v1.Ledger"] {
            let request = tonic_health::pb::HealthCheckRequest { service: service.into() };
            all.push(health.check(request).await.unwrap().into_inner().status());
        }
        let serving = tonic_health::pb::health_check_response::ServingStatus::Serving;
        all.iter().all(|status| *status == all[0]).then(|| all[0] == serving)
    }

    /// Puts a directory into every folder that was issued two days ago and lived a day.
    fn publish_ended(&self) {
        use prost::Message as _;
        use zerotrip_proto::to_timestamp;
        use zerotrip_proto::v1::{Envelope, KeyDirectory};
        use zerotrip_trust::directory::Directory;
        use zerotrip_trust::keys::SigningKey;
        let authority = self.deployment.folder.join("authority");
        let key = SigningKey::from_pkcs8_pem(
            &files::read_text(&authority.join("authority.key")).unwrap(),
        )
        .unwrap();
        let mut newest = KeyDirectory::decode(
            std::fs::read(authority.join("directory.binpb")).unwrap().as_slice(),
        )
        .unwrap();
        newest.version += 1;
        newest.issued_at = Some(to_timestamp(SystemTime::now() - DAY * 2));
        newest.expires_at = Some(to_timestamp(SystemTime::now() - DAY));
        let envelope: Envelope = Directory::seal(&newest, &key).unwrap();
        for folder in ["hub", "estate", "police", "civil", "housing", FUND] {
            std::fs::write(
                self.deployment.folder.join(folder).join("directory.dsse"),
                envelope.encode_to_vec(),
            )
            .unwrap();
        }
        std::fs::write(authority.join("directory.binpb"), newest.encode_to_vec()).unwrap();
        std::fs::write(authority.join("directory.dsse"), envelope.encode_to_vec()).unwrap();
    }
}

/// A folder is lost or stolen, and its system admitted anew: whoever holds the former one reads
/// nothing, and is sent nothing.
#[test]
fn the_former_folder_of_one_that_was_admitted_anew_is_let_in_nowhere() {
    let mut town = deploy(60, 31);
    town.deployment.stop_connector("estate").unwrap();
    let folder = |name: &str| town.deployment.folder.join(name);
    for (member, system, binary) in
        [(FUND, "window", "zerotrip"), ("estate", "front", "zerotrip-connector")]
    {
        std::fs::rename(folder(member), folder(&format!("former-{member}"))).unwrap();
        let invitation = town.deployment.path(&format!("{member}-anew.invitation"));
        town.of_authority(
            &["member", "invite"],
            &["--member", member, "--system", system, "--out", &invitation],
        )
        .expect(0)
        .unwrap();
        let dir = town.deployment.path(member);
        let joining = Running::start(
            binary,
            &["join", "--dir", &dir, "--invitation", &invitation],
            &folder("logs/anew.log"),
        )
        .unwrap();
        town.of_authority(
            &["member", "admit"],
            &["--member", member, "--system", system, "--wait", "30"],
        )
        .expect(0)
        .unwrap();
        joining.wait_success(SOON).unwrap();
    }
    for command in [&["catalog", "list"][..], &["ledger", "checkpoint"]] {
        let list = |dir: &str| {
            town.deployment
                .zerotrip(&[command, &["--dir", &town.deployment.path(dir)]].concat())
                .unwrap()
        };
        list(FUND).expect(0).unwrap();
        let refused = list(&format!("former-{FUND}"));
        assert!(
            refused.code != 0 && refused.errors.contains("admitted anew"),
            "{} {}",
            refused.code,
            refused.errors
        );
    }
    let attached = || {
        town.log("hub")
            .lines()
            .filter(|line| line.contains("INFO attached") && line.contains("member/estate/"))
            .count()
    };
    let before = attached();
    let serve = ["serve", "--dir", &town.deployment.path("former-estate")];
    let former =
        Running::start("zerotrip-connector", &serve, &folder("logs/former-estate.log")).unwrap();
    town.wait_said("former-estate", "admitted anew");
    assert_eq!((before, attached()), (1, 1), "it was before it was lost");
    drop(former);
    town.deployment.stop().unwrap();
}
