//! Outside implementations judge what we sign: Python asks and proves answers with nothing of ours
//! but the `.proto` files, the PyPI package `sd-jwt` verifies certificates, Go's own
//! transparency-log packages open the ledger, OpenSSL verifies the chains.
//!
//! None of it is skipped where a tool is missing: `./test` installs them, `./test quick` leaves
//! these tests out by their name.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use prost::Message as _;
use serde_json::{Map, Value, json};
use zerotrip_certificates::sdjwt;
use zerotrip_client::reply::{SubjectAnswered, SubjectOutcome};
use zerotrip_client::{Issue, Outcome};
use zerotrip_proto::payload_type;
use zerotrip_tests::deployment::{
    BASIS, FUND, Finished, PURPOSE, TRANSIT, TRUST_DOMAIN, definitions, wait_until,
};
use zerotrip_trust::keys::{Algorithm, PublicKey, SigningKey};
use zerotrip_trust::{batch, note};

use crate::many::{answered, ask, ids};
use crate::status::with_status;
use crate::support::{DeployedCity, deploy, errand, question, runtime};

#[test]
fn outside_python_asks_and_tells_the_four_outcomes_apart() {
    let town = deploy(600, 11);
    let cases = [
        (FUND, "nothing_owned", 0, "YES"),
        (FUND, "old_id_home", 1, "PROPERTY_FOUND"),
        (FUND, "migrant", 4, "UNSETTLED"),
        (TRANSIT, "nothing_owned", 3, "no-grant"),
    ];
    for (issuer, role, code, word) in cases {
        let finished = python("examples/python/no_property.py", &asking(&town, issuer, role))
            .expect(code)
            .unwrap();
        assert!(finished.output.contains(word), "{role} for {issuer}: {finished:?}");
        assert!(finished.output.contains("proven: signed by spiffe://"), "{finished:?}");
    }
    town.deployment.stop().unwrap();
}

#[test]
fn outside_python_refuses_a_reply_that_is_altered_anywhere() {
    let town = deploy(600, 11);
    for role in ["nothing_owned", "old_id_home"] {
        let finished = python("tests/outside/tampered_replies.py", &asking(&town, FUND, role))
            .expect(0)
            .unwrap();
        assert!(finished.output.contains("30 of 30 alterations refused"), "{finished:?}");
    }
    // The same from the command's end: another certificate of the same root in the authority's
    // place, and nobody at the hub's address.
    let folder = town.deployment.folder.join(FUND);
    fs::copy(folder.join("tls.pem"), folder.join("authority.pem")).unwrap();
    let finished = python("examples/python/no_property.py", &asking(&town, FUND, "nothing_owned"))
        .expect(5)
        .unwrap();
    assert!(finished.errors.contains("verification failed"), "{finished:?}");
    fs::copy(town.deployment.folder.join("authority/authority.pem"), folder.join("authority.pem"))
        .unwrap();
    let arguments = asking(&town, FUND, "nothing_owned");
    town.deployment.stop().unwrap();
    python("examples/python/no_property.py", &arguments).expect(2).unwrap();
}

#[test]
fn outside_python_verifies_each_message_of_a_batch() {
    let key = SigningKey::generate(Algorithm::Ed25519).unwrap();
    let payloads = (0..7).map(|at| vec![at; 40]).collect();
    let envelopes = batch::sign(payload_type::REQUEST, payloads, &key).unwrap();
    let lines: Vec<String> =
        envelopes.iter().map(|envelope| hex::encode(envelope.encode_to_vec())).collect();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("envelopes");
    fs::write(&file, lines.join("\n")).unwrap();
    let arguments = [hex::encode(key.public().bytes()), file.display().to_string()];
    let finished = python("tests/outside/verify_batch.py", &arguments).expect(0).unwrap();
    assert!(finished.output.contains("7 verified, 70 alterations refused"), "{finished:?}");
}

