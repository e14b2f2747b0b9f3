//! A certificate on paper, from issuing to verifying: the PDF with its QR, made by the command and
//! by an organ that puts another's QR on it.

use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::time::SystemTime;

use serde_json::Value;
use zerotrip_paper::{FontFile, Fonts, Look, Qr, Stamp, print};
use zerotrip_tests::deployment::{FUND, Finished};
use zerotrip_trust::x509::pem;

use crate::status::with_status;
use crate::support::{DeployedCity, deploy};

const FONT: &str = "/usr/share/fonts/opentype/noto/NotoSerifCJK-Regular.ttc";

impl DeployedCity {
    /// One of the fund's commands on a certificate's file.
    fn of_file(&self, verb: &str, file: &str, out: &str) -> Finished {
        let (dir, file, out) =
            (self.deployment.path(FUND), self.deployment.path(file), self.deployment.path(out));
        let arguments = ["--json", verb, &file, "--dir", &dir, "--out", &out];
        self.deployment.zerotrip(&arguments).unwrap()
    }

    /// What ZBar reads on the pages of a PDF that poppler draws.
    fn scanned(&self, file: &str, dots: &str) -> String {
        let (file, pages) = (self.deployment.path(file), self.deployment.folder.join(dots));
        fs::create_dir(&pages).unwrap();
        let mut draw = Command::new("pdftoppm");
        draw.args(["-r", dots, "-png", &file, "page"]).current_dir(&pages);
        assert!(draw.status().unwrap().success());
        let mut read: Vec<String> = Vec::new();
        for page in fs::read_dir(&pages).unwrap() {
            let page = page.unwrap().path();
            let scan = Command::new("zbarimg").args(["-q", "--raw"]).arg(&page).output().unwrap();
            read.extend(String::from_utf8(scan.stdout).unwrap().lines().map(str::to_owned));
        }
        assert_eq!(read.len(), 1, "one QR at {dots} dots an inch: {read:?}");
        read.remove(0)
    }

    /// OpenSSL, in the deployment's folder.
    fn openssl(&self, arguments: &str) {
        let mut command = Command::new("openssl");
        command.args(arguments.split(' ')).current_dir(&self.deployment.folder);
        let done = command.output().unwrap();
        assert!(done.status.success(), "{arguments}: {}", String::from_utf8_lossy(&done.stderr));
    }

    /// SM2 keys, their certificates by a root, and a seal for the fund: `paper.toml` names them.
    fn with_electronic_seal(&self) {
        const ID: &str = "-sigopt distid:1234567812345678";
        let folder = &self.deployment.folder;
        fs::write(folder.join("leaf.cnf"), "keyUsage=critical,digitalSignature\n").unwrap();
        for key in ["root.key", "maker.key", "fund/organ.key"] {
            self.openssl(&format!("genpkey -algorithm SM2 -out {key}"));
        }
        self.openssl(&format!(
            "req -x509 -new -key root.key -sm3 {ID} -days 30 -subj /CN=Root -addext \
             keyUsage=critical,keyCertSign -out fund/root.pem"
        ));
        for (name, key) in [("maker", "maker.key"), ("organ", "fund/organ.key")] {
            self.openssl(&format!(
                "req -new -key {key} -sm3 {ID} -subj /CN={name} -out {name}.csr"
            ));
            self.openssl(&format!(
                "x509 -req -in {name}.csr -CA fund/root.pem -CAkey root.key -CAcreateserial -sm3 \
                 {ID} -vfyopt distid:1234567812345678 -days 30 -extfile leaf.cnf -out \
                 fund/{name}.pem"
            ));
        }
        let picture = concat!(env!("CARGO_MANIFEST_DIR"), "/../certs/paper/src/tests/seal.png");
        let path = |name: &str| self.deployment.path(name);
        let (signer, maker) = (path("fund/organ.pem"), path("fund/maker.pem"));
        let (key, out) = (path("maker.key"), path("fund/organ.esl"));
        let make = ["seal", "make", "--picture", picture, "--name", "印章", "--number", "1"];
        let by = ["--signer", &signer, "--key", &key, "--certificate", &maker, "--out", &out];
        self.deployment.zerotrip(&[&make[..], &by[..]].concat()).unwrap().expect(0).unwrap();
        let settings = "[ofd]\nkey = \"organ.key\"\ncertificate = \"organ.pem\"\nseal = \
                        \"organ.esl\"\nroots = [\"root.pem\"]\nmakers = [\"maker.pem\"]\n";
        fs::write(folder.join("fund/paper.toml"), settings).unwrap();
    }

    fn paper_verified(&self, file: &str, list: &str) -> (i32, Value) {
        let (dir, file) = (self.deployment.path(FUND), self.deployment.path(file));
        let arguments = ["--json", "verify", &file, "--dir", &dir, "--status", list];
        let done = self.deployment.zerotrip(&arguments).unwrap();
        let said = if done.output.is_empty() { &done.errors } else { &done.output };
        (done.code, serde_json::from_str(said).unwrap_or_else(|_| panic!("{done:?}")))
    }
}

