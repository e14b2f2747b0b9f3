//! What other programs say of a paper: poppler, qpdf, pyHanko, OpenSSL.

use std::path::PathBuf;
use std::process::Command;

use zerotrip_trust::x509::pem;

use super::*;

struct Out {
    said: String,
    is_success: bool,
}

fn run(program: &str, arguments: &[&str]) -> Out {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|error| {
        panic!("{program}: {error}: tests/outside/install.sh installs what is missing")
    });
    let said = [output.stdout, output.stderr].concat();
    Out { said: String::from_utf8_lossy(&said).into_owned(), is_success: output.status.success() }
}

fn python() -> String {
    let cache = std::env::var("XDG_CACHE_HOME").map(PathBuf::from);
    let cache =
        cache.unwrap_or_else(|_| PathBuf::from(std::env::var("HOME").unwrap()).join(".cache"));
    cache.join("zerotrip/venv/bin/python").display().to_string()
}

fn script(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/outside");
    folder.join(name).display().to_string()
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn put(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.display().to_string()
    }
}

/// The text of a page in the order in which it is drawn.
fn page_text(file: &str, page: usize) -> String {
    let page = page.to_string();
    let out = run("pdftotext", &["-f", &page, "-l", &page, "-raw", file, "-"]);
    assert!(out.is_success, "{}", out.said);
    out.said.trim_end_matches(['\n', '\u{c}']).to_owned() + "\n"
}

#[test]
fn outside_pdftotext_reads_what_the_record_says() {
    let folder = Folder::new();
    let record = Claims::new().record();
    let file = folder.put("paper.pdf", &WORLD.sign(&record, &look()));
    let digest = hex::encode(zerotrip_trust::digest::sha256(record.as_bytes()));
    for (page, golden) in
        [include_str!("page-1.txt"), include_str!("page-2.txt")].iter().enumerate()
    {
        // What the keys of this run decide.
        let golden = golden
            .replace("{digest}", &digest)
            .replace("{begin}", &digest[..32])
            .replace("{key}", WORLD.seal.id())
            .replace("{length}", &record.len().to_string());
        // poppler takes a watermark's characters for lines, so they come without spaces.
        let text = page_text(&file, page + 1);
        let (crossing, shown) = text.split_at(text.find(golden.lines().next().unwrap()).unwrap());
        assert_eq!(shown, golden, "page {}", page + 1);
        let crossing = crossing.split_whitespace().collect::<String>();
        let twice = "仅限办理rent-withdrawal（办件号杭公积金〔2027〕000042）\
                     Onlyforrent-withdrawal,case杭公积金〔2027〕000042\
                     有效期至2027-02-15/validuntil2027-02-15";
        assert_eq!(crossing, twice.repeat(2), "page {}", page + 1);
    }
}

#[test]
fn outside_qpdf_finds_no_fault_and_gives_the_record_out() {
    let folder = Folder::new();
    let record = Claims::new().record();
    let file = folder.put("paper.pdf", &WORLD.sign(&record, &look()));
    let checked = run("qpdf", &["--check", &file]);
    assert!(
        checked.is_success && checked.said.contains("No syntax or stream encoding errors"),
        "{}",
        checked.said
    );
    let json = run("qpdf", &["--json", "--json-key=qpdf", &file]);
    assert!(json.is_success);
    let json: Value = serde_json::from_str(&json.said).unwrap();
    let objects = json["qpdf"][1].as_object().unwrap();
    let catalogue = objects.values().find(|object| object["value"]["/Type"] == "/Catalog").unwrap();
    let private = &catalogue["value"]["/PieceInfo"]["/Zerotrip"]["/Private"];
    let number = private.as_str().unwrap().split(' ').next().unwrap();
    let shown = Command::new("qpdf")
        .args([&format!("--show-object={number}"), "--raw-stream-data", &file])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(shown.stdout).unwrap(), record);
}

#[test]
fn outside_pdfsig_finds_one_signature_over_all_of_it() {
    let folder = Folder::new();
    let file = folder.put("paper.pdf", &WORLD.sign(&Claims::new().record(), &look()));
    let said = run("pdfsig", &["-nocert", &file]).said;
    for text in [
        "Signature Type: ETSI.CAdES.detached",
        "Signature is Valid.",
        "Total document signed",
        "SHA-256",
    ] {
        assert!(said.contains(text), "{said}");
    }
    assert!(!said.contains("Signature #2"), "{said}");
}

