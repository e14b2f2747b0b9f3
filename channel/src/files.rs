//! Writing and reading files so that a crash, a full disk or a stranger's link leaves the old file
//! or the new one, never half of one.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Largest file that is read whole: keys, certificates, bundles, definitions.
pub const MOST_BYTES: u64 = 16 << 20;

/// Who may read a new file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrecy {
    /// Every user that the folder lets in.
    Public,
    /// Its owner alone (mode 0600).
    Private,
}

/// A file that could not be read or written: which, and why.
#[derive(Debug, thiserror::Error)]
#[error("`{}`: {error}", path.display())]
pub struct FileError {
    /// Which.
    pub path: PathBuf,
    /// Why.
    pub error: io::Error,
}

impl FileError {
    /// Whether a folder was wanted there, and a file is.
    pub fn is_no_folder(&self) -> bool {
        self.error.kind() == io::ErrorKind::NotADirectory
    }
}

/// Refuses a place for a folder where a file is, or below which one is: named here,
/// for the system would only give a number. A place where nothing is yet is none of this function's
/// business.
pub fn check_folder(path: &Path) -> Result<(), FileError> {
    let standing = path.ancestors().find_map(|place| Some((place, fs::metadata(place).ok()?)));
    match standing {
        Some((place, found)) if !found.is_dir() => {
            let why = "is a file, and a folder belongs here; give the path of a folder, or move \
                       the file away";
            Err(FileError {
                path: place.to_owned(),
                error: io::Error::new(io::ErrorKind::NotADirectory, why),
            })
        }
        _ => Ok(()),
    }
}

/// The folder that a file is in: for a bare name, the current one.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes a folder that only its owner can look into, and those above it that are missing.
pub fn private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Holds a lock file (made where it is missing) until what it gives is dropped, or waits for
/// the process that holds it now.
pub fn lock(path: &Path) -> Result<File, FileError> {
    let held = open_lock(path).and_then(|file| file.lock().map(|()| file));
    held.map_err(|error| FileError { path: path.to_owned(), error })
}

/// The same, if no other process holds it; otherwise `None`.
pub fn try_lock(path: &Path) -> Result<Option<File>, FileError> {
    let at = |error| FileError { path: path.to_owned(), error };
    let file = open_lock(path).map_err(at)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(at(error)),
    }
}

fn open_lock(path: &Path) -> io::Result<File> {
    fs::create_dir_all(folder_of(path))?;
    File::options().create(true).truncate(false).write(true).open(path)
}

/// Writes a file whole: beside it first, synced, then renamed over it.
pub fn write(path: &Path, bytes: &[u8], secrecy: Secrecy) -> Result<(), FileError> {
    let at = |error| FileError { path: path.to_owned(), error };
    let folder = folder_of(path);
    fs::create_dir_all(folder).map_err(at)?;
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let part = PathBuf::from(name);
    let written = write_part(&part, bytes, secrecy).and_then(|()| fs::rename(&part, path));
    if let Err(error) = written {
        // The part is of no use; if it cannot be removed either, the first error is the one to
        // tell.
        let _gone = fs::remove_file(&part);
        return Err(at(error));
    }
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(at)
}

fn write_part(part: &Path, bytes: &[u8], secrecy: Secrecy) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    options.mode(if secrecy == Secrecy::Private { 0o600 } else { 0o644 });
    let mut file = options.open(part)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Whether anything has this name. A link to nowhere does, and so does what cannot be asked:
/// reading it says why. For files whose absence means that nothing was kept, stated or seen.
pub fn is_there(path: &Path) -> bool {
    !path.symlink_metadata().is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

/// Reads a file of at most [`MOST_BYTES`].
pub fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    let at = |error| FileError { path: path.to_owned(), error };
    // Asked by name, and only then opened: opening a pipe waits for a process that writes into it,
    // and opening a device can do anything. Asked again when it is open, since the name may be
    // another file's by then.
    let regular = |metadata: fs::Metadata| match (metadata.is_file(), metadata.is_dir()) {
        (true, _) => Ok(()),
        (false, true) => Err(at(io::Error::new(
            io::ErrorKind::IsADirectory,
            "is a folder, and a file belongs here; name a file in it",
        ))),
        (false, false) => Err(at(io::Error::other("not a regular file"))),
    };
    fs::metadata(path).map_err(at).and_then(regular)?;
    let file = File::open(path).map_err(at)?;
    file.metadata().map_err(at).and_then(regular)?;
    let mut bytes = Vec::new();
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(at)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(at(io::Error::other(format!("over {MOST_BYTES} bytes"))));
    }
    Ok(bytes)
}

/// Reads a file of text.
pub fn read_text(path: &Path) -> Result<String, FileError> {
    String::from_utf8(read(path)?).map_err(|_| FileError {
        path: path.to_owned(),
        error: io::Error::other(
            "not UTF-8 text; is it the file that was meant, and no database or image?",
        ),
    })
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]
    use super::*;

    /// Where a file that is not there means that nothing was seen, one that cannot be read must not
    /// mean it too.
    #[test]
    fn only_what_has_no_name_is_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        assert!(!is_there(&path("none")));
        assert!(!is_there(&path("none/below")));
        std::os::unix::fs::symlink(path("none"), path("dangling")).unwrap();
        std::fs::write(path("file"), "").unwrap();
        for there in ["dangling", "file", "file/below", "."] {
            assert!(is_there(&path(there)), "{there}");
        }
    }

    #[test]
    fn a_pipe_or_a_device_is_named_and_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let (odd, inside) =
            ("not a regular file", "is a folder, and a file belongs here; name a file in it");
        for (path, why) in
            [(pipe.as_path(), odd), (Path::new("/dev/zero"), odd), (folder.path(), inside)]
        {
            // On a thread of its own: what waited for ever would keep the test from saying so.
            let (sender, answer) = std::sync::mpsc::channel();
            let asked = path.to_owned();
            std::thread::spawn(move || {
                sender.send(read(&asked).map(drop).map_err(|error| error.to_string()))
            });
            let said = answer
                .recv_timeout(std::time::Duration::from_secs(5))
                .expect("it waited")
                .unwrap_err();
            assert_eq!(said, format!("`{}`: {why}", path.display()));
        }
        assert!(
            read(&folder.path().join("none")).unwrap_err().to_string().contains("No such file")
        );
    }

    #[test]
    fn a_file_where_a_folder_belongs_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        for place in [file.clone(), file.join("below"), file.join("below/it")] {
            let error = check_folder(&place).unwrap_err();
            assert!(error.is_no_folder());
            let said = format!(
                "`{}`: is a file, and a folder belongs here; give the path of a folder, or move \
                 the file away",
                file.display()
            );
            assert_eq!(error.to_string(), said);
        }
        for place in [
            folder.path().to_owned(),
            folder.path().join("none/yet"),
            PathBuf::from("none"),
            PathBuf::new(),
        ] {
            assert!(check_folder(&place).is_ok(), "{}", place.display());
        }
    }
}
