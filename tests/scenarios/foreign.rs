//! Other programs that open every file which a process of ours has open or keeps in its folder,
//! while it runs, as backups, virus scanners and curious operators do; then SIGKILL for all of
//! them. Nothing that was acknowledged to anybody is missing afterwards.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rusqlite::Connection;
use zerotrip_tests::deployment::{DEPARTMENTS, FUND, TRANSIT};

use crate::support::{DeployedCity, deploy, journal};

/// What another program does with each file: takes locks of both kinds and lets go of them, asks it
/// as a database, copies it as one.
const PROGRAM: &str = r#"
import fcntl, os, sqlite3, sys
for path in sys.stdin.read().splitlines():
    try:
        with open(path, "r+b") as file:
            for lock in (fcntl.lockf, fcntl.flock):
                try:
                    lock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    lock(file, fcntl.LOCK_UN)
                except OSError:
                    pass
            file.read()
    except OSError:
        continue
    try:
        database = sqlite3.connect(path, timeout=0.2)
        database.execute("select count(*) from sqlite_master").fetchall()
        copy = sqlite3.connect(":memory:")
        database.backup(copy)
        copy.close()
        database.close()
    except sqlite3.Error:
        pass
"#;

impl DeployedCity {
    /// Files that a process has open, by the names under which another can open them; those without
    /// a name through `/proc`.
    fn open_files(process: u32) -> Vec<PathBuf> {
        let descriptors =
            fs::read_dir(format!("/proc/{process}/fd")).unwrap().map(|entry| entry.unwrap().path());
        let named = |descriptor: PathBuf| {
            let target = fs::read_link(&descriptor).ok()?;
            let regular = fs::metadata(&descriptor).is_ok_and(|found| found.is_file());
            regular.then(|| if target.exists() { target } else { descriptor })
        };
        descriptors.filter_map(named).collect()
    }

    fn processes(&mut self) -> Vec<u32> {
        let hub = self.deployment.hub().unwrap().id();
        DEPARTMENTS
            .iter()
            .map(|(member, ..)| self.deployment.connector(member).unwrap().id())
            .chain([hub])
            .collect()
    }

    /// Everything that hub, connectors, authority and clients have open or keep.
    fn all_files(&mut self) -> BTreeSet<PathBuf> {
        let open = self.processes().into_iter().flat_map(Self::open_files);
        // Logs are the test's own.
        let folder = self.deployment.folder.clone();
        let kept = below(&folder).into_iter().filter(|file| !file.starts_with(folder.join("logs")));
        open.chain(kept).collect()
    }

    /// This process is another program to ours; where there is an interpreter, so is a second one.
    fn opened_by_others(&mut self) {
        let files = self.all_files();
        for needed in [
            "store.sqlite",
            "store.sqlite-wal",
            "store.lock",
            "head",
            "serve.lock",
            "hub-seen.toml",
            "ledger-seen.note",
        ] {
            assert!(
                files.iter().any(|file| file.ends_with(needed)),
                "{needed} is not among the files: {files:?}"
            );
        }
        for file in &files {
            let Ok(opened) = fs::File::options().read(true).write(true).open(file) else {
                continue;
            };
            if opened.try_lock().is_ok() {
                opened.unlock().unwrap();
            }
            drop(opened);
            if let Ok(connection) =
                Connection::open_with_flags(file, rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE)
            {
                let _none_of_its_own =
                    connection.query_row("SELECT count(*) FROM sqlite_master", [], |row| {
                        row.get::<_, i64>(0)
                    });
            }
        }
        let python = std::env::var("ZEROTRIP_PYTHON").unwrap_or_else(|_| "python3".into());
        let list = self.deployment.folder.join("logs").join("files");
        let names: Vec<&str> = files.iter().filter_map(|file| file.to_str()).collect();
        fs::write(&list, names.join("\n")).unwrap();
        drop(
            Command::new(python)
                .args(["-c", PROGRAM])
                .stdin(fs::File::open(&list).unwrap())
                .status(),
        );
        // None of them was taken away under the process that writes it.
        for process in self.processes() {
            for descriptor in fs::read_dir(format!("/proc/{process}/fd")).unwrap().flatten() {
                let target =
                    fs::read_link(descriptor.path()).unwrap_or_default().display().to_string();
                let gone =
                    target.starts_with(&self.deployment.path("")) && target.ends_with(" (deleted)");
                assert!(!gone, "`{target}` was deleted under process {process}");
            }
        }
    }

    fn journals(&self) -> Vec<String> {
        DEPARTMENTS.iter().map(|(member, ..)| journal(&self.deployment.folder, member)).collect()
    }
}

fn below(folder: &Path) -> Vec<PathBuf> {
    let inside = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    inside.flat_map(|path| if path.is_dir() { below(&path) } else { vec![path] }).collect()
}

#[test]
fn programs_that_open_every_file_of_every_process_lose_nothing() {
    let mut town = deploy(200, 31);
    for round in 0..2 {
        assert_eq!(town.exit_code("couple"), if round == 0 { 0 } else { 3 });
        let seen_before =
            fs::read_to_string(town.deployment.folder.join(FUND).join("ledger-seen.note")).unwrap();
        town.opened_by_others();
        // Work goes on after the visitors have come and gone: answers, a revocation, a suspension,
        // lines of the departments' own.
        assert_eq!(town.exit_code(if round == 0 { "couple" } else { "family" }), 0);
        let (command, of) = if round == 0 {
            (["grant", "revoke"], ["--id", "fund-couple"])
        } else {
            (["member", "suspend"], ["--member", TRANSIT])
        };
        town.deployment.authority(&command, &of).unwrap().expect(0).unwrap();
        town.opened_by_others();
        assert_eq!(town.exit_code("couple"), 3);
        let (entries, journals) = (town.deployment.ledger_figure("size").unwrap(), town.journals());
        let versions: Vec<u64> =
            DEPARTMENTS.iter().map(|(member, ..)| town.version(member)).collect();
        town.opened_by_others();

        town.deployment.kill_hub().unwrap();
        DEPARTMENTS.iter().for_each(|(member, ..)| town.deployment.kill_connector(member).unwrap());
        town.deployment.start_hub().unwrap();
        DEPARTMENTS
            .iter()
            .for_each(|(member, ..)| town.deployment.start_connector(member).unwrap());
        town.deployment.wait_all_attached().unwrap();
        // Each compares the ledger with the newest head that it kept: one that is set back would be
        // refused.
        assert!(town.deployment.ledger_figure("size").unwrap() >= entries);
        let seen =
            fs::read_to_string(town.deployment.folder.join(FUND).join("ledger-seen.note")).unwrap();
        assert_ne!(seen, seen_before, "what the client saw is kept");
        for (after, before) in town.journals().iter().zip(&journals) {
            assert!(after.starts_with(before), "a department's journal lost lines");
        }
        for ((member, ..), before) in DEPARTMENTS.iter().zip(versions) {
            assert!(town.version(member) >= before, "{member} is back at an older directory");
        }
        assert_eq!(town.exit_code("couple"), 3, "what was revoked came back");
        assert_eq!(town.exit_code("family"), 0);
    }
    town.deployment.stop().unwrap();
}

impl DeployedCity {
    /// Of the directory that a department keeps.
    fn version(&self, member: &str) -> u64 {
        self.home(member).directory(std::time::SystemTime::now()).unwrap().version()
    }
}
