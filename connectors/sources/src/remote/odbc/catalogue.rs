//! What a driver says of tables and columns, and how values are bound to these.

use std::collections::{BTreeSet, HashMap};

use zerotrip_datasets::file::Odbc as Spec;
use zerotrip_odbc_wire::{Kind, Value};
use zerotrip_proto::v1::ErrorCode;

use super::super::super::SourceError;
use super::super::super::catalogue::Table;
use super::super::login::misconfigured;
use super::super::system::{Asked, Column, Form, Locator};
use super::process::BatchSink;

/// Rows of a catalogue.
const MOST_ROWS: usize = 100_000;

type Row = Vec<Option<String>>;

/// Few rows, which are kept.
#[derive(Default)]
pub struct Collector {
    /// So far.
    pub rows: Vec<Row>,
}

impl BatchSink for Collector {
    async fn take(&mut self, batch: Vec<Row>) -> Result<(), SourceError> {
        self.rows.extend(batch);
        if self.rows.len() > MOST_ROWS {
            let detail =
                format!("a catalogue of more than {MOST_ROWS} lines; name `source.schema`");
            return Err(SourceError::new(ErrorCode::SourceLimit, detail));
        }
        Ok(())
    }
}

/// How values are bound to a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// As what.
    pub kind: Kind,
    /// Characters of a padded column; 0 for others.
    pub size: usize,
}

impl Bound {
    /// The values that are asked for, each with its type. Beside a column that is padded with
    /// blanks, some systems compare blanks as well, and some count bytes: so both ways of
    /// writing are asked for.
    pub fn values(self, asked: &Asked<'_>) -> Vec<Value> {
        let mut texts: Vec<String> = asked.values.to_vec();
        if self.size > 0 {
            for text in asked.values {
                let text = text.trim_end_matches(' ');
                let (chars, wide) =
                    (text.chars().count(), text.chars().filter(|c| !c.is_ascii()).count());
                // In characters, in bytes of GB18030 as these ids have them, and in bytes of UTF-8.
                let lengths: BTreeSet<usize> = [chars, chars + wide, text.len()].into();
                texts.extend(
                    lengths
                        .into_iter()
                        .filter(|length| *length < self.size)
                        .map(|length| text.to_owned() + &" ".repeat(self.size - length)),
                );
                texts.push(text.to_owned());
            }
            texts.sort_unstable();
            texts.dedup();
        }
        texts.into_iter().map(|text| Value { text, kind: self.kind }).collect()
    }
}

/// What a catalogue says of a table.
pub struct Found {
    /// Where it is.
    pub catalog: Option<String>,
    /// Where it is.
    pub schema: Option<String>,
    /// Its columns.
    pub columns: Vec<Column>,
    /// How values are bound to them.
    pub bounds: HashMap<String, Bound>,
}

/// From the rows of `SQLColumns`.
pub fn columns(spec: &Spec, address: &str, rows: &[Row]) -> Result<Found, SourceError> {
    let text =
        |row: &Row, at: usize| row.get(at).cloned().flatten().filter(|text| !text.is_empty());
    // Names were patterns.
    let is_meant = |row: &&Row| {
        let same = |at, wanted: &Option<String>| {
            wanted.as_ref().is_none_or(|wanted| text(row, at).as_ref() == Some(wanted))
        };
        same(0, &spec.catalog)
            && same(1, &spec.schema)
            && text(row, 2).as_deref() == Some(spec.table.as_str())
    };
    let rows: Vec<&Row> = rows.iter().filter(is_meant).collect();
    let places: BTreeSet<_> = rows.iter().map(|row| (text(row, 0), text(row, 1))).collect();
    let mut places = places.into_iter();
    let Some((catalog, schema)) = places.next() else {
        let place = spec.schema.as_ref().map_or(String::new(), |schema| format!("`{schema}`."));
        let detail = format!(
            "{address} has no table or view {place}`{}`; correct `source.table` or `source.schema`",
            spec.table
        );
        return Err(SourceError::new(ErrorCode::SourceDrift, detail));
    };
    if places.next().is_some() {
        return Err(misconfigured(format!(
            "{address} has `{}` in several schemas; name one in `source.schema`",
            spec.table
        )));
    }
    let mut found = Found { catalog, schema, columns: Vec::new(), bounds: HashMap::new() };
    for row in rows {
        let (Some(name), Some(code)) =
            (text(row, 3), text(row, 4).and_then(|code| code.trim().parse::<i32>().ok()))
        else {
            return Err(SourceError::new(
                ErrorCode::SourceDrift,
                format!("{address}: the driver does not say what columns `{}` has", spec.table),
            ));
        };
        let type_name = text(row, 5).unwrap_or_else(|| code.to_string());
        let size =
            text(row, 6).and_then(|size| size.trim().parse::<usize>().ok()).unwrap_or_default();
        let (form, kind) = form(code);
        let size = if form == Form::Padded && size <= 4096 { size } else { 0 };
        found.bounds.insert(name.clone(), Bound { kind, size });
        found.columns.push(Column { name, type_name, form });
    }
    Ok(found)
}

