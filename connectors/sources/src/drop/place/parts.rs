//! Puts the parts of a register together, and verifies that none is missing.

use std::path::Path;

use zerotrip_datasets::file::{FileDrop, Parts};
use zerotrip_proto::v1::ErrorCode;

use super::arrived::Arrived;
use super::naming::{listed, manifest_of};
use super::{Fitting, Place};
use crate::SourceError;
use crate::drop::names::{MANIFEST, name_of};
use crate::drop::neighbours;

/// What writers of tables leave beside the parts: that the job succeeded, what they are, and what
/// they have in common.
const MARKERS: &[&str] = &["_SUCCESS", "_metadata", "_common_metadata"];

impl Place {
    /// All parts as one drop, as old as the oldest of them.
    pub(super) fn together(&self, found: Fitting) -> Result<Arrived, SourceError> {
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

    /// A folder that a data platform writes as one table shows when it is whole, and whether its
    /// rows are in folders of partitions.
    fn is_written(&self, names: &[String]) -> Result<(), SourceError> {
        let beside: Vec<String> = self.listed()?.iter().map(|path| name_of(path)).collect();
        let has = |name: &str| beside.iter().any(|known| known == name);
        let why = if has("_temporary")
            || (names.iter().any(|name| name.starts_with("part-")) && !has("_SUCCESS"))
        {
            "is still being written, or its job failed: it has no `_SUCCESS`, or a `_temporary`"
        } else if beside.iter().any(|name| name.contains('=')) {
            "has rows in folders of partitions, such as `year=2026`, which are not read; have it \
             written without partitions"
        } else {
            return Ok(());
        };
        Err(SourceError::new(
            ErrorCode::SourceTruncated,
            format!("`{}` {why}", self.folder().display()),
        ))
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
            if parts.contains(&name) || is_manifest(&name) || neighbours::is_checksums(&path) {
                continue;
            }
            if MARKERS.contains(&name.as_str()) {
                if let Some(why) = neighbours::marker_fault(&path, parts) {
                    return Err(self.drift(&format!(
                        "`{name}` {why}: delete it, or have the parts written anew with it"
                    )));
                }
                continue;
            }
            // A manifest without its part shows that one is missing.
            if !FileDrop::is_unfinished(&name) || name.to_ascii_lowercase().ends_with(MANIFEST) {
                others.push(name);
            } else if !neighbours::is_lock(&path) && !neighbours::is_being_written(&path) {
                left.push(name);
            }
        }
        if !others.is_empty() {
            return Err(self.drift(&format!(
                "beside the parts are {}, which could be further ones; have a pattern in \
                 `source.path` that they fit, or move what is not a part to another folder",
                listed(&mut others)
            )));
        }
        if !left.is_empty() { Err(self.unfinished(&mut left)) } else { Ok(()) }
    }
}
