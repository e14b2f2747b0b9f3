//! What every kind of dropped file has in common: where it arrives, and how old its rows are.

use chrono::NaiveDate;
use chrono::format::{Item, StrftimeItems};
use toml::Value;

use super::{Parameter, inner_path};
use crate::file::section::{Section, is_text};

/// A file that is dropped, nightly say, below the dataset file's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileDrop {
    /// The file, relative to the dataset file; never outside its folder. Its last part may be a
    /// pattern, in which `*` is any text.
    pub path: String,
    /// How old its rows are.
    pub as_of: DropAsOf,
    /// What several files that fit are to one another.
    pub parts: Parts,
}

/// What several files are to one another that fit a drop's path, or are called like it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Parts {
    /// The owner has not said: then only their names can show that they are one file of several
    /// days.
    #[default]
    Unstated,
    /// Each is the whole register, and the newest counts.
    None,
    /// All of them together are the register, and there are at least this many.
    All(usize),
    /// Those of these names together are the register, and there is no other.
    Named(Vec<String>),
}

/// How old the rows of a file are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DropAsOf {
    /// When the file was modified last.
    Modified,
    /// What the sidecar `<file>.manifest.toml` states: [`crate::Manifest`].
    Manifest,
    /// The beginning of the day that is in the file's name, which is written as `strftime` has
    /// it.
    Name(String),
}

pub(super) const PATH: Parameter = Parameter {
    key: "path",
    default: None,
    form: "must be relative to this file, with `/` between its parts, no `..`, and `*` in its \
           last part only",
    doc: "The file. Where each drop has a name of its own, a pattern in the last part, such as \
          `drops/marriage-*.csv`: the newest whole file counts.",
};
pub(super) const AS_OF: Parameter = Parameter {
    key: "as_of",
    default: None,
    form: "must be `modified`, `manifest` or `{ name = \"…%Y%m%d…\" }`, whose names fit `path`",
    doc: "How old its rows are: the time at which their export began, for what was entered while \
          it ran may be missing. `manifest`: what `<file>.manifest.toml` beside it states, with \
          the number of rows and the SHA-256 that the file must have; prefer it, for it also \
          tells a half-written file. `{ name = \"marriage-%Y%m%d.csv\" }`: the beginning, in \
          China, of the day in the file's name, on which its export must have begun. `modified`: \
          when the file was modified last, for exports of a moment; one that takes long, or is \
          copied late, then claims to be newer than its rows are.",
};

pub(super) const PARTS: Parameter = Parameter {
    key: "parts",
    default: Some("not stated"),
    form: "must be `none`, `all` or a list of 2 to 4096 names, each once, that fit the pattern in \
           `path`",
    doc: "What several files are to one another. `none`: each file that fits is the whole \
          register, and the newest counts. `all`: they are parts, as a data platform or one \
          export a district writes them, and are read as one. A list: the same, of these files \
          and no other. Not stated, several files must have names that differ in their day alone; \
          otherwise nothing is read, for a part that is left out would be homes that no look-up \
          finds. Parts are as old as the oldest of them.",
};
pub(super) const PART_COUNT: Parameter = Parameter {
    key: "part_count",
    default: Some("none; needed with `parts = \"all\"`"),
    form: "must be a number from 1 to 4096, and goes with `parts = \"all\"`",
    doc: "How many parts there are at least: with fewer, nothing is read.",
};
/// Parts of one register.
const MOST_PARTS: usize = 4096;

