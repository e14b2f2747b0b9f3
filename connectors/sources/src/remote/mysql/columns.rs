//! What the catalogue's rows say of a table and its columns.

use super::super::system::{Column, Form, Locator, Relation};
use super::sql::quote;

/// The name of the column that this line of a `create table` makes, if it makes one.
pub fn made_column(line: &str) -> Option<String> {
    let name = line.strip_prefix("  `")?;
    let end = name.replace("``", "\0\0").find('`')?;
    Some(name.get(..end)?.replace("``", "`"))
}

/// What the catalogue's rows say.
pub fn relation(columns: &[Vec<Option<String>>], indexes: &[Vec<Option<String>>]) -> Relation {
    let mut relation = Relation {
        columns: Vec::new(),
        locator: Vec::new(),
        indexed: Vec::new(),
        is_table: false,
        advice: Vec::new(),
    };
    for row in columns {
        let [kind, engine, Some(name), Some(type_name), Some(in_full), precision] = row.as_slice()
        else {
            continue;
        };
        relation.columns.push(Column {
            name: name.clone(),
            type_name: in_full.clone(),
            form: form(type_name, precision.as_deref()),
        });
        relation.is_table = kind.as_deref() != Some("VIEW");
        if let Some(engine) = engine
            && engine != "InnoDB"
            && relation.advice.is_empty()
        {
            relation.advice.push(format!(
                "the engine `{engine}` has no snapshots: what changes during a look-up may come \
                 in both states"
            ));
        }
    }
    for row in indexes {
        let [Some(index), Some(column), place] = row.as_slice() else { continue };
        if place.as_deref() == Some("1") {
            relation.indexed.push(column.clone());
        }
        if index == "PRIMARY" {
            let refused = relation
                .columns
                .iter()
                .any(|known| known.name == *column && known.form == Form::Refused);
            let expression = if refused {
                format!("hex({})", quote(column))
            } else {
                format!("cast({} as char)", quote(column))
            };
            relation.locator.push(Locator { name: column.clone(), expression });
        }
    }
    relation
}

/// How a type's cells are read.
fn form(type_name: &str, precision: Option<&str>) -> Form {
    match type_name {
        "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" => Form::Text,
        "char" => Form::Padded,
        "tinyint" | "smallint" | "mediumint" | "int" | "bigint" => Form::Whole,
        "decimal" => Form::Decimal,
        "float" | "double" => Form::Float,
        "bit" => precision.and_then(|bits| bits.parse().ok()).map_or(Form::Refused, Form::Bits),
        "enum" | "set" | "date" | "datetime" | "timestamp" | "time" | "year" | "uuid" => {
            Form::Plain
        }
        _ => Form::Refused,
    }
}
