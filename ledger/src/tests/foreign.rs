//! Other programs that open the store of a running hub, and files that are taken away under it:
//! with real processes, killed.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use rusqlite::Connection;

use super::*;

const ROLE: &str = "ZEROTRIP_LEDGER_TEST_ROLE";
const FOLDER: &str = "ZEROTRIP_LEDGER_TEST_FOLDER";

/// What another program may do with a file that it can open. The first field is its name in the
/// child's environment.
const PROGRAMS: [(&str, &str); 5] = [
    ("count", "SELECT count(*) FROM leaf"),
    ("rolled back", "BEGIN IMMEDIATE; DELETE FROM leaf; ROLLBACK"),
    ("checkpoint", "PRAGMA wal_checkpoint(TRUNCATE)"),
    ("another journal", "PRAGMA journal_mode = DELETE"),
    ("exclusive", "PRAGMA locking_mode = EXCLUSIVE; SELECT count(*) FROM leaf"),
];

/// What no program but ours may do to it, by its own text.
const WRITERS: [&str; 4] = [
    "CREATE TABLE IF NOT EXISTS theirs (x)",
    "ANALYZE",
    "DELETE FROM exchange",
    "INSERT INTO leaf SELECT idx + 1, hash, entry, salt, content, reader FROM leaf ORDER BY idx \
     DESC LIMIT 1; PRAGMA wal_checkpoint(TRUNCATE)",
];

/// Not a test: what the children of the tests below do. Run by itself it does nothing.
#[test]
fn child() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let folder = std::path::PathBuf::from(std::env::var(FOLDER).unwrap());
    let database = folder.join("store.sqlite");
    match role.as_str() {
        "hub" => {
            let key = SigningKey::from_pkcs8_pem(&fs::read_to_string(folder.join("key")).unwrap())
                .unwrap();
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let (ledger, _) = Ledger::open(&folder, ORIGIN, key).unwrap();
                loop {
                    let receipt = ledger.append(Body::Refusal(refusal()), at(0)).await;
                    match receipt {
                        Ok(receipt) => println!(
                            "\nack {} {}",
                            receipt.index,
                            receipt.checkpoint.lines().nth(1).unwrap()
                        ),
                        Err(error) => {
                            println!("\nrefused {error}");
                            std::thread::sleep(Duration::from_secs(3600));
                        }
                    }
                }
            });
        }
        "copied" => {
            let to = folder.join("vacuumed");
            let _none = fs::remove_file(&to);
            Connection::open(&database)
                .unwrap()
                .execute("VACUUM INTO ?1", [to.to_str().unwrap()])
                .unwrap();
        }
        other if WRITERS.contains(&other) => {
            Connection::open(&database).unwrap().execute_batch(other).unwrap()
        }
        other => {
            let (_, statement) = PROGRAMS.iter().find(|(name, _)| *name == other).unwrap();
            let connection = Connection::open(&database).unwrap();
            connection.busy_timeout(Duration::from_millis(200)).unwrap();
            // Some of it is refused while the store is in use; what counts is what it leaves
            // behind.
            let _refused = connection.execute_batch(statement);
        }
    }
}

/// A hub's store in a process of its own.
struct Hub {
    process: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
    acknowledged: u64,
    /// What other program came last.
    after: &'static str,
}

fn spawn(store: &Store, role: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "tests::foreign::child", "--nocapture", "--test-threads=1"]);
    command.env(ROLE, role).env(FOLDER, store.path()).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

fn foreign(store: &Store, role: &str) {
    assert!(spawn(store, role).status().unwrap().success(), "{role}");
}

impl Hub {
    fn start(store: &Store) -> Self {
        fs::write(store.path().join("key"), store.key.to_pkcs8_pem().as_bytes()).unwrap();
        let mut process = spawn(store, "hub").spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { process, lines, acknowledged: 0, after: "start" }
    }

    /// The next word of the hub: the size of a tree whose head it gave out, or why it records
    /// nothing more.
    fn next(&mut self) -> Result<u64, String> {
        loop {
            let line = self.lines.next().unwrap().unwrap();
            if let Some(rest) = line.strip_prefix("ack ") {
                let (index, size) = rest.split_once(' ').unwrap();
                self.acknowledged = index.parse::<u64>().unwrap() + 1;
                return Ok(size.parse().unwrap());
            }
            if let Some(why) = line.strip_prefix("refused ") {
                return Err(why.to_owned());
            }
        }
    }

    fn acknowledge(&mut self, more: u64) {
        let until = self.acknowledged + more;
        while self.acknowledged < until {
            self.next().unwrap_or_else(|why| panic!("{} and then {why}", self.after));
        }
    }

    /// Why it records nothing more. What it acknowledged before is in the pipe still: a few
    /// thousand lines at most, however busy the machine is.
    fn refused(&mut self) -> String {
        (0..20_000).find_map(|_| self.next().err()).unwrap_or_else(|| panic!("nothing was noticed"))
    }

    fn kill(mut self) -> u64 {
        // What it acknowledged meanwhile is in the pipe.
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        for line in self.lines.by_ref().map_while(Result::ok) {
            if let Some((index, _)) =
                line.strip_prefix("ack ").and_then(|rest| rest.split_once(' '))
            {
                self.acknowledged = index.parse::<u64>().unwrap() + 1;
            }
        }
        self.acknowledged
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        // Where a test failed; after `kill` there is nothing left.
        let _gone = self.process.kill();
        let _gone = self.process.wait();
    }
}

