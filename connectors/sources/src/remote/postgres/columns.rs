//! What the catalogue's rows say of a table and its columns.

use super::super::super::table::quote;
use super::super::system::{Column, Form, Locator, Relation};

/// What the catalogue's rows say.
pub fn relation(kind: &str, rows: &[Vec<String>]) -> Relation {
    let mut relation = Relation {
        columns: Vec::new(),
        locator: Vec::new(),
        indexed: Vec::new(),
        is_table: matches!(kind, "r" | "p" | "m"),
        advice: Vec::new(),
    };
    let mut key: Vec<(i32, &String)> = Vec::new();
    for row in rows {
        let [_, name, type_name, underlying, sort, place, indexed] = row.as_slice() else {
            continue;
        };
        relation.columns.push(Column {
            name: name.clone(),
            type_name: type_name.clone(),
            form: form(underlying, sort),
        });
        if let Some(place) = place.parse().ok().filter(|place: &i32| *place >= 0) {
            key.push((place, name));
        }
        if indexed == "true" {
            relation.indexed.push(name.clone());
        }
    }
    key.sort();
    relation.locator = key
        .into_iter()
        .map(|(_, name)| Locator {
            name: name.clone(),
            expression: format!("{}::text", quote(name)),
        })
        .collect();
    if relation.locator.is_empty() && relation.is_table {
        relation
            .locator
            .push(Locator { name: "ctid".to_owned(), expression: "ctid::text".to_owned() });
    }
    relation
}

/// How a type's cells are read. `sort` is the catalogue's letter for the kind of type.
fn form(underlying: &str, sort: &str) -> Form {
    match (sort, underlying) {
        ("e", _) => Form::Plain,
        ("b", "text" | "varchar" | "name") => Form::Text,
        ("b", "bpchar") => Form::Padded,
        ("b", "int2" | "int4" | "int8") => Form::Whole,
        ("b", "numeric") => Form::Decimal,
        ("b", "float4" | "float8") => Form::Float,
        ("b", "timestamptz") => Form::Moment,
        ("b", "bool" | "date" | "timestamp" | "time" | "bit" | "varbit" | "uuid") => Form::Plain,
        _ => Form::Refused,
    }
}
