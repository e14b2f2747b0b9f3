//! Which of a workbook's sheets are read: those that the owner names, or the only one that holds
//! anything. Every other one that holds anything is declared with a reason, or the workbook is
//! refused: a sheet that is left out could be a part of the register.

use std::collections::BTreeMap;
use std::path::Path;

use zerotrip_datasets::file::Excel;
use zerotrip_proto::v1::ErrorCode;

use super::super::SourceError;
use super::super::header::{folded, shown};
use super::import::SnapshotWriter;

/// Names in one error.
const MOST_LISTED: usize = 20;

/// What a dataset file says of a workbook's sheets.
#[derive(Debug)]
pub struct Sheets {
    wanted: Vec<String>,
    unread: BTreeMap<String, String>,
    /// The row that names the columns, from 0.
    pub header: u32,
}

/// What is in a sheet that is not read.
#[derive(Debug, Default)]
pub struct Glance {
    /// Whether any cell holds anything.
    pub holds_any: bool,
    /// The row that would name the columns.
    pub names: BTreeMap<u32, String>,
}

impl Glance {
    /// Notes a cell; `header` is the row that would name the columns.
    pub fn note(&mut self, row: u32, column: u32, text: &str, header: u32) {
        if text.trim().is_empty() {
            return;
        }
        self.holds_any = true;
        if row == header {
            self.names.insert(column, text.to_owned());
        }
    }
}

impl Sheets {
    /// Of a dataset file.
    pub fn new(spec: &Excel) -> Self {
        Self {
            wanted: spec.sheets.clone(),
            unread: spec.unread.clone(),
            header: spec.header.saturating_sub(1),
        }
    }

    /// Places of the sheets that are read, in the owner's order. `glance` looks into a sheet at a
    /// place.
    pub fn choose(
        &self,
        path: &Path,
        names: &[&str],
        into: &mut SnapshotWriter<'_>,
        mut glance: impl FnMut(usize) -> Result<Glance, SourceError>,
    ) -> Result<Vec<usize>, SourceError> {
        let drift = |detail: String| {
            SourceError::new(ErrorCode::SourceDrift, format!("`{}` {detail}", path.display()))
        };
        let listed = |places: &mut dyn Iterator<Item = usize>| {
            let names: Vec<String> = places
                .filter_map(|at| names.get(at))
                .take(MOST_LISTED)
                .map(|name| format!("`{}`", shown(name)))
                .collect();
            names.join(", ")
        };
        if let Some(gone) = self.unread.keys().find(|name| !names.contains(&name.as_str())) {
            into.advise(format!(
                "there is no sheet `{}` of which `source.unread` speaks",
                shown(gone)
            ));
        }
        let mut chosen = Vec::new();
        for wanted in &self.wanted {
            let all = listed(&mut (0..names.len()));
            let place = names.iter().position(|name| name == wanted);
            chosen.push(place.ok_or_else(|| {
                drift(format!(
                    "has no sheet `{wanted}`; name one in `source.sheet`; there are: {all}"
                ))
            })?);
        }
        let mut filled = Vec::new();
        for place in (0..names.len()).filter(|place| !chosen.contains(place)) {
            let is_declared = names.get(place).is_some_and(|name| self.unread.contains_key(*name));
            if !is_declared {
                let seen = glance(place)?;
                if seen.holds_any || names.len() == 1 {
                    filled.push((place, seen));
                }
            }
        }
        if chosen.is_empty() {
            let [(only, _)] = filled.as_slice() else {
                let all = listed(&mut (0..names.len()));
                return Err(drift(format!(
                    "has more than one sheet that holds anything, or none; name one in \
                     `source.sheet`; there are: {all}"
                )));
            };
            return Ok(vec![*only]);
        }
        for (place, seen) in filled {
            let width = seen.names.last_key_value().map_or(0, |(last, _)| last + 1);
            let has_these = into.fits(&folded(
                (0..width).map(|column| seen.names.get(&column).cloned().unwrap_or_default()),
            ));
            into.unread_sheet(names.get(place).copied().unwrap_or_default(), has_these)?;
        }
        if chosen.len() < names.len() && !into.is_sample() {
            let left = listed(&mut (0..names.len()).filter(|place| !chosen.contains(place)));
            into.advise(format!(
                "sheets that are not read, for they are empty or declared in `source.unread`: \
                 {left}"
            ));
        }
        Ok(chosen)
    }
}
