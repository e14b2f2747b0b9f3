//! A file that must not be lost and must not replace another: its place is proved before the work
//! begins, its bytes are on disk beside it before success is reported, and at last it takes its
//! name, or says where it is.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use crate::files::FileError;

/// A place for a new file, held by an empty `.part` file beside it (mode 0600). Dropped before
/// [`Self::place`], the part goes.
#[derive(Debug)]
pub struct NewFile {
    target: PathBuf,
    part: PathBuf,
    file: File,
    keep: bool,
}

/// The bytes are safe in the part, but could not take the file's name.
#[derive(Debug)]
pub struct NotPlaced {
    /// Where they are.
    pub part: PathBuf,
    /// Why.
    pub error: io::Error,
}

/// Refuses a target that exists or has no folder. Folders are never made.
pub fn check(target: &Path) -> Result<(), FileError> {
    let at = |kind, why: &str| {
        Err(FileError { path: target.to_owned(), error: io::Error::new(kind, why) })
    };
    // Not `exists`: a link that leads nowhere is in the way too.
    if fs::symlink_metadata(target).is_ok() {
        return at(
            ErrorKind::AlreadyExists,
            "exists already and is never overwritten; choose another file",
        );
    }
    if target.file_name().is_none() {
        return at(ErrorKind::InvalidInput, "is not the name of a file");
    }
    crate::files::check_folder(folder_of(target))?;
    if !folder_of(target).is_dir() {
        return at(ErrorKind::NotFound, "its folder does not exist; make it first");
    }
    Ok(())
}

impl NewFile {
    /// Proves that the file can be written there.
    pub fn reserve(target: &Path) -> Result<Self, FileError> {
        check(target)?;
        let mut name = target.as_os_str().to_owned();
        name.push(format!(".{}.part", std::process::id()));
        let part = PathBuf::from(name);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&part).map_err(|error| FileError { path: part.clone(), error })?;
        Ok(Self { target: target.to_owned(), part, file, keep: false })
    }

    /// Puts the bytes into the part, durably.
    pub fn fill(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        let filled = self
            .file
            .write_all(bytes)
            .and_then(|()| self.file.sync_all())
            .and_then(|()| sync_folder(&self.part));
        filled.map_err(|error| FileError { path: self.part.clone(), error })
    }

    /// Gives it its name, unless another file has taken that meanwhile; then the part stays.
    pub fn place(self) -> Result<(), NotPlaced> {
        let kept = self.keep();
        rename_new(&kept.part, &kept.target).and_then(|()| sync_folder(&kept.target)).map_err(
            |error| {
                let part = if kept.part.exists() { kept.part.clone() } else { kept.target.clone() };
                NotPlaced { part, error }
            },
        )
    }

    /// Leaves the part where it is.
    pub fn leave(self) -> PathBuf {
        self.keep().part.clone()
    }

    fn keep(mut self) -> Self {
        self.keep = true;
        self
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.keep {
            // The code that drops it reports its own error; a part that cannot be removed does
            // no harm.
            let _gone = fs::remove_file(&self.part);
        }
    }
}

/// Renames, but never over another file: a hard link refuses that by itself. Where there are no
/// hard links, looking first is the next best.
fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Ok(()) => fs::remove_file(from),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(error),
        Err(_) if fs::symlink_metadata(to).is_ok() => Err(ErrorKind::AlreadyExists.into()),
        Err(_) => fs::rename(from, to),
    }
}

fn folder_of(path: &Path) -> &Path {
    crate::files::folder_of(path)
}

fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(folder_of(path))?.sync_all()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    #[test]
    fn a_new_file_takes_its_place_for_its_owners_eyes() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("proof.sdjwt");
        let mut new = NewFile::reserve(&target).unwrap();
        assert!(!target.exists() && names(folder.path()).len() == 1);
        new.fill(b"token").unwrap();
        new.place().unwrap();
        assert_eq!(
            (fs::read(&target).unwrap().as_slice(), names(folder.path())),
            (b"token".as_slice(), vec!["proof.sdjwt".to_owned()])
        );
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn nothing_is_overwritten_and_no_folder_made() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("proof.sdjwt");
        let kind = |path: &Path| NewFile::reserve(path).unwrap_err().error.kind();
        assert_eq!(kind(&folder.path().join("none/proof.sdjwt")), ErrorKind::NotFound);
        assert!(!folder.path().join("none").exists());
        assert_eq!(kind(&folder.path().join("..")), ErrorKind::AlreadyExists);
        fs::write(&target, "old").unwrap();
        assert_eq!(kind(&target), ErrorKind::AlreadyExists);
        #[cfg(unix)]
        {
            let link = folder.path().join("link");
            std::os::unix::fs::symlink(folder.path().join("nowhere"), &link).unwrap();
            assert_eq!(kind(&link), ErrorKind::AlreadyExists);
        }
        assert_eq!(fs::read(&target).unwrap(), b"old");
    }

    #[test]
    fn a_file_that_came_in_between_stays_and_so_do_the_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("proof.sdjwt");
        let mut new = NewFile::reserve(&target).unwrap();
        new.fill(b"token").unwrap();
        fs::write(&target, "other").unwrap();
        let lost = new.place().unwrap_err();
        assert_eq!(lost.error.kind(), ErrorKind::AlreadyExists);
        assert_eq!(
            (fs::read(&lost.part).unwrap().as_slice(), fs::read(&target).unwrap().as_slice()),
            (b"token".as_slice(), b"other".as_slice())
        );
    }

    #[test]
    fn given_up_the_part_goes_left_it_stays() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("proof.sdjwt");
        let mut new = NewFile::reserve(&target).unwrap();
        new.fill(b"token").unwrap();
        drop(new);
        assert!(names(folder.path()).is_empty());
        let mut new = NewFile::reserve(&target).unwrap();
        new.fill(b"token").unwrap();
        assert_eq!(fs::read(new.leave()).unwrap(), b"token");
    }
}
