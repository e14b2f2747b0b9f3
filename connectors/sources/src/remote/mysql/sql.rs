//! Parts of statements: names, cells as text, and conditions with the values that they bind.

use mysql_async::Value;

use super::super::system::{Asked, Column, Form};

/// The column holds one of the values.
pub fn condition(asked: &Asked<'_>) -> String {
    format!("{} in ({})", quote(&asked.column.name), vec!["?"; places(asked)].join(","))
}

/// The values, each as the column's own kind: a number beside text, or text beside a number, would
/// be compared as floating-point numbers. The last one is repeated up to the number of places.
pub fn bound(asked: &Asked<'_>) -> Vec<Value> {
    let number = asked.column.form.is_asked_in_numbers();
    let value = |text: &String| match text.parse::<i64>() {
        Ok(whole) if number => Value::Int(whole),
        _ => Value::Bytes(text.clone().into_bytes()),
    };
    let mut values: Vec<Value> = asked.values.iter().map(value).collect();
    if let Some(last) = values.last().cloned() {
        values.resize(places(asked), last);
    }
    values
}

/// A power of two, so that few statements serve all look-ups.
fn places(asked: &Asked<'_>) -> usize {
    asked.values.len().next_power_of_two()
}

/// A column's cells as text. Text is sent as it is; what is made of it could no longer be sent in
/// the order of an index.
pub fn cell(column: &Column) -> String {
    let name = quote(&column.name);
    match column.form {
        Form::Text | Form::Padded => name,
        Form::Bits(bits) => format!("lpad(bin({name} + 0), {bits}, '0')"),
        _ => format!("cast({name} as char)"),
    }
}

/// The same, compared by what it is and not as the column's collation has it.
pub fn bytewise(column: &Column) -> String {
    format!("convert({} using utf8mb4) collate utf8mb4_bin", cell(column))
}

pub fn quote(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}
