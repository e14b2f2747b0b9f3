//! Parts of statements: cells as text, and conditions with the values that they bind.

use super::super::super::table::quote;
use super::super::system::{Asked, Column, Form};

/// The column's cells, as text.
pub fn text(column: &Column) -> String {
    format!("{}::text", quote(&column.name))
}

/// The column holds one of the values of an array. The array is cast to the column's type, not the
/// column: its index still serves.
pub fn condition(asked: &Asked<'_>, number: usize) -> String {
    let cast = match asked.column.form {
        Form::Padded => "::bpchar[]",
        Form::Whole => "::bigint[]",
        Form::Decimal => "::numeric[]",
        _ => "",
    };
    format!("{} = any(${number}::text[]{cast})", quote(&asked.column.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_text_serves_any_number_of_values() {
        for form in [Form::Text, Form::Padded, Form::Whole, Form::Decimal] {
            let column = Column { name: "id".into(), type_name: String::new(), form };
            let text = |count: usize| {
                condition(&Asked { column: &column, values: &vec!["1".to_owned(); count] }, 1)
            };
            assert!([2, 64, 192].iter().all(|count| text(*count) == text(1)), "{}", text(1));
        }
    }
}
