//! The sidecar of a nightly file: `<file>.manifest.toml`.

use chrono::{DateTime, FixedOffset};
use toml::Table;

use super::section::Section;
use super::{Fault, FileError};
use zerotrip_text::toml_fault;

/// What the job that wrote a file states of it, so that a half-written or swapped file is noticed.
///
/// ```toml
/// as_of = "2026-11-22T00:30:00+08:00"  # RFC 3339, with its offset
/// rows = 12345                         # without the header
/// sha256 = "…"                         # of the file's bytes, 64 hexadecimal digits in either case, as `Get-FileHash` and `certutil` write them
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
        let unusable = |remedy: String| {
            failed(vec![Fault {
                key: String::new(),
                named: String::new(),
                value: String::new(),
                remedy,
            }])
        };
        if text.len() > 4096 {
            return Err(unusable("a manifest has at most 4096 bytes".to_owned()));
        }
        // PowerShell's `-Encoding utf8` begins with a mark.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let table: Table = text.parse().map_err(|error: toml::de::Error| {
            unusable(format!("not TOML: {}", toml_fault(text, &error)))
        })?;
        let mut top = Section::new("", &table);
        let as_of = top.read(
            "as_of",
            None,
            "must be a time such as `\"2026-11-22T00:30:00+08:00\"`",
            |value| {
                // As a text, or as TOML's own.
                let own = value.as_datetime().map(ToString::to_string);
                DateTime::parse_from_rfc3339(value.as_str().or(own.as_deref())?).ok()
            },
        );
        let rows = top.read("rows", None, "must be a row count", |value| {
            u64::try_from(value.as_integer()?).ok()
        });
        let sha256 = top
            .read("sha256", None, "must be 64 hexadecimal digits", |value| digest(value.as_str()?));
        let faults = top.finish();
        match (as_of, rows, sha256) {
            (Some(as_of), Some(rows), Some(sha256)) if faults.is_empty() => {
                Ok(Self { as_of, rows, sha256 })
            }
            _ => Err(failed(faults)),
        }
    }

    /// Reads a manifest's bytes, and says it where they are in other characters, as PowerShell's
    /// `>` writes them.
    pub fn read(bytes: &[u8], origin: &str) -> Result<Self, FileError> {
        let is_wide = bytes.starts_with(&[0xff, 0xfe])
            || bytes.starts_with(&[0xfe, 0xff])
            || bytes.contains(&0);
        let what = match std::str::from_utf8(bytes) {
            Ok(text) if !is_wide => return Self::parse(text, origin),
            _ if is_wide => {
                "it is in UTF-16; from PowerShell write it with `Out-File -Encoding utf8`"
            }
            _ => "it is not in UTF-8; save it as UTF-8",
        };
        let fault = Fault {
            key: String::new(),
            named: String::new(),
            value: String::new(),
            remedy: what.to_owned(),
        };
        Err(FileError { origin: origin.to_owned(), faults: vec![fault] })
    }

    /// The manifest's text.
    pub fn to_text(&self) -> String {
        format!(
            "as_of = \"{}\"\nrows = {}\nsha256 = \"{}\"\n",
            self.as_of.to_rfc3339(),
            self.rows,
            self.sha256
        )
    }
}

/// A digest in either case; `certutil` of old puts blanks between its bytes.
fn digest(text: &str) -> Option<String> {
    let hex: String = text.chars().filter(|c| *c != ' ').map(|c| c.to_ascii_lowercase()).collect();
    (hex.len() == 64 && hex.bytes().all(|c| c.is_ascii_hexdigit())).then_some(hex)
}
