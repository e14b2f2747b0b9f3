//! One dataset as this department serves it: the owner's signed statement, the source behind it,
//! and its plausibility.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use zerotrip_channel::deadline::Cancellation;
use zerotrip_channel::files::{self, Secrecy};
use zerotrip_datasets::file::DatasetFile;
use zerotrip_proto::v1::{Adjudications, DatasetStatement, Envelope, ErrorCode};
use zerotrip_trust::digest::Digest;
use zerotrip_trust::directory::Directory;
use zerotrip_trust::dsse;

use crate::access::{Access, Turn};
use crate::desk::Signed;
use crate::owner::{open_owners, owner_of};
use crate::owner_files::DeskError;
use crate::probe_monitor::ProbeMonitor;
use crate::probes::Probes;
use crate::versions::Versioned;
use zerotrip_sources::rulings::Rulings;
use zerotrip_sources::{RestsOn, SourceError, Survey};

/// One dataset, served.
#[derive(Debug)]
pub struct AttachedDataset {
    /// The file.
    pub file: DatasetFile,
    /// The owner's statement, signed.
    pub envelope: Envelope,
    /// What it says.
    pub statement: DatasetStatement,
    /// SHA-256 of the signed statement's payload.
    pub statement_digest: Digest,
    /// What the owner has stated of unreadable rows, signed.
    adjudicated: Option<Envelope>,
    /// SHA-256 of that; empty where there is none.
    pub adjudications_digest: Vec<u8>,
    /// What it says.
    adjudications: Arc<Rulings>,
    access: Arc<Access>,
    proving: Option<Arc<ProbeMonitor>>,
    /// What the latest look at every row has found to contradict the owner's description.
    contradiction: Mutex<Option<String>>,
    /// The most rows that were ever seen.
    most_rows: AtomicU64,
    /// Where that is remembered, and what stands there.
    memory: PathBuf,
    remembered: tokio::sync::Mutex<u64>,
}

/// Why a dataset cannot be served. Whoever says so names the dataset.
#[derive(Debug, thiserror::Error)]
pub enum AttachError {
    /// The source.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The signed statement, or what is remembered of the dataset.
    #[error("{0}")]
    Statement(String),
}

impl AttachedDataset {
    /// Opens the source of a dataset file as its owner has signed it.
    pub fn open(
        signed: Signed,
        adjudicated: Option<(Rulings, Envelope)>,
        base: &Path,
        state: &Path,
    ) -> Result<Self, AttachError> {
        let wrong = AttachError::Statement;
        let Signed { file, envelope, statement, probes: bound } = signed;
        let statement_digest = dsse::payload_digest(&envelope);
        let (adjudications, adjudicated) = adjudicated.unzip();
        let adjudications = Arc::new(adjudications.unwrap_or_default());
        let adjudications_digest = adjudications.digest.clone();
        let probes = match (Probes::of(&file, base)?, bound) {
            (None, None) => None,
            (Some(probes), Some(bound)) => Some(probes.bound(bound)),
            _ => {
                return Err(wrong(
                    "its file of known persons is not the one that was signed; sign it again"
                        .into(),
                ));
            }
        };
        let source = zerotrip_sources::open(&file, base, state, Arc::clone(&adjudications))?;
        let memory = state.join("rows").join(&file.id);
        let remembered = read_memory(&memory).map_err(wrong)?;
        let access = Arc::new(Access::new(source, file.limits.clone()));
        let proving = probes.map(|probes| Arc::new(ProbeMonitor::new(probes, Arc::clone(&access))));
        Ok(Self {
            file,
            envelope,
            statement,
            statement_digest,
            adjudicated,
            adjudications_digest,
            adjudications,
            access,
            proving,
            contradiction: Mutex::new(None),
            most_rows: AtomicU64::new(remembered),
            memory,
            remembered: tokio::sync::Mutex::new(remembered),
        })
    }

    /// What the owner has stated of unreadable rows.
    pub fn adjudications(&self) -> &Rulings {
        &self.adjudications
    }

    /// Whether the statement, and what is stated of unreadable rows, is signed by its owner, as the
    /// directory knows the owner now.
    pub fn signed_by_owner(&self, directory: &Directory, now: SystemTime) -> Result<(), String> {
        let owner = owner_of(&self.file.id);
        if let Some(adjudicated) = &self.adjudicated {
            open_owners::<Adjudications>(adjudicated, owner, directory, now)
                .map_err(|why| format!("its adjudications: {why}"))?;
        }
        open_owners::<DatasetStatement>(&self.envelope, owner, directory, now).map(|_| ())
    }

