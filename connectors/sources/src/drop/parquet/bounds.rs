//! Where a file says that its columns are. The library that reads them panics on a negative place.

use std::path::Path;

use ::parquet::arrow::arrow_reader::ArrowReaderMetadata;

use super::super::super::SourceError;
use super::broken;

/// Refuses a file of `length` bytes that says that a column's pages are outside it.
pub fn check(path: &Path, metadata: &ArrowReaderMetadata, length: u64) -> Result<(), SourceError> {
    let columns = metadata.metadata().row_groups().iter().flat_map(|group| group.columns());
    for (at, column) in columns.enumerate() {
        let start = column.dictionary_page_offset().unwrap_or_else(|| column.data_page_offset());
        let end = u64::try_from(start)
            .ok()
            .zip(u64::try_from(column.compressed_size()).ok())
            .and_then(|(start, size)| start.checked_add(size));
        if end.is_none_or(|end| end > length) {
            return Err(broken(
                path,
                format!("the pages of column chunk {} lie outside it", at + 1),
            ));
        }
    }
    Ok(())
}