/// What every drop's manual says.
macro_rules! drop_notes {
    ($($own:literal),+ $(,)?) => {
        concat!(
            $($own),+,
            "\n\nImported into a local indexed snapshot, and anew whenever the file changes. A drop that is not whole, or does not match \
            its manifest, leaves the one before in place, with its own as-of, until that is too old; the connector's log says why. With a \
            pattern in `path` the newest file counts: by its manifest, by the day in its name, or by when it was modified; what else \
            is there must be explained, by names that differ in their day alone, or by `parts`. Whatever is called like the one in `path`, such as \
            `t (2).csv`, `t二.csv`, `t.csv.1` or `t.txt` beside `t.csv`, must be explained too: by `parts = \"none\"`, by a pattern that \
            both fit, or by a dataset file in the same folder as this one that describes it; what holds nothing, short notes (`.md`, `.sha256`) \
            that name no person, PDF documents and pictures need not. A folder that a data platform writes as one table is `path = \"x.parquet/part-*.parquet\"` with `parts = \"all\"`, \
            and counts once its `_SUCCESS` is there. Parts are in a folder of their own: beside them may be their manifests, `_SUCCESS`, \
            `_metadata`, `_common_metadata` and names of files that are still being written; with anything else there nothing is read, for it \
            could be a further part. `_SUCCESS` must be empty, `_metadata` a summary that lists exactly these parts, and `_common_metadata` \
            one that lists none. Rows of a part are numbered behind those of the part before; `check` says from which \
            number on. **A first line that is a row and no header** is refused: a column's name that reads as a value of its column, or \
            holds eight digits or more. **A file that is something else than `kind` says** is refused by what it is. A file whose name begins with `.` or `~`, or ends in `.part`, `.partial`, `.filepart` or `.tmp`, is still being written and never read: \
            write under such a name, then rename. One into which nothing was written for an hour could be a part that a failed job left: \
            beside parts, or called like this file and not written whole since, it is refused until it is finished or deleted."
        )
    };
}
pub(super) use drop_notes;

impl FileDrop {
    pub(super) fn read(section: &mut Section<'_>) -> Option<Self> {
        let path = PATH.read(section, None, drop_path);
        let name = path.map(last_part);
        let as_of = AS_OF.read(section, None, |value| match value {
            Value::String(text) if text == "modified" => Some(DropAsOf::Modified),
            Value::String(text) if text == "manifest" => Some(DropAsOf::Manifest),
            Value::Table(table) if table.len() == 1 => {
                let format = table.get("name")?.as_str().filter(|format| is_day_format(format))?;
                let sample = NaiveDate::from_ymd_opt(2026, 11, 22)?.format(format).to_string();
                name.is_none_or(|name| fits(name, &sample))
                    .then(|| DropAsOf::Name(format.to_owned()))
            }
            _ => None,
        });
        let parts = parts(section, path, as_of.as_ref());
        Some(Self { path: path?.to_owned(), as_of: as_of?, parts: parts? })
    }

    /// Whether drops come under different names.
    pub fn is_pattern(&self) -> bool {
        last_part(&self.path).contains('*')
    }

    /// Whether several files together are the register.
    pub fn has_parts(&self) -> bool {
        matches!(self.parts, Parts::All(_) | Parts::Named(_))
    }

    /// Whether a file of this name is still being written, or is not one at all.
    pub fn is_unfinished(name: &str) -> bool {
        is_unfinished(name)
    }

    /// Whether a file of this name is a drop, and not one that is still being written.
    pub fn fits(&self, name: &str) -> bool {
        fits(last_part(&self.path), name) && !is_unfinished(name)
    }
}

impl DropAsOf {
    /// The day in a file's name, where names hold it.
    pub fn day(&self, name: &str) -> Option<NaiveDate> {
        match self {
            Self::Name(format) => NaiveDate::parse_from_str(name, format).ok(),
            Self::Modified | Self::Manifest => None,
        }
    }
}

/// What several files are, and how many.
fn parts(section: &mut Section<'_>, path: Option<&str>, as_of: Option<&DropAsOf>) -> Option<Parts> {
    let pattern = path.map(last_part);
    let said = PARTS.read(section, Some(Parts::Unstated), |value| match value {
        Value::String(text) if text == "none" => Some(Parts::None),
        Value::String(text)
            if text == "all" && pattern.is_none_or(|pattern| pattern.contains('*')) =>
        {
            Some(Parts::All(1))
        }
        Value::Array(names) if (2..=MOST_PARTS).contains(&names.len()) => {
            let fitting = |name: &Value| {
                let name = name.as_str().filter(|name| is_text(name) && !is_unfinished(name))?;
                pattern
                    .is_none_or(|pattern| pattern.contains('*') && fits(pattern, name))
                    .then(|| name.to_owned())
            };
            let names: Vec<String> = names.iter().map(fitting).collect::<Option<_>>()?;
            let distinct: std::collections::BTreeSet<&String> = names.iter().collect();
            (distinct.len() == names.len()).then_some(Parts::Named(names))
        }
        _ => None,
    });
    let count = PART_COUNT.read(section, Some(None), |value| {
        let count = usize::try_from(value.as_integer()?)
            .ok()
            .filter(|count| (1..=MOST_PARTS).contains(count))?;
        (said.is_none() || matches!(said, Some(Parts::All(_)))).then_some(Some(count))
    })?;
    let said = match (said?, count) {
        (Parts::All(_), Some(count)) => Parts::All(count),
        (Parts::All(_), None) => {
            section.fault(
                PART_COUNT.key,
                None,
                "missing; say how many parts there are at least, or one that is gone is not \
                 noticed"
                    .to_owned(),
            );
            return None;
        }
        (said, _) => said,
    };
    let is_together = matches!(said, Parts::All(_) | Parts::Named(_));
    if is_together && matches!(as_of, Some(DropAsOf::Name(_))) {
        section.fault(
            PARTS.key,
            None,
            "parts go with `as_of = \"manifest\"` or `\"modified\"`: one day's name is one file's"
                .to_owned(),
        );
        return None;
    }
    Some(said)
}

