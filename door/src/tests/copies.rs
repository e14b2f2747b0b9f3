//! Several copies of one certificate, each for another key (OpenID4VCI 1.0, 3.3.2 and 8.2).

use std::collections::BTreeSet;
use std::fs;
use std::sync::atomic::Ordering;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use zerotrip_certificates::status::{StatusToken, StatusValue};
use zerotrip_certificates::{Demand, Judged, Profile, TrustRoot, Verdict, judge};
use zerotrip_client::issued::{Due, Order, Register, Sealer, Search};
use zerotrip_trust::keys::{Algorithm, SigningKey};

use super::wallet::{Wallet, asking, call, jwk, jwt};
use super::world::World;

fn keys(count: usize) -> Vec<SigningKey> {
    (0..count).map(|_| SigningKey::generate(Algorithm::Es256).unwrap()).collect()
}

/// Proofs of these keys, all with one nonce.
fn proofs(wallet: &Wallet, keys: &[SigningKey]) -> Vec<String> {
    let nonce = wallet.nonce();
    let proof = |key: &SigningKey| {
        let (mut header, payload) = wallet.proof_parts(&nonce);
        header["jwk"] = jwk(key);
        jwt(key, &header, &payload)
    };
    keys.iter().map(proof).collect()
}

fn token(world: &World, wallet: &Wallet) -> String {
    let made = world.offer("couple");
    let came = wallet.redeem(&made.code, Some(&made.digits)).json();
    came["access_token"].as_str().unwrap().to_owned()
}

fn copies(came: &Value) -> Vec<String> {
    let copies = came["credentials"].as_array().unwrap().iter();
    copies.map(|copy| copy["credential"].as_str().unwrap().to_owned()).collect()
}

fn lists(world: &World) -> Vec<String> {
    let files = fs::read_dir(world.path("lists")).unwrap().map(|entry| entry.unwrap().path());
    let jwt = files.filter(|path| path.extension().is_some_and(|ending| ending == "jwt"));
    jwt.map(|path| fs::read_to_string(path).unwrap()).collect()
}

fn judged(world: &World, copy: &str) -> Judged {
    let (home, now) = (world.home(), SystemTime::now());
    let directory = home.directory(now).unwrap();
    let [list] = &lists(world)[..] else { panic!("one list") };
    let demand = Demand {
        list: Some(list.as_bytes()),
        profile: Some(Profile::Haip),
        root: Some(home.ca()),
        ..Demand::at(now)
    };
    judge(copy, TrustRoot::Directory(&directory), demand).unwrap()
}

