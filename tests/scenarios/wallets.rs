//! Certificates into wallets and out of them, over real processes: the counter offers one, a wallet
//! of npm packages claims it at the door and shows it to a bank, and the hub has recorded it.

use std::fs;
use std::time::{Duration, SystemTime};

use serde_json::Value;
use zerotrip_tests::deployment::{FUND, Finished, PURPOSE, Running, free_address};
use zerotrip_trust::keys::{Algorithm, SigningKey};
use zerotrip_trust::x509::{CertificateAuthority, pem};

use crate::outside::node;
use crate::status::with_status;
use crate::support::{DeployedCity, deploy};

impl DeployedCity {
    /// Settings of the fund's door, which is a bank's too, with a certificate for its requests.
    fn with_door(&self) -> String {
        with_status(self);
        self.certify_seal();
        let read = |name: &str| fs::read_to_string(self.deployment.folder.join(name)).unwrap();
        let root =
            CertificateAuthority::from_pem(&read("authority/ca.pem"), &read("authority/ca.key"));
        let (key, now) = (SigningKey::generate(Algorithm::Es256).unwrap(), SystemTime::now());
        let (begins, ends) = (now - Duration::from_secs(60), now + Duration::from_secs(86_400));
        let holder = self.home(FUND).system;
        let leaf = root.unwrap().sign_seal_key(key.public(), &holder, begins, ends).unwrap();
        let write = |name: &str, text: &str| {
            fs::write(self.deployment.folder.join(FUND).join(name), text).unwrap();
        };
        write("request.key", &key.to_pkcs8_pem());
        write("request.pem", &pem::encode(pem::CERTIFICATE, &leaf));
        let at = free_address().unwrap();
        let lists = self.deployment.path("published");
        let (_, variant) = self.cast("nothing_owned");
        let settings = format!(
            "uri = \"http://{at}\"\ncopies = 3\n[verifier]\nkey = \"request.key\"\ncertificate = \
             \"request.pem\"\nlists = \"{lists}\"\n[[request]]\nname = \"loan\"\nvct = \
             \"urn:zerotrip:certificate:no-property:1\"\nvariants = [\"{variant}\"]\npurpose = \
             \"{PURPOSE}\"\n"
        );
        write("door.toml", &settings);
        at
    }

    fn door(&self, at: &str) -> Running {
        let (dir, log) = (self.deployment.path(FUND), self.deployment.folder.join("door.log"));
        let arguments = ["door", "--dir", &dir, "--listen", at];
        let mut door = Running::start("zerotrip", &arguments, &log).unwrap();
        door.wait_for("listens on").unwrap();
        door
    }

    fn offer(&self, role: &str) -> Finished {
        let (applicant, variant) = self.cast(role);
        self.deployment.ask("offer", FUND, variant, &applicant, &[]).unwrap()
    }

    fn fund(&self, arguments: &[&str]) -> Finished {
        let dir = self.deployment.path(FUND);
        self.deployment.zerotrip(&[arguments, &["--dir", &dir, "--json"]].concat()).unwrap()
    }
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("{name}: {value}")).to_owned()
}

#[test]
fn outside_a_wallet_claims_what_the_counter_offered_and_a_bank_reads_it() {
    let town = deploy(200, 41);
    let at = town.with_door();
    let door = town.door(&at);
    let offer = town.offer("nothing_owned").expect(0).unwrap().json().unwrap();
    let asked = town.deployment.ledger_figure("size").unwrap();
    assert!(town.fund(&["certificates", "list"]).expect(0).unwrap().output.trim().is_empty());
    let request = town.fund(&["request", "make", "--name", "loan"]).expect(0).unwrap();
    let request = request.json().unwrap();
    let id = text(&request, "id");
    assert_eq!(town.fund(&["request", "show", &id]).code, 4, "no wallet has answered");
    let root = town.deployment.path("authority/ca.pem");
    let arguments =
        [text(&offer, "uri"), text(&offer, "tx_code"), text(&request, "uri"), root.clone()];
    let wallet = || {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        node("tests/outside/wallet.cjs", &arguments)
    };
    let said = wallet().expect(0).unwrap().json().unwrap();
    assert_eq!(said["shown"], serde_json::json!(["purpose"]), "{said}");
    assert_eq!(said["copies"], 3, "one for each of its keys: {said}");
    assert!(town.deployment.ledger_figure("size").unwrap() > asked, "it is recorded");
    let listed = town.fund(&["certificates", "list"]).expect(0).unwrap().output;
    assert!(listed.lines().count() == 1 && listed.contains("haip-1.0"), "{listed}");
    assert_eq!(serde_json::from_str::<Value>(&listed).unwrap()["copies"], 3, "one line for all");
    let shown = town.fund(&["request", "show", &id]).expect(0).unwrap();
    let (applicant, _) = town.cast("nothing_owned");
    assert!(!shown.output.contains(&applicant), "{shown:?}");
    assert_eq!(text(&shown.json().unwrap(), "verdict"), "valid");
    assert_eq!(town.fund(&["request", "show", &id]).code, 2, "it was read and erased");
    wallet().expect(5).unwrap();
    // Neither log nor folder has the person's number.
    let log = fs::read_to_string(town.deployment.folder.join("door.log")).unwrap();
    assert!(log.contains("answered") && !log.contains(&applicant), "{log}");
    for entry in fs::read_dir(town.deployment.folder.join(FUND).join("offers")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(name == "types" || name == "lock", "{name}");
    }
    door.stop().unwrap();
    town.deployment.stop().unwrap();
}

#[test]
fn what_is_not_affirmed_is_not_offered() {
    let town = deploy(200, 41);
    let refused = town.offer("nothing_owned");
    assert!(refused.code == 2 && refused.errors.contains("door.toml"), "{refused:?}");
    town.with_door();
    let (applicant, variant) = town.cast("migrant");
    let check = town.deployment.ask("check", FUND, variant, &applicant, &[]).unwrap();
    let offer = town.offer("migrant");
    assert!(check.code != 0 && offer.code == check.code, "{offer:?}");
    assert!(!town.deployment.folder.join(FUND).join("offers").exists());
    let seal = town.deployment.folder.join(FUND).join("seal.pem");
    fs::remove_file(seal).unwrap();
    let refused = town.offer("nothing_owned");
    assert!(refused.code == 2 && refused.errors.contains("seal.pem"), "{refused:?}");
    town.deployment.stop().unwrap();
}
