//! Where drops arrive: one file that is replaced, or a folder in which each drop has a name of its
//! own, or is in parts.
//!
//! A file that is taken leaves others. That they are older copies of the same is shown by their
//! names, or stated by the owner; else they could be parts, and nothing is read: a person in
//! a part that was left would own nothing.

mod age;
mod arrived;
mod naming;
mod parts;
mod similar_names;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use zerotrip_channel::files;
use zerotrip_datasets::file::{DropAsOf, FileDrop, Parts};
use zerotrip_proto::v1::ErrorCode;

use self::naming::manifest_of;
use super::super::SourceError;
use super::names::name_of;
use super::unreadable;

pub use self::arrived::{Arrived, Stamp};

/// The largest file that is imported.
pub const MOST_FILE: u64 = 4 << 30;
/// Names in a folder of drops, all of which are looked at.
const MOST_NAMES: usize = 100_000;
/// Drops in a folder.
const MOST_DROPS: usize = 4096;
/// A folder is looked through again after so long, even if no name in it has changed.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// Where drops arrive, and which of them counts.
#[derive(Clone, Debug)]
pub struct Place {
    /// The file, or the pattern of its name.
    path: PathBuf,
    file: FileDrop,
    /// The dataset file's folder.
    base: PathBuf,
}

/// A folder as it was when it was last looked through.
#[derive(Clone, Debug)]
pub struct FolderState {
    modified: SystemTime,
    at: Instant,
}

/// Files whose names fit.
#[derive(Debug, Default)]
struct Fitting {
    ready: Vec<PathBuf>,
    /// Those whose manifest is not there yet.
    waiting: Vec<PathBuf>,
}

impl Place {
    /// Below the dataset file's folder.
    pub fn new(file: &FileDrop, base: &Path) -> Self {
        Self { path: base.join(&file.path), file: file.clone(), base: base.to_owned() }
    }

    /// Whether there can be no newer drop than the one with these stamps.
    pub fn is_unchanged(&self, stamps: &[Stamp], seen: Option<&FolderState>) -> bool {
        if !self.file.is_pattern() {
            return self.are_still(stamps).unwrap_or(false);
        }
        // A name that came or went has changed the folder; what was written into a file that had
        // been there is found a little later.
        seen.is_some_and(|seen| {
            seen.at.elapsed() < LOOK_AGAIN
                && self.folder_state().is_some_and(|now| now.modified == seen.modified)
        })
    }

    /// The folder as it is now.
    pub fn folder_state(&self) -> Option<FolderState> {
        let modified = fs::metadata(self.folder()).and_then(|meta| meta.modified()).ok()?;
        Some(FolderState { modified, at: Instant::now() })
    }

    /// Every drop that is there, the newest first.
    pub fn newest_first(&self) -> Result<Vec<Arrived>, SourceError> {
        if !self.file.is_pattern() {
            if self.file.parts != Parts::None {
                self.is_alone()?;
            }
            return Ok(vec![self.arrived(&self.path)?]);
        }
        let found = self.fitting()?;
        if self.file.has_parts() {
            return Ok(if found.ready.is_empty() {
                Vec::new()
            } else {
                vec![self.together(found)?]
            });
        }
        if self.file.parts == Parts::Unstated {
            self.explained(&found)?;
        }
        let mut arrived = Vec::new();
        for path in found.ready {
            match self.arrived(&path) {
                Ok(drop) => arrived.push(drop),
                Err(error) => {
                    tracing::warn!(path = %path.display(), %error, "a drop is passed over")
                }
            }
        }
        arrived.sort_by(|a, b| {
            (b.as_of, b.modified(), b.path()).cmp(&(a.as_of, a.modified(), a.path()))
        });
        let names: Vec<String> = arrived.iter().map(|drop| name_of(drop.path())).collect();
        if let (Some(newest), [taken, left @ ..]) = (arrived.first_mut(), names.as_slice())
            && let [next, ..] = left
        {
            let pattern = self.path.display();
            newest.advice.push(format!(
                "`{taken}` is read; {} older ones that fit `{pattern}` are not, `{next}` the \
                 newest of them",
                left.len()
            ));
        }
        Ok(arrived)
    }

    /// Whether a drop takes the place of the one that serves: a newer one, or the same file or
    /// parts written again.
    pub fn replaces(&self, drop: &Arrived, serving: &[Stamp], as_of: SystemTime) -> bool {
        let stamps = drop.stamps();
        let is_same_place =
            stamps.iter().map(|stamp| &stamp.path).eq(serving.iter().map(|stamp| &stamp.path));
        stamps != serving && (is_same_place || self.file.has_parts() || drop.as_of > as_of)
    }

    /// Whether the files are still as they were found.
    pub fn are_still(&self, stamps: &[Stamp]) -> Result<bool, SourceError> {
        for stamp in stamps {
            if self.stamp(&stamp.path)? != *stamp {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The error when no drop is there.
    pub fn nothing(&self) -> SourceError {
        let beside = if self.file.as_of == DropAsOf::Manifest {
            ", with its manifest beside it"
        } else {
            ""
        };
        let detail = format!(
            "no file fits `{}`{beside}; correct `source.path`, or bring one",
            self.path.display()
        );
        SourceError::new(ErrorCode::SourceUnreachable, detail)
    }

    fn folder(&self) -> &Path {
        files::folder_of(&self.path)
    }

    /// The files whose names fit the pattern.
    fn fitting(&self) -> Result<Fitting, SourceError> {
        let mut found = Fitting::default();
        for path in self.listed()? {
            if !path
                .file_name()
                .and_then(|name| name.to_str())
                .is_some_and(|name| self.file.fits(name))
            {
                continue;
            }
            // Without its manifest a drop has not arrived yet.
            let is_ready = self.file.as_of != DropAsOf::Manifest || manifest_of(&path).exists();
            if is_ready { &mut found.ready } else { &mut found.waiting }.push(path);
        }
        if found.ready.len() + found.waiting.len() > MOST_DROPS {
            return Err(self.too_many("drops", MOST_DROPS));
        }
        found.ready.sort();
        Ok(found)
    }

    /// Everything in the folder.
    fn listed(&self) -> Result<Vec<PathBuf>, SourceError> {
        let folder = self.folder();
        let mut paths = Vec::new();
        for (number, entry) in
            fs::read_dir(folder).map_err(|error| unreadable(folder, &error))?.enumerate()
        {
            if number >= MOST_NAMES {
                return Err(self.too_many("names", MOST_NAMES));
            }
            paths.push(entry.map_err(|error| unreadable(folder, &error))?.path());
        }
        Ok(paths)
    }

    fn too_many(&self, what: &str, most: usize) -> SourceError {
        let detail = format!(
            "`{}` holds over {most} {what}; move old ones elsewhere",
            self.folder().display()
        );
        SourceError::new(ErrorCode::SourceLimit, detail)
    }

    fn drift(&self, what: &str) -> SourceError {
        SourceError::new(ErrorCode::SourceDrift, format!("`{}`: {what}", self.folder().display()))
    }
}
