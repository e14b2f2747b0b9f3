//! A full disk at each step: under the hub's ledger between any two of its writes, under a
//! connector's journal and its kept directory, under the file that a certificate goes to. Nothing
//! is answered that is not recorded, nothing read that is not journalled, and where there is room
//! again it goes on. The disk is full for a process by a limit on how far its files may grow (EFBIG
//! for ENOSPC).

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use zerotrip_client::{Outcome, Session, SessionError};
use zerotrip_proto::v1::ErrorCode;
use zerotrip_tests::deployment::{FUND, TRANSIT, binary_path};

use crate::support::{DeployedCity, deploy, errand, journal, question, runtime};

const DEPARTMENTS: [&str; 4] = ["police", "civil", "estate", "housing"];
/// Bytes of one page on its way into SQLite's write-ahead log.
const WAL_FRAME: u64 = 4096 + 24;
/// An intent and a completion together write fewer pages than this.
const MOST_PAGES: u64 = 24;

impl DeployedCity {
    fn scans(&self) -> usize {
        DEPARTMENTS
            .iter()
            .map(|member| {
                journal(&self.deployment.folder, member).matches("\"event\":\"scan\"").count()
            })
            .sum()
    }

    fn wal(&self) -> PathBuf {
        self.deployment.folder.join("store.sqlite-wal")
    }

    async fn family(&self, session: &mut Session) -> Result<Outcome, SessionError> {
        session.check(&errand(), &question("family", &self.cast("nothing_owned").0)).await
    }
}

#[test]
fn a_full_disk_under_the_ledger_stops_the_hub_at_every_step_and_answers_nothing_unrecorded() {
    let mut town = deploy(100, 17);
    let runtime = runtime();
    let (mut before_dispatch, mut before_answer, mut answered) = (0, 0, 0);
    // Room for ever more pages: first the intent fails, then the completion, then neither.
    for pages in (0..=MOST_PAGES).step_by(3) {
        let mut session = runtime.block_on(town.session());
        let room = fs::metadata(town.wal()).unwrap().len() + pages * WAL_FRAME;
        let scans = town.scans();
        town.deployment.hub().unwrap().limit_files(Some(room)).unwrap();
        let outcome = runtime.block_on(town.family(&mut session));
        match outcome {
            Ok(Outcome::Affirmed(_)) => answered += 1,
            Err(error) => {
                assert_eq!(error.code(), Some(ErrorCode::LedgerUnavailable), "{error}");
                if town.scans() == scans {
                    before_dispatch += 1
                } else {
                    before_answer += 1
                }
                // Full once, it records nothing more, even if there is room again: what the disk
                // holds is known only after an audit.
                town.deployment.hub().unwrap().limit_files(None).unwrap();
                let scans = town.scans();
                let again = runtime
                    .block_on(town.family(&mut session))
                    .expect_err("the hub goes on though its ledger failed");
                assert_eq!(again.code(), Some(ErrorCode::LedgerUnavailable), "{again}");
                assert_eq!(
                    town.scans(),
                    scans,
                    "departments were asked though no intent can be recorded"
                );
            }
            Ok(other) => panic!("{other:?}"),
        }
        town.deployment.kill_hub().unwrap();
        town.deployment.start_hub().unwrap();
        town.deployment.wait_all_attached().unwrap();
        let mut session = runtime.block_on(town.session());
        let outcome = runtime.block_on(town.family(&mut session)).unwrap();
        assert!(matches!(outcome, Outcome::Affirmed(_)), "{outcome:?}");
    }
    assert!(
        before_dispatch > 0 && before_answer > 0 && answered > 0,
        "{before_dispatch} {before_answer} {answered}"
    );
    assert_eq!(town.deployment.ledger_figure("open_count").unwrap(), 0);
    town.deployment.stop().unwrap();
}

