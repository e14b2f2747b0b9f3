//! The newest signed tree head that this system has seen, kept in its folder and compared on every
//! answer: a hub whose log was set back or rewritten is found out by the first answer.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use zerotrip_certificates::{ProvenAnswer, checkpoint_origin};
use zerotrip_channel::SystemHome;
use zerotrip_channel::files::{self, FileError, Secrecy};
use zerotrip_trust::note::{Checkpoint, SeenLogError};

use crate::audit::{AuditError, kept_head};

/// In the system's folder.
pub const FILE: &str = "ledger-seen.note";
/// A program that asks a thousand times a second keeps no file for each answer: what it saw in this
/// time it compares in memory.
const KEPT_EVERY: Duration = Duration::from_secs(1);

/// When this process last kept which file.
static KEPT: Mutex<BTreeMap<PathBuf, Instant>> = Mutex::new(BTreeMap::new());
/// Two would write over one another's unfinished file.
static KEEPING: Mutex<()> = Mutex::new(());

/// What was seen.
#[derive(Clone, Debug)]
pub(crate) struct SeenHead {
    file: PathBuf,
    head: Option<Checkpoint>,
    /// The note of `head`, where it is not in the file yet.
    unkept: Option<String>,
}

/// Why an answer does not count although it is signed and recorded.
#[expect(missing_docs, reason = "the names and the texts say it")]
#[derive(Debug, thiserror::Error)]
pub enum SeenError {
    /// The log is shorter than it was, or another.
    #[error(
        "{0}; do not act on the answer, and tell the authority: only where it confirms that a \
         backup of the hub was put back, move `{FILE}` in this system's folder away"
    )]
    Ledger(SeenLogError),
    /// It was decided under a directory that was replaced.
    #[error(
        "the hub decided under directory version {found}, but version {known} was seen here: it \
         was set back; do not act on the answer"
    )]
    OlderDirectory {
        /// The answer's.
        found: u64,
        /// Ours.
        known: u64,
    },
    /// What was kept cannot be read.
    #[error("`{path}`: {error}")]
    Kept { path: String, error: AuditError },
    /// The folder was another hub's.
    #[error("`{path}` is of the ledger `{kept}`, not of `{asked}`")]
    OtherLog {
        path: String,
        /// Its log.
        kept: String,
        /// The hub's.
        asked: String,
    },
    /// The file cannot be read.
    #[error("the newest tree head that was seen cannot be read: {0}")]
    File(#[from] FileError),
    /// The file cannot be written: the next answer would be compared with an older head, and a
    /// hub that was set back would pass.
    #[error(
        "the newest tree head that was seen cannot be kept: {0}; the answer does not count: let \
         this system's folder be written, then ask again"
    )]
    NotKept(FileError),
}

impl SeenHead {
    /// What was kept of this system's hub.
    pub(crate) fn load(home: &SystemHome) -> Result<Self, SeenError> {
        let file = home.folder.join(FILE);
        let mut seen = Self { file, head: None, unkept: None };
        seen.head = read(&seen.file)?;
        let (uri, path) = (home.hub.uri(), seen.file.display());
        if let Some(kept) = seen.head.as_ref().filter(|kept| kept.origin != checkpoint_origin(&uri))
        {
            let (kept, asked) = (kept.origin.clone(), checkpoint_origin(&uri).to_owned());
            return Err(SeenError::OtherLog { path: path.to_string(), kept, asked });
        }
        Ok(seen)
    }

    /// Leaves of the largest tree seen; 0 where none was. To be asked before a request leaves: what
    /// answers it then has more.
    pub(crate) fn size(&self) -> u64 {
        self.head.as_ref().map_or(0, |head| head.size)
    }

    /// Takes a proven answer, if its tree continues what was seen and it was decided under no older
    /// directory than `known`.
    pub(crate) fn follow(&mut self, proven: &ProvenAnswer, known: u64) -> Result<(), SeenError> {
        let head = proven.checkpoint();
        if let Some(seen) = &self.head {
            head.continues(seen, &proven.reply().consistency).map_err(SeenError::Ledger)?;
        }
        let found =
            proven.answer().decision.as_ref().map_or(0, |decision| decision.directory_version);
        if found < known {
            return Err(SeenError::OlderDirectory { found, known });
        }
        self.unkept = proven.reply().receipt.as_ref().map(|receipt| receipt.checkpoint.clone());
        self.head = Some(head.clone());
        self.keep()
    }

    /// The answer was compared. That its head is not kept within a second of another costs the next
    /// process one comparison; where one could not be kept, the next is kept at once, or the
    /// answer does not count.
    fn keep(&mut self) -> Result<(), SeenError> {
        let Some(note) = self.unkept.clone() else { return Ok(()) };
        let before = KEPT.lock().unwrap_or_else(PoisonError::into_inner).get(&self.file).copied();
        if before.is_some_and(|at| at.elapsed() < KEPT_EVERY) {
            return Ok(());
        }
        self.unkept = None;
        let (file, size) = (self.file.clone(), self.size());
        let keep = move || {
            let _one_at_a_time = KEEPING.lock().unwrap_or_else(PoisonError::into_inner);
            // Another process of this system may have seen more.
            let kept = read(&file).and_then(|kept| match kept {
                Some(kept) if kept.size >= size => Ok(()),
                _ => files::write(&file, note.as_bytes(), Secrecy::Public)
                    .map_err(SeenError::NotKept),
            });
            let mut at = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
            match &kept {
                Ok(()) => at.insert(file, Instant::now()),
                Err(_) => at.remove(&file),
            };
            kept
        };
        if before.is_none() {
            // A command ends right after its answer.
            return keep();
        }
        // A program that asks and asks must not wait for a disk between two answers; others within
        // this second do not keep theirs.
        KEPT.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(self.file.clone(), Instant::now());
        if std::thread::Builder::new().name("ledger-seen".into()).spawn(keep).is_err() {
            KEPT.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.file);
        }
        Ok(())
    }
}

impl Drop for SeenHead {
    fn drop(&mut self) {
        // No caller is left to report to; every answer that was given out was compared.
        let _late = self.keep();
    }
}

fn read(file: &Path) -> Result<Option<Checkpoint>, SeenError> {
    if !files::is_there(file) {
        return Ok(None);
    }
    let note = files::read_text(file)?;
    kept_head(&note)
        .map(Some)
        .map_err(|error| SeenError::Kept { path: file.display().to_string(), error })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn an_answer_whose_head_cannot_be_kept_does_not_count_nor_does_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().join("system");
        let file = at.join(FILE);
        // Nothing can be put below a file.
        std::fs::write(&at, "").unwrap();
        let mut seen = SeenHead { file: file.clone(), head: None, unkept: None };
        for _ in 0..3 {
            seen.unkept = Some("a note".to_owned());
            seen.keep().unwrap_err();
        }
        std::fs::remove_file(&at).unwrap();
        seen.unkept = Some("a note".to_owned());
        seen.keep().unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "a note");
    }
}
