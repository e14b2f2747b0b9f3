//! The sidecar of a nightly file: `<file>.manifest.toml`.

use chrono::{DateTime, FixedOffset};
use toml::Table;

use super::section::Section;
use super::{Fault, FileError};

/// What the job that wrote a file states of it, so that a half-written or swapped file is noticed.
///
/// ```toml
/// as_of = "2026-11-22T00:30:00+08:00"  # RFC 3339, with its offset
/// rows = 12345                         # without the header
/// sha256 = "…"                         # of the file's bytes, 64 lower-case hexadecimal digits
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// When the rows were true: when their export began.
    pub as_of: DateTime<FixedOffset>,
    /// Rows in the file, the header not counted, ragged ones counted.
    pub rows: u64,
    /// SHA-256 over the file's bytes, in lower-case hexadecimal.
    pub sha256: String,
}

impl Manifest {
    /// Reads a manifest; `origin` names it in messages.
    pub fn parse(text: &str, origin: &str) -> Result<Self, FileError> {
        let failed = |faults| FileError { origin: origin.to_owned(), faults };
        let unusable = |remedy: String| failed(vec![Fault { key: String::new(), named: String::new(), value: String::new(), remedy }]);
        if text.len() > 4096 {
            return Err(unusable("a manifest has at most 4096 bytes".to_owned()));
        }
        let table: Table =
            text.parse().map_err(|error: toml::de::Error| unusable(format!("not TOML: {}", error.to_string().trim_end())))?;
        let mut top = Section::new("", &table);
        let as_of = top.read("as_of", None, "must be a time such as `\"2026-11-22T00:30:00+08:00\"`", |value| {
            DateTime::parse_from_rfc3339(value.as_str()?).ok()
        });
        let rows = top.read("rows", None, "must be a row count", |value| u64::try_from(value.as_integer()?).ok());
        let sha256 = top.read("sha256", None, "must be 64 lower-case hexadecimal digits", |value| {
            value.as_str().filter(|hex| hex.len() == 64 && hex.bytes().all(|c| c.is_ascii_digit() || (b'a'..=b'f').contains(&c)))
        });
        let faults = top.finish();
        match (as_of, rows, sha256) {
            (Some(as_of), Some(rows), Some(sha256)) if faults.is_empty() => Ok(Self { as_of, rows, sha256: sha256.to_owned() }),
            _ => Err(failed(faults)),
        }
    }

    /// The manifest's text.
    pub fn to_text(&self) -> String {
        format!("as_of = \"{}\"\nrows = {}\nsha256 = \"{}\"\n", self.as_of.to_rfc3339(), self.rows, self.sha256)
    }
}
