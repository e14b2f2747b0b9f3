//! The cells of one column on their way into an Arrow array.

use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Builder, Decimal128Builder, StringBuilder};
use arrow::datatypes::DataType;
use zerotrip_datasets::cell::CellReading;
use zerotrip_datasets::{Column, arrow_type};

/// A column's cells, by its type.
pub(super) enum Values {
    Text(StringBuilder),
    Date(Date32Builder),
    Money(Decimal128Builder),
}

impl Values {
    /// None yet.
    pub(super) fn of(column: &Column) -> Self {
        match arrow_type(column.semantic) {
            DataType::Date32 => Self::Date(Date32Builder::new()),
            money @ DataType::Decimal128(..) => {
                Self::Money(Decimal128Builder::new().with_data_type(money))
            }
            _ => Self::Text(StringBuilder::new()),
        }
    }

    /// One more. What is not of the column's type is null.
    pub(super) fn append(&mut self, reading: CellReading<'_>) {
        match self {
            Self::Money(builder) => builder.append_option(match reading {
                CellReading::Money(fen) => Some(fen),
                _ => None,
            }),
            Self::Date(builder) => builder.append_option(match reading {
                CellReading::Date(day) => Some(day),
                _ => None,
            }),
            Self::Text(builder) => match reading {
                CellReading::Id(id) => builder.append_value(id.as_str()),
                CellReading::Text(text) => builder.append_value(text),
                CellReading::Code(text) => builder.append_value(text),
                // An identifier of another scheme names no person that can be asked about. Where a
                // resident id is required, its absence shows.
                _ => builder.append_null(),
            },
        }
    }

    /// All of them.
    pub(super) fn finish(self) -> ArrayRef {
        match self {
            Self::Text(mut builder) => Arc::new(builder.finish()),
            Self::Date(mut builder) => Arc::new(builder.finish()),
            Self::Money(mut builder) => Arc::new(builder.finish()),
        }
    }
}
