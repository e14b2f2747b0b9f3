//! Which of a file's columns the dataset's columns are read from, by the names in its header.

use std::collections::HashMap;

use zerotrip_datasets::file::MOST_COLUMNS;
use zerotrip_datasets::guess::Evidence;
use zerotrip_proto::v1::{ErrorCode, SemanticType};

use super::{Sink, SnapshotWriter};
use crate::{SourceError, header};

impl<'a> SnapshotWriter<'a> {
    /// Whether every column of the dataset is among these names; when a file is looked at, whether
    /// there are two at all.
    pub fn fits(&self, names: &[Option<String>]) -> bool {
        if self.is_sample() {
            return names.iter().flatten().count() > 1;
        }
        self.columns.iter().all(|column| names.iter().flatten().any(|name| *name == column.field))
    }

    /// Whether the dataset has this field as a date.
    pub fn is_date(&self, field: &str) -> bool {
        self.columns
            .iter()
            .any(|column| column.field == field && column.semantic == SemanticType::Date)
    }

    /// The file's columns, unnamed ones as `None`. Returns the place in the file of each column of
    /// the dataset and, behind those, of each field that no column names and of which nothing
    /// is stated: a row gives its cells in this order.
    pub fn header(&mut self, names: &[Option<String>]) -> Result<Vec<usize>, SourceError> {
        let drift = |detail: String| {
            Err(SourceError::new(ErrorCode::SourceDrift, format!("`{}` {detail}", self.origin)))
        };
        if let Some(value) = header::value_among(names, self.columns) {
            return drift(format!(
                "the file has no header line; where a column's name should be there is a value, \
                 `{value}`: have it written with a line of names, or say `header` where a sheet \
                 has them in a lower row"
            ));
        }
        let mut known: HashMap<&str, usize> = HashMap::new();
        for (place, name) in names.iter().enumerate() {
            let Some(name) = name.as_deref() else { continue };
            if known.insert(name, place).is_some() {
                return drift(format!(
                    "has column `{name}` twice in its header; rename one of them"
                ));
            }
        }
        if let Sink::Sample(seen) = &self.sink {
            let named: Vec<(usize, String)> = names
                .iter()
                .enumerate()
                .filter_map(|(place, name)| {
                    Some((place, name.clone().filter(|name| !name.is_empty())?))
                })
                .collect();
            let mut seen = seen.borrow_mut();
            seen.passed_over = names.len() - named.len();
            seen.columns =
                named.iter().map(|(_, name)| (name.clone(), Evidence::default())).collect();
            if seen.columns.len() > MOST_COLUMNS {
                return drift(format!(
                    "has {} columns, and a dataset at most {MOST_COLUMNS}",
                    seen.columns.len()
                ));
            }
            return Ok(named.into_iter().map(|(place, _)| place).collect());
        }
        let mut places = Vec::with_capacity(self.columns.len());
        for column in self.columns {
            match known.get(column.field.as_str()) {
                Some(place) => places.push(*place),
                None => {
                    let field = header::shown(&column.field);
                    return drift(format!(
                        "has no column `{field}`; correct the column's `field`, or what \
                         `[source]` says of the file"
                    ));
                }
            }
        }
        self.unmapped_names.clear();
        let stated = self.stated.get_or_insert_default();
        for (place, name) in
            names.iter().enumerate().filter_map(|(place, name)| Some((place, name.as_deref()?)))
        {
            let Some(not_about) = self.not_about else { continue };
            if not_about.contains(name) {
                stated.insert(name.to_owned());
            } else if self.columns.iter().all(|column| column.field != name) {
                self.unmapped_names.push(name.to_owned());
                places.push(place);
            }
        }
        Ok(places)
    }

    /// The error of a field that cannot be read, at this place among those that [`Self::header`]
    /// returned: of one that no column names, with what can be done about it.
    pub fn field_error(&self, at: usize, error: SourceError) -> SourceError {
        if self.is_sample() || at < self.columns.len() {
            return error;
        }
        let detail = format!(
            "{}; no column names it, so that nothing shows that no person is named there: if the \
             rows are not about who is there, say why in `[not_about]`",
            error.detail
        );
        SourceError::new(error.code, detail)
    }
}
