//! Times of the old 12-byte form (INT96), which do not say what they mean. The file's footer says
//! who wrote them: Spark writes instants, in UTC; Impala writes what its clock shows. Of another
//! writer's it is not known, and a day that may be another is refused.

use std::path::Path;

use ::parquet::arrow::arrow_reader::ArrowReaderMetadata;
use ::parquet::basic::Type as Physical;
use arrow::datatypes::{DataType, TimeUnit};
use zerotrip_proto::v1::ErrorCode;

use super::super::super::SourceError;
use super::super::super::header::shown;

/// What a file's old times mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    /// An instant, counted in UTC.
    Instant,
    /// What a clock showed.
    Clock,
    Unknown,
}

/// A file's columns of old times.
#[derive(Debug)]
pub struct Int96Times {
    places: Vec<usize>,
    meaning: Meaning,
}

impl Int96Times {
    /// Those of a file.
    pub fn of(metadata: &ArrowReaderMetadata) -> Self {
        let roots = metadata.parquet_schema().root_schema().get_fields();
        let is_old = |place: &usize| {
            roots.get(*place).is_some_and(|root| {
                root.is_primitive() && root.get_physical_type() == Physical::INT96
            })
        };
        let footer = metadata.metadata().file_metadata();
        let keys = footer.key_value_metadata();
        let is_spark =
            keys.is_some_and(|keys| keys.iter().any(|key| key.key == "org.apache.spark.version"));
        let writer = footer.created_by().unwrap_or_default().to_lowercase();
        let meaning = match is_spark {
            true if writer.starts_with("parquet-mr") => Meaning::Instant,
            false if writer.starts_with("impala version") => Meaning::Clock,
            _ => Meaning::Unknown,
        };
        Self { places: (0..roots.len()).filter(is_old).collect(), meaning }
    }

    /// Whether there are any.
    pub fn are_there(&self) -> bool {
        !self.places.is_empty()
    }

    /// As what such a column is read.
    pub fn kind(&self, place: usize) -> Option<DataType> {
        let zone = (self.meaning == Meaning::Instant).then(|| "UTC".into());
        self.places.contains(&place).then_some(DataType::Timestamp(TimeUnit::Microsecond, zone))
    }

    /// Refuses a column of dates whose days are not known.
    pub fn readable(
        &self,
        path: &Path,
        place: usize,
        name: &str,
        is_date: bool,
    ) -> Result<(), SourceError> {
        if !is_date || self.meaning != Meaning::Unknown || !self.places.contains(&place) {
            return Ok(());
        }
        let detail = format!("`{}`: column `{}` {}", path.display(), shown(name), REMEDY);
        Err(SourceError::new(ErrorCode::SourceDrift, detail))
    }

    /// What to say of such columns when a file is only looked at.
    pub fn advice(&self, metadata: &ArrowReaderMetadata) -> Option<String> {
        if self.meaning != Meaning::Unknown {
            return None;
        }
        let place = *self.places.first()?;
        let name = metadata
            .schema()
            .fields()
            .get(place)
            .map(|field| shown(field.name()))
            .unwrap_or_default();
        Some(format!("column `{name}` {REMEDY}"))
    }
}

/// What is wrong, and what to do.
const REMEDY: &str = "holds times of the old 12-byte form (INT96), and the file does not tell \
                      whether they are in UTC: have it written with dates, or with \
                      `spark.sql.parquet.outputTimestampType=TIMESTAMP_MICROS`";
