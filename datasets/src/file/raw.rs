//! From TOML to [`DatasetFile`], top to bottom as the file is written.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::NaiveDate;
use toml::{Table, Value};
use zerotrip_proto::names::is_dataset;
use zerotrip_proto::v1::{Grade, SemanticType, SharingClass};

use super::section::{Section, is_name, is_text};
use super::{
    Column, Coverage, DatasetFile, Fault, Limits, Lookup, MOST_CODES, MOST_COLUMNS,
    MOST_FILE_BYTES, MOST_LOOKUPS, MOST_NOT_ABOUT, MOST_REGIONS, Made, QuietHours, SEMANTIC_TYPES,
    Subjects, declared, made, semantic_type, source,
};
use crate::nearest::typo_of;
use crate::normal::division;
use zerotrip_text::toml_fault;

/// Most parts of a day at which a system is left alone.
const MOST_QUIET_HOURS: usize = 8;
/// Characters of a reason: less is none.
const FEWEST_OF_REASON: usize = 4;
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
    let remedy = "must be `everyone` (whoever it is, of what is or happened within `regions`), \
                  `everyone_anywhere` (whoever it is, and wherever it happened) or \
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
    Some(Coverage {
        regions: regions?,
        since: since?,
        older_carried_over: older_carried_over?,
        subjects: subjects?,
        numbers_carried_over: numbers_carried_over?,
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

/// The columns that are described without fault, and the names of all: a fault in one of them is
/// not also one of whatever names it.
fn columns(top: &mut Section<'_>, is_file: bool) -> (Vec<Column>, BTreeSet<String>) {
    let _ = top.need("column", "describe each column in a `[[column]]` table");
    let mut columns = Vec::new();
    let mut names = BTreeSet::new();
    let remedy =
        SEMANTIC_TYPES.iter().map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let remedy = format!("must be one of {remedy}");
    for mut section in top.sections("column", MOST_COLUMNS) {
        let name = name(&mut section, &mut names);
        let field =
            section.read("field", Some(None), "must be the field's name in the source", |value| {
                field_name(value.as_str()?, is_file).map(Some)
            });
        let semantic = section.read("type", None, &remedy, |value| semantic_type(value.as_str()?));
        let grade = section.read("grade", None, "must be `L1` to `L4`", |value| {
            Grade::from_str_name(value.as_str()?).filter(|grade| *grade != Grade::Unspecified)
        });
        let lacks_field = matches!(field, Some(None));
        let made =
            field.as_ref().and_then(|field| made::read(&mut section, semantic, field.as_deref()));
        let codes = codes(&mut section, semantic, made.as_ref(), lacks_field);
        let declared = declared::read(&mut section, semantic);
        top.close(section);
        if let (
            Some(name),
            Some(field),
            Some(made),
            Some(semantic),
            Some(grade),
            Some(codes),
            Some(declared),
        ) = (name, field, made, semantic, grade, codes, declared)
        {
            columns.push(Column {
                name,
                field: field.unwrap_or_default(),
                semantic,
                grade,
                codes,
                declared,
                made,
            });
        }
    }
    declared::refers(top, &columns, &names);
    made::close(top, &columns, &names);
    (columns, names)
}

fn codes(
    section: &mut Section<'_>,
    semantic: Option<SemanticType>,
    made: Option<&Made>,
    lacks_field: bool,
) -> Option<BTreeMap<String, String>> {
    let value = section.get("codes");
    if let Some(made) = made.filter(|made| !made.is_field()) {
        if value.is_some() {
            section.fault(
                "codes",
                None,
                "a column without a `field` has no codes: what it says is what it means".to_owned(),
            );
            return None;
        }
        return Some(if semantic == Some(SemanticType::Code) {
            made::codes(made)
        } else {
            BTreeMap::new()
        });
    }
    match (semantic, value) {
        // What is wrong with what is there in place of a field is told already.
        (_, None) if made.is_none() && lacks_field => None,
        (Some(SemanticType::Code), None) => {
            section.fault(
                "codes",
                None,
                "missing; list every code there is, such as `{ \"1\" = \"registered\" }`"
                    .to_owned(),
            );
            None
        }
        (Some(SemanticType::Code), Some(value)) => {
            let one = |(code, meaning): (&String, &Value)| {
                let meaning = meaning.as_str().filter(|meaning| is_name(meaning))?;
                (is_text(code) && code.trim() == code).then(|| (code.clone(), meaning.to_owned()))
            };
            let remedy = format!(
                "must give 1 to {MOST_CODES} codes, without blanks around, a meaning of a-z, 0-9 \
                 and _ each"
            );
            let Some(table) =
                value.as_table().filter(|table| (1..=MOST_CODES).contains(&table.len()))
            else {
                section.fault("codes", Some(value), remedy);
                return None;
            };
            let odd: Vec<String> = table
                .iter()
                .filter(|entry| one(*entry).is_none())
                .map(|(code, meaning)| format!("\"{code}\" = {meaning}"))
                .collect();
            if odd.is_empty() {
                return Some(table.iter().filter_map(one).collect());
            }
            section.fault_in("codes", odd.join(", "), remedy);
            None
        }
        (Some(_), Some(value)) => {
            section.fault(
                "codes",
                Some(value),
                "only a column of type `code` has codes: drop them, or change the type".to_owned(),
            );
            None
        }
        (_, _) => Some(BTreeMap::new()),
    }
}

fn lookups(top: &mut Section<'_>, columns: &[Column], declared: BTreeSet<String>) -> Vec<Lookup> {
    let mut lookups = Vec::new();
    // A lookup is delivered as a column of its own.
    let mut names = declared.clone();
    for mut section in top.sections("lookup", MOST_LOOKUPS) {
        let name = name(&mut section, &mut names);
        let listed =
            section.read("columns", None, "must list one or more columns, each once", |value| {
                let listed: Option<Vec<&str>> =
                    value.as_array()?.iter().map(Value::as_str).collect();
                let distinct: BTreeSet<&str> = listed.iter().flatten().copied().collect();
                listed.filter(|listed| {
                    !listed.is_empty()
                        && listed.len() <= MOST_COLUMNS
                        && distinct.len() == listed.len()
                })
            });
        for name in listed.iter().flatten() {
            match columns.iter().find(|column| column.name == *name) {
                Some(column) if column.semantic == SemanticType::ResidentId => {}
                Some(_) => section.fault(
                    "columns",
                    Some(&Value::from(*name)),
                    "only columns of type `resident_id` can be looked up".to_owned(),
                ),
                None if declared.contains(*name) => {}
                None => {
                    let known = typo_of(name, columns.iter().map(|column| column.name.as_str()));
                    let hint = known
                        .map(|known| format!("; is `{known}` a misspelling of it?"))
                        .unwrap_or_default();
                    section.fault(
                        "columns",
                        Some(&Value::from(*name)),
                        format!("no such column{hint}"),
                    );
                }
            }
        }
        let blank = section.read(
            "may_be_blank",
            Some(Vec::new()),
            "must list columns of this look-up, each once",
            |value| {
                let blank: Option<Vec<&str>> =
                    value.as_array()?.iter().map(Value::as_str).collect();
                let distinct: BTreeSet<&str> = blank.iter().flatten().copied().collect();
                blank.filter(|blank| distinct.len() == blank.len())
            },
        );
        for name in blank.iter().flatten() {
            if let Some(listed) = &listed
                && !listed.contains(name)
            {
                let hint = typo_of(name, listed.iter().copied())
                    .map(|known| format!("; did you mean `{known}`?"))
                    .unwrap_or_default();
                section.fault(
                    "may_be_blank",
                    Some(&Value::from(*name)),
                    format!("not one of this look-up's `columns`{hint}"),
                );
            }
        }
        top.close(section);
        if let (Some(name), Some(listed), Some(blank)) = (name, listed, blank) {
            let owned = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect();
            lookups.push(Lookup { name, columns: owned(listed), may_be_blank: owned(blank) });
        }
    }
    lookups
}

/// Fields of the source in which persons stand whom the rows are not about.
fn not_about(
    top: &mut Section<'_>,
    columns: &[Column],
    lookups: &[Lookup],
) -> BTreeMap<String, String> {
    let remedy = format!(
        "must be a table of at most {MOST_NOT_ABOUT} fields of the source, each with the reason \
         why a row is not about the persons who stand there, such as `JBR = \"the clerk who \
         entered it\"`"
    );
    let read = top.read("not_about", Some(BTreeMap::new()), &remedy, |value| {
        let table = value.as_table().filter(|table| table.len() <= MOST_NOT_ABOUT)?;
        let one = |(field, why): (&String, &Value)| {
            let why = why.as_str().filter(|why| {
                is_text(why) && why.chars().count() >= FEWEST_OF_REASON && *why != "FILL_IN"
            })?;
            is_text(field).then(|| (field.clone(), why.to_owned()))
        };
        table.iter().map(one).collect::<Option<BTreeMap<String, String>>>()
    });
    let read = read.unwrap_or_default();
    let is_asked =
        |column: &&Column| lookups.iter().any(|lookup| lookup.columns.contains(&column.name));
    for column in columns.iter().filter(is_asked).filter(|column| read.contains_key(&column.field))
    {
        let remedy = "this field is in a look-up, so rows are about whoever stands there: take it \
                      out of one of the two";
        top.fault_in("not_about", column.field.clone(), remedy.to_owned());
    }
    read
}

fn limits(section: &mut Section<'_>) -> Option<Limits> {
    let default = Limits::default();
    let within = |value: &Value, most: u64| {
        u64::try_from(value.as_integer()?).ok().filter(|n| (1..=most).contains(n))
    };
    let narrow = |value: &Value, most: u64| within(value, most).and_then(|n| u32::try_from(n).ok());
    let most_rows = section.read(
        "most_rows",
        Some(default.most_rows),
        "must be between 1 and 1000000",
        |value| within(value, 1_000_000),
    );
    let most_keys = section.read(
        "most_keys",
        Some(default.most_keys),
        "must be between 1 and 10000",
        |value| narrow(value, 10_000),
    );
    let most_bytes = section.read(
        "most_bytes",
        Some(default.most_bytes),
        "must be between `64KiB` and `1GiB`",
        |value| {
            zerotrip_text::bytes(value.as_str()?)
                .filter(|bytes| (64 << 10..=1 << 30).contains(bytes))
        },
    );
    let time_out = section.read(
        "time_out",
        Some(default.time_out),
        "must be between `100ms` and `60s`",
        |value| {
            zerotrip_text::duration(value.as_str()?).filter(|time| {
                (Duration::from_millis(100)..=Duration::from_secs(60)).contains(time)
            })
        },
    );
    let most_rate = section.read(
        "most_rate",
        Some(default.most_rate),
        "must be between 1 and 100000 scans a second",
        |value| narrow(value, 100_000),
    );
    let most_at_once = section.read(
        "most_at_once",
        Some(default.most_at_once),
        "must be between 1 and 1000",
        |value| narrow(value, 1000),
    );
    let quiet_hours = section.read(
        "quiet_hours",
        Some(Vec::new()),
        "must list at most 8 times of the day such as `\"01:00-03:30\"`",
        |value| {
            let hours: Option<Vec<QuietHours>> =
                value.as_array()?.iter().map(|hours| quiet(hours.as_str()?)).collect();
            hours.filter(|hours| hours.len() <= MOST_QUIET_HOURS)
        },
    );
    Some(Limits {
        most_rows: most_rows?,
        most_keys: most_keys?,
        most_bytes: most_bytes?,
        time_out: time_out?,
        most_rate: most_rate?,
        most_at_once: most_at_once?,
        quiet_hours: quiet_hours?,
    })
}

fn quiet(text: &str) -> Option<QuietHours> {
    let (from, to) = text.split_once('-')?;
    let minute = |text: &str| {
        let (hour, minute) = text.trim().split_once(':')?;
        let two = |digits: &str| (digits.len() == 2).then(|| digits.parse::<u16>().ok()).flatten();
        Some(
            two(hour).filter(|hour| *hour < 24)? * 60
                + two(minute).filter(|minute| *minute < 60)?,
        )
    };
    let (from, to) = (minute(from)?, minute(to)?);
    (from != to).then_some(QuietHours { from, to })
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

fn name(section: &mut Section<'_>, taken: &mut BTreeSet<String>) -> Option<String> {
    let name = section.read(
        "name",
        None,
        "must begin with a-z and hold only a-z, 0-9 and _",
        |value| value.as_str().filter(|name| is_name(name)),
    )?;
    if !taken.insert(name.to_owned()) {
        section.fault(
            "name",
            Some(&Value::from(name)),
            "another column or lookup has this name: choose a different one".to_owned(),
        );
        return None;
    }
    Some(name.to_owned())
}

fn is_division(code: &str) -> bool {
    code.len() == 6 && code.bytes().all(|c| c.is_ascii_digit()) && !code.starts_with('0')
}

/// A column's name there. In a file there is no statement that quotes it: any name is a name,
/// folded as the file's own header is.
fn field_name(name: &str, is_file: bool) -> Option<String> {
    if is_file {
        Some(folded_name(name)).filter(|name| is_name_in_file(name))
    } else {
        Some(name.to_owned()).filter(|name| is_foreign_name(name))
    }
}

/// A column's name in a file, on one line: a line break or a tab in it, and blanks beside that, are
/// one blank.
pub(super) fn folded_name(name: &str) -> String {
    let lines = name.split(['\n', '\r', '\t', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}']);
    lines.map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A name in a file: of a column, or of a sheet.
pub(super) fn is_name_in_file(name: &str) -> bool {
    const MOST_CHARS: usize = 1000;
    !name.trim().is_empty()
        && name.chars().count() <= MOST_CHARS
        && !name.chars().any(char::is_control)
}

/// A name in the source's own words; quotes in it would be somebody's mistake, or somebody's
/// attack.
pub(super) fn is_foreign_name(name: &str) -> bool {
    is_text(name) && !name.contains(['"', '\'', '`', '[', ']', ';'])
}

pub(super) fn is_inner_path(path: &str) -> bool {
    is_text(path)
        && !path.contains(['\\', ':'])
        && path.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
}