fn claims(copy: &str) -> Map<String, Value> {
    let payload = copy.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_key_gets_a_copy_and_all_are_one_certificate() {
    let world = World::new();
    let (open, door) = world.open_so("copies = 4\n").await;
    let wallet = Wallet::new(&door);
    let vct = world.definition.certificate.vct.as_str();
    let metadata = call(&door, ("GET", "/.well-known/openid-credential-issuer"), &[], "").json();
    assert_eq!(metadata["batch_credential_issuance"], json!({ "batch_size": 4 }));
    let (token, keys) = (token(&world, &wallet), keys(4));
    let came = wallet.credential(&token, &asking(vct, &proofs(&wallet, &keys)));
    assert_eq!(came.status, 200, "{came:?}");
    let copies = copies(&came.json());
    // A copy for each key, and for none twice.
    let certificates: Vec<Judged> = copies.iter().map(|copy| judged(&world, copy)).collect();
    let bound = |judged: &Judged| {
        judged.certificate.holder.as_ref().unwrap().key.to_claim()["jwk"].to_string()
    };
    let found: BTreeSet<String> = certificates.iter().map(bound).collect();
    assert_eq!(found, keys.iter().map(|key| jwk(key).to_string()).collect());
    assert!(certificates.iter().all(|judged| judged.verdict == Verdict::Valid));
    // A place of its own for each.
    let places = certificates.iter().map(|judged| judged.certificate.status.clone().unwrap().place);
    assert_eq!(places.collect::<BTreeSet<u64>>().len(), 4);
    // What copies have in common is all that the answer fixes, and what tells them apart is key,
    // place and seal. So two verifiers can see that they are of one answer: the page says so.
    let (one, other) = (claims(&copies[0]), claims(&copies[1]));
    let differs = |name: &&String| one.get(*name) != other.get(*name);
    let names: BTreeSet<&str> = one.keys().filter(differs).map(String::as_str).collect();
    assert_eq!(names, BTreeSet::from(["cnf", "status"]));
    assert!(one.keys().eq(other.keys()));
    // One line in the register, one number.
    let register = Register::open(&world.home()).unwrap().unwrap();
    let entries = register.entries(&Search { most: 10, ..Search::default() }).unwrap();
    let [entry] = &entries[..] else { panic!("{entries:?}") };
    assert_eq!((entry.copies, one["serial"].as_str()), (4, Some(entry.serial.as_str())));
    open.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revocation_is_of_all_copies() {
    let world = World::new();
    let (open, door) = world.open_so("copies = 3\n").await;
    let wallet = Wallet::new(&door);
    let vct = world.definition.certificate.vct.as_str();
    let token = token(&world, &wallet);
    let came = wallet.credential(&token, &asking(vct, &proofs(&wallet, &keys(3))));
    let copies = copies(&came.json());
    let (home, now) = (world.home(), SystemTime::now());
    let serial = claims(&copies[2])["serial"].as_str().unwrap().to_owned();
    let mut register = Register::open(&home).unwrap().unwrap();
    register.order(&serial, &Order::Revoke, "lost", now).unwrap();
    register.publish(&Sealer::load(&home).unwrap(), now, Due::Needed).unwrap();
    for copy in &copies {
        assert_eq!(judged(&world, copy).verdict, Verdict::Revoked);
    }
    let list = StatusToken::parse(&lists(&world)[0]).unwrap();
    let list = list.claimed_list().unwrap();
    for copy in &copies {
        let place = judged(&world, copy).certificate.status.unwrap().place;
        assert_eq!(list.get(place).and_then(StatusValue::of), Some(StatusValue::Revoked));
    }
    open.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_keys_get_the_same_copies_and_others_get_none() {
    let world = World::new();
    let (open, door) = world.open_so("copies = 3\n").await;
    let wallet = Wallet::new(&door);
    let vct = world.definition.certificate.vct.as_str();
    let (token, keys, thief) = (token(&world, &wallet), keys(3), keys(3));
    let ask = |keys: &[SigningKey]| wallet.credential(&token, &asking(vct, &proofs(&wallet, keys)));
    let request = |error: &str| (400, error.to_owned());
    // More than are given, one key twice, one proof that is not one.
    let more = [&keys[..], &thief[..1]].concat();
    assert_eq!(ask(&more).error(), request("invalid_credential_request"));
    let twice = [&keys[..1], &keys[..1]].concat();
    assert_eq!(ask(&twice).error(), request("invalid_proof"));
    let with = |change: &dyn Fn(&mut Vec<String>)| {
        let mut proofs = proofs(&wallet, &keys);
        change(&mut proofs);
        wallet.credential(&token, &asking(vct, &proofs)).error()
    };
    assert_eq!(with(&|proofs| proofs[2].truncate(40)), request("invalid_proof"));
    assert_eq!(with(&|proofs| proofs[1] = String::new()), request("invalid_proof"));
    assert_eq!(with(&Vec::clear), request("invalid_proof"));
    // A nonce that is not of here, in one of them.
    let foreign = |proofs: &mut Vec<String>| {
        let (mut header, payload) = wallet.proof_parts("n-0S6");
        header["jwk"] = jwk(&keys[2]);
        proofs[2] = jwt(&keys[2], &header, &payload);
    };
    assert_eq!(with(&foreign), request("invalid_nonce"));
    assert!(world.seals.sealed.lock().unwrap().is_empty());
    // The hub is away: then the same keys, in whatever order, and no others.
    world.seals.is_away.store(true, Ordering::SeqCst);
    assert_eq!(ask(&keys).error(), (503, "temporarily_unavailable".to_owned()));
    world.seals.is_away.store(false, Ordering::SeqCst);
    for others in [&thief[..], &keys[..2], &keys[..1]] {
        assert_eq!(ask(others).error(), request("credential_request_denied"));
    }
    let reversed: Vec<SigningKey> = keys.iter().rev().cloned().collect();
    let came = ask(&reversed);
    assert_eq!((came.status, copies(&came.json()).len()), (200, 3));
    assert_eq!(ask(&keys).error(), (401, "invalid_token".to_owned()));
    open.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fewer_keys_than_there_could_be_get_as_many_copies() {
    let world = World::new();
    let (open, door) = world.open_so("copies = 32\n").await;
    let wallet = Wallet::new(&door);
    let vct = world.definition.certificate.vct.as_str();
    for count in [1, 2, 32] {
        let token = token(&world, &wallet);
        let came = wallet.credential(&token, &asking(vct, &proofs(&wallet, &keys(count))));
        assert_eq!((came.status, copies(&came.json()).len()), (200, count), "{came:?}");
    }
    open.close().await;
}
