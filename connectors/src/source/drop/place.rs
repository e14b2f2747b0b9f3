//! Where drops arrive: one file that is replaced, or a folder in which each drop has a name of its own.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use chrono::{FixedOffset, NaiveDate};
use zerotrip_channel::files;
use zerotrip_datasets::Manifest;
use zerotrip_datasets::file::{DropAsOf, FileDrop};
use zerotrip_proto::CHINA_OFFSET_SECONDS;
use zerotrip_proto::v1::ErrorCode;

use super::super::SourceError;
use super::super::seen::Identity;
use super::unreadable;

/// The largest file that is imported.
pub const MOST_FILE: u64 = 4 << 30;
/// Names in a folder of drops, all of which are looked at.
const MOST_NAMES: usize = 100_000;
/// Drops in a folder.
const MOST_DROPS: usize = 4096;
/// Bytes of a manifest.
const MOST_MANIFEST: u64 = 4096;
/// A folder is looked through again after so long, even if no name in it has changed.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// Where drops arrive, and which of them counts.
#[derive(Clone, Debug)]
pub struct Place {
    /// The file, or the pattern of its name.
    path: PathBuf,
    file: FileDrop,
}

/// What the file system says of a drop; when it changes, the file is read again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The file.
    pub path: PathBuf,
    /// Which file it is, and its state: one that was put in its place has another even if it is as long and as old.
    file: Identity,
    modified: SystemTime,
    manifest: Option<Identity>,
}

/// A drop that is there.
#[derive(Debug)]
pub struct Arrived {
    /// As it was when it was found.
    pub stamp: Stamp,
    /// How old its rows are.
    pub as_of: SystemTime,
    /// What its job states of it.
    pub manifest: Option<Manifest>,
}

/// A folder as it was when it was last looked through.
#[derive(Clone, Debug)]
pub struct Seen {
    modified: SystemTime,
    at: Instant,
}

impl Place {
    /// Below the dataset file's folder.
    pub fn new(file: &FileDrop, base: &Path) -> Self {
        Self { path: base.join(&file.path), file: file.clone() }
    }

    /// Whether there can be no newer drop than the one with this stamp.
    pub fn is_unchanged(&self, stamp: &Stamp, seen: Option<&Seen>) -> bool {
        if !self.file.is_pattern() {
            return self.stamp(&stamp.path).is_ok_and(|now| now == *stamp);
        }
        // A name that came or went has changed the folder; what was written into a file that had been there is found a little later.
        seen.is_some_and(|seen| seen.at.elapsed() < LOOK_AGAIN && self.seen().is_some_and(|now| now.modified == seen.modified))
    }

    /// The folder as it is now.
    pub fn seen(&self) -> Option<Seen> {
        let modified = fs::metadata(self.folder()).and_then(|meta| meta.modified()).ok()?;
        Some(Seen { modified, at: Instant::now() })
    }

    /// Every drop that is there, the newest first.
    pub fn newest_first(&self) -> Result<Vec<Arrived>, SourceError> {
        if !self.file.is_pattern() {
            return Ok(vec![self.arrived(&self.path)?]);
        }
        let mut arrived = Vec::new();
        for path in self.fitting()? {
            match self.arrived(&path) {
                Ok(drop) => arrived.push(drop),
                Err(error) => tracing::warn!(path = %path.display(), %error, "a drop is passed over"),
            }
        }
        arrived.sort_by(|a, b| (b.as_of, b.stamp.modified, &b.stamp.path).cmp(&(a.as_of, a.stamp.modified, &a.stamp.path)));
        Ok(arrived)
    }

    /// Whether a drop takes the place of the one that serves: a newer one, or the same file written anew.
    pub fn replaces(&self, drop: &Arrived, serving: &Stamp, as_of: SystemTime) -> bool {
        drop.stamp != *serving && (drop.stamp.path == serving.path || drop.as_of > as_of)
    }

    /// Whether the file is still as it was found.
    pub fn is_still(&self, stamp: &Stamp) -> Result<bool, SourceError> {
        Ok(self.stamp(&stamp.path)? == *stamp)
    }

    /// What to say when there is no drop at all.
    pub fn nothing(&self) -> SourceError {
        let beside = if self.file.as_of == DropAsOf::Manifest { ", with its manifest beside it" } else { "" };
        let detail = format!("no file fits `{}`{beside}; mend `source.path`, or bring one", self.path.display());
        SourceError::new(ErrorCode::SourceUnreachable, detail)
    }

    fn folder(&self) -> &Path {
        files::folder_of(&self.path)
    }

