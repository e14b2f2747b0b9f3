//! What other programs say of an OFD: OpenSSL of keys, certificates, seals and signatures; unzip
//! and Python of the package; ofdkit, a reader of OFD, of its text; fontTools of its fonts.

use std::path::{Path, PathBuf};
use std::process::Command;

use zerotrip_paper::layout::Mark;
use zerotrip_paper::{Form, Record, lay_out_record};
use zerotrip_trust::x509::pem;

use super::*;
use crate::content::shown;
use crate::package::RECORD;
use crate::sealed::Sealed;
use crate::signatures::{DESCRIPTION, SEAL, VALUE};
use crate::zip::{Entry, read};

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

/// What it says, once it succeeds.
fn said(program: &str, arguments: &[&str]) -> String {
    let out = run(program, arguments);
    assert!(out.is_success, "{program} {arguments:?}: {}", out.said);
    out.said
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

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn put(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.path(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn certificate(&self, name: &str, certificate: &Sm2Certificate) -> String {
        self.put(name, pem::encode(pem::CERTIFICATE, certificate.der()).as_bytes())
    }
}

fn file<'a>(entries: &'a [Entry], name: &str) -> &'a [u8] {
    &entries.iter().find(|entry| entry.name == name).unwrap().bytes
}

/// Whether OpenSSL finds that this certificate's key signed the message.
fn openssl_verifies(
    folder: &Folder,
    certificate: &Sm2Certificate,
    message: &[u8],
    signature: &[u8],
) -> bool {
    let certificate = folder.certificate("signer.pem", certificate);
    let key = said("openssl", &["x509", "-in", &certificate, "-noout", "-pubkey"]);
    let (key, message) = (folder.put("key.pem", key.as_bytes()), folder.put("message", message));
    let signature = folder.put("signature", signature);
    let arguments = [
        "pkeyutl",
        "-verify",
        "-pubin",
        "-inkey",
        &key,
        "-rawin",
        "-digest",
        "sm3",
        "-in",
        &message,
        "-sigfile",
        &signature,
        "-pkeyopt",
        "distid:1234567812345678",
    ];
    let out = run("openssl", &arguments);
    let says = if out.is_success { "Successfully" } else { "Failure" };
    assert!(out.said.contains(says), "{}", out.said);
    out.is_success
}

/// The parts of a SEQUENCE, each whole.
fn parts(der: &[u8]) -> Vec<Vec<u8>> {
    let mut inner = zerotrip_paper::der::Reader::new(der).enter(SEQUENCE).unwrap();
    let mut parts = Vec::new();
    let mut rest = inner;
    while rest.end().is_none() {
        let tag = [SEQUENCE, OCTETS, OID, 2, 3, 0x18, 0x16, 0x0c]
            .into_iter()
            .find(|tag| inner.whole(*tag).is_some());
        // `whole` moves on only where the tag is the element's.
        parts.push(rest.whole(tag.unwrap()).unwrap().to_vec());
    }
    parts
}

fn bits(element: &[u8]) -> Vec<u8> {
    let mut reader = zerotrip_paper::der::Reader::new(element);
    crate::values::read_bits(&mut reader).unwrap().to_vec()
}

#[test]
fn outside_openssl_verifies_the_seal_and_the_signature() {
    let folder = Folder::new();
    let entries = read(&WORLD.seal(&record())).unwrap();
    let value = file(&entries, VALUE);
    let signed = &parts(value)[0];
    let signature = bits(&parts(value)[3]);
    assert!(openssl_verifies(&folder, &WORLD.organ.certificate, signed, &signature));
    let changed = [signed.as_slice(), b"x"].concat();
    assert!(!openssl_verifies(&folder, &WORLD.organ.certificate, &changed, &signature));
    // The seal's maker signs the seal's information alone.
    let seal = file(&entries, SEAL);
    let (info, signature) = (&parts(seal)[0], bits(&parts(seal)[3]));
    assert!(openssl_verifies(&folder, &WORLD.maker.certificate, info, &signature));
    assert!(!openssl_verifies(&folder, &WORLD.organ.certificate, info, &signature));
    // What is signed is SM3 of the description.
    let description = folder.put("Signature.xml", file(&entries, DESCRIPTION));
    let digest = said("openssl", &["dgst", "-sm3", "-r", &description]);
    let sealed = Sealed::read(value).unwrap().unwrap();
    assert_eq!(digest.split(' ').next().unwrap(), hex::encode(sealed.digest));
}

