//! What operators do to a hub's store every week: look into it with another program, copy it, lose
//! power, put a copy back.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use rusqlite::Connection;
use serde_json::{Value, json};
use zerotrip_client::request::sign_issue;
use zerotrip_proto::to_timestamp;
use zerotrip_proto::v1::{ErrorCode, ExchangeCall, IssueBody};
use zerotrip_tests::deployment::{
    BASIS, DEPARTMENTS, FUND, Finished, PURPOSE, binary_path, run, wait_until,
};

use crate::support::{DeployedCity, code_of, deploy, errand, runtime};

/// Other programs' ways to look into a database file, or to copy it.
const LOOKS: [&str; 4] = [
    "SELECT count(*) FROM leaf",
    "PRAGMA wal_checkpoint(TRUNCATE)",
    "PRAGMA journal_mode = DELETE",
    "BEGIN; SELECT * FROM bundle; COMMIT",
];

impl DeployedCity {
    /// This process is not the hub: to SQLite it is another program that comes and goes.
    fn looked_into(&self, how: &str) {
        let connection = Connection::open(self.deployment.folder.join("store.sqlite")).unwrap();
        connection.busy_timeout(std::time::Duration::from_millis(200)).unwrap();
        let _refused = connection.execute_batch(how);
    }

    /// The same with the command that people have, where it is installed.
    fn looked_into_by_command(&self) {
        let store = self.deployment.path("store.sqlite");
        for what in [
            "select count(*) from leaf",
            &format!(".backup {}", self.deployment.path("theirs.sqlite")),
        ] {
            drop(Command::new("sqlite3").args([&store, what]).output());
        }
    }

    fn ledger_size(&self) -> u64 {
        self.deployment.ledger_figure("size").unwrap()
    }

    pub fn hub_command(&self, arguments: &[&str]) -> Finished {
        let (dir, store) = (self.deployment.path("hub"), self.deployment.path(""));
        run(
            "zerotrip-hub",
            &[arguments, &["--dir", &dir, "--store", &store]].concat(),
            &self.deployment.folder,
        )
        .unwrap()
    }

