//! Invariants 1 and 7: no acknowledged exchange is lost to kill -9, nothing is answered twice for
//! one id, and a suspension holds at once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use zerotrip_client::{Outcome, Session, SessionError};
use zerotrip_proto::Refusal;
use zerotrip_proto::v1::{ErrorCode, ExchangeCall, LedgerReceipt, ProveInclusionRequest};
use zerotrip_tests::deployment::FUND;
use zerotrip_trust::dsse;
use zerotrip_trust::merkle::{leaf_hash, path_from_bytes, verify_inclusion};

use crate::support::{deploy, errand, question, runtime};

#[test]
fn kill_minus_nine_loses_no_acknowledged_exchange() {
    let mut town = deploy(300, 21);
    let runtime = runtime();
    let mut acknowledged: Vec<LedgerReceipt> = Vec::new();
    let mut spent = Vec::new();
    for round in 0..3 {
        let kept: Arc<Mutex<Vec<LedgerReceipt>>> = Arc::default();
        let applicants: Vec<String> =
            town.city.ids.iter().map(|id| id.as_str().to_owned()).collect();
        let mut lanes = Vec::new();
        for lane in 0..8 {
            let (home, kept, applicants) = (town.home(FUND), Arc::clone(&kept), applicants.clone());
            lanes.push(runtime.spawn(async move {
                let session = Session::connect(&home).await.unwrap();
                for applicant in applicants.iter().cycle().skip(lane * 30) {
                    let question = question("couple", applicant);
                    let signed = zerotrip_client::request::sign_check(
                        (&home.system, &home.sign),
                        &home.hub,
                        &errand(),
                        &question,
                        SystemTime::now(),
                    )
                    .unwrap();
                    let call = ExchangeCall {
                        request: Some(signed.envelope.clone()),
                        ..ExchangeCall::default()
                    };
                    match session.connection().exchange().check(call).await {
                        Ok(reply) => kept.lock().unwrap().push(reply.into_inner().receipt.unwrap()),
                        Err(_) => return Some(signed.envelope),
                    }
                }
                None
            }));
        }
        // Under load for a while, then gone between two instructions.
        let begun = Instant::now();
        while kept.lock().unwrap().len() < 60 + 40 * round {
            assert!(begun.elapsed() < Duration::from_secs(60), "no load came up");
            std::thread::yield_now();
        }
        town.deployment.kill_hub().unwrap();
        for lane in lanes {
            spent.extend(runtime.block_on(lane).unwrap());
        }
        acknowledged.append(&mut kept.lock().unwrap());
        town.deployment.start_hub().unwrap();
        town.deployment.wait_all_attached().unwrap();
    }
    runtime.block_on(async {
        let session = town.session().await;
        let mut ledger = session.connection().ledger();
        for receipt in &acknowledged {
            let proven = ledger
                .prove_inclusion(ProveInclusionRequest { index: receipt.index })
                .await
                .unwrap()
                .into_inner();
            assert_eq!(
                proven.entry, receipt.entry,
                "entry {} changed after it was acknowledged",
                receipt.index
            );
            let lines: Vec<&str> = proven.checkpoint.lines().collect();
            let size = lines[1].parse().unwrap();
            let mut root = [0; 32];
            root.copy_from_slice(
                &base64::Engine::decode(&base64::engine::general_purpose::STANDARD, lines[2])
                    .unwrap(),
            );
            verify_inclusion(
                &leaf_hash(&proven.entry),
                proven.index,
                size,
                &path_from_bytes(&proven.path).unwrap(),
                &root,
            )
            .unwrap();
        }
        // A request whose answer was lost may have been recorded; if so its id is spent for ever,
        // across the restart too.
        for envelope in spent {
            let id = dsse::payload_digest(&envelope);
            let sent = session
                .connection()
                .exchange()
                .check(ExchangeCall { request: Some(envelope), ..ExchangeCall::default() })
                .await;
            if let Err(status) = sent {
                assert_eq!(Refusal::from_status(&status).code, ErrorCode::Replayed, "{id:02x?}");
            }
        }
    });
    assert_eq!(town.deployment.ledger_figure("open_count").unwrap(), 0);
    town.deployment.stop().unwrap();
}

#[test]
fn a_suspension_holds_within_a_second_at_hub_and_connectors() {
    let town = deploy(200, 23);
    let runtime = runtime();
    let mut session = runtime.block_on(town.session());
    let (applicant, variant) = town.cast("nothing_owned");
    assert!(matches!(
        runtime.block_on(session.check(&errand(), &question(variant, &applicant))).unwrap(),
        Outcome::Affirmed(_)
    ));
    let suspended = town.deployment.authority(&["member", "suspend"], &["--member", FUND]).unwrap();
    suspended.expect(0).unwrap();
    // The command has returned: from here on not one request gets through, on the session that is
    // open already.
    let refused = runtime.block_on(session.check(&errand(), &question(variant, &applicant)));
    let code = refused.as_ref().err().and_then(SessionError::code);
    assert_eq!(
        code,
        Some(ErrorCode::MemberSuspended),
        "{:?}",
        refused.err().map(|error| error.to_string())
    );
    // The connectors hold the new directory too: every one has confirmed it.
    let version =
        |member: &str| town.home(member).directory(std::time::SystemTime::now()).unwrap().version();
    let versions: BTreeMap<&str, u64> =
        ["police", "civil", "estate", "housing"].map(|member| (member, version(member))).into();
    assert!(versions.values().all(|one| one == versions.values().max().unwrap()), "{versions:?}");
    let directory = town.home("estate").directory(std::time::SystemTime::now()).unwrap();
    assert!(!directory.is_active(&town.home(FUND).system));
    town.deployment
        .authority(&["member", "resume"], &["--member", FUND])
        .unwrap()
        .expect(0)
        .unwrap();
    // A suspended provider is asked nothing any more, and is met again once it is resumed.
    town.deployment
        .authority(&["member", "suspend"], &["--member", "estate"])
        .unwrap()
        .expect(0)
        .unwrap();
    let outcome =
        runtime.block_on(session.check(&errand(), &question(variant, &applicant))).unwrap();
    let Outcome::Unavailable(why) = &outcome else { panic!("a suspended register was believed") };
    assert_eq!(
        (why.code, why.dataset.as_str()),
        (ErrorCode::SourceUnreachable, "estate.ownership")
    );
    town.deployment
        .authority(&["member", "resume"], &["--member", "estate"])
        .unwrap()
        .expect(0)
        .unwrap();
    town.deployment.wait_attached(&["estate.ownership"]).unwrap();
    assert!(matches!(
        runtime.block_on(session.check(&errand(), &question(variant, &applicant))).unwrap(),
        Outcome::Affirmed(_)
    ));
    town.deployment.stop().unwrap();
}