#[test]
fn outside_openssl_reads_seal_and_signature_as_the_standard_has_them() {
    let folder = Folder::new();
    let entries = read(&WORLD.seal(&record())).unwrap();
    let parse = |name: &str, bytes: &[u8]| {
        let path = folder.put(name, bytes);
        let said = said("openssl", &["asn1parse", "-inform", "DER", "-i", "-in", &path]);
        let kind = |line: &str| {
            let line = line.split_once("prim:").or(line.split_once("cons:")).unwrap().1;
            let depth = line.len() - line.trim_start().len();
            let word: String = line.trim().chars().take(17).collect();
            format!("{depth}{}", word.trim().replace(' ', ""))
        };
        said.lines().map(kind).collect::<Vec<_>>()
    };
    // Depth and kind of each element of SESeal.
    let seal = parse("seal", file(&entries, SEAL));
    let expected = "1SEQUENCE 2SEQUENCE 3SEQUENCE 4IA5STRING 4INTEGER 4IA5STRING 3IA5STRING \
                    3SEQUENCE 4INTEGER 4UTF8STRING 4INTEGER 4SEQUENCE 5SEQUENCE 6PRINTABLESTRING \
                    6OCTETSTRING 4GENERALIZEDTIME 4GENERALIZEDTIME 4GENERALIZEDTIME 3SEQUENCE \
                    4IA5STRING 4OCTETSTRING 4INTEGER 4INTEGER 2OCTETSTRING 2OBJECT 2BITSTRING";
    assert_eq!(seal.join(" "), expected);
    // The same one deeper inside SES_Signature.
    let value = parse("value", file(&entries, VALUE));
    let inside: Vec<String> = seal
        .iter()
        .map(|line| format!("{}{}", 2 + line[..1].parse::<usize>().unwrap(), &line[1..]))
        .collect();
    let expected = format!(
        "1SEQUENCE 2SEQUENCE 3INTEGER {} 3GENERALIZEDTIME 3BITSTRING 3IA5STRING 2OCTETSTRING \
         2OBJECT 2BITSTRING",
        inside.join(" ")
    );
    assert_eq!(value.join(" "), expected);
}

#[test]
fn outside_openssl_verifies_our_certificates_and_we_its() {
    let folder = Folder::new();
    let root = folder.certificate("root.pem", &WORLD.authority.certificate);
    let organ = folder.certificate("organ.pem", &WORLD.organ.certificate);
    let time = seconds(3).to_string();
    let options = ["-vfyopt", "distid:1234567812345678", "-attime", &time];
    let said_ok =
        said("openssl", &[&["verify"], options.as_slice(), &["-CAfile", &root, &organ]].concat());
    assert!(said_ok.contains("organ.pem: OK"), "{said_ok}");
    // The other way round: keys, a root and a leaf of OpenSSL.
    let (key, leaf_key) = (folder.path("ca.key"), folder.path("leaf.key"));
    for key in [&key, &leaf_key] {
        said("openssl", &["genpkey", "-algorithm", "SM2", "-out", key]);
    }
    let (root, request, leaf) =
        (folder.path("ca.pem"), folder.path("leaf.csr"), folder.path("leaf.pem"));
    let id = "distid:1234567812345678";
    said(
        "openssl",
        &[
            "req",
            "-x509",
            "-new",
            "-key",
            &key,
            "-sm3",
            "-sigopt",
            id,
            "-days",
            "3650",
            "-subj",
            "/C=CN/O=测试/CN=Root",
            "-utf8",
            "-addext",
            "keyUsage=critical,keyCertSign",
            "-out",
            &root,
        ],
    );
    said(
        "openssl",
        &[
            "req",
            "-new",
            "-key",
            &leaf_key,
            "-sm3",
            "-sigopt",
            id,
            "-subj",
            "/C=CN/CN=Organ",
            "-out",
            &request,
        ],
    );
    let extensions = folder.put(
        "leaf.cnf",
        b"basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n",
    );
    said(
        "openssl",
        &[
            "x509",
            "-req",
            "-in",
            &request,
            "-CA",
            &root,
            "-CAkey",
            &key,
            "-CAcreateserial",
            "-sm3",
            "-sigopt",
            id,
            "-vfyopt",
            id,
            "-days",
            "365",
            "-extfile",
            &extensions,
            "-out",
            &leaf,
        ],
    );
    let text = |path: &str| std::fs::read_to_string(path).unwrap();
    let root = Sm2Certificate::from_pem(&text(&root)).unwrap();
    let leaf = Sm2Certificate::from_pem(&text(&leaf)).unwrap();
    let (begins, _) = leaf.validity();
    assert_eq!(leaf.check_issued(&[root], begins), Ok(()));
    assert_eq!(leaf.check_signs(begins), Ok(()));
    assert_eq!(
        leaf.check_issued(std::slice::from_ref(&WORLD.authority.certificate), begins),
        Err(CertificateFault::Issuer)
    );
    let key = Sm2SigningKey::from_pkcs8_pem(&text(&leaf_key)).unwrap();
    assert_eq!(key.public(), *leaf.key());
    // And our signature by its key.
    let signature = key.sign(b"the data runs").unwrap();
    assert!(openssl_verifies(&folder, &leaf, b"the data runs", &signature));
    // Our spelling of a private key is one that OpenSSL reads.
    let ours = folder.put("ours.key", key.to_pkcs8_pem().unwrap().as_bytes());
    let public = said("openssl", &["pkey", "-in", &ours, "-pubout"]);
    assert_eq!(public, said("openssl", &["pkey", "-in", &leaf_key, "-pubout"]));
}

