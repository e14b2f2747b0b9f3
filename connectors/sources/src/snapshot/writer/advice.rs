//! What the owner should know of a file that was read.

use super::SnapshotWriter;
use crate::header;

/// Names that one advice lists.
const MOST_LISTED: usize = 20;

impl<'a> SnapshotWriter<'a> {
    /// What the owner should know of the whole.
    pub(super) fn write_advice(&mut self) {
        let (rows, columns) = (self.unnamed.0, &self.unnamed.1);
        if rows > 0 {
            let places: Vec<String> =
                columns.iter().take(MOST_LISTED).map(|place| (place + 1).to_string()).collect();
            self.summary.advice.push(format!(
                "{rows} rows hold something in a column that the header does not name (column \
                 {}), and are unreadable; give every column a name, or empty it",
                places.join(", ")
            ));
        }
        if self.summary.blank > 0 {
            self.summary
                .advice
                .push(format!("{} rows hold nothing but blanks, and are none", self.summary.blank));
        }
        if self.parts.len() > 1 {
            let parts: Vec<String> = self
                .parts
                .iter()
                .take(MOST_LISTED)
                .map(|(name, behind)| format!("`{}` behind {behind}", header::shown(name)))
                .collect();
            let rest = if self.parts.len() > MOST_LISTED { " and others" } else { "" };
            self.summary.advice.push(format!(
                "{} parts are read as one, their rows numbered through: {}{rest}",
                self.parts.len(),
                parts.join(", ")
            ));
        }
    }
}
