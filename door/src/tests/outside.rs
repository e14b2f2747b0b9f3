//! The npm packages `@openid4vc/openid4vci`, `@openid4vc/openid4vp` and `dcql`, as a wallet,
//! against the open door: an offer is claimed, and the certificate is shown to a bank.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::SystemTime;

use serde_json::json;
use zerotrip_trust::x509::pem;

use super::attested::{Provider, SETTINGS};
use super::world::{World, json_of};
use crate::settings::DoorSettings;
use crate::{Outcome, RequestSigner, Requests, request_uri};

fn cache() -> PathBuf {
    let cache = std::env::var("XDG_CACHE_HOME").map(PathBuf::from);
    let cache =
        cache.or_else(|_| std::env::var("HOME").map(|home| PathBuf::from(home).join(".cache")));
    cache.expect("HOME is set").join("zerotrip")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn outside_a_wallet_claims_an_offer_and_shows_the_certificate_to_a_bank() {
    let world = World::new();
    let (open, door) = world.open().await;
    claims_and_shows(&world, &door, (1, &[]));
    open.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn outside_a_wallet_gets_a_copy_for_each_of_its_keys() {
    let world = World::new();
    let (open, door) = world.open_so("copies = 5\n").await;
    claims_and_shows(&world, &door, (5, &[]));
    open.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn outside_a_wallet_is_attested_and_so_are_its_keys() {
    let (world, provider) = (World::new(), Provider::now());
    fs::write(world.path("attesters.pem"), provider.root.cert_pem()).unwrap();
    fs::write(world.path("provider.key"), provider.key.to_pkcs8_pem()).unwrap();
    fs::write(world.path("provider.pem"), pem::encode(pem::CERTIFICATE, &provider.leaf)).unwrap();
    let (open, door) = world.open_so(SETTINGS).await;
    let attester = [world.path("provider.key"), world.path("provider.pem")];
    claims_and_shows(&world, &door, (3, &attester));
    open.close().await;
}

/// A wallet gets so many copies, and shows one.
fn claims_and_shows(world: &World, door: &str, (copies, attester): (usize, &[PathBuf])) {
    let made = world.offer("couple");
    let settings = DoorSettings::read(world.folder.path()).unwrap().verifier.unwrap();
    let signer = RequestSigner::load(&settings, SystemTime::now()).unwrap();
    let requests = Requests::of(world.folder.path());
    let request = requests.make("loan", SystemTime::now()).unwrap();
    let of = |name: &str, installed: &str| {
        std::env::var(name).map_or_else(|_| cache().join(installed), PathBuf::from)
    };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/outside/wallet.cjs");
    let done = Command::new(of("ZEROTRIP_NODE", "venv/bin/node"))
        .env("NODE_PATH", of("ZEROTRIP_NODE_MODULES", "node/node_modules"))
        .args([script, &world.offer_uri(door, &made), &made.digits])
        .args([request_uri(&signer, door, &request.id)])
        .arg(world.path("ca.pem"))
        .args(attester)
        .output()
        .expect("Node with the packages of tests/outside/node");
    let errors = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "{errors}");
    let said = json_of(&String::from_utf8(done.stdout).unwrap());
    assert_eq!((&said["version"], &said["copies"]), (&json!("V1"), &json!(copies)), "{said}");
    assert_eq!(said["isNamed"], copies > 1, "the world says so");
    assert_eq!(
        said["refused"],
        json!({ "code again": "invalid_grant", "token again": "invalid_token" })
    );
    assert_eq!(said["shown"], json!(["purpose"]));
    let outcome = requests.outcome(&request.id, SystemTime::now()).unwrap();
    assert!(outcome.as_ref().is_some_and(Outcome::is_valid), "{outcome:?}");
}