#[test]
fn outside_unzip_and_python_find_a_sound_package() {
    let folder = Folder::new();
    let record = record();
    let bytes = WORLD.seal(&record);
    let path = folder.put("proof.ofd", &bytes);
    let tested = said("unzip", &["-t", &path]);
    assert!(tested.contains("No errors detected"), "{tested}");
    let inside = said("unzip", &["-p", &path, RECORD]);
    assert_eq!(inside, record);
    // Python: the ZIP, each XML, SM3 of each reference, and that the references are all files.
    let listed = said(&python(), &[&script("verify_ofd.py"), "package", &path]);
    let names: Vec<String> = read(&bytes).unwrap().into_iter().map(|entry| entry.name).collect();
    assert_eq!(listed.lines().collect::<Vec<_>>(), names);
}

#[test]
fn outside_a_reader_of_ofd_finds_what_the_pages_show_and_where() {
    let folder = Folder::new();
    let record = record();
    let path = folder.put("proof.ofd", &WORLD.seal(&record));
    let found = said(&python(), &[&script("verify_ofd.py"), "pages", &path]);
    let found: Value = serde_json::from_str(&found).unwrap();
    assert_eq!(found["title"], "无房证明 / Certificate of no property");
    let read = Record::read(&record).unwrap();
    let pictures = crate::package::pictures(Some(qr(33)));
    let pages = lay_out_record(&read, Form::Ofd, &pictures, &*FONTS).unwrap();
    assert_eq!(found["pages"].as_array().unwrap().len(), pages.len());
    for (page, found) in pages.iter().zip(found["pages"].as_array().unwrap()) {
        let mut runs = found.as_array().unwrap().iter();
        for mark in page.items.iter().flat_map(|item| &item.marks) {
            let Mark::Text(line) = mark else { continue };
            // A line is one run for each font; ofdkit leaves out spaces at the ends.
            let plain = |text: &str| text.split_whitespace().collect::<String>();
            let (mut text, mut begin) = (String::new(), None);
            while text != plain(&line.text) {
                let run = runs.next().unwrap();
                text += &plain(run[0].as_str().unwrap());
                begin.get_or_insert((run[1].as_f64().unwrap(), run[2].as_f64().unwrap()));
                assert!(plain(&line.text).starts_with(&text), "{text} {}", line.text);
            }
            let Some((x, y)) = begin else { continue };
            let in_millimetres = |length: i64| length as f64 / 100_000.0 * 25.4 / 72.0;
            let (left, base) = (in_millimetres(line.x), in_millimetres(line.y));
            assert!((x - left).abs() < 0.001 && (y - base).abs() < 0.001, "{} {x} {y}", line.text);
        }
        assert_eq!(runs.next(), None);
    }
}

#[test]
fn outside_fonttools_reads_the_fonts_and_draws_every_character() {
    let folder = Folder::new();
    let entries = read(&WORLD.seal(&record())).unwrap();
    let fonts = entries.iter().filter(|entry| entry.name.starts_with("Doc_0/Res/"));
    let mut characters = String::new();
    for entry in fonts {
        let path = folder.put(entry.name.rsplit('/').next().unwrap(), &entry.bytes);
        characters += &said(&python(), &[&script("verify_ofd.py"), "font", &path]);
    }
    let mut found: Vec<char> = characters.chars().filter(|c| *c != '\n').collect();
    found.sort_unstable();
    let mut drawn: Vec<char> = (0..2)
        .map(|page| file(&entries, &crate::package::content_of(page)))
        .flat_map(|content| {
            let text = shown(std::str::from_utf8(content).unwrap()).replace("&amp;", "&");
            text.chars().collect::<Vec<_>>()
        })
        .collect();
    drawn.sort_unstable();
    drawn.dedup();
    assert_eq!(found, drawn);
}
