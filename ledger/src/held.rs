//! The store's files, seen from outside SQLite: that those under the store's names are still the
//! ones that are written to, and how far the signed heads went.
//!
//! SQLite locks with POSIX record locks, which a process loses as a whole once it closes *any*
//! descriptor of the file. So nothing here, and nothing anywhere in a process that has the store
//! open, opens `store.sqlite`, `-wal` or `-shm` besides SQLite: another program that came
//! and went would then take itself for the last one, and delete the log under the writer. What is
//! asked here is asked by name (`stat`).

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zerotrip_trust::Digest;

use crate::error::OpenError;
use crate::regular;

/// The files that must stay where they are while the store is open.
#[derive(Clone, Debug)]
pub(crate) struct Held(Vec<(PathBuf, (u64, u64))>);

/// A file of the store was removed or replaced while it was open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` was removed or replaced under the running store; stop the program that did it, and \
     restart"
)]
pub(crate) struct Replaced(String);

impl Held {
    /// As they are now. SQLite has made all of them once a connection has read.
    pub(crate) fn now(files: Vec<PathBuf>) -> Result<Self, OpenError> {
        let one = |path: PathBuf| match identity(&path) {
            Ok(found) => Ok((path, found)),
            Err(error) => Err(OpenError::io(&path, error)),
        };
        files.into_iter().map(one).collect::<Result<_, _>>().map(Self)
    }

    /// Whether each is still the same file.
    pub(crate) fn check(&self) -> Result<(), Replaced> {
        let other = self.0.iter().find(|(path, found)| identity(path).ok().as_ref() != Some(found));
        other.map_or(Ok(()), |(path, _)| Err(Replaced(path.display().to_string())))
    }
}

/// Device and number of a file, without opening it.
#[cfg(unix)]
fn identity(path: &Path) -> io::Result<(u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata(path).map(|found| (found.dev(), found.ino()))
}

#[cfg(not(unix))]
fn identity(path: &Path) -> io::Result<(u64, u64)> {
    fs::metadata(path).map(|_| (0, 0))
}

/// How far signed heads may have gone: the file `head`, written in place after each commit and
/// before anything of it is answered. A store with fewer leaves has lost some that were
/// acknowledged.
#[derive(Debug)]
pub(crate) struct Mark {
    path: PathBuf,
    file: File,
}

/// Size and root of the largest tree whose head may have left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Marked {
    pub(crate) size: u64,
    pub(crate) root: Digest,
}

/// The mark's file.
pub(crate) const MARK: &str = "head";
const TITLE: &str = "zerotrip head v1";
/// Title, twenty digits, 44 characters of base64, each with its line end: always as long, and far
/// below a disk's sector.
const MARK_BYTES: usize = TITLE.len() + 1 + 20 + 1 + 44 + 1;

impl Marked {
    fn to_text(self) -> String {
        format!("{TITLE}\n{:020}\n{}\n", self.size, STANDARD.encode(self.root))
    }

    fn of(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n').filter(|_| text.len() == MARK_BYTES)?.split('\n');
        let (title, size, root) = (lines.next()?, lines.next()?, lines.next()?);
        let digits = size.len() == 20 && size.bytes().all(|byte| byte.is_ascii_digit());
        let root = Digest::try_from(STANDARD.decode(root).ok()?).ok()?;
        (title == TITLE && digits && lines.next().is_none()).then_some(())?;
        Some(Self { size: size.parse().ok()?, root })
    }

    /// What the mark in this folder says; `None` where there is none.
    pub(crate) fn read(folder: &Path) -> Result<Option<Self>, OpenError> {
        let path = path(folder);
        let read = |file: File| {
            let mut text = String::new();
            file.take(MARK_BYTES as u64 + 1).read_to_string(&mut text).map(|_| text)
        };
        match regular::open(&path).and_then(read) {
            Ok(text) => {
                Self::of(&text).map(Some).ok_or_else(|| OpenError::Mark(path.display().to_string()))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound && !has_name(&path) => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                Err(OpenError::Mark(path.display().to_string()))
            }
            Err(error) => Err(OpenError::io(&path, error)),
        }
    }

