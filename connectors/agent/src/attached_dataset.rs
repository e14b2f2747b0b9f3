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

use crate::access::Access;
use crate::joint_look_ups::{Asked, JointLookUps, Way};
use crate::owner_store::datasets::SignedDataset;
use crate::owner_store::error::OwnerStoreError;
use crate::owner_store::ownership::open_owners;
use crate::owner_store::versions::Versioned;
use crate::probe_monitor::ProbeMonitor;
use crate::probes::Probes;
use zerotrip_sources::rulings::Rulings;
use zerotrip_sources::{RestsOn, Source, SourceError, Survey};

/// A dataset that is attached: its signed files, its open source, and the owner's limits on it.
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
    joint_look_ups: Arc<JointLookUps>,
    probe_monitor: Option<Arc<ProbeMonitor>>,
    /// What contradicts the owner's description, by the latest survey of all rows.
    contradiction: Mutex<Option<String>>,
    /// The most rows that were ever seen.
    most_rows: AtomicU64,
    /// The file that keeps that number, and the number in it.
    memory: PathBuf,
    remembered: tokio::sync::Mutex<u64>,
}

/// Why a dataset cannot be served. The caller names the dataset.
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
        signed: SignedDataset,
        adjudicated: Option<(Rulings, Envelope)>,
        base: &Path,
        state: &Path,
    ) -> Result<Self, AttachError> {
        let (adjudications, adjudicated) = adjudicated.unzip();
        let adjudications = Arc::new(adjudications.unwrap_or_default());
        let source = zerotrip_sources::open(&signed.file, base, state, Arc::clone(&adjudications))?;
        Self::over(source, signed, (adjudications, adjudicated), base, state)
    }

    /// Over a source that is open.
    pub(crate) fn over(
        source: Arc<dyn Source>,
        signed: SignedDataset,
        (adjudications, adjudicated): (Arc<Rulings>, Option<Envelope>),
        base: &Path,
        state: &Path,
    ) -> Result<Self, AttachError> {
        let wrong = AttachError::Statement;
        let SignedDataset { file, envelope, statement, probes: bound } = signed;
        let statement_digest = dsse::payload_digest(&envelope);
        let adjudications_digest = adjudications.digest.clone();
        let probes = match (Probes::of(&file, base)?, bound) {
            (None, None) => None,
            (Some(probes), Some(bound)) => Some(probes.bound(bound)),
            _ => {
                return Err(wrong(
                    "its file of known persons is not the one that was signed. Sign it again"
                        .into(),
                ));
            }
        };
        let memory = state.join("rows").join(&file.id);
        let remembered = read_memory(&memory).map_err(wrong)?;
        let access = Arc::new(Access::new(source, file.limits.clone()));
        let probe_monitor =
            probes.map(|probes| Arc::new(ProbeMonitor::new(probes, Arc::clone(&access))));
        Ok(Self {
            file,
            envelope,
            statement,
            statement_digest,
            adjudicated,
            adjudications_digest,
            joint_look_ups: Arc::new(JointLookUps::new(
                Arc::clone(&access),
                Arc::clone(&adjudications),
            )),
            adjudications,
            access,
            probe_monitor,
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
        let owner = self.file.member();
        if let Some(adjudicated) = &self.adjudicated {
            open_owners::<Adjudications>(adjudicated, owner, directory, now)
                .map_err(|why| format!("its adjudications: {why}"))?;
        }
        open_owners::<DatasetStatement>(&self.envelope, owner, directory, now).map(|_| ())
    }

    /// Whether it was opened from these signed files.
    pub fn is_of(&self, statement: &Envelope, adjudicated: Option<&Envelope>) -> bool {
        self.envelope == *statement && self.adjudicated.as_ref() == adjudicated
    }

    /// Keeps the versions of what is signed here; its signatures were verified.
    pub fn remember_versions(&self, folder: &Path) -> Result<(), OwnerStoreError> {
        Versioned::Statement(&self.file.id).remember(folder, self.statement.version)?;
        Versioned::Adjudications(&self.file.id).remember(folder, self.adjudications.version)
    }

    /// How a scan gets its rows, at the times and pace that the owner allows. The wait for it ends
    /// with the cancellation.
    pub async fn way(&self, asked: Asked, cancellation: &Cancellation) -> Result<Way, SourceError> {
        let contradiction =
            self.contradiction.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(detail) = contradiction {
            return Err(SourceError::new(ErrorCode::StatementContradicted, detail));
        }
        self.joint_look_ups.way(asked, cancellation).await
    }

    /// How many scans wait for the source.
    #[cfg(test)]
    pub(crate) fn waiting(&self) -> usize {
        self.joint_look_ups.waiting()
    }

    /// Whether the known persons are found in what a look-up rests upon; see [`RestsOn`].
    pub async fn verify_probes(
        &self,
        rests_on: RestsOn,
        cancellation: &Cancellation,
    ) -> Result<(), SourceError> {
        match &self.probe_monitor {
            Some(probe_monitor) => probe_monitor.verify(rests_on, cancellation).await,
            None => Ok(()),
        }
    }

    /// Surveys all rows, outside the owner's quiet hours. While a column contradicts the owner's
    /// description, nothing is answered.
    pub async fn survey(&self) -> Result<Survey, SourceError> {
        let survey = self.access.unhurried()?.survey().await?;
        *self.contradiction.lock().unwrap_or_else(PoisonError::into_inner) =
            survey.contradictions.first().cloned();
        Ok(survey)
    }

    /// Looks the known persons up now, if the owner names any.
    pub async fn verify_probes_now(&self) -> Result<(), SourceError> {
        match &self.probe_monitor {
            Some(probe_monitor) => probe_monitor.verify_now().await,
            None => Ok(()),
        }
    }

    /// Refuses an implausible row count: below the floor, or shrunk by more than the owner allows
    /// since the most rows ever seen. An owner who means a shrinkage removes the kept count.
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
                "{rows} rows, after {most}: more than the allowed shrinkage. If it is meant, \
                 remove `{file}` and restart the connector"
            ));
        }
        if rows > most { self.remember(rows).await } else { Ok(()) }
    }

    /// Writes the count to its file the first time, and whenever it has grown by one hundredth. A
    /// live register grows all day, and a disk sync for each new row would take most of a scan.
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
        .map_err(|_| format!("`{}` does not hold a row count. Remove it", memory.display()))
}