#[test]
fn outside_sd_jwt_verifies_a_certificate_and_refuses_an_altered_one() {
    let town = deploy(600, 11);
    let (applicant, variant) = town.cast("nothing_owned");
    let file = town.deployment.path("proof.sdjwt");
    town.deployment
        .ask("issue", FUND, variant, &applicant, &["--out", &file])
        .unwrap()
        .expect(0)
        .unwrap();
    let keys = town.deployment.path("authority/jwks.json");
    let verified =
        python("tests/outside/verify_sdjwt.py", &[file, keys]).expect(0).unwrap().json().unwrap();
    let claims = &verified["claims"];
    assert_eq!(claims["applicant"], applicant, "disclosed");
    assert_eq!((&claims["check"], &claims["variant"]), (&"no-property".into(), &variant.into()));
    assert_eq!(claims["iss"], format!("spiffe://{TRUST_DOMAIN}/member/fund/system/window"));
    assert_eq!(claims["sources"].as_array().unwrap().len(), 4);
    let refused = verified["refused"].as_object().unwrap();
    for altered in ["a sealed claim", "the seal", "a disclosed value", "the issuer's key"] {
        assert!(refused.contains_key(altered), "{altered}: {refused:?}");
    }
    town.deployment.stop().unwrap();
}

#[test]
fn outside_node_and_python_read_our_status_lists_and_refuse_altered_ones() {
    let town = deploy(600, 11);
    with_status(&town);
    let issued = town.issue("proof.sdjwt", &[]).expect(0).unwrap().json().unwrap();
    let (file, list) = (town.deployment.path("proof.sdjwt"), town.list_of(&issued));
    let keys = town.deployment.path("authority/jwks.json");
    let judged = || {
        let said = node("tests/outside/verify_status.cjs", &[&file, list.to_str().unwrap(), &keys]);
        let said = said.expect(0).unwrap().json().unwrap();
        assert_eq!(said["refused"].as_object().unwrap().len(), 5, "{said}");
        assert_eq!((&said["bits"], &said["places"]), (&2.into(), &131_072.into()));
        assert_eq!(said["claims"]["serial"], issued["serial"]);
        assert_eq!(said["status"], said["direct"]);
        said["status"].as_u64().unwrap()
    };
    let by_python = |list: Option<&str>, code| {
        let more = list.map(|list| vec!["--status".to_owned(), list.to_owned()]);
        let arguments = [file.clone(), "--jwks".into(), keys.clone()];
        let arguments = [arguments.to_vec(), more.unwrap_or_default()].concat();
        let said = python("examples/python/certificate.py", &arguments).expect(code).unwrap();
        said.json().unwrap()["status"].as_str().unwrap().to_owned()
    };
    assert_eq!(judged(), 0);
    assert_eq!(by_python(list.to_str(), 0), "valid");
    assert_eq!(by_python(None, 6), "unknown");
    assert_eq!(by_python(Some(&file), 6), "unknown");
    let (serial, dir) = (issued["serial"].as_str().unwrap(), town.deployment.path(FUND));
    for (order, value) in [("suspend", 2), ("lift", 0), ("revoke", 1)] {
        let arguments = [order, serial, "--dir", &dir, "--reason", "a test"];
        town.deployment.zerotrip(&arguments).unwrap().expect(0).unwrap();
        assert_eq!(judged(), value, "{order}");
    }
    assert_eq!(by_python(list.to_str(), 6), "revoked");
    town.deployment.stop().unwrap();
}

/// By the root alone, as a wallet's counterpart does: no key set of ours, no directory.
#[test]
fn outside_node_takes_a_wallets_presentation_by_the_root_alone() {
    let town = deploy(600, 11);
    with_status(&town);
    let (holder, jwk) = town.holder("holder");
    let leaf = town.certify_seal();
    let root = town.deployment.path("authority/ca.pem");
    let verified = finish(
        Command::new("openssl").args(["verify", "-x509_strict", "-CAfile", &root, &leaf]),
        "openssl",
    );
    assert_eq!(verified.expect(0).unwrap().output.trim(), format!("{leaf}: OK"));
    let issued = town.issue("a.sdjwt", &["--holder-key", &jwk]).expect(0).unwrap().json().unwrap();
    let (audience, nonce) = ("https://verifier.example", "n-0S6_WzA2Mj");
    let proof = ["--holder-key", &holder, "--audience", audience, "--nonce", nonce];
    let shown = [&["--show", "applicant"][..], &proof[..]].concat();
    town.present("a.sdjwt", "b.sdjwt", &shown).expect(0).unwrap();
    let definition = definitions().join("no-property").display().to_string();
    let document = ["definition", "metadata", &definition];
    let document = town.deployment.zerotrip(&document).unwrap().expect(0).unwrap();
    let metadata = town.deployment.path("metadata.json");
    fs::write(&metadata, document.output).unwrap();
    let list = town.list_of(&issued).display().to_string();
    let (file, script) = (town.deployment.path("b.sdjwt"), "tests/outside/verify_wallet.cjs");
    let judge = || node(script, &[&file, &list, &root, audience, nonce, &metadata]);
    let said = judge().expect(0).unwrap().json().unwrap();
    let (applicant, _) = town.cast("nothing_owned");
    assert_eq!(
        (&said["claims"]["applicant"], &said["claims"]["purpose"]),
        (&json!(applicant), &Value::Null)
    );
    assert_eq!(said["refused"].as_object().unwrap().len(), 5, "{said}");
    assert_eq!(said["metadata"]["vct"], issued["vct"], "{said}");
    let (serial, dir) = (issued["serial"].as_str().unwrap(), town.deployment.path(FUND));
    let order = ["revoke", serial, "--dir", &dir, "--reason", "a test"];
    town.deployment.zerotrip(&order).unwrap().expect(0).unwrap();
    let refused = judge().expect(5).unwrap();
    assert!(refused.errors.contains("Status is not valid"), "{refused:?}");
    town.deployment.stop().unwrap();
}