#[test]
fn a_full_disk_under_a_connector_gives_out_nothing_and_is_over_when_there_is_room() {
    let town = deploy(100, 17);
    let runtime = runtime();
    let mut session = runtime.block_on(town.session());
    assert!(matches!(runtime.block_on(town.family(&mut session)).unwrap(), Outcome::Affirmed(_)));

    // A line of the journal that does not fit, or fits in part: the scan is not made.
    for more in [0, 40] {
        let length = journal(&town.deployment.folder, "estate").len() as u64;
        town.deployment.connector("estate").unwrap().limit_files(Some(length + more)).unwrap();
        let outcome = runtime.block_on(town.family(&mut session)).unwrap();
        let Outcome::Unavailable(why) = &outcome else { panic!("{outcome:?}") };
        assert_eq!((why.code, why.dataset.as_str()), (ErrorCode::SourceFailed, "estate.ownership"));
        town.deployment.connector("estate").unwrap().limit_files(None).unwrap();
        assert!(matches!(
            runtime.block_on(town.family(&mut session)).unwrap(),
            Outcome::Affirmed(_)
        ));
    }
    let lines = journal(&town.deployment.folder, "estate");
    let torn: Vec<&str> = lines
        .lines()
        .filter(|line| serde_json::from_str::<serde_json::Value>(line).is_err())
        .collect();
    assert!(torn.is_empty(), "{torn:?}");
    assert_eq!(
        lines.matches("\"event\":\"scan\"").count(),
        lines.matches("\"event\":\"answered\"").count(),
        "{lines}"
    );

    // A key directory that it cannot keep: the suspension holds all the same, and the connector is
    // asked nothing until it has it.
    town.deployment.connector("estate").unwrap().limit_files(Some(16)).unwrap();
    town.deployment
        .authority(&["member", "suspend"], &["--member", TRANSIT])
        .unwrap()
        .expect(0)
        .unwrap();
    let outcome = runtime.block_on(town.family(&mut session)).unwrap();
    let Outcome::Unavailable(why) = &outcome else { panic!("{outcome:?}") };
    assert_eq!(why.dataset, "estate.ownership");
    town.deployment.connector("estate").unwrap().limit_files(None).unwrap();
    town.deployment.wait_all_attached().unwrap();
    assert!(matches!(runtime.block_on(town.family(&mut session)).unwrap(), Outcome::Affirmed(_)));
    assert!(
        !town
            .home("estate")
            .directory(std::time::SystemTime::now())
            .unwrap()
            .is_active(&town.home(TRANSIT).system)
    );
    town.deployment.stop().unwrap();
}

#[test]
fn a_certificate_that_does_not_fit_is_not_recorded_as_issued() {
    let town = deploy(100, 17);
    let (applicant, variant) = town.cast("nothing_owned");
    let target = town.deployment.folder.join("proof.sdjwt");
    let issue = |limit: &str| {
        let binary = binary_path("zerotrip").unwrap();
        let (dir, parameter) = (town.deployment.path(FUND), format!("applicant={applicant}"));
        let asking = [
            "--check",
            "no-property",
            "--variant",
            variant,
            "--param",
            &parameter,
            "--official",
            "0471",
        ];
        let errand = [
            "--service-item",
            "rent-withdrawal-330100",
            "--purpose",
            "rent-withdrawal",
            "--case",
            "HZ-2026-000417",
        ];
        Command::new("sh")
            .args(["-c", &format!("trap '' XFSZ; ulimit -f {limit}; exec \"$0\" \"$@\"")])
            .arg(binary)
            .args([
                "--json",
                "issue",
                "--dir",
                &dir,
                "--out",
                target.to_str().unwrap(),
                "--basis",
                "住房公积金管理条例第24条",
            ])
            .args(asking)
            .args(errand)
            .env("LANG", "C.UTF-8")
            .output()
            .unwrap()
    };
    // Nothing fits, not even the newest tree head; or that alone does.
    for (limit, named) in [("0", "ledger-seen.note"), ("1", "proof.sdjwt")] {
        let full = issue(limit);
        let said = String::from_utf8_lossy(&full.stderr).into_owned()
            + &String::from_utf8_lossy(&full.stdout);
        assert_eq!(full.status.code(), Some(2), "{said}");
        assert!(said.contains(named), "{said}");
        let left: Vec<_> = fs::read_dir(&town.deployment.folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert!(
            !left.iter().any(|name| name.to_string_lossy().contains("proof.sdjwt")),
            "{left:?}"
        );
    }
    let room = issue("unlimited");
    assert_eq!(room.status.code(), Some(0), "{}", String::from_utf8_lossy(&room.stderr));
    town.deployment
        .zerotrip(&[
            "--json",
            "verify",
            "--dir",
            &town.deployment.path(FUND),
            target.to_str().unwrap(),
        ])
        .unwrap()
        .expect(0)
        .unwrap();
    town.deployment.stop().unwrap();
}
