//! `[[column]]`: what each column is called, where it is, and what it means.

use std::collections::{BTreeMap, BTreeSet};

use toml::Value;
use zerotrip_proto::v1::{Grade, SemanticType};

use super::names::{folded_name, is_foreign_name, is_name_in_file, new_name};
use crate::file::section::{Section, is_name, is_text};
use crate::file::{
    Column, MOST_CODES, MOST_COLUMNS, Made, SEMANTIC_TYPES, declared, made, semantic_type,
};

/// The columns that are described without fault, and the names of all: a fault in one of them is
/// not also one of whatever names it.
pub(super) fn columns(top: &mut Section<'_>, is_file: bool) -> (Vec<Column>, BTreeSet<String>) {
    let _ = top.need("column", "describe each column in a `[[column]]` table");
    let mut columns = Vec::new();
    let mut names = BTreeSet::new();
    let remedy =
        SEMANTIC_TYPES.iter().map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let remedy = format!("must be one of {remedy}");
    for mut section in top.sections("column", MOST_COLUMNS) {
        let name = new_name(&mut section, &mut names);
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

/// A column's name there. In a file, no statement quotes it: any name is a name,
/// folded as the file's own header is.
fn field_name(name: &str, is_file: bool) -> Option<String> {
    if is_file {
        Some(folded_name(name)).filter(|name| is_name_in_file(name))
    } else {
        Some(name.to_owned()).filter(|name| is_foreign_name(name))
    }
}