/// On one person, and on one of many: offline, with the authority's published keys alone. What the
/// organ that seals can alter is sealed anew, so that nothing but the hub's evidence refuses it.
#[test]
fn outside_python_verifies_a_certificate_by_its_evidence() {
    let town = deploy(600, 11);
    town.deployment.allow_many().unwrap();
    let everybody = ids(&town.city);
    let answered = answered(ask(&town, "couple", &everybody[..50]).unwrap());
    let is_yes = |one: &SubjectAnswered| matches!(one.outcome, SubjectOutcome::Affirmed { .. });
    let yeses: Vec<usize> =
        (0..50).filter(|place| is_yes(&answered.subjects[*place])).take(6).collect();
    let mut files = Vec::new();
    for place in &yeses {
        let (subject, name) = (&answered.subjects[*place].subject, format!("{place}.sdjwt"));
        let file = town.deployment.folder.join(&name);
        let issue = runtime().block_on(async {
            let (question, one) = (question("couple", subject), (&answered, *place));
            town.session().await.issue_one_of_many(&errand(), &question, one, &file).await
        });
        assert!(matches!(issue, Ok(Issue::Issued(_))), "{issue:?}");
        files.push((name, subject.clone(), Some(*place)));
    }
    let (applicant, variant) = town.cast("nothing_owned");
    let alone = town.deployment.path("alone.sdjwt");
    let more = ["--out", &alone];
    town.deployment.ask("issue", FUND, variant, &applicant, &more).unwrap().expect(0).unwrap();
    files.push(("alone.sdjwt".into(), applicant, None));
    let judge = |file: String| {
        let keys = town.deployment.path("authority/jwks.json");
        python("examples/python/certificate.py", &[file, "--jwks".into(), keys])
    };
    for (name, subject, place) in &files {
        let said = judge(town.deployment.path(name)).expect(0).unwrap().json().unwrap();
        assert_eq!((&said["shown"]["applicant"], &said["place"]), (&json!(subject), &json!(place)));
    }
    let token = |at: usize| fs::read_to_string(town.deployment.path(&files[at].0)).unwrap();
    let theirs = sealed_part(&token(1))["evidence"]["subject"].clone();
    type Change<'a> = &'a dyn Fn(&mut Value);
    let changes: [(&str, Change<'_>); 6] = [
        ("is not in the answer", &|evidence| {
            evidence["subject"]["place"] = theirs["place"].clone()
        }),
        ("is not what the hub fixed", &|evidence| evidence["subject"] = theirs.clone()),
        ("nothing shows which", &|evidence| {
            drop(evidence.as_object_mut().unwrap().remove("subject"))
        }),
        ("too short", &|evidence| evidence["subject"]["path"] = json!([])),
        ("is not in the answer", &|evidence| evidence["subject"]["salt"] = theirs["salt"].clone()),
        ("what the hub fixed", &|evidence| drop(evidence["terms"].as_array_mut().unwrap().pop())),
    ];
    let key = town.home(FUND).key("seal").unwrap();
    for (why, change) in changes {
        let mut plain = sealed_part(&token(0));
        change(&mut plain["evidence"]);
        let whole = token(0);
        let disclosures: Vec<String> =
            whole.trim_end().trim_end_matches('~').split('~').skip(1).map(str::to_owned).collect();
        let altered = sdjwt::issue_encoded(&key, plain, &disclosures).unwrap();
        let file = town.deployment.path("altered.sdjwt");
        fs::write(&file, altered.to_string()).unwrap();
        let refused = judge(file).expect(5).unwrap();
        assert!(refused.errors.contains(why), "{why}: {}", refused.errors);
    }
    town.deployment.stop().unwrap();
}

/// What is sealed, without the digests of what can be withheld.
fn sealed_part(token: &str) -> Map<String, Value> {
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    let Value::Object(mut plain) = serde_json::from_slice(&payload).unwrap() else {
        panic!("no object")
    };
    plain.remove("_sd");
    plain.remove("_sd_alg");
    plain
}

#[test]
fn outside_go_opens_the_checkpoint_and_proves_every_entry() {
    // Two entries for each exchange: enough for a full tile and a second level.
    const EXCHANGES: usize = 150;
    let town = deploy(600, 11);
    let (applicant, variant) = town.cast("nothing_owned");
    runtime().block_on(async {
        let mut session = town.session().await;
        for _ in 0..EXCHANGES {
            let outcome = session.check(&errand(), &question(variant, &applicant)).await.unwrap();
            assert!(matches!(outcome, Outcome::Affirmed(_)), "{outcome:?}");
        }
    });
    let folder = town.deployment.folder.join("ledger");
    wait_until(Duration::from_secs(10), "the tiles of every exchange", || {
        Ok(size(&folder)? >= 2 * EXCHANGES)
    })
    .unwrap();
    let (ours, other) = (verifier_key(&town, "checkpoint"), verifier_key(&town, "sign"));
    town.deployment.stop().unwrap();

    let program = built(&folder.with_file_name("judge"));
    let opened = program.judge(&folder, &ours).expect(0).unwrap();
    let size = size(&folder).unwrap();
    assert!(
        opened.output.contains(&format!(
            "{TRUST_DOMAIN}/hub/hub-1: {size} entries, each under the signed root"
        )),
        "{opened:?}"
    );
    assert!(
        program
            .judge(&folder, &other)
            .expect(1)
            .unwrap()
            .errors
            .contains("no verifiable signatures"),
        "another key"
    );

    let alter = |name: &str, at: usize| {
        let file = folder.join(name);
        let before = fs::read(&file).unwrap();
        let mut after = before.clone();
        after[at] ^= 1;
        fs::write(&file, after).unwrap();
        let errors = program.judge(&folder, &ours).expect(1).unwrap().errors;
        fs::write(&file, before).unwrap();
        errors
    };
    assert!(alter("tile/entries/000", 40).contains("entry 0"), "an entry of a full bundle");
    // A sealed entry is 34 bytes behind two of its length.
    assert!(
        alter(&format!("tile/entries/001.p/{}", size - 256), 20).contains("entry 256"),
        "an entry of the last bundle"
    );
    // The tile's own check, or the first proof built on it: which one comes first differs between
    // versions of the package.
    assert!(alter("tile/0/000", 7).contains("entry "), "a hash tile");
    assert!(
        alter("checkpoint", TRUST_DOMAIN.len() + 15).contains("invalid signature"),
        "the checkpoint"
    );
    program.judge(&folder, &ours).expect(0).unwrap();
}

#[test]
fn outside_openssl_verifies_every_chain() {
    let town = deploy(600, 11);
    let root = town.deployment.path("authority/ca.pem");
    let chains = [
        "authority/authority",
        "authority/tls",
        "hub/tls",
        "police/tls",
        "civil/tls",
        "estate/tls",
        "housing/tls",
        "fund/tls",
        "transit/tls",
    ];
    for chain in chains.map(|chain| town.deployment.path(&format!("{chain}.pem"))) {
        let verified = finish(
            Command::new("openssl").args(["verify", "-x509_strict", "-CAfile", &root, &chain]),
            "openssl",
        );
        assert_eq!(verified.expect(0).unwrap().output.trim(), format!("{chain}: OK"));
    }
    // And with no root but the system's own, nobody is believed.
    let hub = town.deployment.path("hub/tls.pem");
    assert_ne!(finish(Command::new("openssl").args(["verify", &hub]), "openssl").code, 0);
    town.deployment.stop().unwrap();
}

/// The arguments of the Python example, for the person of that role.
fn asking(town: &DeployedCity, issuer: &str, role: &str) -> Vec<String> {
    let (applicant, variant) = town.cast(role);
    let dir = town.deployment.path(issuer);
    let pairs = [
        ("--dir", dir.as_str()),
        ("--applicant", &applicant),
        ("--variant", variant),
        ("--official", "0471"),
        ("--service-item", "rent-withdrawal-330100"),
        ("--purpose", PURPOSE),
        ("--basis", BASIS),
        ("--case", "HZ-2026-000417"),
    ];
    pairs.into_iter().flat_map(|(name, value)| [name.to_owned(), value.to_owned()]).collect()
}

fn python(script: &str, arguments: &[String]) -> Finished {
    finish(python_command(script).args(arguments), "Python with the packages of examples/python")
}

/// Python with the packages that `tests/outside/install.sh` installs.
pub fn python_command(script: &str) -> Command {
    let interpreter = std::env::var("ZEROTRIP_PYTHON");
    let interpreter = interpreter.map_or_else(|_| cache().join("venv/bin/python"), PathBuf::from);
    // What the scripts are about is UTF-8 everywhere; no compiled files beside the sources.
    let mut command = Command::new(interpreter);
    command.arg("-XUTF8").arg("-B").arg(repository(script));
    command
}

/// Node with the packages of `tests/outside/node`.
pub fn node(script: &str, arguments: &[&str]) -> Finished {
    let of = |name: &str, installed: &str| {
        std::env::var(name).map_or_else(|_| cache().join(installed), PathBuf::from)
    };
    let mut command = Command::new(of("ZEROTRIP_NODE", "venv/bin/node"));
    command
        .env("NODE_PATH", of("ZEROTRIP_NODE_MODULES", "node/node_modules"))
        .arg(repository(script))
        .args(arguments);
    finish(&mut command, "Node with the packages of tests/outside/node")
}

/// Where `tests/outside/install.sh` puts what it installs.
fn cache() -> PathBuf {
    let cache = std::env::var("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|_| std::env::var("HOME").map(|home| Path::new(&home).join(".cache")));
    cache.expect("HOME is set").join("zerotrip")
}

/// The Go program, compiled.
struct Judge(PathBuf);

fn built(program: &Path) -> Judge {
    let go = std::env::var("ZEROTRIP_GO").unwrap_or_else(|_| "go".into());
    // From Debian's packages and nothing else: no modules, no network.
    let environment = [
        ("GO111MODULE", "off"),
        ("GOPATH", "/usr/share/gocode"),
        ("GOFLAGS", ""),
        ("GOPROXY", "off"),
        ("CGO_ENABLED", "0"),
    ];
    let mut command = Command::new(go);
    command
        .args(["build", "-o"])
        .arg(program)
        .arg(repository("tests/outside/ledger/main.go"))
        .envs(environment);
    finish(&mut command, "Go with golang.org/x/mod").expect(0).unwrap();
    Judge(program.to_owned())
}

impl Judge {
    fn judge(&self, folder: &Path, key: &str) -> Finished {
        finish(Command::new(&self.0).arg(folder).arg(key), "the Go program")
    }
}

/// A key of the hub as Go's note package takes it.
fn verifier_key(town: &DeployedCity, usage: &str) -> String {
    let enrolment: toml::Value = toml::from_str(
        &fs::read_to_string(town.deployment.folder.join("hub/enrolment.toml")).unwrap(),
    )
    .unwrap();
    let keys = enrolment["keys"].as_array().unwrap();
    let public = keys.iter().find(|key| key["usage"].as_str() == Some(usage)).unwrap()["public"]
        .as_str()
        .unwrap();
    let key = PublicKey::new(Algorithm::Ed25519, &STANDARD.decode(public).unwrap()).unwrap();
    note::verifier_key(&format!("{TRUST_DOMAIN}/hub/hub-1"), &key).unwrap()
}

/// The size that the checkpoint's file states; 0 before there is one.
fn size(folder: &Path) -> Result<usize, zerotrip_tests::deployment::Failure> {
    let Ok(checkpoint) = fs::read_to_string(folder.join("checkpoint")) else { return Ok(0) };
    Ok(checkpoint.lines().nth(1).unwrap_or_default().parse()?)
}

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(path)
}

fn finish(command: &mut Command, what: &str) -> Finished {
    let output = command.output().unwrap_or_else(|error| {
        panic!("{what} is missing ({error}); run ./test, which installs it")
    });
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let code = output.status.code().unwrap_or(-1);
    Finished {
        command: format!("{command:?}"),
        code,
        output: text(output.stdout),
        errors: text(output.stderr),
    }
}
