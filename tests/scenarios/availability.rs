//! What keeps the hub answering: a second connector of a dataset, an address behind which one
//! machine floods, denials by the thousand, a thousand requests at once. And the limit on asking
//! one person's matter in every variant.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use zerotrip_client::{Errand, Outcome, Session, SessionError};
use zerotrip_proto::v1::{ErrorCode, GetCheckpointRequest};
use zerotrip_tests::deployment::{BASIS, FUND, PURPOSE, Running, TRANSIT, run, wait_until};

use crate::support::{DeployedCity, deploy, deploy_with, errand, question, runtime};

const ESTATE: &str = "estate.ownership";

/// A second connector of the registry, on another machine: its own keys, the same dataset.
fn second_connector(town: &DeployedCity) -> Running {
    let (authority, out, dir) = (
        town.deployment.path("authority"),
        town.deployment.path("spare.invitation"),
        town.deployment.path("estate-2"),
    );
    let spare = ["--member", "estate", "--system", "spare"];
    let desk = |verb: &str, more: &[&str]| {
        let arguments = [&["member", verb, "--dir", &authority][..], &spare, more].concat();
        town.deployment.zerotrip(&arguments).unwrap().expect(0).unwrap()
    };
    desk("invite", &["--out", &out]);
    let log = town.deployment.folder.join("logs/estate-2.log");
    let joining =
        Running::start("zerotrip-connector", &["join", "--dir", &dir, "--invitation", &out], &log)
            .unwrap();
    desk("admit", &["--wait", "30"]);
    joining.wait_success(Duration::from_secs(30)).unwrap();
    sign(town, "estate-2");
    let approve = [
        "approve",
        "--dir",
        &dir,
        "--check",
        "no-property",
        "--requester",
        FUND,
        "--purpose",
        PURPOSE,
        "--yes",
    ];
    run("zerotrip-connector", &approve, &town.deployment.folder).unwrap().expect(0).unwrap();
    let mut serving =
        Running::start("zerotrip-connector", &["serve", "--dir", &dir], &log).unwrap();
    serving.wait_for("serving").unwrap();
    serving
}

fn sign(town: &DeployedCity, folder: &str) {
    let (dir, dataset) =
        (town.deployment.path(folder), town.deployment.path("city/estate/ownership.toml"));
    run("zerotrip-connector", &["sign", "--dir", &dir, &dataset], &town.deployment.folder)
        .unwrap()
        .expect(0)
        .unwrap();
}

fn hub_says(town: &DeployedCity, text: &str) -> bool {
    std::fs::read_to_string(town.deployment.folder.join("logs/hub.log")).unwrap().contains(text)
}

fn is_affirmed(town: &DeployedCity) -> Result<bool, zerotrip_tests::deployment::Failure> {
    let (applicant, variant) = town.cast("nothing_owned");
    Ok(town.deployment.ask("check", FUND, variant, &applicant, &[])?.code == 0)
}

#[test]
fn a_second_connector_takes_over_when_the_first_leaves() {
    let mut town = deploy(60, 3);
    town.deployment.wait_attached(&[ESTATE]).unwrap();
    let spare = second_connector(&town);
    wait_until(Duration::from_secs(30), "the second stands by", || {
        Ok(hub_says(&town, "stands by"))
    })
    .unwrap();
    assert!(is_affirmed(&town).unwrap(), "the first answers");
    let journal = |member: &str| {
        let folder = town.deployment.folder.join(member).join("journal");
        std::fs::read_dir(folder).is_ok_and(|files| {
            files.flatten().any(|file| {
                std::fs::read_to_string(file.path()).is_ok_and(|text| text.contains("no-property"))
            })
        })
    };
    assert!(!journal("estate-2"), "one at a time");
    town.deployment.stop_connector("estate").unwrap();
    wait_until(Duration::from_secs(20), "the second answers", || is_affirmed(&town)).unwrap();
    town.deployment.wait_attached(&[ESTATE]).unwrap();
    assert!(hub_says(&town, "takes over"));
    // The first comes back and stands by in turn, once its owner has said there too what holds now;
    // then the second leaves.
    sign(&town, "estate");
    town.deployment.start_connector("estate").unwrap();
    let stood_by = |count: usize| {
        std::fs::read_to_string(town.deployment.folder.join("logs/hub.log"))
            .unwrap()
            .matches("stands by")
            .count()
            >= count
    };
    wait_until(Duration::from_secs(30), "the first stands by", || Ok(stood_by(2))).unwrap();
    spare.stop().unwrap();
    wait_until(Duration::from_secs(20), "the first answers again", || is_affirmed(&town)).unwrap();
    town.deployment.stop().unwrap();
}

