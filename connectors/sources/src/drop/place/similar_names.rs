//! Refuses a drop beside files with similar names: they could be further parts of it.

use std::path::Path;

use zerotrip_datasets::file::{DropAsOf, FileDrop};
use zerotrip_proto::v1::ErrorCode;

use super::naming::{in_order, listed, regular};
use super::{Fitting, Place};
use crate::SourceError;
use crate::drop::name_patterns::{self, Named};
use crate::drop::names::{MANIFEST, name_of};
use crate::drop::neighbours::{self, Described};

impl Place {
    /// Several files are one file of several days only if their names show it.
    pub(super) fn explained(&self, found: &Fitting) -> Result<(), SourceError> {
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
                name_patterns::is_one_of_several_days(names.iter().map(String::as_str))
            }
        };
        if names.len() < 2 || is_shown {
            return Ok(());
        }
        Err(self.unexplained(&names))
    }

    /// A file that is named alone is alone: what is called like it could be a further part of it.
    pub(super) fn is_alone(&self) -> Result<(), SourceError> {
        let mut names = vec![name_of(&self.path)];
        let beside = self.alike(&names)?;
        if beside.is_empty() {
            return Ok(());
        }
        names.extend(beside);
        Err(self.unexplained(&names))
    }

    /// What is beside these drops, is called like one of them, and could hold rows: it is not
    /// another dataset's of this connector, and not still being written.
    fn alike(&self, drops: &[String]) -> Result<Vec<String>, SourceError> {
        let named = Named::of(drops.iter().map(String::as_str));
        let (mut alike, mut left) = (Vec::new(), Vec::new());
        let mut described: Option<Described> = None;
        for path in self.listed()? {
            let name = name_of(&path);
            let is_unfinished =
                FileDrop::is_unfinished(&name) && !name.to_ascii_lowercase().ends_with(MANIFEST);
            let finished = if is_unfinished { neighbours::finished(&name) } else { name.as_str() };
            let is_own = drops.contains(&name)
                || name
                    .strip_suffix(MANIFEST)
                    .is_some_and(|of| drops.iter().any(|drop| drop == of));
            if is_own
                || !named.could_be_part(finished) && !drops.iter().any(|drop| drop == finished)
            {
                continue;
            }
            if neighbours::holds_no_rows(&path)
                || drops.iter().any(|drop| neighbours::belongs_to_table(&path, drop))
            {
                continue;
            }
            if described.get_or_insert_with(|| Described::below(&self.base)).has(&path) {
                continue;
            }
            if !is_unfinished {
                alike.push(name);
            } else if !neighbours::is_lock(&path)
                && !neighbours::is_being_written(&path)
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
            .find(|drop| *drop == neighbours::finished(&name))
            .map(|drop| self.folder().join(drop));
        let both = changed(path).zip(whole.as_deref().and_then(changed));
        both.is_some_and(|(tried, written)| tried <= written)
    }

    pub(super) fn unexplained(&self, names: &[String]) -> SourceError {
        let detail = format!(
            "`{}`: {} files could be parts of one register, {}; say in `source.parts` what they \
             are: `none` if each is the whole register, `all` (with a pattern in `path`, and \
             `part_count`) or a list of their names if they are its parts; move what is not a part \
             of it to another folder",
            self.folder().display(),
            names.len(),
            in_order(names)
        );
        SourceError::new(ErrorCode::SourceDrift, detail)
    }

    /// What nothing was written into for an hour, and is called unfinished.
    pub(super) fn unfinished(&self, names: &mut [String]) -> SourceError {
        let minutes = neighbours::BEING_WRITTEN.as_secs() / 60;
        self.drift(&format!(
            "{} are called unfinished, and nothing was written into them for {minutes} minutes: \
             they could be parts that a failed job left; have it finish them, or delete them",
            listed(names)
        ))
    }
}