    /// Writes a new mark, durably, into a folder that no process has open.
    pub(crate) fn write(self, folder: &Path) -> Result<(), OpenError> {
        Mark::open(folder, self).map(drop)
    }
}

/// Whether anything has this name: a dangling link does not show that nothing was kept.
pub(crate) fn has_name(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

impl Mark {
    /// Opens or makes it, durable with this content.
    pub(crate) fn open(folder: &Path, marked: Marked) -> Result<Self, OpenError> {
        let path = path(folder);
        let at = |error| OpenError::io(&path, error);
        let made = !has_name(&path);
        if made {
            // Whole or not at all: what is there and cannot be read is refused.
            let beside = folder.join("head.next");
            fs::write(&beside, marked.to_text()).map_err(at)?;
            File::open(&beside).and_then(|file| file.sync_all()).map_err(at)?;
            fs::rename(&beside, &path).map_err(at)?;
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(at)?;
        }
        let file = regular::open_with(&path, File::options().write(true)).map_err(at)?;
        let mark = Self { path: path.clone(), file };
        mark.set(marked).and_then(|()| mark.sync()).map_err(at)?;
        Ok(mark)
    }

    /// Raises it. It survives this process at once, and the machine from the next [`Self::sync`]
    /// on.
    pub(crate) fn set(&self, marked: Marked) -> io::Result<()> {
        write_at_start(&self.file, marked.to_text().as_bytes())
    }

    pub(crate) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(unix)]
fn write_at_start(file: &File, bytes: &[u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, 0)
}

#[cfg(not(unix))]
fn write_at_start(mut file: &File, bytes: &[u8]) -> io::Result<()> {
    use std::io::{Seek as _, Write as _};
    file.seek(io::SeekFrom::Start(0))?;
    file.write_all(bytes)
}

fn path(folder: &Path) -> PathBuf {
    folder.join(MARK)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_mark_is_read_back_and_anything_else_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Marked::read(folder.path()).unwrap(), None);
        let (low, high) =
            (Marked { size: 9, root: [1; 32] }, Marked { size: u64::MAX, root: [255; 32] });
        let mark = Mark::open(folder.path(), low).unwrap();
        assert_eq!(Marked::read(folder.path()).unwrap(), Some(low));
        mark.set(high).unwrap();
        assert_eq!(Marked::read(folder.path()).unwrap(), Some(high));
        assert_eq!(high.to_text().len(), MARK_BYTES);
        let good = low.to_text();
        let odd = [
            "",
            "\n",
            &good[1..],
            &good.replace("v1", "v2"),
            &format!("{good}\n"),
            &good.replace("09\n", "+9\n"),
            &"x".repeat(83),
        ];
        for text in odd {
            fs::write(path(folder.path()), text).unwrap();
            assert!(matches!(Marked::read(folder.path()), Err(OpenError::Mark(_))), "{text:?}");
        }
    }

    #[test]
    fn a_file_that_is_another_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("one"), folder.path().join("two"));
        fs::write(&one, "1").unwrap();
        fs::write(&two, "2").unwrap();
        let held = Held::now(vec![one.clone(), two.clone()]).unwrap();
        held.check().unwrap();
        fs::write(&one, "longer than before").unwrap();
        held.check().unwrap();
        fs::write(folder.path().join("three"), "2").unwrap();
        fs::rename(folder.path().join("three"), &two).unwrap();
        assert_eq!(held.check(), Err(Replaced(two.display().to_string())));
        fs::remove_file(&one).unwrap();
        assert_eq!(held.check(), Err(Replaced(one.display().to_string())));
        assert!(Held::now(vec![one]).is_err());
    }
}