/// A machine that opens connections and says nothing, or half of a greeting, as fast as it can,
/// behind the address of everybody else.
#[test]
fn half_open_handshakes_keep_nobody_behind_their_address_out() {
    const HALF_OPEN: usize = 2000;
    let town = deploy_with(60, 5, "connections = 256\nsubject_per_hour = 1000000\n");
    let address = town.deployment.url.trim_start_matches("https://").to_owned();
    runtime().block_on(async {
        let open = async |count: usize| {
            let mut held = Vec::with_capacity(count);
            for number in 0..count {
                let mut stream = TcpStream::connect(&address).await.unwrap();
                if number % 2 == 0 {
                    // The head of a TLS record that never ends.
                    stream.write_all(&[0x16, 3, 1, 1, 0, 1]).await.unwrap();
                }
                held.push(stream);
            }
            held
        };
        let held = open(HALF_OPEN).await;
        let flooding = tokio::spawn({
            let address = address.clone();
            async move {
                let mut held = Vec::new();
                loop {
                    if let Ok(stream) = TcpStream::connect(&address).await {
                        held.push(stream);
                    }
                    if held.len() > HALF_OPEN {
                        held.drain(..HALF_OPEN / 2);
                    }
                    tokio::task::yield_now().await;
                }
            }
        });
        let (applicant, variant) = town.cast("nothing_owned");
        for round in 0..10 {
            let begun = Instant::now();
            let mut session = town.session().await;
            let outcome = session.check(&errand(), &question(variant, &applicant)).await.unwrap();
            assert!(matches!(outcome, Outcome::Affirmed(_)), "{outcome:?}");
            assert!(
                begun.elapsed() < Duration::from_secs(10),
                "round {round}: {:?}",
                begun.elapsed()
            );
        }
        flooding.abort();
        drop(held);
    });
    assert!(hub_says(&town, "handshakes were given up unfinished"));
    town.deployment.stop().unwrap();
}

async fn leaves(session: &Session) -> usize {
    let head = session
        .connection()
        .ledger()
        .get_checkpoint(GetCheckpointRequest {})
        .await
        .unwrap()
        .into_inner();
    head.checkpoint.lines().nth(1).unwrap().parse().unwrap()
}