    /// Whether it was opened of just these signed files.
    pub fn is_of(&self, statement: &Envelope, adjudicated: Option<&Envelope>) -> bool {
        self.envelope == *statement && self.adjudicated.as_ref() == adjudicated
    }

    /// Keeps the versions of what is signed here; its signatures were verified.
    pub fn remember_versions(&self, folder: &Path) -> Result<(), DeskError> {
        Versioned::Statement(&self.file.id).remember(folder, self.statement.version)?;
        Versioned::Adjudications(&self.file.id).remember(folder, self.adjudications.version)
    }

    /// The source, when and at the pace that the owner allows; whoever waits for a turn waits no
    /// longer than the scan may take.
    pub async fn source(&self, cancellation: &Cancellation) -> Result<Turn<'_>, SourceError> {
        let contradiction =
            self.contradiction.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(detail) = contradiction {
            return Err(SourceError::new(ErrorCode::SourceImplausible, detail));
        }
        self.access.turn(cancellation).await
    }

    /// Whether known persons are found in what a look-up rests upon; see [`RestsOn`].
    pub async fn verify_probes(
        &self,
        rests_on: RestsOn,
        cancellation: &Cancellation,
    ) -> Result<(), SourceError> {
        match &self.proving {
            Some(proving) => proving.bears_out(rests_on, cancellation).await,
            None => Ok(()),
        }
    }

    /// What the whole of it looks like now, outside the hours in which its owner has it left alone.
    /// While a column is not what its owner has described, nothing is answered.
    pub async fn survey(&self) -> Result<Survey, SourceError> {
        let survey = self.access.unhurried()?.survey().await?;
        *self.contradiction.lock().unwrap_or_else(PoisonError::into_inner) =
            survey.contradictions.first().cloned();
        Ok(survey)
    }

    /// Looks the known persons up, if the owner names any.
    pub async fn prove(&self) -> Result<(), SourceError> {
        match &self.proving {
            Some(proving) => proving.prove().await,
            None => Ok(()),
        }
    }

    /// Whether a dataset of so many rows is plausible: no fewer than its floor, no sudden shrinkage
    /// since the most that was ever seen. An owner who means a shrinkage removes the remembered
    /// count.
    pub async fn check_row_count(&self, rows: u64) -> Result<(), SourceError> {
        let implausible =
            |detail: String| Err(SourceError::new(ErrorCode::SourceImplausible, detail));
        if rows < self.file.row_floor {
            return implausible(format!("{rows} rows, below the floor of {}", self.file.row_floor));
        }
        let most = self.most_rows.fetch_max(rows, Ordering::Relaxed);
        #[expect(
            clippy::cast_precision_loss,
            reason = "a fraction of a row count; registers are far below 2^52 rows"
        )]
        let (now, least) = (rows as f64, most as f64 * (1.0 - self.file.most_shrink));
        if now < least {
            let file = self.memory.display();
            return implausible(format!(
                "{rows} rows, after {most}: more than the allowed shrinkage; if it is meant, \
                 remove `{file}` and restart the connector"
            ));
        }
        if rows > most { self.remember(rows).await } else { Ok(()) }
    }

    /// Writes the count down where it outlives this process: the first time, and whenever it has
    /// grown by one part in a hundred. A live register grows all day, and a disk's sync for
    /// every new row would be most of a scan.
    async fn remember(&self, rows: u64) -> Result<(), SourceError> {
        let mut remembered = self.remembered.lock().await;
        if *remembered > 0 && rows < *remembered + (*remembered).div_ceil(100) {
            return Ok(());
        }
        let memory = self.memory.clone();
        let written = tokio::task::spawn_blocking(move || {
            files::write(&memory, rows.to_string().as_bytes(), Secrecy::Public)
        })
        .await;
        let failed = |why: String| SourceError::new(ErrorCode::SourceFailed, why);
        written
            .map_err(|error| failed(error.to_string()))?
            .map_err(|error| failed(error.to_string()))?;
        *remembered = rows;
        Ok(())
    }
}

fn read_memory(memory: &Path) -> Result<u64, String> {
    if !files::is_there(memory) {
        return Ok(0);
    }
    let text = files::read_text(memory).map_err(|error| error.to_string())?;
    text.trim()
        .parse()
        .map_err(|_| format!("`{}` does not hold a row count; remove it", memory.display()))
}
