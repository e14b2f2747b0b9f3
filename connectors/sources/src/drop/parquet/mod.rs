//! Parquet files: read row group by row group, the dataset's columns only.

mod china_clock;
mod int96_times;
pub mod metadata_file;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use ::parquet::arrow::ProjectionMask;
use ::parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use ::parquet::basic::Compression;
use ::parquet::errors::ParquetError;
use arrow::array::{Array, AsArray as _, RecordBatch};
use arrow::datatypes::{
    DataType, Date32Type, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, Field,
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, Schema,
    Time32MillisecondType, Time64MicrosecondType, Time64NanosecondType, TimeUnit,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use chrono::NaiveDateTime;
use zerotrip_proto::v1::ErrorCode;

use super::super::SourceError;
use super::super::float_text;
use super::super::header::folded;
use super::file_kind::Expected;
use super::import::SnapshotWriter;
use super::{Format, unreadable};

use self::int96_times::Int96Times;

/// Rows in memory at a time.
const BATCH: usize = 1024;
/// The text of a value that has none: no semantic type reads it.
const LOST: &str = "\u{fffd}";

/// A Parquet file.
#[derive(Debug)]
pub struct Parquet;

impl Format for Parquet {
    fn expected(&self) -> Expected {
        Expected::Parquet
    }

    fn read(&self, path: &Path, into: &mut SnapshotWriter<'_>) -> Result<(), SourceError> {
        let failed = |error: ParquetError| broken(path, error);
        let file = File::open(path).map_err(|error| unreadable(path, &error))?;
        let (metadata, old) = open(&file).map_err(failed)?;
        let schema = metadata.schema();
        let names: Vec<Option<String>> = {
            let is_wanted = |place: usize, field: &Arc<Field>| {
                let field =
                    folded([field.name().clone()]).into_iter().flatten().next().unwrap_or_default();
                !into.is_sample() || old.readable(path, place, &field, true).is_ok()
            };
            let names = schema.fields().iter().enumerate().map(|(place, field)| {
                if is_wanted(place, field) && (!into.is_sample() || readable(path, field).is_ok()) {
                    field.name().clone()
                } else {
                    String::new()
                }
            });
            folded(names)
        };
        let places = into.header(&names)?;
        let fields = places
            .iter()
            .enumerate()
            .filter_map(|(at, place)| Some((at, *place, schema.fields().get(*place)?)));
        for (at, place, field) in fields {
            let name = names.get(place).and_then(Option::as_deref).unwrap_or_default();
            let readable = readable(path, field)
                .and_then(|()| old.readable(path, place, name, into.is_date(name)));
            readable.map_err(|error| into.field_error(at, error))?;
        }
        if into.is_sample()
            && let Some(advice) = old.advice(&metadata)
        {
            into.advise(advice);
        }
        unpackable(path, &metadata, &places)?;
        let counted = metadata.metadata().file_metadata().num_rows();
        let mask = ProjectionMask::roots(metadata.parquet_schema(), places.iter().copied());
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata);
        let reader =
            builder.with_projection(mask).with_batch_size(BATCH).build().map_err(failed)?;
        // Only these columns come, in the file's order.
        let mut sorted = places.clone();
        sorted.sort_unstable();
        sorted.dedup();
        let places: Vec<usize> = places
            .iter()
            .filter_map(|place| sorted.iter().position(|known| known == place))
            .collect();
        let mut number = 0;
        for batch in reader {
            let batch = batch.map_err(|error| broken(path, error))?;
            for row in 0..batch.num_rows() {
                number += 1;
                into.row(number, places.iter().map(|place| cell(&batch, *place, row)))?;
            }
        }
        if i64::try_from(number).ok() != Some(counted) {
            return Err(broken(path, format!("it counts {counted} rows and holds {number}")));
        }
        Ok(())
    }
}

/// The file's own types, not those that its writer would have liked them to become; and a time of
/// the old 12-byte form in microseconds, since nanoseconds reach only from 1677 to 2262 and come
/// round again.
fn open(file: &File) -> Result<(ArrowReaderMetadata, Int96Times), ParquetError> {
    let options = || ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let metadata = ArrowReaderMetadata::load(file, options())?;
    let old = Int96Times::of(&metadata);
    if !old.are_there() {
        return Ok((metadata, old));
    }
    let fields =
        metadata.schema().fields().iter().enumerate().map(|(place, field)| match old.kind(place) {
            Some(kind) => field.as_ref().clone().with_data_type(kind),
            None => field.as_ref().clone(),
        });
    let schema = Schema::new(fields.collect::<Vec<Field>>());
    let metadata = ArrowReaderMetadata::try_new(
        metadata.metadata().clone(),
        options().with_schema(schema.into()),
    )?;
    Ok((metadata, old))
}

/// Refuses what is packed in a way that is not read, by its name.
fn unpackable(
    path: &Path,
    metadata: &ArrowReaderMetadata,
    places: &[usize],
) -> Result<(), SourceError> {
    let schema = metadata.parquet_schema();
    for group in metadata.metadata().row_groups() {
        for (leaf, column) in group
            .columns()
            .iter()
            .enumerate()
            .filter(|(leaf, _)| places.contains(&schema.get_column_root_idx(*leaf)))
        {
            let packed = match column.compression() {
                Compression::UNCOMPRESSED
                | Compression::SNAPPY
                | Compression::GZIP(_)
                | Compression::LZ4
                | Compression::LZ4_RAW
                | Compression::ZSTD(_) => continue,
                Compression::BROTLI(_) => "Brotli",
                Compression::LZO => "LZO",
            };
            let detail = format!(
                "`{}`: column {} is compressed with {packed}, which is not read: have it written \
                 with Snappy or Zstandard",
                path.display(),
                leaf + 1
            );
            return Err(SourceError::new(ErrorCode::SourceUnreadable, detail));
        }
    }
    Ok(())
}