#[test]
fn denials_are_recorded_up_to_a_bound_and_others_keep_theirs() {
    const RECORDED: usize = 600;
    let town = deploy(60, 6);
    let (applicant, variant) = town.cast("nothing_owned");
    runtime().block_on(async {
        let mut session = town.session().await;
        let mut flooder = Session::connect(&town.home(TRANSIT)).await.unwrap();
        let before = leaves(&session).await;
        let (mut denied, mut told) = (0, 0);
        for _ in 0..RECORDED + 100 {
            match flooder.check(&errand(), &question(variant, &applicant)).await {
                Ok(Outcome::Denied(_)) => denied += 1,
                Err(SessionError::Refused(refusal)) if refusal.code == ErrorCode::Overloaded => {
                    assert!(refusal.en.contains("try again in a minute"), "{refusal}");
                    told += 1;
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!((denied, told), (RECORDED, 100));
        assert_eq!(leaves(&session).await - before, 2 * RECORDED);
        let outcome = session.check(&errand(), &question(variant, &applicant)).await.unwrap();
        assert!(matches!(outcome, Outcome::Affirmed(_)), "{outcome:?}");
    });
    town.deployment.stop().unwrap();
}

#[test]
fn a_thousand_at_once_are_answered_or_told_when_to_ask_again() {
    let town = deploy_with(60, 31, "subject_per_hour = 1000000\n");
    let home = town.home(FUND);
    let (applicant, variant) = town.cast("nothing_owned");
    runtime().block_on(async {
        let lanes = (0..1000).map(|_| {
            let (home, question) = (home.clone(), question(variant, &applicant));
            tokio::spawn(async move {
                let mut session = Session::connect(&home).await?;
                session.check(&errand(), &question).await
            })
        });
        let mut came = BTreeMap::new();
        for lane in futures::future::join_all(lanes).await {
            let what = match lane.unwrap() {
                Ok(Outcome::Affirmed(_)) => "answered".to_owned(),
                Ok(other) => format!("{other:?}"),
                Err(SessionError::Refused(refusal))
                    if refusal.code == ErrorCode::Overloaded
                        && refusal.en.contains("try again in a second") =>
                {
                    "told to ask again".to_owned()
                }
                Err(error) => error.to_string(),
            };
            *came.entry(what).or_insert(0_usize) += 1;
        }
        let known = came.get("answered").copied().unwrap_or(0)
            + came.get("told to ask again").copied().unwrap_or(0);
        assert_eq!(known, 1000, "{came:?}");
        assert!(came["answered"] >= 100, "{came:?}");
        // Nobody is worse off for it.
        let mut session = town.session().await;
        let outcome = session.check(&errand(), &question(variant, &applicant)).await.unwrap();
        assert!(matches!(outcome, Outcome::Affirmed(_)), "{outcome:?}");
    });
    town.deployment.stop().unwrap();
}

/// Couple yes and family no is a child's home: what was asked in one variant is not asked in
/// another, unless the grant says so.
#[test]
fn variants_of_one_persons_matter_are_limited_by_the_grant() {
    let mut town = deploy(60, 5);
    let desk = |town: &DeployedCity, arguments: &[&str]| {
        let authority = town.deployment.path("authority");
        town.deployment
            .zerotrip(&[&["grant", arguments[0], "--dir", &authority], &arguments[1..]].concat())
            .unwrap()
            .expect(0)
            .unwrap()
    };
    for variant in ["applicant", "couple", "family"] {
        desk(&town, &["revoke", "--id", &format!("fund-{variant}")]);
    }
    // The default: one variant.
    desk(
        &town,
        &[
            "add",
            "--id",
            "narrow",
            "--member",
            FUND,
            "--check",
            "no-property",
            "--purpose",
            PURPOSE,
            "--basis",
            BASIS,
        ],
    );
    let ask = |town: &DeployedCity, variant: &str, applicant: &str| {
        let done = town.deployment.ask("check", FUND, variant, applicant, &[]).unwrap();
        (done.code, done.errors)
    };
    let (applicant, _) = town.cast("nothing_owned");
    let other =
        town.city.ids.iter().find(|id| id.as_str() != applicant).unwrap().as_str().to_owned();
    assert_eq!(ask(&town, "couple", &applicant).0, 0);
    assert_eq!(ask(&town, "couple", &applicant).0, 0, "the same again");
    let (code, said) = ask(&town, "family", &applicant);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("VARIANT_LIMIT") && said.contains("--variants-per-subject"), "{said}");
    assert_ne!(ask(&town, "family", &other).0, 3, "of another person");
    // A restart, and an answer that was no answer, change nothing.
    town.deployment.kill_hub().unwrap();
    town.deployment.start_hub().unwrap();
    // The last question is about all of them.
    let all = ["civil.marriage", "police.household", ESTATE, "housing.presale"];
    town.deployment.wait_attached(&all).unwrap();
    assert_eq!(ask(&town, "family", &applicant).0, 3);
    // Nor does another system of the member, or another case: the limit is the member's.
    runtime().block_on(async {
        let mut session = town.session().await;
        let errand = Errand { case_number: "another".into(), official: "9".into(), ..errand() };
        let refused = session.check(&errand, &question("applicant", &applicant)).await.unwrap_err();
        assert_eq!(refused.code(), Some(ErrorCode::VariantLimit), "{refused}");
    });
    // The grant says which and how many.
    for variant in ["applicant", "couple", "family"] {
        desk(&town, &["revoke", "--id", &format!("narrow-{variant}")]);
    }
    let wide = [
        "--member",
        FUND,
        "--check",
        "no-property",
        "--purpose",
        PURPOSE,
        "--basis",
        BASIS,
        "--variants-per-subject",
        "2",
    ];
    desk(&town, &[&["add", "--id", "wide"][..], &wide].concat());
    assert_eq!(ask(&town, "family", &applicant).0, 0);
    assert_eq!(ask(&town, "applicant", &applicant).0, 3);
    town.deployment.stop().unwrap();
}
