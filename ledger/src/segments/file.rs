//! The files: their names, their first lines, appending and reading.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rusqlite::{Connection, OptionalExtension as _};
use zerotrip_trust::ending::utc;

use super::error::SegmentError;
use super::kind::Kind;
use super::objects::{Object, counting, known_there};
use crate::error::{BackupError, OpenError};
use crate::{regular, schema};

/// In the store's folder.
pub(crate) const FOLDER: &str = "segments";
const TITLE: &str = "zerotrip segment v1";
/// Most bytes of one read: what a block or a body can have.
pub(super) const MOST_BYTES: u64 = 256 << 20;

/// Where the files of the past are.
pub(crate) fn folder(store: &Path) -> PathBuf {
    store.join(FOLDER)
}

/// One file of a segment, in the store's folder; or the object that is in its place.
#[derive(Clone, Debug)]
pub(super) struct SegmentFile {
    path: PathBuf,
    name: String,
    head: Vec<u8>,
    pub(super) object: Option<Object>,
}

impl SegmentFile {
    pub(super) fn new(store: &Path, origin: &str, day: &str, number: i64, kind: Kind) -> Self {
        let name = format!("{day}-{number:06}.{}", kind.name());
        let head = format!("{TITLE}\n{}\n{origin}\n{number:06}\n", kind.name()).into_bytes();
        Self { path: folder(store).join(&name), name, head, object: None }
    }

    /// The same file, there.
    pub(super) fn at(&self, object: Option<Object>) -> Self {
        Self { object, ..self.clone() }
    }

    /// As errors name it: where it is.
    pub(super) fn shown(&self) -> String {
        self.object.as_ref().map_or_else(|| self.name.clone(), Object::shown)
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Its first lines.
    pub(super) fn head(&self) -> &[u8] {
        &self.head
    }

    /// Where the first block begins.
    pub(super) fn start(&self) -> u64 {
        self.head.len() as u64
    }

    /// Writes at the end of what is written down, over what a crash may have left there, and syncs
    /// file and folder.
    pub(super) fn append(&self, at: u64, bytes: &[u8]) -> Result<(), SegmentError> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let made = match fs::metadata(&self.path) {
            Ok(found) => {
                regular::demand(&found).map(|()| false).map_err(|error| self.io(&error))?
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => true,
            Err(error) => return Err(self.io(&error)),
        };
        if made && at != self.start() {
            return Err(SegmentError::Missing(self.name.clone()));
        }
        let write = || {
            fs::create_dir_all(folder)?;
            let mut options = File::options();
            options.create(true).truncate(false).write(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut file = options.open(&self.path)?;
            regular::demand(&file.metadata()?)?;
            if at == self.start() {
                file.set_len(0)?;
                file.write_all(&self.head)?;
            } else {
                file.set_len(at)?;
                file.seek(SeekFrom::Start(at))?;
            }
            file.write_all(bytes)?;
            file.sync_all()
        };
        if !made && at != self.start() {
            self.demand(at)?;
        }
        write().map_err(|error| self.io(&error))?;
        if made {
            let above = folder.parent().unwrap_or(folder);
            for folder in [folder, above] {
                File::open(folder)
                    .and_then(|folder| folder.sync_all())
                    .map_err(|error| self.io(&error))?;
            }
        }
        Ok(())
    }

    /// Bytes of it that were written down; its first lines are its own.
    pub(super) fn read(&self, at: u64, bytes: u64) -> Result<Vec<u8>, SegmentError> {
        let mut file = self.open()?;
        let wanted = at.saturating_add(bytes);
        let found = file.metadata().map_err(|error| self.io(&error))?.len();
        if found < wanted || bytes > MOST_BYTES {
            return Err(SegmentError::Cut { file: self.name.clone(), found, wanted });
        }
        let read = |file: &mut File| {
            let mut head = vec![0; self.head.len()];
            file.read_exact(&mut head)?;
            file.seek(SeekFrom::Start(at))?;
            let mut out = vec![0; usize::try_from(bytes).map_err(io::Error::other)?];
            file.read_exact(&mut out)?;
            Ok((head, out))
        };
        let (head, out) = read(&mut file).map_err(|error| self.io(&error))?;
        if head == self.head { Ok(out) } else { Err(SegmentError::Swapped(self.name.clone())) }
    }

    /// That it is there, its own, and as long as what was written down.
    pub(super) fn demand(&self, end: u64) -> Result<(), SegmentError> {
        self.read(end.max(self.start()), 0).map(drop)
    }

    /// Removes it, durably.
    pub(super) fn remove(&self) -> Result<(), SegmentError> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(self.io(&error)),
            _ => {}
        }
        let folder = self.path.parent().unwrap_or(Path::new("."));
        match File::open(folder).and_then(|folder| folder.sync_all()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(self.io(&error)),
            _ => Ok(()),
        }
    }

    fn open(&self) -> Result<File, SegmentError> {
        regular::open(&self.path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => SegmentError::Missing(self.name.clone()),
            _ => self.io(&error),
        })
    }

    pub(super) fn io(&self, error: &io::Error) -> SegmentError {
        SegmentError::Io { file: self.name.clone(), why: error.to_string() }
    }
}

