//! One dataset as this department serves it: the owner's signed statement, the source behind it, and its plausibility.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use prost::Message as _;
use zerotrip_datasets::file::DatasetFile;
use zerotrip_proto::payload_type;
use zerotrip_proto::v1::{DatasetStatement, Envelope, ErrorCode};
use zerotrip_trust::digest::{Digest, sha256};
use zerotrip_trust::directory::Directory;
use zerotrip_trust::dsse;
use zerotrip_proto::v1::KeyUsage;

use crate::source::{self, Source, SourceError};

/// How long a survey stands before the source is looked at again.
const SURVEY_AGE: Duration = Duration::from_secs(60);

/// One dataset, served.
#[derive(Debug)]
pub struct Serving {
    /// The file.
    pub file: DatasetFile,
    /// The owner's statement, signed.
    pub envelope: Envelope,
    /// What it says.
    pub statement: DatasetStatement,
    /// SHA-256 of the signed statement's payload.
    pub statement_digest: Digest,
    source: Arc<dyn Source>,
    plausibility: Mutex<Plausibility>,
    pace: Mutex<Pace>,
}

#[derive(Debug)]
struct Plausibility {
    looked_at: Option<Instant>,
    most_rows_seen: u64,
}

#[derive(Debug)]
struct Pace {
    second: Instant,
    scans: u32,
}

/// Why a dataset cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ServingError {
    /// The source.
    #[error("{dataset}: {error}")]
    Source {
        /// Which.
        dataset: String,
        /// What it says.
        error: SourceError,
    },
    /// The signed statement.
    #[error("{dataset}: the signed statement is not usable: {why}; sign the dataset file again with `zerotrip-connector sign`")]
    Statement {
        /// Which.
        dataset: String,
        /// Why.
        why: String,
    },
}

impl Serving {
    /// Opens the source of a dataset file whose statement the owner has signed.
    pub fn open(file: DatasetFile, envelope: Envelope, base: &Path, state: &Path) -> Result<Self, ServingError> {
        let wrong = |why: String| ServingError::Statement { dataset: file.id.clone(), why };
        let (payload, _) = dsse::peek(&envelope, payload_type::DATASET).map_err(|error| wrong(error.to_string()))?;
        let statement = DatasetStatement::decode(payload).map_err(|error| wrong(error.to_string()))?;
        let unsigned = DatasetStatement { stated_at: statement.stated_at, ..file.to_statement(SystemTime::now()) };
        if statement != unsigned {
            return Err(wrong("the dataset file was changed after its owner signed it".into()));
        }
        let statement_digest = sha256(payload);
        let source = source::open(&file, base, state).map_err(|error| ServingError::Source { dataset: file.id.clone(), error })?;
        Ok(Self {
            file,
            envelope,
            statement,
            statement_digest,
            source,
            plausibility: Mutex::new(Plausibility { looked_at: None, most_rows_seen: 0 }),
            pace: Mutex::new(Pace { second: Instant::now(), scans: 0 }),
        })
    }

    /// Whether the statement is signed by its owner, as the directory knows the owner now.
    pub fn signed_by_owner(&self, directory: &Directory, now: SystemTime) -> Result<(), String> {
        verify_owner(&self.envelope, payload_type::DATASET, owner_of(&self.file.id), directory, now)
    }

    /// The source, if what it holds is plausible: no fewer rows than its floor, no sudden shrinkage. Also keeps the pace that the
    /// owner allows.
    pub async fn source(&self) -> Result<&Arc<dyn Source>, SourceError> {
        self.keep_pace()?;
        let due = {
            let held = self.plausibility.lock().unwrap_or_else(PoisonError::into_inner);
            held.looked_at.is_none_or(|looked| looked.elapsed() > SURVEY_AGE)
        };
        if due {
            let survey = self.source.survey().await?;
            self.weigh(survey.rows)?;
        }
        Ok(&self.source)
    }

    fn weigh(&self, rows: u64) -> Result<(), SourceError> {
        let implausible = |detail: String| Err(SourceError::new(ErrorCode::SourceImplausible, detail));
        let mut held = self.plausibility.lock().unwrap_or_else(PoisonError::into_inner);
        if rows < self.file.row_floor {
            return implausible(format!("{rows} rows, below the floor of {}", self.file.row_floor));
        }
        #[expect(clippy::cast_precision_loss, reason = "a fraction of a row count; registers are far below 2^52 rows")]
        let least = held.most_rows_seen as f64 * (1.0 - self.file.most_shrink);
        #[expect(clippy::cast_precision_loss, reason = "as above")]
        if (rows as f64) < least {
            return implausible(format!("{rows} rows, after {} before: more than the allowed shrinkage", held.most_rows_seen));
        }
        held.most_rows_seen = held.most_rows_seen.max(rows);
        held.looked_at = Some(Instant::now());
        Ok(())
    }

    fn keep_pace(&self) -> Result<(), SourceError> {
        let mut pace = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
        if pace.second.elapsed() >= Duration::from_secs(1) {
            *pace = Pace { second: Instant::now(), scans: 0 };
        }
        pace.scans += 1;
        if pace.scans > self.file.limits.most_rate {
            let detail = format!("over {} scans a second, the owner's `limits.most_rate`", self.file.limits.most_rate);
            return Err(SourceError::new(ErrorCode::SourceLimit, detail));
        }
        Ok(())
    }
}

/// The member that owns a dataset: the part of its id before the dot.
pub fn owner_of(dataset: &str) -> &str {
    dataset.split_once('.').map_or(dataset, |(member, _)| member)
}

/// Whether an envelope is signed with an APPROVE key of that member.
pub fn verify_owner(envelope: &Envelope, kind: &str, member: &str, directory: &Directory, now: SystemTime) -> Result<(), String> {
    let (_, keyid) = dsse::peek(envelope, kind).map_err(|error| error.to_string())?;
    let holder = directory.signing_key(keyid, KeyUsage::Approve, now).map_err(|error| error.to_string())?;
    if holder.member.as_deref() != Some(member) {
        return Err(format!("signed by `{}`, owned by `{member}`", holder.uri));
    }
    dsse::verify(envelope, kind, &holder.key).map(|_| ()).map_err(|error| error.to_string())
}