fn drop_path(value: &Value) -> Option<&str> {
    inner_path(value).filter(|path| !path.rsplit('/').skip(1).any(|part| part.contains('*')))
}

fn last_part(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn is_unfinished(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let ends = [".part", ".partial", ".filepart", ".tmp", ".manifest.toml"];
    name.starts_with(['.', '~']) || ends.iter().any(|end| lower.ends_with(end))
}

/// Whether a name is what the pattern says, each `*` standing for any text.
fn fits(pattern: &str, name: &str) -> bool {
    let Some((begin, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut left) = name.strip_prefix(begin) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let end = parts.pop().unwrap_or_default();
    for part in parts {
        let Some((_, behind)) = left.split_once(part) else { return false };
        left = behind;
    }
    left.ends_with(end)
}

/// Whether the format writes a day so that the same day can be read back.
fn is_day_format(format: &str) -> bool {
    let days = [NaiveDate::from_ymd_opt(2026, 11, 22), NaiveDate::from_ymd_opt(2031, 2, 3)];
    is_text(format)
        && !StrftimeItems::new(format).any(|item| item == Item::Error)
        && format_needs_no_clock(format)
        && days.into_iter().flatten().all(|day| {
            NaiveDate::parse_from_str(&day.format(format).to_string(), format) == Ok(day)
        })
}

/// A day has no hours to write, and asking it for them would fail.
fn format_needs_no_clock(format: &str) -> bool {
    let mut written = String::new();
    let day = NaiveDate::default();
    std::fmt::Write::write_fmt(&mut written, format_args!("{}", day.format(format))).is_ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_star_is_any_text() {
        for (pattern, name) in [
            ("a-*.csv", "a-1.csv"),
            ("a-*.csv", "a-.csv"),
            ("*", "x"),
            ("*a*b*", "xaxbx"),
            ("a*a", "aa"),
            ("a", "a"),
        ] {
            assert!(fits(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("a-*.csv", "a-1.csv2"),
            ("a-*.csv", "b-1.csv"),
            ("a*a", "a"),
            ("*a*b*", "ba"),
            ("a", "aa"),
            ("?", "x"),
        ] {
            assert!(!fits(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn names_of_unfinished_files_fit_nothing() {
        let drop =
            FileDrop { path: "drops/*".into(), as_of: DropAsOf::Modified, parts: Parts::Unstated };
        for name in [
            "a.csv.part",
            "a.TMP",
            "a.partial",
            "a.csv.filepart",
            ".a.csv",
            "~$a.xlsx",
            "a.csv.manifest.toml",
        ] {
            assert!(!drop.fits(name), "{name}");
        }
        assert!(drop.fits("a.csv") && drop.is_pattern());
    }

    #[test]
    fn a_names_format_must_hold_the_whole_day() {
        for good in ["m-%Y%m%d.csv", "%Y-%m-%d", "m_%y%m%d.xls", "婚姻%Y年%m月%d日.csv", "%F"]
        {
            assert!(is_day_format(good), "{good}");
        }
        for bad in ["m-%Y%m.csv", "%d%m", "m.csv", "%Q", "%", "%Y%m%d%H", "%s", "%Y%m%d %T", ""] {
            assert!(!is_day_format(bad), "{bad}");
        }
        let as_of = DropAsOf::Name("m-%Y%m%d.csv".into());
        assert_eq!(as_of.day("m-20261122.csv"), NaiveDate::from_ymd_opt(2026, 11, 22));
        assert_eq!(
            (
                as_of.day("m-20261322.csv"),
                as_of.day("m-20261122.csv2"),
                DropAsOf::Modified.day("m-20261122.csv")
            ),
            (None, None, None)
        );
    }
}