/// What pyHanko says: `ok`, or why not.
fn pyhanko(folder: &Folder, bytes: &[u8]) -> String {
    let file = folder.put("judged.pdf", bytes);
    let root = folder.put("ca.pem", pem::encode(pem::CERTIFICATE, WORLD.ca.cert_der()).as_bytes());
    let out = run(&python(), &[&script("verify_pdf.py"), &file, &root]);
    out.said.trim().to_owned()
}

#[test]
fn outside_pyhanko_takes_ours_for_pades_and_no_other() {
    let folder = Folder::new();
    let bytes = WORLD.sign(&Claims::new().record(), &look());
    assert_eq!(pyhanko(&folder, &bytes), "ok");
    let at = bytes.windows(7).position(|window| window == b"/Scope ").unwrap();
    let mut changed = bytes.clone();
    changed[at + 1] = b's';
    assert_ne!(pyhanko(&folder, &changed), "ok");
    let record = bytes.windows(4).position(|window| window == b"eyJh").unwrap();
    let mut changed = bytes.clone();
    changed[record + 20] ^= 1;
    assert_ne!(pyhanko(&folder, &changed), "ok");
    let update = b"1 0 obj\n<<>>\nendobj\n";
    assert_ne!(pyhanko(&folder, &[&bytes[..], update].concat()), "ok");
    let unsigned = print(&Claims::new().record(), &FONTS, &look()).unwrap().unsigned();
    assert_ne!(pyhanko(&folder, &unsigned), "ok");
}

#[test]
fn outside_openssl_stamps_and_pyhanko_finds_the_stamp() {
    let folder = Folder::new();
    let printed = print(&Claims::new().record(), &FONTS, &look()).unwrap();
    let now = SystemTime::now();
    let mut signed = printed.sign(&WORLD.seal, &WORLD.certificate, at(3), Stamp::Wanted).unwrap();
    let unstamped = signed.clone().into_bytes();
    verify_pdf(&unstamped, WORLD.ca.cert_der(), at(4)).unwrap();
    let request = signed.time_stamp_request();
    let response = openssl_stamp(&folder, &request);
    // One over something else.
    let other = printed.sign(&WORLD.seal, &WORLD.certificate, at(3), Stamp::Wanted).unwrap();
    let of_other = openssl_stamp(&folder, &other.time_stamp_request());
    let error = signed.add_time_stamp(&of_other).unwrap_err();
    assert_eq!(error, PaperError::Stamp(crate::StampError::OtherImprint));
    assert_eq!(
        signed.add_time_stamp(b"<html>").unwrap_err(),
        PaperError::Stamp(crate::StampError::Unreadable)
    );
    assert_eq!(signed.clone().into_bytes(), unstamped, "a refused time stamp changes nothing");
    signed.add_time_stamp(&response).unwrap();
    let bytes = signed.into_bytes();
    let paper = verify_pdf(&bytes, WORLD.ca.cert_der(), at(4)).unwrap();
    let stamped = paper.stamped_at.unwrap();
    let apart = stamped.duration_since(now).unwrap_or_else(|error| error.duration());
    assert!(apart < Duration::from_secs(60), "{apart:?}");
    assert_eq!(pyhanko(&folder, &bytes), "ok stamped");
}

fn openssl_stamp(folder: &Folder, request: &[u8]) -> Vec<u8> {
    let at = |name: &str| folder.0.path().join(name).display().to_string();
    let (key, certificate, serial, response) =
        (at("tsa.key"), at("tsa.pem"), at("serial"), at("response"));
    if !Path::new(&key).exists() {
        let made = run(
            "openssl",
            &[
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-keyout",
                &key,
                "-out",
                &certificate,
                "-subj",
                "/CN=tsa",
                "-days",
                "2",
                "-addext",
                "extendedKeyUsage=critical,timeStamping",
            ],
        );
        assert!(made.is_success, "{}", made.said);
        folder.put("serial", b"01\n");
    }
    let settings = folder.put("tsa.cnf", format!(
        "[tsa]\ndefault_tsa=t\n[t]\nserial={serial}\nsigner_cert={certificate}\nsigner_key={key}\n\
         signer_digest=sha256\ndefault_policy=1.2.3.4\ndigests=sha256\nordering=no\n\
         ess_cert_id_alg=sha256\n"
    ).as_bytes());
    let request = folder.put("request", request);
    let made = run(
        "openssl",
        &[
            "ts",
            "-reply",
            "-config",
            &settings,
            "-section",
            "t",
            "-queryfile",
            &request,
            "-out",
            &response,
        ],
    );
    assert!(made.is_success, "{}", made.said);
    std::fs::read(response).unwrap()
}
