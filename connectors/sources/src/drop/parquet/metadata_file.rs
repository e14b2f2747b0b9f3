//! What a writer of Parquet leaves beside the parts of a table: `_metadata`, which lists every part
//! with its rows, and `_common_metadata`, which has the columns alone. Neither holds rows of its
//! own.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use ::parquet::file::metadata::ParquetMetaDataReader;

/// The mark at both ends of a file, and the length of its footer before the last one.
const MARK: u64 = 4;
const LENGTH: u64 = 4;

/// The rows of each part that a summary lists; `Err` says what it is instead.
pub fn parts(path: &Path) -> Result<BTreeMap<String, u64>, &'static str> {
    let unreadable = "is not a Parquet file";
    let file = File::open(path).map_err(|_| unreadable)?;
    let length =
        file.metadata().ok().filter(std::fs::Metadata::is_file).ok_or("is not a file")?.len();
    let mut reader = ParquetMetaDataReader::new();
    reader.try_parse(&file).map_err(|_| unreadable)?;
    let metadata = reader.finish().map_err(|_| unreadable)?;
    let mut parts = BTreeMap::new();
    for group in metadata.row_groups() {
        let mut places = group.columns().iter().map(|column| column.file_path());
        let first = places.next().flatten().ok_or("holds rows of its own")?;
        if places.any(|place| place != Some(first)) {
            return Err("holds rows of its own");
        }
        let rows = u64::try_from(group.num_rows()).map_err(|_| unreadable)?;
        *parts.entry(first.to_owned()).or_insert(0_u64) += rows;
    }
    let counted = u64::try_from(metadata.file_metadata().num_rows()).map_err(|_| unreadable)?;
    // What the summary counts beyond its groups, or has before its footer, would be its own.
    let footer = footer(&file, length).ok_or(unreadable)?;
    if !parts.is_empty() && counted != parts.values().sum::<u64>()
        || length != MARK + footer + LENGTH + MARK
    {
        return Err("holds rows of its own");
    }
    Ok(parts)
}

/// The rows of a part; none where it cannot be read.
pub fn rows_of(path: &Path) -> Option<u64> {
    let mut reader = ParquetMetaDataReader::new();
    reader.try_parse(&File::open(path).ok()?).ok()?;
    u64::try_from(reader.finish().ok()?.file_metadata().num_rows()).ok()
}

/// The length of a file's footer, which is before its last mark.
fn footer(mut file: &File, length: u64) -> Option<u64> {
    use std::io::{Read as _, Seek as _, SeekFrom};
    file.seek(SeekFrom::Start(length.checked_sub(MARK + LENGTH)?)).ok()?;
    let mut bytes = [0; 4];
    file.read_exact(&mut bytes).ok()?;
    Some(u64::from(u32::from_le_bytes(bytes)))
}
