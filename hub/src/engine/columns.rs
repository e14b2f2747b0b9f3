//! The columns of a step's rows, by their declared types.

use arrow::array::{Array as _, AsArray as _, StringArray};
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use datafusion::error::DataFusionError;

type Result<T> = std::result::Result<T, DataFusionError>;

pub(super) fn text_column(batch: &RecordBatch, column: usize) -> Result<&StringArray> {
    let array = batch.columns().get(column).filter(|array| array.data_type() == &DataType::Utf8);
    array.and_then(|array| array.as_string_opt::<i32>()).ok_or_else(|| wrong_type(column))
}

pub(super) fn wrong_type(column: usize) -> DataFusionError {
    DataFusionError::Internal(format!("column {column} of a step is not of its declared type"))
}
