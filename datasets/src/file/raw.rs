//! From TOML to [`DatasetFile`], top to bottom as the file is written.

use std::time::Duration;

use chrono::NaiveDate;
use toml::{Table, Value};
use zerotrip_proto::names::is_dataset;
use zerotrip_proto::v1::SharingClass;

use super::section::{Section, is_text};
use super::{
    Coverage, DatasetFile, Fault, Limits, MOST_FILE_BYTES, MOST_REGIONS, Subjects, source,
};
use crate::normal::division;
use zerotrip_text::toml_fault;

mod accepted;
mod columns;
mod limits;
mod lookups;
mod names;

use accepted::accepted;
use columns::columns;
use limits::limits;
use lookups::{lookups, not_about};
pub(super) use names::{folded_name, is_foreign_name, is_inner_path, is_name_in_file};

const DAY: Duration = Duration::from_secs(86_400);

pub(super) fn parse(text: &str) -> Result<DatasetFile, Vec<Fault>> {
    let fault = |remedy: String| {
        vec![Fault { key: String::new(), named: String::new(), value: String::new(), remedy }]
    };
    if text.len() > MOST_FILE_BYTES {
        return Err(fault(format!(
            "the file has {} bytes, and at most {MOST_FILE_BYTES} are read",
            text.len()
        )));
    }
    let table: Table = text.parse().map_err(|error: toml::de::Error| {
        fault(format!("not TOML: {}", toml_fault(text, &error)))
    })?;
    let mut top = Section::new("", &table);

    let head = inside(&mut top, "dataset", "begin with a `[dataset]` table", head);
    let source =
        inside(&mut top, "source", "say in a `[source]` table where the rows are", source::read);
    let coverage =
        inside(&mut top, "coverage", "say in a `[coverage]` table what it knows about", coverage);
    let (columns, declared) =
        columns(&mut top, source.as_ref().is_some_and(source::Source::is_file));
    let lookups = lookups(&mut top, &columns, declared);
    let not_about = not_about(&mut top, &columns, &lookups);
    let accepted = accepted(&mut top);
    let limits = if table.contains_key("limits") {
        inside(&mut top, "limits", "", limits)
    } else {
        let _ = top.get("limits");
        Some(Limits::default())
    };

    let faults = top.finish();
    match (head, source, coverage, limits) {
        (Some(head), Some(source), Some(coverage), Some(limits)) if faults.is_empty() => {
            Ok(DatasetFile {
                id: head.id,
                name_zh: head.name.0,
                name_en: head.name.1,
                sharing: head.sharing,
                most_age: head.most_age,
                row_floor: head.row_floor,
                most_shrink: head.most_shrink,
                keeps_ended: head.keeps_ended,
                undated_before: head.undated_before,
                probes: head.probes,
                source,
                coverage,
                columns,
                lookups,
                not_about,
                accepted,
                limits,
            })
        }
        _ => Err(faults),
    }
}

struct Head {
    id: String,
    name: (String, String),
    sharing: SharingClass,
    most_age: Duration,
    row_floor: u64,
    most_shrink: f64,
    keeps_ended: bool,
    undated_before: Option<NaiveDate>,
    probes: Option<String>,
}

fn head(section: &mut Section<'_>) -> Option<Head> {
    let id = section.read(
        "id",
        None,
        "write `<member>.<name>`: the member's id, and a-z, 0-9 and _",
        |value| value.as_str().filter(|id| is_dataset(id)),
    );
    let name = inside(section, "name", "write `{ zh = \"…\", en = \"…\" }`", both_languages);
    let sharing = section.read(
        "sharing",
        None,
        "must be `unconditional`, `conditional` or `none`",
        |value| match value.as_str()? {
            "unconditional" => Some(SharingClass::Unconditional),
            "conditional" => Some(SharingClass::Conditional),
            "none" => Some(SharingClass::None),
            _ => None,
        },
    );
    let most_age =
        section.read("most_age", None, "must be between `1s` and `366d`, such as `36h`", |value| {
            zerotrip_text::duration(value.as_str()?)
                .filter(|age| (Duration::from_secs(1)..=366 * DAY).contains(age))
        });
    let row_floor = section.read("row_floor", None, "must be a row count of at least 1", |value| {
        u64::try_from(value.as_integer()?).ok().filter(|n| *n > 0)
    });
    let most_shrink = section.read(
        "most_shrink",
        Some(0.10),
        "must be a fraction between 0.0 and 1.0",
        |value| value.as_float().filter(|fraction| (0.0..=1.0).contains(fraction)),
    );
    let keeps_ended = section.read(
        "ended",
        Some(false),
        "must be `kept` (what ends stays as a row that says so, and nothing is removed or written \
         over without one) or `removed`",
        |value| match value.as_str()? {
            "kept" => Some(true),
            "removed" => Some(false),
            _ => None,
        },
    );
    let undated_before = section.read(
        "undated_before",
        Some(None),
        "must be a date such as `\"2010-01-01\"`: what has ended, and is not dated, ended before \
         it",
        |value| date(value).map(Some),
    );
    let probes = section.read(
        "probes",
        Some(None),
        "must be the path of a file that names persons known to be in it, one id a line",
        |value| value.as_str().filter(|path| is_text(path)).map(|path| Some(path.to_owned())),
    );
    Some(Head {
        id: id?.to_owned(),
        name: name?,
        sharing: sharing?,
        most_age: most_age?,
        row_floor: row_floor?,
        most_shrink: most_shrink?,
        keeps_ended: keeps_ended?,
        undated_before: undated_before?,
        probes: probes?,
    })
}

