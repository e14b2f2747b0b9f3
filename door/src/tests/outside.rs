//! The npm packages `@openid4vc/openid4vci`, `@openid4vc/openid4vp` and `dcql`, as a wallet,
//! against the open door: an offer is claimed, and the certificate is shown to a bank.

use std::path::PathBuf;
use std::process::Command;
use std::time::SystemTime;

use serde_json::json;

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
        .args([script, &world.offer_uri(&door, &made), &made.digits])
        .args([request_uri(&signer, &door, &request.id)])
        .arg(world.path("ca.pem"))
        .output()
        .expect("Node with the packages of tests/outside/node");
    let errors = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "{errors}");
    let said = json_of(&String::from_utf8(done.stdout).unwrap());
    assert_eq!(said["version"], "V1", "{said}");
    assert_eq!(
        said["refused"],
        json!({ "code again": "invalid_grant", "token again": "invalid_token" })
    );
    assert_eq!(said["shown"], json!(["purpose"]));
    let outcome = requests.outcome(&request.id, SystemTime::now()).unwrap();
    assert!(outcome.as_ref().is_some_and(Outcome::is_valid), "{outcome:?}");
    open.close().await;
}