    /// An exchange of which the body is there.
    fn kept_exchange(&self) -> Option<String> {
        let store = self.deployment.folder.join("store.sqlite");
        let connection =
            Connection::open_with_flags(store, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        connection
            .query_row("SELECT id FROM exchange WHERE answer IS NOT NULL", [], |row| row.get(0))
            .ok()
    }

    /// What lies in the folder of orders.
    fn orders(&self) -> Vec<PathBuf> {
        let folder = std::fs::read_dir(self.deployment.folder.join("orders"));
        folder.into_iter().flatten().map(|entry| entry.unwrap().path()).collect()
    }

    fn order(&self) -> Option<PathBuf> {
        self.orders().into_iter().find(|path| path.extension().is_some_and(|end| end == "order"))
    }

    fn hub_log(&self) -> String {
        std::fs::read_to_string(self.deployment.folder.join("logs/hub.log")).unwrap()
    }

    /// Each department says of the hub that it was set back, and serves it nothing.
    fn wait_refused_by_departments(&self) {
        for (member, ..) in DEPARTMENTS {
            let log = self.deployment.folder.join("logs").join(format!("{member}.log"));
            let said = || Ok(std::fs::read_to_string(&log)?.contains("the hub was set back"));
            wait_until(Duration::from_secs(30), &format!("{member} refuses the hub"), said)
                .unwrap();
        }
        self.deployment.wait_detached("estate.ownership").unwrap();
    }

    /// Departments compare when their channels open, and every 15 seconds.
    fn wait_seen_by_departments(&self, more_than: u64) {
        for (member, ..) in DEPARTMENTS {
            let file = self.deployment.folder.join(member).join("state/hub-seen.toml");
            let seen = || {
                let kept: toml::Table =
                    std::fs::read_to_string(&file).unwrap_or_default().parse()?;
                Ok(kept
                    .get("size")
                    .and_then(toml::Value::as_integer)
                    .is_some_and(|size| size > i64::try_from(more_than).unwrap()))
            };
            wait_until(
                Duration::from_secs(40),
                &format!("{member} has seen over {more_than} entries"),
                seen,
            )
            .unwrap();
        }
    }

    /// As their people do once the authority has confirmed that a backup was put back.
    fn departments_forget(&self) {
        for (member, ..) in DEPARTMENTS {
            std::fs::remove_file(self.deployment.folder.join(member).join("state/hub-seen.toml"))
                .unwrap();
        }
    }
}

#[test]
fn looks_into_a_running_hubs_store_lose_nothing_and_revoke_no_revocation() {
    let mut town = deploy(200, 31);
    for (round, look) in LOOKS.into_iter().enumerate() {
        let id = format!("look-{round}");
        let more = [
            "--id",
            &id,
            "--member",
            FUND,
            "--check",
            "no-property/couple",
            "--purpose",
            PURPOSE,
            "--basis",
            BASIS,
        ];
        town.looked_into(look);
        town.looked_into_by_command();
        town.deployment.authority(&["grant", "add"], &more).unwrap().expect(0).unwrap();
        town.looked_into(look);
        assert_eq!(town.exit_code("couple"), 0, "{look}");
        let grants: Vec<String> = ["fund-couple".into(), id]
            .into_iter()
            .filter(|grant| round == 0 || grant != "fund-couple")
            .collect();
        for grant in &grants {
            town.deployment
                .authority(&["grant", "revoke"], &["--id", grant])
                .unwrap()
                .expect(0)
                .unwrap();
        }
        assert_eq!(town.exit_code("couple"), 3, "{look}");
        town.looked_into_by_command();
        let before = town.ledger_size();
        town.looked_into(look);
        town.deployment.kill_and_start_hub().unwrap();
        assert!(town.ledger_size() >= before, "{look}");
        assert_eq!(town.exit_code("couple"), 3, "{look}: what was revoked came back");
    }
    town.deployment.stop().unwrap();
}

#[test]
fn a_backup_is_made_while_the_hub_serves_and_put_back() {
    let mut town = deploy(200, 33);
    assert_eq!(town.exit_code("couple"), 0);
    let copy = town.deployment.path("copy");
    let made = town.hub_command(&["--json", "backup", "--to", &copy]).expect(0).unwrap();
    let size = made.json().unwrap()["size"].as_u64().unwrap();
    assert!(size > 0 && town.ledger_size() >= size);
    town.hub_command(&["backup", "--to", &copy]).expect(2).unwrap();
    assert_eq!(town.exit_code("couple"), 0, "the hub goes on meanwhile");
    town.deployment
        .authority(&["grant", "revoke"], &["--id", "fund-couple"])
        .unwrap()
        .expect(0)
        .unwrap();
    let refused = town.hub_command(&["restore", "--from", &copy]).expect(2).unwrap();
    assert!(refused.errors.contains("another process has the store"), "{}", refused.errors);
    town.wait_seen_by_departments(size);

    town.deployment.kill_hub().unwrap();
    let restored = town.hub_command(&["restore", "--from", &copy]).expect(0).unwrap();
    assert!(restored.output.contains("zerotrip authority refresh"), "{}", restored.output);
    town.deployment.start_hub().unwrap();
    town.deployment.authority(&["authority", "refresh"], &[]).unwrap().expect(0).unwrap();
    // Departments saw a longer log: they answer again once the authority confirmed the backup to
    // each.
    town.wait_refused_by_departments();
    town.departments_forget();
    town.deployment.wait_all_attached().unwrap();
    assert_ne!(town.exit_code("couple"), 0, "the authority's word came first");
    town.deployment.stop().unwrap();
}

/// Store, mark and checkpoint together, as out of a cold copy of the folder: nothing in it can know
/// better. Those who asked do.
#[test]
fn a_hub_that_was_set_back_whole_is_found_out_by_the_next_answer() {
    let mut town = deploy(200, 35);
    assert_eq!(town.exit_code("couple"), 0);
    let size = town.ledger_size();
    town.deployment.kill_hub().unwrap();
    let (folder, aside) = (town.deployment.folder.clone(), town.deployment.folder.join("cold"));
    std::fs::create_dir(&aside).unwrap();
    let parts = ["store.sqlite", "store.sqlite-wal", "head", "ledger"];
    let copy = |from: &std::path::Path, to: &std::path::Path| {
        for part in parts {
            assert!(Command::new("rm").arg("-rf").arg(to.join(part)).status().unwrap().success());
            if from.join(part).exists() {
                assert!(
                    Command::new("cp")
                        .arg("-r")
                        .arg(from.join(part))
                        .arg(to)
                        .status()
                        .unwrap()
                        .success()
                );
            }
        }
    };
    copy(&folder, &aside);
    town.deployment.start_hub().unwrap();
    town.deployment.wait_all_attached().unwrap();
    town.deployment
        .authority(&["grant", "revoke"], &["--id", "fund-couple"])
        .unwrap()
        .expect(0)
        .unwrap();
    assert_eq!(town.exit_code("couple"), 3);
    town.wait_seen_by_departments(size);
    town.deployment.kill_hub().unwrap();
    copy(&aside, &folder);
    town.deployment.start_hub().unwrap();
    town.wait_refused_by_departments();
    // Also where departments take it: those who asked find it out for themselves.
    town.departments_forget();
    town.deployment.wait_all_attached().unwrap();
    for _ in 0..2 {
        assert_eq!(town.exit_code("couple"), 5, "not the answer that the revoked right would give");
    }
    let (applicant, _) = town.cast("nothing_owned");
    let said = town.deployment.ask("check", FUND, "couple", &applicant, &[]).unwrap();
    assert!(
        said.errors.contains("ledger") && said.errors.contains("do not act on the answer"),
        "{}",
        said.errors
    );
    town.deployment.stop().unwrap();
}

/// While the hub serves: its operator's orders are carried out by it, and a hold wins.
#[test]
fn orders_are_carried_out_by_the_running_hub_and_a_hold_wins() {
    let town = deploy(200, 31);
    assert_eq!(town.exit_code("couple"), 0);
    let database = || {
        Connection::open_with_flags(
            town.deployment.folder.join("store.sqlite"),
            rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY,
        )
        .unwrap()
    };
    let id: String = database()
        .query_row("SELECT id FROM exchange WHERE answer IS NOT NULL", [], |row| row.get(0))
        .unwrap();
    let word = ["--by", "records office", "--why", "file 7"];
    let order = |arguments: &[&str]| town.hub_command(&[&["--json"], arguments, &word].concat());
    let held = order(&["hold", "add", "--exchange", &id]).expect(0).unwrap().json().unwrap();
    assert_eq!(held["hold"], 1);
    let refused = order(&["erase", &id]).expect(2).unwrap();
    assert!(refused.errors.contains("the hold 1 keeps"), "{}", refused.errors);
    let kept = order(&["erase", "--before", "2100-01-01"]).expect(0).unwrap().json().unwrap();
    assert_eq!(kept["erased"], 0);
    order(&["hold", "release", "1"]).expect(0).unwrap();
    let listed = town.hub_command(&["--json", "hold", "list"]).expect(0).unwrap().json().unwrap();
    assert_eq!(listed["released"]["by"], "records office");
    assert_eq!(order(&["erase", &id]).expect(0).unwrap().json().unwrap()["erased"], 1);
    // No certificate rests on what is gone, within the hour too.
    let refused = runtime().block_on(async {
        let (home, now) = (town.home(FUND), SystemTime::now());
        let issue = IssueBody {
            exchange_id: id.clone(),
            certificate_digest: vec![7; 32],
            valid_until: Some(to_timestamp(now + Duration::from_secs(3600))),
            place: None,
        };
        let from = (&home.system, &home.sign);
        let request = sign_issue(from, &home.hub, &errand(), issue, now).unwrap();
        let call = ExchangeCall { request: Some(request.envelope), ..ExchangeCall::default() };
        town.session().await.connection().exchange().issue(call).await.unwrap_err()
    });
    assert_eq!(code_of(&refused), ErrorCode::NotIssuable);
    assert!(refused.message().contains("was erased"), "{refused}");
    let none: bool = database()
        .query_row(
            "SELECT answer IS NULL AND fact IS NULL FROM exchange WHERE id = ?1",
            [&id],
            |row| row.get(0),
        )
        .unwrap();
    assert!(none);
    let checked = town.hub_command(&["--json", "segments", "verify"]).expect(0).unwrap();
    assert_eq!(checked.json().unwrap()["faults"], 0);
    assert_eq!(town.exit_code("couple"), 0, "it goes on");
    // A program that reads the store is in the way: the command says so, the hub goes on trying.
    let reader = database();
    reader.execute_batch("BEGIN; SELECT count(*) FROM exchange").unwrap();
    let next: String = reader
        .query_row("SELECT id FROM exchange WHERE answer IS NOT NULL", [], |row| row.get(0))
        .unwrap();
    let said = town.hub_command(&[&["erase", &next], &word[..]].concat()).expect(0).unwrap();
    assert!(said.output.contains("the store's WAL"), "{}", said.output);
    assert!(said.output.contains("另有程序正在读取存储"), "{}", said.output);
    let again = order(&["erase", &next]).expect(0).unwrap().json().unwrap();
    assert_eq!((&again["erased"], &again["left_in_wal"]), (&json!(0), &json!(true)));
    town.wait_in_log("hub", "another program reads the store");
    reader.execute_batch("COMMIT").unwrap();
    town.wait_in_log("hub", "what was erased is gone from the store's WAL too");
    let again = order(&["erase", &next]).expect(0).unwrap().json().unwrap();
    assert_eq!(again["left_in_wal"], false);
    // And by the command itself, where no hub runs.
    town.deployment.stop().unwrap();
}

/// Holds that were placed since a backup are not in it: whoever puts it back says first that none
/// is missing, to a running hub as well as without one.
#[test]
fn a_restored_hub_erases_nothing_before_its_holds_are_confirmed() {
    let mut town = deploy(200, 31);
    assert_eq!(town.exit_code("couple"), 0);
    let id = town.kept_exchange().unwrap();
    let copy = town.deployment.path("copy");
    town.hub_command(&["backup", "--to", &copy]).expect(0).unwrap();
    let word = ["--by", "legal office", "--why", "file 12"];
    let order = |town: &DeployedCity, arguments: &[&str], code: i32| {
        town.hub_command(&[&["--json"], arguments, &word].concat()).expect(code).unwrap()
    };
    let restore = |town: &mut DeployedCity| {
        town.deployment.kill_hub().unwrap();
        let said = town.hub_command(&["--json", "restore", "--from", &copy]).expect(0).unwrap();
        assert!(said.json().unwrap()["holds_unconfirmed_since"].is_u64(), "{}", said.output);
    };
    order(&town, &["hold", "add", "--exchange", &id], 0);
    restore(&mut town);
    town.deployment.start_hub().unwrap();
    town.wait_in_log("hub", "holds placed since");
    let refused = order(&town, &["erase", "--before", "2100-01-01"], 2);
    assert!(refused.errors.contains("zerotrip-hub hold confirm"), "{}", refused.errors);
    let listed = town.hub_command(&["hold", "list"]).expect(0).unwrap().output;
    assert!(listed.contains("may be missing") && listed.contains("可能没有"), "{listed}");
    order(&town, &["hold", "add", "--exchange", &id], 0);
    order(&town, &["erase", &id], 2);
    assert_eq!(order(&town, &["hold", "confirm"], 0).json().unwrap()["confirmed"], 1);
    let kept = order(&town, &["erase", "--before", "2100-01-01"], 0).json().unwrap();
    assert_eq!((&kept["erased"], &kept["held"]), (&json!(0), &json!(1)));
    let listed = town.hub_command(&["hold", "list"]).expect(0).unwrap().output;
    assert!(!listed.contains("may be missing"), "{listed}");
    assert!(listed.contains("no hold is missing"), "it stays on record: {listed}");
    assert_eq!(town.hub_log().matches("holds placed since").count(), 1, "{}", town.hub_log());

    // Without a running hub.
    restore(&mut town);
    order(&town, &["erase", &id], 2);
    let said = order(&town, &["hold", "confirm"], 0).errors;
    assert!(!said.contains("ERROR"), "{said}");
    assert_eq!(order(&town, &["erase", &id], 0).json().unwrap()["erased"], 1);
    town.deployment.stop().unwrap();
}

/// What an operator has stopped is not carried out later, by the next hub.
#[test]
fn an_order_whose_command_no_longer_waits_is_not_carried_out() {
    let mut town = deploy(200, 31);
    assert_eq!(town.exit_code("couple"), 0);
    let id = town.kept_exchange().unwrap();
    // While the hub hangs: what the command says as it is ended.
    let leave = |town: &mut DeployedCity, signal: &str| {
        town.deployment.hub().unwrap().signal("STOP").unwrap();
        let (dir, store) = (town.deployment.path("hub"), town.deployment.path(""));
        let command = Command::new(binary_path("zerotrip-hub").unwrap())
            .args(["erase", &id, "--by", "a", "--why", "b", "--dir", &dir, "--store", &store])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        wait_until(Duration::from_secs(30), "an order is left", || Ok(town.order().is_some()))
            .unwrap();
        let pid = command.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
        String::from_utf8(command.wait_with_output().unwrap().stderr).unwrap()
    };
    // Told to stop, it takes its order back.
    let said = leave(&mut town, "-TERM");
    assert!(said.contains("the order is withdrawn"), "{said}");
    assert_eq!(town.orders(), Vec::<PathBuf>::new());
    town.deployment.hub().unwrap().signal("CONT").unwrap();

    // Killed, it cannot; but nobody waits for it any more.
    leave(&mut town, "-KILL");
    let left = town.order().unwrap();
    let mut order: Value = serde_json::from_slice(&std::fs::read(&left).unwrap()).unwrap();
    let is_gone = |town: &DeployedCity, said: &str| {
        town.wait_in_log("hub", said);
        let gone = || Ok(town.orders().is_empty());
        wait_until(Duration::from_secs(10), "the order is gone", gone).unwrap();
        assert_eq!(town.kept_exchange().as_ref(), Some(&id), "and its body is there");
    };
    town.deployment.kill_and_start_hub().unwrap();
    is_gone(&town, "has ended without its reply");

    // One that is still there when its time is over, and one in time, for the hub that comes next.
    let write = |order: &Value| {
        let beside = left.with_extension("beside");
        let file = std::fs::File::create(&beside).unwrap();
        file.lock().unwrap();
        std::fs::write(&beside, order.to_string()).unwrap();
        std::fs::rename(&beside, &left).unwrap();
        file
    };
    let until = order["until"].as_u64().unwrap();
    town.deployment.kill_hub().unwrap();
    order["until"] = json!(until - 200);
    let _waits = write(&order);
    town.deployment.start_hub().unwrap();
    is_gone(&town, "waited until");
    town.deployment.kill_hub().unwrap();
    order["until"] = json!(until);
    let _waits = write(&order);
    town.deployment.start_hub().unwrap();
    let erased = || Ok(town.kept_exchange().as_ref() != Some(&id));
    wait_until(Duration::from_secs(30), "the order is carried out", erased).unwrap();
    town.deployment.stop().unwrap();
}
