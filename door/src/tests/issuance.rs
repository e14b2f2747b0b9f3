//! Codes, tokens, and the certificate that they give once.

use std::fs;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use serde_json::json;
use zerotrip_certificates::{Demand, Profile, TrustRoot, Verdict, judge};

use super::wallet::{Wallet, asking, call, jwk};
use super::world::{APPLICANT, World};
use crate::bounds::{ATTEMPTS, OFFER_LIFE, OFFERS, TOKEN_LIFE};
use crate::offers::{NotClaimed, configuration};
use crate::secrets::Secret;

fn grant(error: &str) -> (u16, String) {
    (400, error.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_offer_becomes_one_certificate_for_the_wallets_key() {
    let world = World::new();
    let (open, door) = world.open().await;
    let (made, wallet) = (world.offer("couple"), Wallet::new(&door));
    let vct = world.definition.certificate.vct.as_str();
    let metadata = call(&door, ("GET", "/.well-known/openid-credential-issuer"), &[], "").json();
    assert_eq!(metadata["credential_issuer"], door.as_str());
    let type_ = &metadata["credential_configurations_supported"][vct];
    assert_eq!((&type_["format"], &type_["vct"]), (&json!("dc+sd-jwt"), &json!(vct)));
    assert_eq!(metadata.get("batch_credential_issuance"), None);
    let server = call(&door, ("GET", "/.well-known/oauth-authorization-server"), &[], "").json();
    assert_eq!(server["token_endpoint"], format!("{door}/token"));

    let came = wallet.redeem(&made.code, Some(&made.digits));
    assert_eq!((came.status, came.json()["token_type"].as_str()), (200, Some("DPoP")));
    assert!(came.head.contains("cache-control: no-store"), "{}", came.head);
    let token = came.json()["access_token"].as_str().unwrap().to_owned();
    let came = wallet.credential(&token, &asking(vct, &[wallet.proof()]));
    assert_eq!(came.status, 200, "{came:?}");
    let certificates = came.json()["credentials"].clone();
    assert_eq!(certificates.as_array().unwrap().len(), 1);
    let certificate = certificates[0]["credential"].as_str().unwrap();
    let (home, now) = (world.home(), SystemTime::now());
    let (directory, list) = (home.directory(now).unwrap(), list(&world));
    let demand = Demand {
        list: Some(list.as_bytes()),
        profile: Some(Profile::Haip),
        root: Some(home.ca()),
        ..Demand::at(now)
    };
    let judged = judge(certificate, TrustRoot::Directory(&directory), demand).unwrap();
    assert_eq!(judged.verdict, Verdict::Valid);
    let holder = judged.certificate.holder.unwrap();
    assert_eq!(holder.key.to_claim()["jwk"], jwk(&wallet.holder));
    assert_eq!(judged.certificate.disclosed.claims["applicant"], APPLICANT);

    // The token gives no second one, nor does the code, and nothing is left of the offer.
    let again = wallet.credential(&token, &asking(vct, &[wallet.proof()]));
    assert_eq!(again.error(), (401, "invalid_token".to_owned()));
    assert!(again.head.contains("www-authenticate: dpop error=\"invalid_token\""));
    assert_eq!(wallet.redeem(&made.code, Some(&made.digits)).error(), grant("invalid_grant"));
    assert_eq!(world.seals.sealed.lock().unwrap().len(), 1);
    assert_eq!(files(&world), Vec::<String>::new());
    open.close().await;
}

fn list(world: &World) -> String {
    let mut lists = fs::read_dir(world.path("lists")).unwrap().map(|entry| entry.unwrap().path());
    let jwt = lists.find(|path| path.extension().is_some_and(|ending| ending == "jwt"));
    fs::read_to_string(jwt.unwrap()).unwrap()
}

/// What is kept of offers.
fn files(world: &World) -> Vec<String> {
    let names = fs::read_dir(world.path("offers")).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name != "types" && name != "lock").collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_is_used_once_with_its_digits_and_is_not_guessed() {
    let world = World::new();
    let (open, door) = world.open().await;
    let (made, wallet) = (world.offer("couple"), Wallet::new(&door));
    assert_eq!(wallet.redeem(&made.code, None).error(), grant("invalid_request"));
    let guess = Secret::generate().unwrap().to_text();
    for code in [guess.as_str(), "x", "", "..%2F..%2Fidentity", &made.code[1..]] {
        assert_eq!(wallet.redeem(code, Some(&made.digits)).error(), grant("invalid_grant"));
    }
    let form = format!("grant_type=authorization_code&code={}", made.code);
    assert_eq!(wallet.token(&form).error(), grant("unsupported_grant_type"));
    let twice = format!("grant_type=x&grant_type=x&code={}", made.code);
    assert_eq!(wallet.token(&twice).error(), grant("invalid_request"));
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let grant_type = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Apre-authorized_code";
    let text = format!(
        "grant_type={grant_type}&pre-authorized_code={}&tx_code={}",
        made.code, made.digits
    );
    let without = call(&door, ("POST", "/token"), &form, &text);
    assert_eq!(without.error(), grant("invalid_dpop_proof"));
    // Five wrong ones, and it is gone for the right one too.
    let wrong = if made.digits == "000000" { "000001" } else { "000000" };
    for _ in 1..ATTEMPTS {
        assert_eq!(wallet.redeem(&made.code, Some(wrong)).error(), grant("invalid_grant"));
    }
    assert_eq!(files(&world).iter().filter(|name| name.ends_with("json")).count(), 1);
    assert_eq!(wallet.redeem(&made.code, Some(wrong)).error(), grant("invalid_grant"));
    assert_eq!(wallet.redeem(&made.code, Some(&made.digits)).error(), grant("invalid_grant"));
    assert_eq!(files(&world), Vec::<String>::new());
    // Used twice with its digits: somebody else had them, and the token counts no more.
    let made = world.offer("couple");
    let token = wallet.redeem(&made.code, Some(&made.digits)).json()["access_token"].clone();
    let thief = Wallet::new(&door);
    assert_eq!(thief.redeem(&made.code, Some(wrong)).error(), grant("invalid_grant"));
    assert_eq!(thief.redeem(&made.code, Some(&made.digits)).error(), grant("invalid_grant"));
    let body = asking(&world.definition.certificate.vct, &[wallet.proof()]);
    let came = wallet.credential(token.as_str().unwrap(), &body);
    assert_eq!(came.error(), (401, "invalid_token".to_owned()));
    assert!(world.seals.sealed.lock().unwrap().is_empty());
    open.close().await;
}

#[test]
fn what_has_ended_is_erased_and_claims_nothing() {
    let world = World::new();
    let (offers, now) = (world.offers(), SystemTime::now());
    let code = |made: &crate::Made| Secret::read(&made.code).unwrap();
    let late = world.offer("couple");
    let after = late.ends;
    assert!(after >= now + OFFER_LIFE);
    let refused = offers.redeem(&code(&late), &late.digits, ("key", None), after);
    assert!(matches!(refused, Err(NotClaimed::Unknown)), "{refused:?}");
    assert_eq!(files(&world), Vec::<String>::new());
    let made = world.offer("couple");
    let (token, life) = offers.redeem(&code(&made), &made.digits, ("key", None), now).unwrap();
    assert!(life <= TOKEN_LIFE);
    assert!(offers.hold(&token, now).is_ok());
    let busy = offers.hold(&token, now).unwrap();
    assert!(matches!(offers.hold(&token, now), Err(NotClaimed::Busy)), "one at a time");
    drop(busy);
    let refused = offers.hold(&token, now + TOKEN_LIFE + Duration::from_secs(1));
    assert!(matches!(refused, Err(NotClaimed::Unknown)), "{refused:?}");
    world.offer("couple");
    world.offer("couple");
    offers.sweep(now).unwrap();
    assert_eq!(files(&world).iter().filter(|name| name.ends_with("json")).count(), 2);
    offers.sweep(after + Duration::from_secs(60)).unwrap();
    assert_eq!(files(&world), Vec::<String>::new());
    // What a process that was killed left of a file ends too, and nothing younger.
    let part = world.path("offers").join("x.json.1.part");
    fs::write(&part, "").unwrap();
    offers.sweep(now).unwrap();
    assert!(part.exists());
    offers.sweep(now + Duration::from_secs(3600)).unwrap();
    assert!(!part.exists());
    // Not longer than the answer can be sealed on.
    let (id, value) = configuration(&world.definition);
    let (kept, until) = (world.kept("couple"), now + Duration::from_secs(300));
    let refused = offers.make((&id, &value), (&kept, until), (now, OFFER_LIFE));
    assert!(matches!(refused, Err(crate::DoorError::TooLate)), "{refused:?}");
    for number in 0..OFFERS {
        let name = format!("{:064x}.json", number);
        fs::write(world.path("offers").join(name), "{}").unwrap();
    }
    // Damaged ones are no offers, and hold up nothing.
    world.offer("couple");
    assert_eq!(files(&world).iter().filter(|name| name.ends_with("json")).count(), 1);
}

#[test]
fn the_folder_tells_nothing_of_the_person_or_of_what_opens_an_offer() {
    let world = World::new();
    let made = world.offer("couple");
    let read = || {
        let name = files(&world).into_iter().find(|name| name.ends_with("json")).unwrap();
        let path = world.path("offers").join(name);
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&path) & 0o777, 0o600);
        assert_eq!(mode(&world.path("offers")) & 0o777, 0o700);
        fs::read_to_string(path).unwrap()
    };
    let kept = world.kept("couple").to_text();
    assert!(kept.len() > 1000);
    for text in [made.code.as_str(), made.digits.as_str(), APPLICANT, "MTEwMTA1"] {
        assert!(!read().contains(text), "{text}");
    }
    let code = Secret::read(&made.code).unwrap();
    let offers = world.offers();
    let (token, _) = offers.redeem(&code, &made.digits, ("key", None), SystemTime::now()).unwrap();
    let secret = token.split_once('.').unwrap().1;
    assert!(!read().contains(secret) && !read().contains(&made.code));
    let held = offers.hold(&token, SystemTime::now()).unwrap();
    let home = world.home();
    let directory = home.directory(SystemTime::now()).unwrap();
    let answer = held.answer().unwrap();
    let between = (&home.system, &home.hub);
    let verified = answer.clone().verify(between, &directory, SystemTime::now()).unwrap();
    assert_eq!(verified.question.parameters, [("applicant".to_owned(), APPLICANT.to_owned())]);
    assert_eq!(verified.errand.case_number, "case-7");
    // Nor is an answer taken that is altered, another hub's or another system's.
    let altered = answer.to_text().replacen("\"reply\":\"C", "\"reply\":\"D", 1);
    let altered = zerotrip_client::reply::KeptOne::from_text(&altered);
    assert!(
        altered.is_err()
            || altered.unwrap().verify(between, &directory, SystemTime::now()).is_err()
    );
    let other = "spiffe://c.example/member/tax/system/desk".parse().unwrap();
    let refused = answer.verify((&other, &home.hub), &directory, SystemTime::now());
    assert!(refused.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hub_that_is_away_costs_no_offer_and_binds_it_to_the_first_key() {
    let world = World::new();
    let (open, door) = world.open().await;
    let (made, wallet) = (world.offer("couple"), Wallet::new(&door));
    let vct = world.definition.certificate.vct.as_str();
    let came = wallet.redeem(&made.code, Some(&made.digits)).json();
    let token = came["access_token"].as_str().unwrap();
    world.seals.is_away.store(true, Ordering::SeqCst);
    let came = wallet.credential(token, &asking(vct, &[wallet.proof()]));
    assert_eq!(came.error(), (503, "temporarily_unavailable".to_owned()));
    assert!(came.head.contains("retry-after"), "{}", came.head);
    world.seals.is_away.store(false, Ordering::SeqCst);
    let other = Wallet { calls: wallet.calls.clone(), ..Wallet::new(&door) };
    let came = other.credential(token, &asking(vct, &[other.proof()]));
    assert_eq!(came.error(), (400, "credential_request_denied".to_owned()));
    let came = wallet.credential(token, &asking(vct, &[wallet.proof()]));
    assert_eq!(came.status, 200, "{came:?}");
    // An answer on which nothing can be sealed any more ends the offer.
    let made = world.offer("couple");
    let came = wallet.redeem(&made.code, Some(&made.digits)).json();
    let token = came["access_token"].as_str().unwrap();
    let directory = fs::read(world.path("directory.dsse")).unwrap();
    fs::write(world.path("directory.dsse"), b"damaged").unwrap();
    let came = wallet.credential(token, &asking(vct, &[wallet.proof()]));
    assert_eq!(came.error(), (400, "credential_request_denied".to_owned()));
    fs::write(world.path("directory.dsse"), directory).unwrap();
    assert_eq!(files(&world), Vec::<String>::new());
    open.close().await;
}
