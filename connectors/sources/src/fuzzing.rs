//! The parsers of hostile bytes, for fuzz targets alone (`fuzz/`).

use std::path::Path;

use zerotrip_datasets::file::{
    CodePage, Dbf, DropAsOf, Encoding, Excel, FileDrop, Parts, Separator,
};

use crate::SourceError;
use crate::drop::{self, Format};
use crate::rest::json;

/// Most values of an answer.
const MOST_VALUES: usize = 10_000;

/// What a file is read as.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Separated text.
    Csv(Encoding, Separator),
    /// A workbook of the old format.
    Xls,
    /// A workbook.
    Xlsx,
    /// A table of dBASE or FoxPro.
    Dbf,
    /// A Parquet file.
    Parquet,
}

/// Reads a whole file: how many columns and rows it has.
pub fn look(kind: Kind, path: &Path) -> Result<(usize, u64), SourceError> {
    let file = || FileDrop { path: String::new(), as_of: DropAsOf::Modified, parts: Parts::None };
    let excel =
        || Excel { file: file(), sheets: Vec::new(), unread: Default::default(), header: 1 };
    let format: Box<dyn Format> = match kind {
        Kind::Csv(characters, separator) => Box::new(drop::Csv::new(characters, separator)),
        Kind::Xls => Box::new(drop::Xls::new(&excel())),
        Kind::Xlsx => Box::new(drop::Xlsx::new(&excel())),
        Kind::Dbf => {
            Box::new(drop::Dbf::new(&Dbf { file: file(), encoding: Some(CodePage::Gb18030) }))
        }
        Kind::Parquet => {
            let _ = (drop::metadata_file::parts(path), drop::metadata_file::rows_of(path));
            Box::new(drop::Parquet)
        }
    };
    let sample = drop::sample(path, &*format)?;
    Ok((sample.columns.len(), sample.rows))
}

/// Reads an interface's answer both ways; returns how many rows it has at `/rows`.
pub fn json(text: &str) -> Result<usize, SourceError> {
    json::tree(text, MOST_VALUES)?;
    let mut rows = 0;
    json::read(text, &["rows".to_owned()], &mut |_| {
        rows += 1;
        Ok(())
    })?;
    Ok(rows)
}
