//! A folder as a place for segments' files: of a mounted store, or another disk.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Component, Path, PathBuf};

use super::place::{Piece, Place, PlaceError};
use crate::regular;

/// What an upload is called until it is whole.
const PART: &str = "part";

/// A folder.
#[derive(Clone, Debug)]
pub struct Folder {
    url: String,
    path: PathBuf,
}

impl Folder {
    /// The folder must be there: one of a store that is not mounted must not be made anew on the
    /// disk below.
    pub fn new(path: &Path) -> Self {
        Self { url: format!("file://{}", path.display()), path: path.to_owned() }
    }

    fn place(&self, name: &str) -> Result<PathBuf, PlaceError> {
        let plain = |part: Component<'_>| matches!(part, Component::Normal(_));
        if !Path::new(name).components().all(plain) || name.is_empty() {
            return Err(PlaceError::Unavailable(format!(
                "`{name}` is no name of a segment's file"
            )));
        }
        match fs::metadata(&self.path) {
            Ok(found) if found.is_dir() => Ok(self.path.join(name)),
            Ok(_) => Err(self.unavailable(&io::Error::from(io::ErrorKind::NotADirectory))),
            Err(error) => Err(self.unavailable(&error)),
        }
    }

    fn unavailable(&self, error: &io::Error) -> PlaceError {
        PlaceError::Unavailable(format!("`{}`: {error}", self.path.display()))
    }

    /// A file's name, and those of the folders that were made for it, durably.
    fn sync_up(&self, file: &Path) -> io::Result<()> {
        for folder in file.ancestors().skip(1).take_while(|folder| folder.starts_with(&self.path)) {
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    }

    fn write(&self, place: &Path, mut file: File, bytes: u64) -> io::Result<()> {
        let part = part_of(place);
        if let Some(folder) = place.parent() {
            let mut builder = fs::DirBuilder::new();
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder.recursive(true).create(folder)?;
        }
        let mut options = File::options();
        options.create(true).truncate(true).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut to = options.open(&part)?;
        regular::demand(&to.metadata()?)?;
        file.seek(SeekFrom::Start(0))?;
        let copied = io::copy(&mut file.take(bytes), &mut to)?;
        if copied != bytes {
            return Err(io::Error::other(format!("it has {copied} bytes, of {bytes}")));
        }
        to.sync_all()?;
        fs::rename(&part, place)?;
        self.sync_up(place)
    }
}

fn part_of(place: &Path) -> PathBuf {
    let mut name = place.as_os_str().to_owned();
    name.push(format!(".{PART}"));
    PathBuf::from(name)
}

impl Place for Folder {
    fn url(&self) -> &str {
        &self.url
    }

    fn begin(&self, name: &str) -> Result<String, PlaceError> {
        self.place(name).map(|_| PART.to_owned())
    }

    fn put(&self, name: &str, _upload: &str, file: File, bytes: u64) -> Result<(), PlaceError> {
        let place = self.place(name)?;
        self.write(&place, file, bytes).map_err(|error| self.unavailable(&error))
    }

    fn abandon(&self, name: &str, _upload: &str) -> Result<(), PlaceError> {
        self.remove(&format!("{name}.{PART}"))
    }

    fn read(&self, name: &str, at: u64, bytes: u64) -> Result<Piece, PlaceError> {
        let place = self.place(name)?;
        let mut file = match regular::open(&place) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(PlaceError::Missing);
            }
            Err(error) => return Err(self.unavailable(&error)),
        };
        let read = |file: &mut File| {
            let length = file.metadata()?.len();
            file.seek(SeekFrom::Start(at))?;
            let mut found = Vec::new();
            file.take(bytes).read_to_end(&mut found)?;
            Ok(Piece { bytes: found, length })
        };
        read(&mut file).map_err(|error| self.unavailable(&error))
    }

    fn remove(&self, name: &str) -> Result<(), PlaceError> {
        let place = self.place(name)?;
        match fs::remove_file(&place) {
            Ok(()) => self.sync_up(&place).map_err(|error| self.unavailable(&error)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(self.unavailable(&error)),
        }
    }

    fn list(&self, under: &str, most: usize) -> Result<Vec<String>, PlaceError> {
        let entries = match fs::read_dir(self.place(under)?) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(self.unavailable(&error)),
        };
        let mut names = Vec::new();
        for entry in entries.take(most) {
            let entry = entry.map_err(|error| self.unavailable(&error))?;
            names.push(format!("{under}/{}", entry.file_name().to_string_lossy()));
        }
        Ok(names)
    }
}
