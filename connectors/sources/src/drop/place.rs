//! Where drops arrive: one file that is replaced, or a folder in which each drop has a name of its
//! own, or is in parts.
//!
//! A file that is taken leaves others. That they are older copies of the same is shown by their
//! names, or stated by the owner; else they could be parts, and nothing is read: whoever stands in
//! a part that was left would own nothing.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use chrono::{FixedOffset, NaiveDate};
use zerotrip_channel::files;
use zerotrip_datasets::Manifest;
use zerotrip_datasets::file::{DropAsOf, FileDrop, Parts};
use zerotrip_proto::CHINA_OFFSET_SECONDS;
use zerotrip_proto::v1::ErrorCode;

use super::super::SourceError;
use super::super::seen::Identity;
use super::beside::{self, Described};
use super::names::{MANIFEST, name_of};
use super::series::{self, Named};
use super::unreadable;

/// The largest file that is imported.
pub const MOST_FILE: u64 = 4 << 30;
/// Names in a folder of drops, all of which are looked at.
const MOST_NAMES: usize = 100_000;
/// Drops in a folder.
const MOST_DROPS: usize = 4096;
/// Bytes of a manifest.
const MOST_MANIFEST: u64 = 4096;
/// Names in one error.
const MOST_LISTED: usize = 5;
/// What writers of tables leave beside the parts: that the job succeeded, what they are, and what
/// they have in common.
const MARKERS: &[&str] = &["_SUCCESS", "_metadata", "_common_metadata"];
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

/// What the file system says of a file; when it changes, the file is read again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The file.
    pub path: PathBuf,
    /// Which file it is, and its state: one that was put in its place has another even if it is as
    /// long and as old.
    file: Identity,
    modified: SystemTime,
    manifest: Option<Identity>,
}

/// A drop that is there: one file, or the parts that are read as one.
#[derive(Debug)]
pub struct Arrived {
    /// Its files, at least one.
    pub parts: Vec<Part>,
    /// How old its rows are: those of the oldest part.
    pub as_of: SystemTime,
    /// What was left, for the owner.
    pub advice: Vec<String>,
}

/// One file of a drop.
#[derive(Debug)]
pub struct Part {
    /// As it was when it was found.
    pub stamp: Stamp,
    /// What its job states of it.
    pub manifest: Option<Manifest>,
}

impl Arrived {
    /// What the file system said of its files.
    pub fn stamps(&self) -> Vec<Stamp> {
        self.parts.iter().map(|part| part.stamp.clone()).collect()
    }

    /// When its newest file was modified.
    fn modified(&self) -> Option<SystemTime> {
        self.parts.iter().map(|part| part.stamp.modified).max()
    }

    fn path(&self) -> &Path {
        self.parts.first().map_or(Path::new(""), |part| part.stamp.path.as_path())
    }
}

/// A folder as it was when it was last looked through.
#[derive(Clone, Debug)]
pub struct Seen {
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
    pub fn is_unchanged(&self, stamps: &[Stamp], seen: Option<&Seen>) -> bool {
        if !self.file.is_pattern() {
            return self.are_still(stamps).unwrap_or(false);
        }
        // A name that came or went has changed the folder; what was written into a file that had
        // been there is found a little later.
        seen.is_some_and(|seen| {
            seen.at.elapsed() < LOOK_AGAIN
                && self.seen().is_some_and(|now| now.modified == seen.modified)
        })
    }

