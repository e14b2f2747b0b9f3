//! `[[lookup]]` and `[not_about]`: by which columns persons, enterprises and things are found, and
//! of which fields a row is not about those in them.

use std::collections::{BTreeMap, BTreeSet};

use toml::Value;

use super::names::new_name;
use crate::KeyKind;
use crate::file::section::{Section, is_reason, is_text};
use crate::file::{Column, Lookup, MOST_COLUMNS, MOST_LOOKUPS, MOST_NOT_ABOUT};
use crate::nearest::typo_of;

pub(super) fn lookups(
    top: &mut Section<'_>,
    columns: &[Column],
    declared: BTreeSet<String>,
) -> Vec<Lookup> {
    let mut lookups = Vec::new();
    // A lookup is delivered as a separate column.
    let mut names = declared.clone();
    for mut section in top.sections("lookup", MOST_LOOKUPS) {
        let name = new_name(&mut section, &mut names);
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
        let mut kinds = Vec::new();
        for name in listed.iter().flatten() {
            match columns.iter().find(|column| column.name == *name) {
                Some(column) => {
                    let kind = column.key_kind();
                    let remedy = match (kind, kinds.first()) {
                        (None, _) => Some(format!(
                            "only columns of type {} can be looked up",
                            KeyKind::listed_types("or")
                        )),
                        (Some(one), Some(first)) if one != *first => Some(format!(
                            "a look-up finds {}: describe one for each, with columns of one type",
                            KeyKind::listed_things("or")
                        )),
                        _ => None,
                    };
                    kinds.extend(kind);
                    if let Some(remedy) = remedy {
                        section.fault("columns", Some(&Value::from(*name)), remedy);
                    }
                }
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

/// Fields of the source with persons that the rows are not about.
pub(super) fn not_about(
    top: &mut Section<'_>,
    columns: &[Column],
    lookups: &[Lookup],
) -> BTreeMap<String, String> {
    let remedy = format!(
        "must be a table of at most {MOST_NOT_ABOUT} fields of the source, each with the reason \
         why a row is not about the persons who are named there, such as `JBR = \"the clerk who \
         entered it\"`"
    );
    let read = top.read("not_about", Some(BTreeMap::new()), &remedy, |value| {
        let table = value.as_table().filter(|table| table.len() <= MOST_NOT_ABOUT)?;
        let one = |(field, why): (&String, &Value)| {
            let why = why.as_str().filter(|why| is_reason(why))?;
            is_text(field).then(|| (field.clone(), why.to_owned()))
        };
        table.iter().map(one).collect::<Option<BTreeMap<String, String>>>()
    });
    let read = read.unwrap_or_default();
    let is_asked =
        |column: &&Column| lookups.iter().any(|lookup| lookup.columns.contains(&column.name));
    for column in columns.iter().filter(is_asked).filter(|column| read.contains_key(&column.field))
    {
        let remedy = "this field is in a look-up, so rows are about the person who is named there: \
                      take it out of one of the two";
        top.fault_in("not_about", column.field.clone(), remedy.to_owned());
    }
    read
}
