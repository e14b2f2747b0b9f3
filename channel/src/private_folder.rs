//! A folder with small files of its owner's, each by its name: what a command leaves for another
//! program of the same system. Each file is written whole, and is durably gone once it is removed.

use std::fs::{self, File};
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::files::{self, FileError, Secrecy};

/// Most names that are looked at.
const NAMES: usize = 10_000;
/// The ending of a file that is being written.
const PART: &str = "part";

/// A folder for its owner's eyes. It need not be there yet.
#[derive(Clone, Debug)]
pub struct PrivateFolder(PathBuf);

impl PrivateFolder {
    /// At this place.
    pub fn at(path: PathBuf) -> Self {
        Self(path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The place of one of its files.
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Makes it, where it is not there.
    pub fn make(&self) -> Result<(), FileError> {
        files::private_folder(&self.0).map_err(|error| self.fault(error))
    }

    /// The names in it; none where it is not there, and an error where there are more than ten
    /// thousand: what is not looked at is neither counted nor swept.
    pub fn names(&self) -> Result<Vec<String>, FileError> {
        if !files::is_there(&self.0) {
            return Ok(Vec::new());
        }
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.0).map_err(|error| self.fault(error))? {
            if names.len() == NAMES {
                let most =
                    format!("it holds more than {NAMES} files; move what is not needed away");
                return Err(self.fault(Error::new(ErrorKind::StorageFull, most)));
            }
            names.extend(entry.map_err(|error| self.fault(error))?.file_name().into_string());
        }
        Ok(names)
    }

    /// Whether a file of this name is there.
    pub fn has(&self, name: &str) -> bool {
        files::is_there(&self.file(name))
    }

    /// What is in a file; `None` where there is none.
    pub fn read(&self, name: &str) -> Result<Option<Vec<u8>>, FileError> {
        match files::read(&self.file(name)) {
            Err(error) if error.error.kind() == ErrorKind::NotFound => Ok(None),
            bytes => bytes.map(Some),
        }
    }

    /// Writes a file, whole.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), FileError> {
        files::write(&self.file(name), bytes, Secrecy::Private)
    }

    /// Removes a file, durably; one that is not there is left so.
    pub fn remove(&self, name: &str) -> Result<(), FileError> {
        let path = self.file(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(FileError { path, error }),
            Ok(()) => File::open(&self.0)
                .and_then(|folder| folder.sync_all())
                .map_err(|error| self.fault(error)),
        }
    }

    /// Waits for the lock of this name.
    pub fn lock(&self, name: &str) -> Result<File, FileError> {
        files::lock(&self.file(name))
    }

    /// The lock of this name; `None` where another one has it.
    pub fn try_lock(&self, name: &str) -> Result<Option<File>, FileError> {
        files::try_lock(&self.file(name))
    }

    /// Removes what a process that was killed as it wrote has left, once it is older than any write
    /// can last.
    pub fn sweep_parts(&self, now: SystemTime, life: Duration) -> Result<(), FileError> {
        for name in self.names()? {
            let path = self.file(&name);
            if path.extension().is_none_or(|ending| ending != PART) {
                continue;
            }
            match fs::symlink_metadata(&path).and_then(|found| found.modified()) {
                Ok(modified) if modified + life < now => self.remove(&name)?,
                Ok(_) => {}
                // It has its place meanwhile.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(FileError { path, error }),
            }
        }
        Ok(())
    }

    fn fault(&self, error: std::io::Error) -> FileError {
        FileError { path: self.0.clone(), error }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_private_folder_keeps_files_for_its_owner_until_they_are_removed() {
        let home = tempfile::tempdir().unwrap();
        let folder = PrivateFolder::at(home.path().join("kept"));
        assert_eq!((folder.names().unwrap(), folder.read("a").unwrap()), (Vec::new(), None));
        folder.remove("a").unwrap();
        folder.sweep_parts(SystemTime::now(), Duration::ZERO).unwrap();
        folder.make().unwrap();
        folder.write("a", b"one").unwrap();
        assert_eq!(folder.read("a").unwrap().as_deref(), Some(b"one".as_slice()));
        assert!(folder.has("a") && !folder.has("b"));
        let held = folder.lock("a.lock").unwrap();
        assert!(folder.try_lock("a.lock").unwrap().is_none());
        drop(held);
        assert!(folder.try_lock("a.lock").unwrap().is_some());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(folder.path()), mode(&folder.file("a"))), (0o700, 0o600));
        }
        // What was left of a write goes, once it is old; nothing younger, and nothing else.
        fs::write(folder.file("b.1.part"), "").unwrap();
        let (now, life) = (SystemTime::now(), Duration::from_secs(600));
        folder.sweep_parts(now, life).unwrap();
        assert!(folder.has("b.1.part"));
        folder.sweep_parts(now + 2 * life, life).unwrap();
        assert!(!folder.has("b.1.part") && folder.has("a"));
        folder.remove("a").unwrap();
        assert_eq!(folder.read("a").unwrap(), None);
    }
}