/// A segment as the database has it.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    pub(super) number: i64,
    pub(super) entries: SegmentFile,
    pub(super) bodies: SegmentFile,
    pub(super) day: String,
    pub(super) entries_end: u64,
    pub(super) bodies_end: u64,
    pub(super) dictionary: Vec<u8>,
    /// Its bodies' file was removed: every body in it is erased.
    pub(super) dropped: bool,
}

impl Segment {
    /// The objects that count in place of its files, and whether it was dropped.
    pub(super) fn whereabouts(&self) -> (Option<&Object>, Option<&Object>, bool) {
        (self.entries.object.as_ref(), self.bodies.object.as_ref(), self.dropped)
    }
}

/// How the columns of a segment are read.
pub(super) const COLUMNS: &str =
    "number, day, entries_bytes, bodies_bytes, dictionary, dropped_at IS NOT NULL";

/// `connection` is the one that the row is of.
pub(super) fn segment_of(
    connection: &Connection,
    row: &rusqlite::Row<'_>,
    store: &Path,
    origin: &str,
) -> rusqlite::Result<Segment> {
    let (number, day): (i64, String) = (row.get(0)?, row.get(1)?);
    let file = |kind| -> rusqlite::Result<SegmentFile> {
        let object = counting(connection, number, kind)?;
        Ok(SegmentFile { object, ..SegmentFile::new(store, origin, &day, number, kind) })
    };
    Ok(Segment {
        number,
        entries: file(Kind::Entries)?,
        bodies: file(Kind::Bodies)?,
        entries_end: u64::try_from(row.get::<_, i64>(2)?).unwrap_or_default(),
        bodies_end: u64::try_from(row.get::<_, i64>(3)?).unwrap_or_default(),
        dictionary: row.get(4)?,
        dropped: row.get(5)?,
        day,
    })
}

pub(super) fn newest(
    connection: &Connection,
    store: &Path,
    origin: &str,
) -> rusqlite::Result<Option<Segment>> {
    let select = format!("SELECT {COLUMNS} FROM segment ORDER BY number DESC LIMIT 1");
    connection
        .prepare_cached(&select)?
        .query_row([], |row| segment_of(connection, row, store, origin))
        .optional()
}

/// The segment that is written to is as long as what was written down; older ones are looked at
/// where they are read, and by `zerotrip-hub segments verify`: opening does not grow with them.
pub(crate) fn newest_is_whole(
    connection: &Connection,
    store: &Path,
    origin: &str,
) -> Result<(), OpenError> {
    let Some(segment) = newest(connection, store, origin)? else { return Ok(()) };
    segment.entries.demand(segment.entries_end)?;
    if !segment.dropped {
        segment.bodies.demand(segment.bodies_end)?;
    }
    Ok(())
}

/// Copies the files of every segment that the copied database in `to` knows, as far as it knows
/// them. A file that has moved since the database was copied is where the store in `from` says, and
/// the copy then knows it there.
pub(crate) fn copy_all(from: &Path, to: &Path, origin: &str) -> Result<(), BackupError> {
    let (copied, source) = (schema::open_alone(to)?, schema::open_reading(from)?);
    let all = all(&copied, from, origin).map_err(OpenError::from)?;
    if all.is_empty() {
        return Ok(());
    }
    let target = folder(to);
    for segment in all {
        let wanted = [
            (Kind::Entries, &segment.entries, segment.entries_end),
            (Kind::Bodies, &segment.bodies, segment.bodies_end),
        ];
        for (kind, file, end) in wanted {
            // What is elsewhere stays there.
            if segment.dropped && kind == Kind::Bodies || file.object.is_some() {
                continue;
            }
            match copy(file, end, &target) {
                Err(missing @ SegmentError::Missing(_)) => {
                    let object =
                        counting(&source, segment.number, kind).map_err(OpenError::from)?;
                    let object = object.ok_or(missing)?;
                    known_there(&copied, &object).map_err(OpenError::from)?;
                }
                copied => copied?,
            }
        }
    }
    let sync = |folder: &Path| File::open(folder).and_then(|folder| folder.sync_all());
    sync(&target)
        .and_then(|()| sync(to))
        .map_err(|error| SegmentError::Io { file: FOLDER.into(), why: error.to_string() })?;
    Ok(())
}

/// Nothing of the file is left where it is not copied whole.
fn copy(file: &SegmentFile, end: u64, target: &Path) -> Result<(), SegmentError> {
    let mut from = file.open()?;
    file.demand(end)?;
    let mut copy = || {
        fs::create_dir_all(target)?;
        let place = target.join(&file.name);
        schema::create_private(&place)?;
        let mut to = File::options().write(true).open(&place)?;
        io::copy(&mut (&mut from).take(end), &mut to)?;
        to.sync_all()
    };
    copy().map_err(|error| file.io(&error))
}

/// All segments, oldest first.
pub(super) fn all(
    connection: &Connection,
    store: &Path,
    origin: &str,
) -> rusqlite::Result<Vec<Segment>> {
    let select = format!("SELECT {COLUMNS} FROM segment ORDER BY number");
    let mut query = connection.prepare_cached(&select)?;
    query.query_map([], |row| segment_of(connection, row, store, origin))?.collect()
}

/// The day of a moment in UTC, as files are named for it.
pub(super) fn day(at: SystemTime) -> String {
    utc(at).chars().take_while(|letter| *letter != ' ').collect()
}