    /// The folder as it is now.
    pub fn seen(&self) -> Option<Seen> {
        let modified = fs::metadata(self.folder()).and_then(|meta| meta.modified()).ok()?;
        Some(Seen { modified, at: Instant::now() })
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
    /// parts written anew.
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

    /// What to say when there is no drop at all.
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

    /// Beside parts is nothing that could be a further one: each name is a part's, its manifest's
    /// or its checksums', a marker that is one, or that of a file that is still being written.
    fn accounted(&self, parts: &[String]) -> Result<(), SourceError> {
        let is_manifest = |name: &String| {
            parts.iter().any(|part| name_of(&manifest_of(Path::new(part))) == *name)
        };
        let (mut others, mut left) = (Vec::new(), Vec::new());
        for path in self.listed()? {
            let name = name_of(&path);
            if parts.contains(&name) || is_manifest(&name) || beside::is_checksums(&path) {
                continue;
            }
            if MARKERS.contains(&name.as_str()) {
                if let Some(why) = beside::marker_fault(&path, parts) {
                    return Err(self.drift(&format!(
                        "`{name}` {why}: delete it, or have the parts written anew with it"
                    )));
                }
                continue;
            }
            // A manifest without its part tells of one that is missing.
            if !FileDrop::is_unfinished(&name) || name.to_ascii_lowercase().ends_with(MANIFEST) {
                others.push(name);
            } else if !beside::is_lock(&path) && !beside::is_being_written(&path) {
                left.push(name);
            }
        }
        if !others.is_empty() {
            return Err(self.drift(&format!(
                "beside the parts lie {}, which could be further ones; have a pattern in \
                 `source.path` that they fit, or move what is no part to another folder",
                listed(&mut others)
            )));
        }
        if !left.is_empty() { Err(self.unfinished(&mut left)) } else { Ok(()) }
    }

    /// What nothing was written into for an hour, and is called unfinished.
    fn unfinished(&self, names: &mut [String]) -> SourceError {
        let minutes = beside::BEING_WRITTEN.as_secs() / 60;
        self.drift(&format!(
            "{} are called unfinished, and nothing was written into them for {minutes} minutes: \
             they could be parts that a failed job left; have it finish them, or delete them",
            listed(names)
        ))
    }

    fn drift(&self, what: &str) -> SourceError {
        SourceError::new(ErrorCode::SourceDrift, format!("`{}`: {what}", self.folder().display()))
    }

    /// Several files are one file of several days only if their names show it.
    fn explained(&self, found: &Fitting) -> Result<(), SourceError> {
        let mut names: Vec<String> =
            found.ready.iter().chain(&found.waiting).map(|path| name_of(path)).collect();
        let beside = self.alike(&names)?;
        if !beside.is_empty() {
            names.extend(beside);
            return Err(self.unexplained(&names));
        }
        let is_shown = match &self.file.as_of {
            DropAsOf::Name(_) => names.iter().all(|name| self.file.as_of.day(name).is_some()),
            DropAsOf::Modified | DropAsOf::Manifest => {
                series::is_one_of_several_days(names.iter().map(String::as_str))
            }
        };
        if names.len() < 2 || is_shown {
            return Ok(());
        }
        Err(self.unexplained(&names))
    }

    /// A file that is named alone is alone: what is called like it could be a further part of it.
    fn is_alone(&self) -> Result<(), SourceError> {
        let mut names = vec![name_of(&self.path)];
        let beside = self.alike(&names)?;
        if beside.is_empty() {
            return Ok(());
        }
        names.extend(beside);
        Err(self.unexplained(&names))
    }

    /// What lies beside these drops, is called like one of them, and could hold rows: it is not
    /// another dataset's of this connector, and not still being written.
    fn alike(&self, drops: &[String]) -> Result<Vec<String>, SourceError> {
        let named = Named::of(drops.iter().map(String::as_str));
        let (mut alike, mut left) = (Vec::new(), Vec::new());
        let mut described: Option<Described> = None;
        for path in self.listed()? {
            let name = name_of(&path);
            let is_unfinished =
                FileDrop::is_unfinished(&name) && !name.to_ascii_lowercase().ends_with(MANIFEST);
            let finished = if is_unfinished { beside::finished(&name) } else { name.as_str() };
            let is_own = drops.contains(&name)
                || name
                    .strip_suffix(MANIFEST)
                    .is_some_and(|of| drops.iter().any(|drop| drop == of));
            if is_own
                || !named.could_be_part(finished) && !drops.iter().any(|drop| drop == finished)
            {
                continue;
            }
            if beside::holds_no_rows(&path)
                || drops.iter().any(|drop| beside::belongs_to_table(&path, drop))
            {
                continue;
            }
            if described.get_or_insert_with(|| Described::below(&self.base)).has(&path) {
                continue;
            }
            if !is_unfinished {
                alike.push(name);
            } else if !beside::is_lock(&path)
                && !beside::is_being_written(&path)
                && !self.was_written_anew(&path, drops)
            {
                left.push(name);
            }
        }
        alike.sort();
        if alike.is_empty() && !left.is_empty() {
            return Err(self.unfinished(&mut left));
        }
        Ok(alike)
    }

    /// Whether an unfinished file is an earlier try at a drop that has been written whole since.
    fn was_written_anew(&self, path: &Path, drops: &[String]) -> bool {
        let name = name_of(path);
        let changed = |path: &Path| regular(path).ok().and_then(|meta| meta.modified().ok());
        let whole = drops
            .iter()
            .find(|drop| *drop == beside::finished(&name))
            .map(|drop| self.folder().join(drop));
        let both = changed(path).zip(whole.as_deref().and_then(changed));
        both.is_some_and(|(tried, written)| tried <= written)
    }

    fn unexplained(&self, names: &[String]) -> SourceError {
        let detail = format!(
            "`{}`: {} files could be parts of one register, {}; say in `source.parts` what they \
             are: `none` if each is the whole register, `all` (with a pattern in `path`, and \
             `part_count`) or a list of their names if they are its parts; move what is no part \
             of it to another folder",
            self.folder().display(),
            names.len(),
            in_order(names)
        );
        SourceError::new(ErrorCode::SourceDrift, detail)
    }

    /// All parts as one drop, as old as the oldest of them.
    fn together(&self, found: Fitting) -> Result<Arrived, SourceError> {
        let short = |detail: String| {
            Err(SourceError::new(
                ErrorCode::SourceTruncated,
                format!("`{}`: {detail}", self.path.display()),
            ))
        };
        if let Some(waiting) = found.waiting.first() {
            return short(format!("part `{}` has no manifest yet", name_of(waiting)));
        }
        let names: Vec<String> = found.ready.iter().map(|path| name_of(path)).collect();
        match &self.file.parts {
            Parts::All(least) if names.len() < *least => {
                return short(format!(
                    "{} parts are there, and `source.part_count` says at least {least}",
                    names.len()
                ));
            }
            Parts::Named(wanted) => {
                if let Some(missing) = wanted.iter().find(|wanted| !names.contains(wanted)) {
                    return short(format!("part `{missing}` of `source.parts` is not there"));
                }
                if let Some(other) = names.iter().find(|name| !wanted.contains(name)) {
                    return Err(self.unexplained(std::slice::from_ref(other)));
                }
            }
            Parts::All(_) | Parts::None | Parts::Unstated => {}
        }
        self.is_written(&names)?;
        self.accounted(&names)?;
        let mut whole: Option<Arrived> = None;
        for path in &found.ready {
            let part = self.arrived(path)?;
            whole = Some(match whole {
                None => part,
                Some(mut whole) => {
                    whole.as_of = whole.as_of.min(part.as_of);
                    whole.parts.extend(part.parts);
                    whole
                }
            });
        }
        whole.ok_or_else(|| self.nothing())
    }

    /// A folder that a data platform writes as one table tells when it is whole, and whether its
    /// rows lie in folders of their own.
    fn is_written(&self, names: &[String]) -> Result<(), SourceError> {
        let beside: Vec<String> = self.listed()?.iter().map(|path| name_of(path)).collect();
        let has = |name: &str| beside.iter().any(|known| known == name);
        let why = if has("_temporary")
            || (names.iter().any(|name| name.starts_with("part-")) && !has("_SUCCESS"))
        {
            "is still being written, or its job failed: it has no `_SUCCESS`, or a `_temporary`"
        } else if beside.iter().any(|name| name.contains('=')) {
            "has rows in folders of their own, such as `year=2026`, which are not read; have it \
             written without partitions"
        } else {
            return Ok(());
        };
        Err(SourceError::new(
            ErrorCode::SourceTruncated,
            format!("`{}` {why}", self.folder().display()),
        ))
    }

    fn arrived(&self, path: &Path) -> Result<Arrived, SourceError> {
        let stamp = self.stamp(path)?;
        let manifest = self.manifest(path)?;
        let as_of = match (&self.file.as_of, &manifest) {
            // A file cannot hold what happened after it was written, whatever its manifest or its
            // name says.
            (_, Some(manifest)) => SystemTime::from(manifest.as_of).min(stamp.modified),
            (DropAsOf::Name(_), None) => self.named_day(path)?.min(stamp.modified),
            (DropAsOf::Modified | DropAsOf::Manifest, None) => stamp.modified,
        };
        Ok(Arrived { parts: vec![Part { stamp, manifest }], as_of, advice: Vec::new() })
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
            return Err(SourceError::new(
                ErrorCode::SourceLimit,
                format!("`{}` is over {MOST_FILE} bytes", path.display()),
            ));
        }
        Ok(Stamp { path: path.to_owned(), file: Identity::of(&meta), modified, manifest })
    }