/// From the rows of `SQLPrimaryKeys`.
pub fn key(
    rows: &[Row],
    columns: &[Column],
    quoted: impl Fn(&str) -> Result<String, SourceError>,
) -> Result<Vec<Locator>, SourceError> {
    let place = |row: &Row| {
        row.get(4).cloned().flatten().and_then(|place| place.trim().parse::<u32>().ok())
    };
    let mut parts: Vec<(u32, String)> =
        rows.iter().filter_map(|row| Some((place(row)?, row.get(3).cloned().flatten()?))).collect();
    parts.sort();
    parts.retain(|(_, name)| columns.iter().any(|column| column.name == *name));
    parts.into_iter().map(|(_, name)| Ok(Locator { expression: quoted(&name)?, name })).collect()
}

/// From the rows of `SQLTables`: what can be read, without the system's own.
pub fn tables(spec: &Spec, rows: &[Row]) -> Vec<Table> {
    let listed = |row: &Row| {
        let [catalog, schema, name, kind] = row.get(..4)? else { return None };
        let same =
            |found: &Option<String>, wanted: &Option<String>| wanted.is_none() || found == wanted;
        let kind = match kind.as_deref()?.to_uppercase().as_str() {
            "TABLE" | "SYNONYM" | "ALIAS" => "table",
            "VIEW" | "MATERIALIZED VIEW" | "MATVIEW" => "view",
            _ => return None,
        };
        (same(catalog, &spec.catalog) && same(schema, &spec.schema)).then(|| Table {
            name: name.clone().unwrap_or_default(),
            kind,
            rows: None,
        })
    };
    rows.iter().filter_map(listed).collect()
}

/// How the cells of a type are read, and as what values are bound to it. The numbers are those of
/// `sql.h` and `sqlext.h`, and of SQL Server (−150 and below).
fn form(code: i32) -> (Form, Kind) {
    match code {
        1 => (Form::Padded, Kind::Char),
        -8 => (Form::Padded, Kind::WideChar),
        12 | -1 => (Form::Text, Kind::Varchar),
        -9 | -10 => (Form::Text, Kind::WideVarchar),
        -6 | -5 | 4 | 5 => (Form::Whole, Kind::Whole),
        2 | 3 => (Form::Decimal, Kind::Number),
        6..=8 => (Form::Float, Kind::Number),
        // Bits, dates, times, time stamps, unique ids; SQL Server's times.
        -7 | 9..=11 | 91..=93 | -11 | -154 | -155 => (Form::Plain, Kind::Varchar),
        _ => (Form::Refused, Kind::Varchar),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn padded_columns_are_asked_in_every_way() {
        let column = Column { name: "a".into(), type_name: "char".into(), form: Form::Padded };
        let values = ["x".to_owned(), "１".to_owned()];
        let asked = Asked { column: &column, values: &values };
        let texts = |bound: Bound| {
            bound.values(&asked).into_iter().map(|value| value.text).collect::<Vec<_>>()
        };
        assert_eq!(texts(Bound { kind: Kind::Char, size: 0 }), ["x", "１"]);
        assert_eq!(
            texts(Bound { kind: Kind::Char, size: 4 }),
            ["x", "x   ", "１", "１ ", "１  ", "１   "]
        );
    }
}
