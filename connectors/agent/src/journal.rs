//! The department's own record: every scan before its first byte, every refusal, every end. One
//! JSON object a line, kept by the department, readable without us. Holds masked ids and, for the
//! owner, the locators of rows that need attention.

mod served;

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use serde::Serialize;
use zerotrip_channel::files;

pub use served::{Served, served_since};

/// The event of a scan's line.
pub const SCAN: &str = "scan";

/// A file is closed and a new one begun at this size; none is ever deleted.
const FILE_BYTES: u64 = 64 << 20;
/// Lines reach the operating system before the first byte leaves, and the disk within this time: a
/// killed process loses nothing, a power failure at most this much, of which the hub's ledger still
/// holds the intents.
const SYNC_INTERVAL: Duration = Duration::from_millis(100);

/// The journal, open for appending.
#[derive(Debug)]
pub struct Journal {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    dirty: Condvar,
}

#[derive(Debug)]
struct State {
    folder: PathBuf,
    file: File,
    number: u32,
    bytes: u64,
    unsynced: bool,
    closed: bool,
    /// Why a sync failed: the next writer gets it. Until the disk is repaired, nothing more is
    /// served.
    failed: Option<String>,
}

#[derive(Serialize)]
struct Line<'a, T> {
    at: String,
    event: &'a str,
    #[serde(flatten)]
    entry: &'a T,
}

impl Journal {
    /// Opens the newest file in `folder`, or the first.
    pub fn open(folder: &Path) -> io::Result<Self> {
        files::private_folder(folder)?;
        let mut number = 1;
        while file_name(folder, number + 1).exists() {
            number += 1;
        }
        let file = append(&file_name(folder, number))?;
        let bytes = file.metadata()?.len();
        let mut state = State {
            folder: folder.to_owned(),
            file,
            number,
            bytes,
            unsynced: false,
            closed: false,
            failed: None,
        };
        // A line that a crash cut off is ended, so that the next one begins on a new line.
        if bytes > 0 && !ends_with_newline(&file_name(folder, number))? {
            state.file.write_all(b"\n")?;
            state.bytes += 1;
        }
        let shared = Arc::new(Shared { state: Mutex::new(state), dirty: Condvar::new() });
        let syncer = Arc::clone(&shared);
        std::thread::Builder::new().name("journal".into()).spawn(move || syncer.sync_forever())?;
        Ok(Self { shared })
    }

    /// Writes one line; once this returns, a killed process does not lose it.
    pub fn record<T: Serialize>(&self, event: &str, entry: &T) -> io::Result<()> {
        let at = chrono::DateTime::<chrono::Utc>::from(SystemTime::now())
            .to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
        let mut line = serde_json::to_vec(&Line { at, event, entry })?;
        line.push(b'\n');
        let mut state = self.shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(why) = &state.failed {
            return Err(io::Error::other(why.clone()));
        }
        if state.bytes >= FILE_BYTES {
            state.file.sync_data()?;
            let next = append(&file_name(&state.folder, state.number + 1))?;
            (state.file, state.number, state.bytes) = (next, state.number + 1, 0);
        }
        if let Err(error) = state.file.write_all(&line) {
            // On a full disk a part of it may be written, and the next line would be appended to
            // it.
            if let Err(still) = state.file.set_len(state.bytes) {
                state.failed = Some(format!(
                    "the journal ends in the middle of a line that cannot be cut off: {still}"
                ));
            }
            return Err(error);
        }
        state.bytes += line.len() as u64;
        if !state.unsynced {
            state.unsynced = true;
            self.shared.dirty.notify_one();
        }
        Ok(())
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        let mut state = self.shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.closed = true;
        if let Err(error) = state.file.sync_data() {
            tracing::error!(%error, "the journal could not be synced on closing");
        }
        self.shared.dirty.notify_one();
    }
}

impl Shared {
    fn sync_forever(&self) {
        loop {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            while !state.unsynced && !state.closed {
                state = self.dirty.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            if state.closed {
                return;
            }
            drop(state);
            std::thread::sleep(SYNC_INTERVAL);
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.unsynced = false;
            let synced = state.file.try_clone();
            drop(state);
            if let Err(error) = synced.and_then(|file| file.sync_data()) {
                tracing::error!(
                    %error,
                    "the journal cannot be synced, so nothing is served. Repair the disk, then \
                     restart the connector"
                );
                self.state.lock().unwrap_or_else(PoisonError::into_inner).failed =
                    Some(format!("the journal cannot be synced: {error}"));
            }
        }
    }
}

fn file_name(folder: &Path, number: u32) -> PathBuf {
    folder.join(format!("journal-{number:04}.jsonl"))
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).mode(0o600).open(path)
}

fn ends_with_newline(path: &Path) -> io::Result<bool> {
    use std::io::{Read as _, Seek as _, SeekFrom};
    let mut file = File::open(path)?;
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

    use super::*;

    #[test]
    fn a_line_that_a_crash_cut_off_is_ended() {
        let folder = tempfile::tempdir().unwrap();
        let record = |number: u32| {
            Journal::open(folder.path())
                .unwrap()
                .record("scan", &serde_json::json!({ "number": number }))
                .unwrap()
        };
        record(1);
        append(&file_name(folder.path(), 1)).unwrap().write_all(b"{\"at\":\"2026-11-2").unwrap();
        record(2);
        record(3);
        let text = std::fs::read_to_string(file_name(folder.path(), 1)).unwrap();
        let read: Vec<Option<serde_json::Value>> =
            text.lines().map(|line| serde_json::from_str(line).ok()).collect();
        let numbers: Vec<Option<u64>> =
            read.iter().map(|line| line.as_ref()?["number"].as_u64()).collect();
        assert_eq!(numbers, [Some(1), None, Some(2), Some(3)]);
        assert!(text.ends_with('\n'));
    }

    #[test]
    fn nobody_else_reads_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("journal");
        drop(Journal::open(&journal).unwrap());
        for place in [journal.clone(), file_name(&journal, 1)] {
            assert_eq!(
                std::fs::metadata(&place).unwrap().permissions().mode() & 0o077,
                0,
                "{place:?}"
            );
        }
    }

    #[test]
    fn a_full_file_is_followed_by_another() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(folder.path()).unwrap();
        journal.shared.state.lock().unwrap().bytes = FILE_BYTES;
        journal.record("scan", &serde_json::json!({})).unwrap();
        drop(journal);
        assert_eq!(
            std::fs::read_to_string(file_name(folder.path(), 2)).unwrap().lines().count(),
            1
        );
        Journal::open(folder.path()).unwrap().record("scan", &serde_json::json!({})).unwrap();
        assert_eq!(
            std::fs::read_to_string(file_name(folder.path(), 2)).unwrap().lines().count(),
            2,
            "goes on in the newest"
        );
    }
}