    fn manifest(&self, path: &Path) -> Result<Option<Manifest>, SourceError> {
        if self.file.as_of != DropAsOf::Manifest {
            return Ok(None);
        }
        let path = manifest_of(path);
        if regular(&path)?.len() > MOST_MANIFEST {
            let detail =
                format!("`{}` is over {MOST_MANIFEST} bytes, and no manifest is", path.display());
            return Err(SourceError::new(ErrorCode::Misconfigured, detail));
        }
        let bytes = fs::read(&path).map_err(|error| unreadable(&path, &error))?;
        let manifest = Manifest::read(&bytes, &path.display().to_string());
        manifest
            .map(Some)
            .map_err(|error| SourceError::new(ErrorCode::Misconfigured, error.to_string()))
    }

    fn named_day(&self, path: &Path) -> Result<SystemTime, SourceError> {
        let name = path.file_name().and_then(|name| name.to_str());
        let day = name.and_then(|name| self.file.as_of.day(name)).and_then(beginning);
        day.ok_or_else(|| {
            let detail =
                format!("the name of `{}` holds no day as `source.as_of` has it", path.display());
            SourceError::new(ErrorCode::SourceStale, detail)
        })
    }
}

/// The first moment of a day in China, whatever clock this machine goes by.
fn beginning(day: NaiveDate) -> Option<SystemTime> {
    let china = FixedOffset::east_opt(CHINA_OFFSET_SECONDS.into())?;
    day.and_hms_opt(0, 0, 0)?.and_local_timezone(china).single().map(Into::into)
}