#[test]
fn outside_what_is_printed_verifies_with_its_own_qr_alone() {
    let town = deploy(200, 41);
    with_status(&town);
    town.certify_seal();
    let issued = town.issue("a.sdjwt", &[]).expect(0).unwrap().json().unwrap();
    let list = town.list_of(&issued).display().to_string();
    let other = town.issue("b.sdjwt", &["--another"]).expect(0).unwrap().json().unwrap();
    let printed = town.of_file("print", "a.sdjwt", "a.pdf").expect(0).unwrap().json().unwrap();
    assert!(printed["pages"].as_u64().unwrap() >= 2, "{printed}");
    let (code, said) = town.paper_verified("a.pdf", &list);
    assert_eq!((code, &said["verdict"]), (0, &"valid".into()), "{said}");
    assert_eq!((&said["pdf"]["qr"], &said["serial"]), (&true.into(), &issued["serial"]), "{said}");
    // Scanned from its pages by another's decoder, at the dots of a poor and of a good printer.
    for dots in ["150", "300"] {
        let scanned = town.scanned("a.pdf", dots);
        fs::write(town.deployment.path("scanned.txt"), &scanned).unwrap();
        let (code, said) = town.paper_verified("scanned.txt", &list);
        assert_eq!((code, &said["verdict"]), (0, &"valid".into()), "{dots}: {said}");
    }
    // The QR by itself, as a picture.
    town.of_file("qr", "a.sdjwt", "a.png").expect(0).unwrap();
    let (code, said) = town.paper_verified("a.png", &list);
    assert_eq!((code, &said["verdict"]), (0, &"valid".into()), "{said}");
    // An organ that prints another certificate's QR: each of the two is genuine, the paper is not.
    let home = town.home(FUND);
    let key = home.key("seal").unwrap();
    let leaf = pem::certificate(&fs::read_to_string(home.folder.join("seal.pem")).unwrap());
    let now = SystemTime::now();
    let read = |name: &str| fs::read_to_string(town.deployment.path(name)).unwrap();
    let directory = home.directory(now).unwrap();
    let qr_of = |name: &str| {
        let root = zerotrip_certificates::TrustRoot::Directory(&directory);
        let standing = zerotrip_qr::Standing::InRegister;
        let text = zerotrip_qr::make(&read(name), root, standing, &key, now).unwrap();
        let matrix = zerotrip_qr::matrix(&text).unwrap();
        Qr::new(matrix.modules, matrix.size).unwrap()
    };
    let bytes = Arc::new(fs::read(FONT).unwrap());
    let fonts = Fonts::new(vec![FontFile { name: "Noto".into(), face: 2, bytes }]).unwrap();
    let leaf = leaf.unwrap();
    for (of, is_genuine) in [("a.sdjwt", true), ("b.sdjwt", false)] {
        let look = Look { seal: None, qr: Some(qr_of(of)) };
        let paper = print(&read("a.sdjwt"), &fonts, &look).unwrap();
        let signed = paper.sign(&key, &leaf, now, Stamp::None).unwrap().into_bytes();
        fs::write(town.deployment.path("own.pdf"), signed).unwrap();
        let (code, said) = town.paper_verified("own.pdf", &list);
        assert_eq!(code == 0, is_genuine, "{said}");
        assert!(is_genuine || code == 5 && said.to_string().contains("QR"), "{said}");
    }
    // What was revoked is printed no more, and what was printed says so.
    let dir = town.deployment.path(FUND);
    let serial = issued["serial"].as_str().unwrap();
    let revoke = ["revoke", serial, "--dir", &dir, "--reason", "a test"];
    town.deployment.zerotrip(&revoke).unwrap().expect(0).unwrap();
    let (code, said) = town.paper_verified("a.pdf", &list);
    assert_eq!((code, &said["verdict"]), (10, &"revoked".into()), "{said}");
    assert_eq!(town.paper_verified("a.png", &list).0, 10);
    town.of_file("print", "a.sdjwt", "again.pdf").expect(3).unwrap();
    assert!(!town.deployment.folder.join("again.pdf").exists());
    assert_ne!(other["serial"], issued["serial"]);
    town.deployment.stop().unwrap();
}

#[test]
fn outside_what_is_printed_as_ofd_verifies_and_follows_its_record() {
    let town = deploy(200, 43);
    with_status(&town);
    town.certify_seal();
    let issued = town.issue("a.sdjwt", &[]).expect(0).unwrap().json().unwrap();
    let list = town.list_of(&issued).display().to_string();
    // Without an electronic seal there is no OFD.
    town.of_file("print", "a.sdjwt", "none.ofd").expect(2).unwrap();
    town.with_electronic_seal();
    let printed = town.of_file("print", "a.sdjwt", "a.ofd").expect(0).unwrap().json().unwrap();
    assert!(printed["pages"].as_u64().unwrap() >= 2, "{printed}");
    let (code, said) = town.paper_verified("a.ofd", &list);
    assert_eq!((code, &said["verdict"]), (0, &"valid".into()), "{said}");
    assert_eq!((&said["ofd"]["qr"], &said["serial"]), (&true.into(), &issued["serial"]), "{said}");
    // The certificate inside, as it was issued.
    let ofd = fs::read(town.deployment.path("a.ofd")).unwrap();
    let record = fs::read_to_string(town.deployment.path("a.sdjwt")).unwrap();
    let record = record.trim_end().as_bytes();
    let at = ofd.windows(record.len()).position(|part| part == record).unwrap();
    // One byte of it, of a page, and behind the end.
    for place in [at, at - 2_000, ofd.len() - 1] {
        let mut other = ofd.clone();
        other[place] ^= 1;
        fs::write(town.deployment.path("other.ofd"), other).unwrap();
        assert_eq!(town.paper_verified("other.ofd", &list).0, 5, "byte {place}");
    }
    // What was revoked is printed no more, and what was printed says so.
    let dir = town.deployment.path(FUND);
    let serial = issued["serial"].as_str().unwrap();
    let revoke = ["revoke", serial, "--dir", &dir, "--reason", "a test"];
    town.deployment.zerotrip(&revoke).unwrap().expect(0).unwrap();
    let (code, said) = town.paper_verified("a.ofd", &list);
    assert_eq!((code, &said["verdict"]), (10, &"revoked".into()), "{said}");
    town.of_file("print", "a.sdjwt", "again.ofd").expect(3).unwrap();
    town.deployment.stop().unwrap();
}