#[test]
fn nothing_is_lost_to_a_program_that_opens_the_store_and_a_kill() {
    let store = Store::new();
    let mut acknowledged = 0;
    for (role, _) in PROGRAMS.into_iter().chain([("copied", "")]) {
        let mut hub = Hub::start(&store);
        hub.acknowledge(20);
        hub.after = role;
        foreign(&store, role);
        hub.acknowledge(50);
        foreign(&store, role);
        hub.acknowledge(50);
        assert!(
            store.path().join("store.sqlite-wal").exists(),
            "{role}: the WAL was deleted under its writer"
        );
        acknowledged = hub.kill().max(acknowledged);
        let (ledger, recovered) =
            store.verify_all().unwrap_or_else(|error| panic!("{role}: {error}"));
        assert!(recovered.size >= acknowledged, "{role}: {} of {acknowledged}", recovered.size);
        acknowledged = recovered.size;
        drop(ledger);
    }
}

/// A program that holds the write lock for longer than the writer waits: nothing is recorded
/// meanwhile, and nothing is in doubt.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_that_holds_the_lock_stops_the_store_only_as_long_as_it_does() {
    let store = Store::new();
    let (ledger, _) = store.open();
    exchange(&ledger, 0).await;
    let theirs = Connection::open(store.path().join("store.sqlite")).unwrap();
    theirs.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = ledger.intend(intent(1), at(0), at(300)).await.unwrap_err();
    assert!(
        error.code() == ErrorCode::LedgerUnavailable
            && error.to_string().contains("holds the store's lock"),
        "{error}"
    );
    theirs.execute_batch("ROLLBACK").unwrap();
    exchange(&ledger, 1).await;
    ledger.close().await.unwrap();
    assert_eq!(store.verify_all().unwrap().1.size, 4);
}

/// Whatever its lock says: on a file system without locks, or after the lock's file was deleted, a
/// second writer is possible.
#[test]
fn a_second_writer_is_noticed() {
    for (role, whole) in WRITERS.into_iter().zip([true, true, false, false]) {
        let store = Store::new();
        let (ledger, _) = store.open();
        tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap()
            .block_on(exchange(&ledger, 0));
        drop(ledger);
        let mut hub = Hub::start(&store);
        hub.acknowledge(20);
        foreign(&store, role);
        let why = hub.refused();
        assert!(why.contains("another program has written to the store"), "{role}: {why}");
        let acknowledged = hub.kill();
        match store.verify_all() {
            Ok((_, recovered)) => assert!(
                whole && recovered.size >= acknowledged,
                "{role}: {} of {acknowledged}",
                recovered.size
            ),
            Err(error) => assert!(!whole, "{role}: {error}"),
        }
    }

    let store = Store::new();
    let mut hub = Hub::start(&store);
    hub.acknowledge(20);
    fs::remove_file(store.path().join("store.lock")).unwrap();
    let why = hub.refused();
    assert!(why.contains("store.lock") && why.contains("removed or replaced"), "{why}");
    hub.kill();
}

#[test]
fn a_wal_that_was_taken_away_is_noticed_and_nothing_acknowledged_is_lost() {
    for name in ["store.sqlite-wal", "store.sqlite-shm"] {
        let store = Store::new();
        let mut hub = Hub::start(&store);
        hub.acknowledge(30);
        fs::remove_file(store.path().join(name)).unwrap();
        let why = hub.refused();
        assert!(why.contains(name) && why.contains("removed or replaced"), "{why}");
        let acknowledged = hub.kill();
        let recovered = store.verify_all().unwrap().1;
        assert!(recovered.size >= acknowledged, "{name}: {} of {acknowledged}", recovered.size);
    }
}

/// Lost all the same: by a disk, or by a copy of the database alone that was put back.
#[test]
fn a_store_with_fewer_leaves_than_a_head_that_left_does_not_open() {
    let store = Store::new();
    let mut hub = Hub::start(&store);
    hub.acknowledge(40);
    let acknowledged = hub.kill();
    fs::remove_dir_all(store.path().join("ledger")).unwrap();
    let (mark, wal) = (store.path().join("head"), store.path().join("store.sqlite-wal"));
    let kept = fs::read(&wal).unwrap();
    fs::write(&wal, &kept[..kept.len() / 2]).unwrap();
    let marked = match store.try_open() {
        Err(OpenError::Lost { signed, size }) => {
            assert!(size < signed && acknowledged <= signed, "{size} {signed} {acknowledged}");
            signed
        }
        other => panic!("{:?}", other.map(|(ledger, _)| ledger)),
    };
    // Another history as long is none either.
    let other = Store { folder: tempfile::tempdir().unwrap(), key: store.key.clone() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (ledger, _) = other.open();
        for number in 0..marked {
            ledger
                .append(Body::Refusal(Refusal { peer: number.to_string(), ..refusal() }), at(0))
                .await
                .unwrap();
        }
        ledger.close().await.unwrap();
    });
    fs::copy(&mark, other.path().join("head")).unwrap();
    assert!(matches!(other.try_open(), Err(OpenError::Forked(size)) if size == marked));
    fs::write(other.path().join("head"), "").unwrap();
    assert!(matches!(other.try_open(), Err(OpenError::Mark(_))));
    // A link to nowhere is no sign that no head ever left, nor that none was published.
    for name in ["head", "ledger/checkpoint"] {
        fs::remove_file(other.path().join(name)).unwrap();
        std::os::unix::fs::symlink("nowhere", other.path().join(name)).unwrap();
        assert!(matches!(other.try_open(), Err(OpenError::Io { .. })), "{name}");
        fs::remove_file(other.path().join(name)).unwrap();
    }
    other.try_open().unwrap();
}
