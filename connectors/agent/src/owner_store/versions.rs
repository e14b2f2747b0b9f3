//! The highest version of each thing that the owner signed here, kept beside it. An older copy that
//! is put back, from a backup or by hand, says again what its owner has withdrawn since. It is not
//! taken up, and the connector logs that.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use zerotrip_channel::files::{self, Secrecy};

use crate::owner_store::error::OwnerStoreError;

/// What has versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Versioned<'a> {
    /// The owner's approvals.
    Approvals,
    /// The statement of this dataset.
    Statement(&'a str),
    /// What is stated of this dataset's unreadable rows.
    Adjudications(&'a str),
}

impl Versioned<'_> {
    /// Where the highest version that was ever signed or in force here is kept.
    pub fn path(self, folder: &Path) -> PathBuf {
        let name = match self {
            Self::Approvals => "approvals.version".to_owned(),
            Self::Statement(dataset) => format!("{dataset}.version"),
            Self::Adjudications(dataset) => format!("{dataset}.adjudications.version"),
        };
        folder.join("signed").join(name)
    }

    /// That version; 0 if there was none.
    pub fn highest(self, folder: &Path) -> Result<u64, OwnerStoreError> {
        let path = self.path(folder);
        if !files::is_there(&path) {
            return Ok(0);
        }
        files::read_text(&path)?.trim().parse().map_err(|_| self.damaged(&path, "not a number"))
    }

    /// Refuses a version below the highest.
    pub fn not_older(self, folder: &Path, version: u64) -> Result<(), OwnerStoreError> {
        let highest = self.highest(folder)?;
        if version >= highest {
            return Ok(());
        }
        let remedy = match self {
            Self::Approvals => format!(
                "Read them with `zerotrip-connector approvals`, and `withdraw` or `approve` what \
                 differs. If all of them are meant, remove `{}`",
                self.path(folder).display()
            ),
            Self::Statement(_) => "Read its dataset file. Once it says what is true now, sign \
                                   it again with `zerotrip-connector sign`"
                .to_owned(),
            Self::Adjudications(_) => "Sign the present rulings with `zerotrip-connector \
                                       adjudicate`. If there are none, remove the signed file"
                .to_owned(),
        };
        Err(OwnerStoreError::Older { what: self.to_string(), version, highest, remedy })
    }

    /// Keeps this version, whose signature was verified, if it is the highest.
    pub fn remember(self, folder: &Path, version: u64) -> Result<(), OwnerStoreError> {
        if version > self.highest(folder)? {
            files::write(&self.path(folder), version.to_string().as_bytes(), Secrecy::Public)?;
        }
        Ok(())
    }

    /// The version of what is signed next, after this one and the highest.
    pub fn next(self, folder: &Path, after: u64) -> Result<u64, OwnerStoreError> {
        let highest = after.max(self.highest(folder)?);
        let none = || self.damaged(&self.path(folder), "no number is higher");
        highest.checked_add(1).ok_or_else(none)
    }

    /// The same for what the hub compares too: it also grows with the clock, so that a folder out
    /// of a backup gets ahead again of what the hub has seen.
    pub fn next_by_clock(self, folder: &Path, now: SystemTime) -> Result<u64, OwnerStoreError> {
        let milliseconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let before = u64::try_from(milliseconds).unwrap_or_default().saturating_sub(1);
        self.next(folder, before)
    }

    fn damaged(self, path: &Path, why: &str) -> OwnerStoreError {
        let remedy = match self {
            Self::Approvals => {
                "Read `zerotrip-connector approvals`. If that is what is to be served, remove the \
                 file"
            }
            Self::Statement(_) => {
                "Read the dataset file. If it says what is true now, remove this file and sign \
                 the dataset file again with `zerotrip-connector sign`"
            }
            Self::Adjudications(_) => {
                "Remove it, then sign the present rulings with `zerotrip-connector adjudicate`"
            }
        };
        OwnerStoreError::Damaged { path: path.display().to_string(), why: why.to_owned(), remedy }
    }
}

impl fmt::Display for Versioned<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Approvals => f.write_str("the owner's approvals"),
            Self::Statement(dataset) => write!(f, "the owner's statement of `{dataset}`"),
            Self::Adjudications(dataset) => {
                write!(f, "what the owner stated of unreadable rows of `{dataset}`")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const ALL: [Versioned<'static>; 4] = [
        Versioned::Approvals,
        Versioned::Statement("estate.ownership"),
        Versioned::Adjudications("estate.ownership"),
        Versioned::Statement("estate.other"),
    ];

    #[test]
    fn what_is_older_than_another_that_was_here_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        for (at, one) in ALL.into_iter().enumerate() {
            let known = 10 + u64::try_from(at).unwrap();
            assert_eq!(one.highest(folder.path()).unwrap(), 0, "each has a number of its own");
            one.not_older(folder.path(), 0).unwrap();
            one.remember(folder.path(), known).unwrap();
            one.remember(folder.path(), 3).unwrap();
            one.not_older(folder.path(), known).unwrap();
            let said = one.not_older(folder.path(), known - 1).unwrap_err().to_string();
            assert!(
                said.starts_with(&format!(
                    "{one} here: version {}, and version {known}",
                    known - 1
                )),
                "{said}"
            );
            assert!(
                said.contains("an older copy was put back")
                    && said.contains("`zerotrip-connector "),
                "{said}"
            );
            assert_eq!(
                (one.next(folder.path(), 0).unwrap(), one.next(folder.path(), 90).unwrap()),
                (known + 1, 91)
            );
        }
        std::fs::write(ALL[0].path(folder.path()), "many").unwrap();
        assert!(
            ALL[0]
                .not_older(folder.path(), u64::MAX)
                .unwrap_err()
                .to_string()
                .contains("is damaged: not a number")
        );
    }

    #[test]
    fn a_statements_version_grows_with_the_clock_and_never_falls_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let at = |seconds| UNIX_EPOCH + std::time::Duration::from_secs(seconds);
        let one = ALL[1];
        assert_eq!(one.next_by_clock(folder.path(), at(1000)).unwrap(), 1_000_000);
        one.remember(folder.path(), 1_000_000).unwrap();
        assert_eq!(one.next_by_clock(folder.path(), at(1000)).unwrap(), 1_000_001);
        assert_eq!(
            one.next_by_clock(folder.path(), at(2)).unwrap(),
            1_000_001,
            "a clock that was put back"
        );
        assert_eq!(one.next_by_clock(folder.path(), at(2000)).unwrap(), 2_000_000);
        one.remember(folder.path(), u64::MAX).unwrap();
        assert!(one.next_by_clock(folder.path(), at(3000)).is_err());
    }
}