/// A few of these names, in the order of the alphabet.
fn listed(names: &mut [String]) -> String {
    names.sort();
    in_order(names)
}

/// A few of these names, as they come.
fn in_order(names: &[String]) -> String {
    let said: Vec<String> =
        names.iter().take(MOST_LISTED).map(|name| format!("`{name}`")).collect();
    let rest = if names.len() > MOST_LISTED {
        format!(" and {} more", names.len() - MOST_LISTED)
    } else {
        String::new()
    };
    format!("{}{rest}", said.join(", "))
}

fn manifest_of(path: &Path) -> PathBuf {
    with_suffix(path, MANIFEST)
}

/// What the file system says of a file, or of what a link leads to. A device or a pipe would be
/// read without end, or wait for a writer.
fn regular(path: &Path) -> Result<Metadata, SourceError> {
    let meta = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    if meta.is_dir() {
        let path = path.display();
        let detail = format!(
            "`{path}` is not a regular file but a folder; if its files are the parts of one \
             table, say `path = \"{path}/part-*\"`, from the dataset file's folder on, with \
             `parts = \"all\"` and `part_count`"
        );
        return Err(SourceError::new(ErrorCode::SourceUnreachable, detail));
    }
    if !meta.is_file() {
        let detail =
            format!("`{}` is not a regular file; name one in `source.path`", path.display());
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