fn coverage(section: &mut Section<'_>) -> Option<Coverage> {
    let regions = section.read(
        "regions",
        None,
        "must list one or more division codes of six digits",
        |value| {
            let regions: Option<Vec<String>> = value
                .as_array()?
                .iter()
                .map(|code| code.as_str().filter(|code| is_division(code)).map(str::to_owned))
                .collect();
            regions.filter(|regions| (1..=MOST_REGIONS).contains(&regions.len()))
        },
    );
    if let Some((code, year)) =
        regions.iter().flatten().find_map(|code| Some((code, division::abolished(code)?)))
    {
        let remedy = format!(
            "abolished in {year}: name what of today's districts the register covers, in whole"
        );
        section.fault_in("regions", code.clone(), remedy);
    }
    let since = section.read("since", None, "must be a date such as `\"1984-01-01\"`", date);
    let remedy = "must be `everyone` (every person, of what is or happened within `regions`), \
                  `everyone_anywhere` (every person, and wherever it happened) or \
                  `registered_in:<dataset>` (persons registered there, wherever it happened)";
    let subjects = section.read("subjects", None, remedy, |value| match value.as_str()? {
        "everyone" => Some(Subjects::Everyone),
        "everyone_anywhere" => Some(Subjects::EveryoneAnywhere),
        other => other
            .strip_prefix("registered_in:")
            .filter(|id| is_dataset(id))
            .map(|id| Subjects::RegisteredIn(id.to_owned())),
    });
    let text = inside(
        section,
        "text",
        "write `{ zh = \"…\", en = \"…\" }`, the scope that a certificate states",
        both_languages,
    );
    let (text_zh, text_en) = text?;
    let older_carried_over = carried_over(
        section,
        "older",
        "must be `carried_over` (everything that was in force on the day of `since` was carried \
         over into it) or `not_carried_over`",
    );
    let numbers_carried_over = carried_over(
        section,
        "renumbered",
        "must be `carried_over` (where a person's number changed, the rows under the former \
         number were brought under the present one: corrected and duplicated numbers, passports \
         and travel permits of those who now hold a residence permit or a permanent resident's \
         card) or `not_carried_over`",
    );
    let moved_in_carried_over = carried_over(
        section,
        "moved_in",
        "must be `carried_over` (of a register that knows only persons registered elsewhere: what \
         concerned them before they were registered there, such as a marriage made in another \
         place, was brought in as they were) or `not_carried_over`",
    );
    Some(Coverage {
        regions: regions?,
        since: since?,
        older_carried_over: older_carried_over?,
        subjects: subjects?,
        numbers_carried_over: numbers_carried_over?,
        moved_in_carried_over: moved_in_carried_over?,
        text_zh,
        text_en,
    })
}

/// What an owner states has been carried over; not so where it is not said.
fn carried_over(section: &mut Section<'_>, key: &'static str, remedy: &str) -> Option<bool> {
    section.read(key, Some(false), remedy, |value| match value.as_str()? {
        "carried_over" => Some(true),
        "not_carried_over" => Some(false),
        _ => None,
    })
}

/// A day, as a text or as TOML's own.
fn date(value: &Value) -> Option<NaiveDate> {
    let own = value.as_datetime().map(ToString::to_string);
    NaiveDate::parse_from_str(value.as_str().or(own.as_deref())?, "%Y-%m-%d").ok()
}

/// Reads a sub-table and takes over its faults.
fn inside<'a, T>(
    outer: &mut Section<'a>,
    key: &'static str,
    remedy: &str,
    read: impl Fn(&mut Section<'a>) -> Option<T>,
) -> Option<T> {
    let mut section = outer.section(key, remedy)?;
    let got = read(&mut section);
    outer.close(section);
    got
}

fn both_languages(section: &mut Section<'_>) -> Option<(String, String)> {
    let zh = section.text("zh", "say it in Chinese");
    let en = section.text("en", "say it in English");
    Some((zh?.to_owned(), en?.to_owned()))
}

fn is_division(code: &str) -> bool {
    code.len() == 6 && code.bytes().all(|c| c.is_ascii_digit()) && !code.starts_with('0')
}
