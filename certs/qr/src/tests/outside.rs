//! Tools of others read our QRs: ZBar scans them, Python's `cwt`, `pycose`, `cbor2` and `base45`
//! verify them, Pillow makes JPEGs of them. `tests/outside/install.sh` installs these.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use zerotrip_certificates::sdjwt::SdJwt;

use super::paper::{SIGHTS, Seen, page};
use super::*;

fn run(command: &mut Command) -> Output {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output();
    output.unwrap_or_else(|error| panic!("`{name}`: {error}: run tests/outside/install.sh"))
}

fn python(script: &str) -> Command {
    let home = || PathBuf::from(std::env::var("HOME").unwrap()).join(".cache");
    let cache = std::env::var("XDG_CACHE_HOME").map_or_else(|_| home(), PathBuf::from);
    let interpreter = std::env::var("ZEROTRIP_PYTHON")
        .map_or_else(|_| cache.join("zerotrip/venv/bin/python"), PathBuf::from);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut command = Command::new(interpreter);
    command.arg("-XUTF8").arg("-B").arg(root.join(script));
    command
}

fn zbar(image: &Path) -> String {
    let output = run(Command::new("zbarimg")
        .args(["--quiet", "--raw", "-Sdisable"])
        .args(["-Sqrcode.enable", image.to_str().unwrap()]));
    String::from_utf8(output.stdout).unwrap().trim_end_matches('\n').to_owned()
}

#[test]
fn outside_zbar_scans_what_we_draw_and_print() {
    let text = fixed();
    let matrix = matrix(&text).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("qr.png");
    std::fs::write(&file, png(&matrix).unwrap()).unwrap();
    assert_eq!(zbar(&file), text.as_str());
    // ZBar does not see through scratches and a blur together.
    for (dpi, turned, blur, noise, scratch) in [
        (300.0, 0.0, 0, 8, 0),
        (300.0, 3.0, 1, 10, 11),
        (150.0, 0.0, 0, 8, 0),
        (150.0, 3.0, 0, 10, 0),
        (150.0, 3.0, 1, 10, 0),
    ] {
        let seen = Seen { dpi, turned, blur, noise, scratch };
        std::fs::write(&file, page(&matrix, (210.0, 148.0), seen).png()).unwrap();
        assert_eq!(zbar(&file), text.as_str(), "{seen:?}");
    }
}

#[test]
fn outside_pillow_makes_jpegs_that_we_scan() {
    let text = fixed();
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("qr.png"), folder.path().join("qr.jpg"));
    std::fs::write(&from, page(&matrix(&text).unwrap(), (70.0, 70.0), SIGHTS[1].1).png()).unwrap();
    for kind in ["baseline", "progressive", "colour"] {
        let mut command = python("tests/outside/to_jpeg.py");
        let output = run(command.arg(&from).arg(&to).arg(kind));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let scanned = scan(&std::fs::read(&to).unwrap());
        assert_eq!(scanned.as_deref(), Ok(text.as_str()), "{kind}");
    }
}

#[test]
fn outside_python_verifies_a_qr_and_refuses_an_altered_one() {
    let world = World::new();
    let token = world.with_facts();
    let text = made(&world, &token);
    let folder = tempfile::tempdir().unwrap();
    let (file, keys) = (folder.path().join("qr.txt"), folder.path().join("jwks.json"));
    std::fs::write(&file, text.as_str()).unwrap();
    std::fs::write(&keys, world.jwks(|_| ())).unwrap();
    let output = run(python("tests/outside/verify_qr.py").arg(&file).arg(&keys));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(said["cwt"]["1"], FUND);
    assert_eq!(said["cwt"]["2"], PERSON);
    let digest = hex::encode(SdJwt::parse(&token).unwrap().digest());
    assert_eq!(said["cwt"]["-65537"]["4"], digest);
    assert_eq!(said["cwt"]["-65537"]["11"]["class"], "c1");
    assert_eq!(said["pycose"], said["cwt"], "two libraries read the same");
    assert_eq!(said["canonical"], true, "cbor2 encodes it to the same bytes");
    let bits = text.token().unwrap().len() * 8;
    assert_eq!(said["refused"], format!("{bits} of {bits}"));
}

#[test]
fn outside_the_python_example_gives_the_same_verdicts() {
    let world = World::new();
    let text = made(&world, &world.numbered());
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("qr.txt"), text.as_str()).unwrap();
    std::fs::write(path("jwks.json"), world.jwks(|_| ())).unwrap();
    let say = |qr: &str, more: &[&str]| {
        let mut command = python("examples/python/qr.py");
        command.arg(path(qr)).arg("--jwks").arg(path("jwks.json"));
        let output = run(command.args(more));
        let said = serde_json::from_slice(&output.stdout).unwrap_or(serde_json::Value::Null);
        (output.status.code(), said["verdict"].as_str().map(str::to_owned))
    };
    let at = seconds_of(at(2100)).to_string();
    let now = ["--at", at.as_str()];
    let word = |word: &str| Some(word.to_owned());
    assert_eq!(say("qr.txt", &now), (Some(6), word("unknown-status")));
    for (value, name, code) in
        [(0, "valid", 0), (1, "revoked", 6), (2, "suspended", 6), (3, "superseded", 6)]
    {
        let list = path("list.jwt");
        std::fs::write(&list, world.list(&world.seal, LIST, value)).unwrap();
        let list = list.display().to_string();
        let said = say("qr.txt", &[&now[..], &["--status", &list]].concat());
        assert_eq!(said, (Some(code), word(name)));
    }
    let wrong = [&now[..], &["--purpose", "purchase"]].concat();
    assert_eq!(say("qr.txt", &wrong), (Some(6), word("wrong-purpose")));
    let late = seconds_of(super::at(100) + 30 * DAY).to_string();
    assert_eq!(say("qr.txt", &["--at", &late]), (Some(6), word("expired")));
    let early = seconds_of(super::at(0) - DAY).to_string();
    assert_eq!(say("qr.txt", &["--at", &early]).0, Some(5), "the key was not in force");
    let mut forged = text.token().unwrap();
    let last = forged.len() - 1;
    forged[last] ^= 1;
    std::fs::write(path("forged.txt"), QrText::of(&forged).unwrap().as_str()).unwrap();
    assert_eq!(say("forged.txt", &now).0, Some(5));
    std::fs::write(path("link.txt"), "https://zerotrip.example/").unwrap();
    assert_eq!(say("link.txt", &now).0, Some(5));
}

#[test]
fn outside_python_reads_a_status_list_as_a_cwt_and_refuses_an_altered_one() {
    let world = World::new();
    let folder = tempfile::tempdir().unwrap();
    let (file, keys) = (folder.path().join("list.cwt"), folder.path().join("jwks.json"));
    std::fs::write(&keys, world.jwks(|_| ())).unwrap();
    for value in 0..4 {
        std::fs::write(&file, world.cwt_list(&world.seal, LIST, value)).unwrap();
        let mut command = python("tests/outside/verify_status_cwt.py");
        let output = run(command.arg(&file).arg(&keys).arg("7"));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((&said["sub"], &said["value"]), (&LIST.into(), &value.into()));
        assert_eq!((&said["places"], &said["others"]), (&(1 << 17).into(), &0.into()));
        let bits = std::fs::read(&file).unwrap().len() * 8;
        assert_eq!(said["refused"], format!("{bits} of {bits}"));
    }
}