    /// The files whose names fit the pattern.
    fn fitting(&self) -> Result<Vec<PathBuf>, SourceError> {
        let folder = self.folder();
        let too_many = |what: &str, most: usize| {
            let detail = format!("`{}` holds over {most} {what}; move old ones elsewhere", folder.display());
            SourceError::new(ErrorCode::SourceLimit, detail)
        };
        let mut found = Vec::new();
        for (number, entry) in fs::read_dir(folder).map_err(|error| unreadable(folder, &error))?.enumerate() {
            if number >= MOST_NAMES {
                return Err(too_many("names", MOST_NAMES));
            }
            let path = entry.map_err(|error| unreadable(folder, &error))?.path();
            let fits = path.file_name().and_then(|name| name.to_str()).is_some_and(|name| self.file.fits(name));
            // Without its manifest a drop has not arrived yet.
            if fits && (self.file.as_of != DropAsOf::Manifest || manifest_of(&path).exists()) {
                found.push(path);
            }
        }
        if found.len() > MOST_DROPS { Err(too_many("drops", MOST_DROPS)) } else { Ok(found) }
    }

    fn arrived(&self, path: &Path) -> Result<Arrived, SourceError> {
        let stamp = self.stamp(path)?;
        let manifest = self.manifest(path)?;
        let as_of = match (&self.file.as_of, &manifest) {
            // A file cannot hold what happened after it was written, whatever its manifest or its name says.
            (_, Some(manifest)) => SystemTime::from(manifest.as_of).min(stamp.modified),
            (DropAsOf::Name(_), None) => self.named_day(path)?.min(stamp.modified),
            (DropAsOf::Modified | DropAsOf::Manifest, None) => stamp.modified,
        };
        Ok(Arrived { stamp, as_of, manifest })
    }

    fn stamp(&self, path: &Path) -> Result<Stamp, SourceError> {
        let meta = regular(path)?;
        let manifest = match self.file.as_of {
            DropAsOf::Manifest => {
                let path = manifest_of(path);
                Some(Identity::of(&regular(&path)?))
            }
            DropAsOf::Modified | DropAsOf::Name(_) => None,
        };
        let modified = meta.modified().map_err(|error| unreadable(path, &error))?;
        if meta.len() > MOST_FILE {
            return Err(SourceError::new(ErrorCode::SourceLimit, format!("`{}` is over {MOST_FILE} bytes", path.display())));
        }
        Ok(Stamp { path: path.to_owned(), file: Identity::of(&meta), modified, manifest })
    }

    fn manifest(&self, path: &Path) -> Result<Option<Manifest>, SourceError> {
        if self.file.as_of != DropAsOf::Manifest {
            return Ok(None);
        }
        let path = manifest_of(path);
        if regular(&path)?.len() > MOST_MANIFEST {
            let detail = format!("`{}` is over {MOST_MANIFEST} bytes, and no manifest is", path.display());
            return Err(SourceError::new(ErrorCode::Misconfigured, detail));
        }
        let text = fs::read_to_string(&path).map_err(|error| unreadable(&path, &error))?;
        let manifest = Manifest::parse(&text, &path.display().to_string());
        manifest.map(Some).map_err(|error| SourceError::new(ErrorCode::Misconfigured, error.to_string()))
    }

    fn named_day(&self, path: &Path) -> Result<SystemTime, SourceError> {
        let name = path.file_name().and_then(|name| name.to_str());
        let day = name.and_then(|name| self.file.as_of.day(name)).and_then(beginning);
        day.ok_or_else(|| {
            let detail = format!("the name of `{}` holds no day as `source.as_of` has it", path.display());
            SourceError::new(ErrorCode::SourceStale, detail)
        })
    }
}

/// The first moment of a day in China, whatever clock this machine goes by.
fn beginning(day: NaiveDate) -> Option<SystemTime> {
    let china = FixedOffset::east_opt(CHINA_OFFSET_SECONDS.into())?;
    day.and_hms_opt(0, 0, 0)?.and_local_timezone(china).single().map(Into::into)
}

fn manifest_of(path: &Path) -> PathBuf {
    with_suffix(path, ".manifest.toml")
}

/// What the file system says of a file, or of what a link leads to. A device or a pipe would be read without end, or wait for a writer.
fn regular(path: &Path) -> Result<Metadata, SourceError> {
    let meta = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    if !meta.is_file() {
        let detail = format!("`{}` is not a regular file; name one in `source.path`", path.display());
        return Err(SourceError::new(ErrorCode::SourceUnreachable, detail));
    }
    Ok(meta)
}

/// The path with more behind its name.
fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut text = path.as_os_str().to_owned();
    text.push(suffix);
    PathBuf::from(text)
}
