//! Where a version of a check stands: `lifecycle.toml` in its folder.
//!
//! It is no part of the definition, so what owners approved stays approved when it changes.

use chrono::NaiveDate;
use serde::Deserialize;
use zerotrip_checks::definition::Fault;
use zerotrip_datasets::CivilDay;
use zerotrip_text::{cut, toml_fault};

/// The file, in a definition's folder. Where there is none the version is active.
pub const LIFECYCLE_FILE: &str = "lifecycle.toml";

/// Where a version of a check stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Lifecycle {
    /// In the catalog, for owners to review and approve; not answered.
    Draft,
    /// Answered.
    #[default]
    Active,
    /// Answered to the end of a day in China, and its requesters are told so.
    Deprecated(Sunset),
    /// Answered no more.
    Ended {
        /// The version to ask instead, where there is one.
        successor: Option<String>,
    },
}

/// The end of a version that is still answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sunset {
    /// The last day on which it is answered.
    pub last_day: NaiveDate,
    /// The version to ask instead.
    pub successor: String,
}

/// What a version is on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage<'a> {
    /// Not answered yet.
    Draft,
    /// Answered.
    Active,
    /// Answered, for a while.
    Deprecated(&'a Sunset),
    /// Answered no more.
    Ended(Option<&'a str>),
}

impl Stage<'_> {
    /// As the file and the catalog say it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Active => "active",
            Self::Deprecated(_) => "deprecated",
            Self::Ended(_) => "ended",
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    stage: String,
    last_day: Option<String>,
    successor: Option<String>,
}

impl Lifecycle {
    /// Reads the file's text; `file` names it in the fault.
    pub fn parse(text: &str, file: &str) -> Result<Self, Fault> {
        let fault = |place: &str, what: &str, remedy: &str| Fault::new(file, place, what, remedy);
        let raw: Raw = toml::from_str(text).map_err(|error| {
            let remedy = "there are `stage`, `last_day` and `successor`, texts all of them";
            fault("", &toml_fault(text, &error), remedy)
        })?;
        match (raw.stage.as_str(), raw.last_day, raw.successor) {
            ("draft", None, None) => Ok(Self::Draft),
            ("active", None, None) => Ok(Self::Active),
            ("draft" | "active", ..) => Err(fault(
                "stage",
                "it has no end and no successor",
                "take `last_day` and `successor` away, or write `stage = \"deprecated\"`",
            )),
            ("deprecated", Some(last_day), Some(successor)) => {
                let day = NaiveDate::parse_from_str(&last_day, "%Y-%m-%d").ok();
                let day = day.filter(|day| day.to_string() == last_day).ok_or_else(|| {
                    let what = format!("`{}` is not a day", cut(&last_day));
                    fault("last_day", &what, "write it as in `2027-03-31`")
                })?;
                Ok(Self::Deprecated(Sunset { last_day: day, successor }))
            }
            ("deprecated", ..) => Err(fault(
                "stage",
                "it does not say until when it is answered, and what is asked instead",
                "write `last_day`, as in `2027-03-31`, and `successor`",
            )),
            ("ended", None, successor) => Ok(Self::Ended { successor }),
            ("ended", Some(_), _) => Err(fault(
                "last_day",
                "what has ended is answered on no day",
                "take `last_day` away, or write `stage = \"deprecated\"`",
            )),
            (other, ..) => Err(fault(
                "stage",
                &format!("`{}` is no stage", cut(other)),
                "write draft, active, deprecated or ended",
            )),
        }
    }

    /// What it is on this day.
    pub fn on(&self, today: CivilDay) -> Stage<'_> {
        match self {
            Self::Draft => Stage::Draft,
            Self::Active => Stage::Active,
            Self::Deprecated(sunset) if today.date() <= sunset.last_day => {
                Stage::Deprecated(sunset)
            }
            Self::Deprecated(sunset) => Stage::Ended(Some(&sunset.successor)),
            Self::Ended { successor } => Stage::Ended(successor.as_deref()),
        }
    }

    /// The version that is named to be asked instead.
    pub fn successor(&self) -> Option<&str> {
        match self {
            Self::Draft | Self::Active => None,
            Self::Deprecated(sunset) => Some(&sunset.successor),
            Self::Ended { successor } => successor.as_deref(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn day(text: &str) -> CivilDay {
        CivilDay::of(text.parse().unwrap())
    }

    #[test]
    fn a_deprecated_version_is_answered_to_the_end_of_its_last_day() {
        let text = "stage = \"deprecated\"\nlast_day = \"2027-03-31\"\nsuccessor = \"a@2\"\n";
        let read = Lifecycle::parse(text, "lifecycle.toml").unwrap();
        assert_eq!(read.on(day("2027-03-31")).name(), "deprecated");
        assert_eq!(read.on(day("2027-04-01")), Stage::Ended(Some("a@2")));
        assert_eq!(read.successor(), Some("a@2"));
    }

    #[test]
    fn what_is_not_understood_is_refused_by_name() {
        let dated = "last_day = \"2027-03-31\"\n";
        let followed = "successor = \"a@2\"\n";
        for (text, said) in [
            ("".to_owned(), "missing field `stage`"),
            ("stage = \"live\"\n".to_owned(), "`live` is no stage"),
            ("stage = \"active\"\nowner = \"x\"\n".to_owned(), "unknown field `owner`"),
            (format!("stage = \"active\"\n{dated}"), "no end and no successor"),
            (format!("stage = \"draft\"\n{followed}"), "no end and no successor"),
            (format!("stage = \"deprecated\"\n{dated}"), "until when"),
            (format!("stage = \"deprecated\"\n{followed}"), "until when"),
            (format!("stage = \"ended\"\n{dated}"), "answered on no day"),
        ] {
            let fault = Lifecycle::parse(&text, "lifecycle.toml").unwrap_err().to_string();
            assert!(fault.contains(said), "{text}: {fault}");
        }
        for odd in ["2027-3-31", "2027-02-30", "20270331", " 2027-03-31", ""] {
            let text = format!("stage = \"deprecated\"\nlast_day = \"{odd}\"\n{followed}");
            let fault = Lifecycle::parse(&text, "lifecycle.toml").unwrap_err().to_string();
            assert!(fault.contains("is not a day"), "{odd}: {fault}");
        }
        for (text, name) in [
            ("stage = \"draft\"\n", "draft"),
            ("stage = \"active\"\n", "active"),
            ("stage = \"ended\"\n", "ended"),
        ] {
            let read = Lifecycle::parse(text, "lifecycle.toml").unwrap();
            assert_eq!(read.on(day("2026-11-30")).name(), name);
        }
    }
}
