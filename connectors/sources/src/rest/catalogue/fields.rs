//! The fields of an answer's rows.

use std::collections::HashMap;

use zerotrip_datasets::file::MOST_COLUMNS;
use zerotrip_datasets::guess::Evidence;
use zerotrip_proto::v1::ErrorCode;

use super::arrays::escaped;
use crate::SourceError;
use crate::catalogue::InspectedColumn;
use crate::rest::json::Json;

/// Levels of objects within a row whose members become fields.
const MOST_LEVELS: usize = 4;

/// The fields of rows, in the order in which they first came.
#[derive(Default)]
pub struct Fields {
    pub rows: u64,
    pub places: HashMap<String, usize>,
    seen: Vec<Field>,
    pub lists: Vec<String>,
    /// Lists of objects.
    pub objects: Vec<String>,
}

struct Field {
    name: String,
    evidence: Evidence,
    /// Rows that have it, and those in which it is a number of more digits than a
    /// floating-point number keeps.
    there: u64,
    long: u64,
}

impl Fields {
    pub fn take(&mut self, row: &Json<'_>) -> Result<(), SourceError> {
        self.rows += 1;
        self.members(row, "", 0)
    }

    fn members(
        &mut self,
        value: &Json<'_>,
        pointer: &str,
        level: usize,
    ) -> Result<(), SourceError> {
        let Json::Object(members) = value else { return Ok(()) };
        for (name, value) in members {
            let is_plain = level == 0 && !name.starts_with('/') && !name.is_empty();
            let inner = format!("{pointer}/{}", escaped(name));
            let field = if is_plain { name.to_string() } else { inner.clone() };
            match value {
                Json::Object(_) if level < MOST_LEVELS => self.members(value, &inner, level + 1)?,
                // A list of objects: each of them can become a row.
                Json::Array(elements)
                    if level < MOST_LEVELS
                        && elements.iter().any(|element| matches!(element, Json::Object(_))) =>
                {
                    if !self.objects.contains(&inner) && self.objects.len() < MOST_COLUMNS {
                        self.objects.push(inner);
                    }
                }
                Json::Object(_) | Json::Array(_) => {
                    if !self.lists.contains(&field) && self.lists.len() < MOST_COLUMNS {
                        self.lists.push(field);
                    }
                }
                Json::Null => self.note(field, None, false)?,
                Json::Bool(word) => {
                    self.note(field, Some(if *word { "true" } else { "false" }), false)?
                }
                Json::Number(digits) => self.note(
                    field,
                    Some(digits),
                    digits.bytes().filter(u8::is_ascii_digit).count() > 15,
                )?,
                Json::Text(text) => self.note(field, Some(text), false)?,
            }
        }
        Ok(())
    }

    fn note(&mut self, name: String, cell: Option<&str>, long: bool) -> Result<(), SourceError> {
        let place = match self.places.get(&name) {
            Some(place) => *place,
            None if self.seen.len() >= MOST_COLUMNS => {
                return Err(SourceError::new(
                    ErrorCode::SourceDrift,
                    format!(
                        "its rows have over {MOST_COLUMNS} fields, more than a dataset's columns"
                    ),
                ));
            }
            None => {
                self.places.insert(name.clone(), self.seen.len());
                self.seen.push(Field { name, evidence: Evidence::default(), there: 0, long: 0 });
                self.seen.len() - 1
            }
        };
        if let Some(field) = self.seen.get_mut(place) {
            field.there += 1;
            field.long += u64::from(long);
            field.evidence.note(cell);
        }
        Ok(())
    }

    pub fn columns(
        &mut self,
        advice: &mut Vec<String>,
    ) -> Result<Vec<InspectedColumn>, SourceError> {
        advice.extend(
            self.lists.iter().map(|name| {
                format!("`{name}` holds lists, or objects in objects, and is left out")
            }),
        );
        advice.extend(self.objects.iter().map(|name| {
            format!(
                "`{name}` is a list of objects and left out: a person in it is not found; name \
                 a column's `field` `{name}/*/…`, by which each of its objects becomes a row"
            )
        }));
        let rows = self.rows;
        for field in &self.seen {
            if field.there < rows {
                let (name, there) = (&field.name, field.there);
                advice.push(format!(
                    "`{name}` is in {there} of {rows} rows: leave it out, or have the \
                     interface write `null` in the others"
                ));
            }
            if field.long > 0 {
                let name = &field.name;
                advice.push(format!(
                    "`{name}` holds numbers of more than 15 digits: if they are ids, have them \
                     given as strings"
                ));
            }
        }
        let seen = std::mem::take(&mut self.seen).into_iter();
        Ok(seen
            .map(|field| InspectedColumn {
                field: field.name,
                declared: String::new(),
                evidence: field.evidence,
                is_indexed: None,
            })
            .collect())
    }
}
