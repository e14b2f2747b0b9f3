//! How old the rows of a file are: by the file system, its manifest or its name.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use chrono::{FixedOffset, NaiveDate};
use zerotrip_datasets::Manifest;
use zerotrip_datasets::file::DropAsOf;
use zerotrip_proto::CHINA_OFFSET_SECONDS;
use zerotrip_proto::v1::ErrorCode;

use super::arrived::{Arrived, Part, Stamp};
use super::naming::{manifest_of, regular};
use super::{MOST_FILE, Place};
use crate::SourceError;
use crate::drop::unreadable;
use crate::file_identity::FileIdentity;

/// Bytes of a manifest.
const MOST_MANIFEST: u64 = 4096;

impl Place {
    pub(super) fn arrived(&self, path: &Path) -> Result<Arrived, SourceError> {
        let stamp = self.stamp(path)?;
        let manifest = self.manifest(path)?;
        let as_of = match (&self.file.as_of, &manifest) {
            // A file cannot hold what happened after it was written, even if its manifest or its
            // name says.
            (_, Some(manifest)) => SystemTime::from(manifest.as_of).min(stamp.modified),
            (DropAsOf::Name(_), None) => self.named_day(path)?.min(stamp.modified),
            (DropAsOf::Modified | DropAsOf::Manifest, None) => stamp.modified,
        };
        Ok(Arrived { parts: vec![Part { stamp, manifest }], as_of, advice: Vec::new() })
    }

    pub(super) fn stamp(&self, path: &Path) -> Result<Stamp, SourceError> {
        let meta = regular(path)?;
        let manifest = match self.file.as_of {
            DropAsOf::Manifest => {
                let path = manifest_of(path);
                Some(FileIdentity::of(&regular(&path)?))
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
        Ok(Stamp { path: path.to_owned(), file: FileIdentity::of(&meta), modified, manifest })
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

/// The first moment of a day in China; the machine's time zone does not matter.
fn beginning(day: NaiveDate) -> Option<SystemTime> {
    let china = FixedOffset::east_opt(CHINA_OFFSET_SECONDS.into())?;
    day.and_hms_opt(0, 0, 0)?.and_local_timezone(china).single().map(Into::into)
}
