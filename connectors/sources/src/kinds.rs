//! Every kind of source, and how each is opened.

use std::path::Path;
use std::sync::Arc;

use zerotrip_datasets::DatasetFile;
use zerotrip_datasets::file::{FileDrop, Source as Spec};

use crate::rulings::Rulings;
use crate::{Source, SourceError, derived_columns, drop, remote, rest, table};

/// Opens the system that a dataset file describes. `base` is the file's folder; `state` the
/// connector's own, where snapshots are kept; `rulings` are what the owner has stated of
/// unreadable rows. This list is every kind there is.
pub fn open(
    dataset: &DatasetFile,
    base: &Path,
    state: &Path,
    rulings: Arc<Rulings>,
) -> Result<Arc<dyn Source>, SourceError> {
    match derived_columns::stored(dataset) {
        None => open_stored(dataset, base, state, rulings),
        Some(stored) => Ok(Arc::new(derived_columns::DerivedColumnsSource::new(
            open_stored(&stored, base, state, rulings)?,
            dataset,
        ))),
    }
}

fn open_stored(
    dataset: &DatasetFile,
    base: &Path,
    state: &Path,
    rulings: Arc<Rulings>,
) -> Result<Arc<dyn Source>, SourceError> {
    let dropped =
        |file: &FileDrop, format: Arc<dyn drop::Format>| -> Result<Arc<dyn Source>, SourceError> {
            Ok(Arc::new(drop::DropSource::open(
                dataset,
                file,
                format,
                base,
                state,
                Arc::clone(&rulings),
            )?))
        };
    match &dataset.source {
        Spec::Sqlite(spec) => {
            Ok(Arc::new(table::TableSource::open_live(dataset, spec, base, Arc::clone(&rulings))?))
        }
        Spec::Csv(spec) => {
            dropped(&spec.file, Arc::new(drop::Csv::new(spec.encoding, spec.separator)))
        }
        Spec::Xlsx(spec) => dropped(&spec.file, Arc::new(drop::Xlsx::new(spec))),
        Spec::Xls(spec) => dropped(&spec.file, Arc::new(drop::Xls::new(spec))),
        Spec::Dbf(spec) => dropped(&spec.file, Arc::new(drop::Dbf::new(spec))),
        Spec::Parquet(spec) => dropped(&spec.file, Arc::new(drop::Parquet)),
        Spec::Postgres(spec) => remote::postgres::open(dataset, spec, base, rulings),
        Spec::Mysql(spec) => remote::mysql::open(dataset, spec, base, rulings),
        Spec::Odbc(spec) => remote::odbc::open(dataset, spec, base, rulings),
        Spec::Rest(spec) => {
            Ok(Arc::new(rest::RestSource::open(dataset, spec, base, state, rulings)?))
        }
    }
}
