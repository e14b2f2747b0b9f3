//! Tables of dBASE III and IV, FoxPro and Visual FoxPro (`.dbf`): records of fixed width behind a
//! header that counts them.
//!
//! Read by ourselves, since one odd record must not fail a file, and a number's digits must come as
//! they are.

mod characters;
mod errors;
mod header;
mod table;
#[cfg(test)]
mod tests;
mod values;

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use zerotrip_datasets::file::{CodePage, Dbf as Spec};

use self::header::Field;
use self::table::Table;
use super::super::SourceError;
use super::super::header::folded;
use super::file_kind::Expected;
use super::import::SnapshotWriter;
use super::{Format, unreadable};

const LIVE: u8 = b' ';
const DELETED: u8 = b'*';

/// A table of dBASE or FoxPro.
#[derive(Debug)]
pub struct Dbf {
    code_page: Option<CodePage>,
}

impl Dbf {
    /// As a dataset file describes it.
    pub fn new(spec: &Spec) -> Self {
        Self { code_page: spec.encoding }
    }
}

impl Format for Dbf {
    fn expected(&self) -> Expected {
        Expected::Dbf
    }

    fn read(&self, path: &Path, into: &mut SnapshotWriter<'_>) -> Result<(), SourceError> {
        let file = File::open(path).map_err(|error| unreadable(path, &error))?;
        let length = file.metadata().map_err(|error| unreadable(path, &error))?.len();
        let mut file = BufReader::new(file);
        let table = Table::read(path, &mut file, length, self.code_page)?;
        let names: Vec<Option<String>> = {
            // The bits of NULLs and lengths are the format's own, and no field of the register's.
            let wanted = |field: &&Field| {
                field.kind != b'0' && (!into.is_sample() || field.readable(path).is_ok())
            };
            folded(table.fields.iter().map(|field| {
                Some(field).filter(wanted).map(|field| field.name.clone()).unwrap_or_default()
            }))
        };
        let fields: Vec<&Field> =
            into.header(&names)?.into_iter().filter_map(|place| table.fields.get(place)).collect();
        for (at, field) in fields.iter().enumerate() {
            field.readable(path).map_err(|error| into.field_error(at, error))?;
        }
        let mut record = vec![0; table.width];
        let mut deleted: u64 = 0;
        for number in 1..=u64::from(table.count) {
            file.read_exact(&mut record).map_err(|error| unreadable(path, &error))?;
            match record.first() {
                Some(&LIVE) => {
                    into.row(number, fields.iter().map(|field| table.cell(field, &record)))?
                }
                Some(&DELETED) => deleted += 1,
                _ => into.ragged(number, &table.characters.text(&record))?,
            }
        }
        table.ends(path, &mut file)?;
        if deleted > 0 {
            into.advise(format!(
                "{deleted} records are marked as deleted and are not rows; if they should be, \
                 recall them, and if what ends is deleted so, `ended` is `removed`"
            ));
        }
        Ok(())
    }
}