fn readable(path: &Path, field: &Field) -> Result<(), SourceError> {
    use DataType as T;
    let kind = field.data_type();
    let reads = kind.is_integer()
        || kind.is_decimal()
        || matches!(
            kind,
            T::Null
                | T::Boolean
                | T::Utf8
                | T::Float32
                | T::Float64
                | T::Date32
                | T::Time32(_)
                | T::Time64(_)
                | T::Timestamp(..)
        );
    if reads {
        return Ok(());
    }
    let detail = format!(
        "`{}`: column `{}` is of type {kind}, which has no text; name another in the column's \
         `field`",
        path.display(),
        field.name()
    );
    Err(SourceError::new(ErrorCode::SourceDrift, detail))
}

/// A cell's text; `None` is NULL.
fn cell(batch: &RecordBatch, place: usize, row: usize) -> Option<String> {
    use DataType as T;
    let column = batch.columns().get(place)?;
    if column.is_null(row) || *column.data_type() == T::Null {
        return None;
    }
    let lost = || LOST.to_owned();
    Some(match column.data_type() {
        T::Boolean => column.as_boolean().value(row).to_string(),
        T::Utf8 => column.as_string::<i32>().value(row).to_owned(),
        T::Int8 => column.as_primitive::<Int8Type>().value(row).to_string(),
        T::Int16 => column.as_primitive::<Int16Type>().value(row).to_string(),
        T::Int32 => column.as_primitive::<Int32Type>().value(row).to_string(),
        T::Int64 => column.as_primitive::<Int64Type>().value(row).to_string(),
        T::UInt8 => column.as_primitive::<UInt8Type>().value(row).to_string(),
        T::UInt16 => column.as_primitive::<UInt16Type>().value(row).to_string(),
        T::UInt32 => column.as_primitive::<UInt32Type>().value(row).to_string(),
        T::UInt64 => column.as_primitive::<UInt64Type>().value(row).to_string(),
        T::Float32 => float_text::single(column.as_primitive::<Float32Type>().value(row)),
        T::Float64 => float_text::double(column.as_primitive::<Float64Type>().value(row)),
        T::Decimal32(..) => column.as_primitive::<Decimal32Type>().value_as_string(row),
        T::Decimal64(..) => column.as_primitive::<Decimal64Type>().value_as_string(row),
        T::Decimal128(..) => column.as_primitive::<Decimal128Type>().value_as_string(row),
        T::Decimal256(..) => column.as_primitive::<Decimal256Type>().value_as_string(row),
        T::Date32 => column
            .as_primitive::<Date32Type>()
            .value_as_date(row)
            .map_or_else(lost, |day| day.to_string()),
        T::Time32(_) | T::Time64(_) => time_of_day(column, row).unwrap_or_else(lost),
        T::Timestamp(unit, zone) => {
            moment(column, *unit, row).map_or_else(lost, |moment| written(moment, zone.is_some()))
        }
        _ => lost(),
    })
}

fn time_of_day(column: &dyn Array, row: usize) -> Option<String> {
    let time = match column.data_type() {
        DataType::Time32(TimeUnit::Millisecond) => {
            column.as_primitive::<Time32MillisecondType>().value_as_time(row)
        }
        DataType::Time64(TimeUnit::Microsecond) => {
            column.as_primitive::<Time64MicrosecondType>().value_as_time(row)
        }
        DataType::Time64(TimeUnit::Nanosecond) => {
            column.as_primitive::<Time64NanosecondType>().value_as_time(row)
        }
        _ => None,
    };
    time.map(|time| time.to_string())
}

fn moment(column: &dyn Array, unit: TimeUnit, row: usize) -> Option<NaiveDateTime> {
    match unit {
        TimeUnit::Second => column.as_primitive::<TimestampSecondType>().value_as_datetime(row),
        TimeUnit::Millisecond => {
            column.as_primitive::<TimestampMillisecondType>().value_as_datetime(row)
        }
        TimeUnit::Microsecond => {
            column.as_primitive::<TimestampMicrosecondType>().value_as_datetime(row)
        }
        TimeUnit::Nanosecond => {
            column.as_primitive::<TimestampNanosecondType>().value_as_datetime(row)
        }
    }
}

fn written(moment: NaiveDateTime, is_instant: bool) -> String {
    const FORMAT: &str = "%Y-%m-%dT%H:%M:%S%.f";
    if !is_instant {
        return moment.format(FORMAT).to_string();
    }
    match china_clock::in_china(moment) {
        Some((there, true)) => format!("{}+08:00", there.format(FORMAT)),
        Some((there, false)) => there.format(FORMAT).to_string(),
        None => LOST.to_owned(),
    }
}

fn broken(path: &Path, why: impl std::fmt::Display) -> SourceError {
    SourceError::new(
        ErrorCode::SourceTruncated,
        format!("`{}` is not a whole Parquet file: {why}", path.display()),
    )
}
