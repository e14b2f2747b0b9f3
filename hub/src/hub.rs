//! The running hub: the parts that every call shares, and how newer bundles come in force.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use tokio::sync::watch;
use zerotrip_channel::files;
use zerotrip_ledger::{BundleKind, Ledger, Options};
use zerotrip_policies::{PolicyError, Snapshot, Unserved, open_grants};
use zerotrip_proto::Refusal;
use zerotrip_proto::v1::{Envelope, ErrorCode};
use zerotrip_text::Bilingual;
use zerotrip_trust::directory::Directory;
use zerotrip_trust::{ending, renewal};

use crate::catalog::Catalog;
use crate::channels::Channels;
use crate::config::Config;
use crate::engine::Engine;
use crate::limits::{ANSWER_BYTES, KeyedQuota, MemoryBudget, RequestBudgets};
use crate::state::{
    CallersEnds, HubIdentity, InForce, OpenError, Papers, Renewals, log_keys, read_definitions,
    warn_of_unserved,
};
use crate::unrecorded::ledger_refusal;

/// The running hub.
#[derive(Debug)]
pub struct Hub {
    /// Keys and certificates.
    pub identity: HubIdentity,
    /// Bounds.
    pub config: Config,
    /// The durable truth.
    pub ledger: Ledger,
    /// Where it is.
    pub store: PathBuf,
    /// The origin line of its checkpoints.
    pub origin: String,
    /// What can be asked.
    pub catalog: Catalog,
    /// Attached connectors.
    pub channels: Channels,
    /// What prepared plans run on.
    pub engine: Engine,
    /// How much each member has asked.
    pub budgets: RequestBudgets,
    /// Exchanges under way, by member.
    pub exchanges: Arc<KeyedQuota<String>>,
    /// Room for departments' answers, of all exchanges together.
    pub answers: MemoryBudget,
    /// The hub's own chain.
    pub papers: Papers,
    /// Who waits for a renewed certificate.
    pub renewals: Renewals,
    /// When callers' certificates end.
    pub callers_ends: CallersEnds,
    in_force: watch::Sender<Arc<InForce>>,
    /// Bundles are published one at a time.
    publishing: tokio::sync::Mutex<()>,
}

impl Hub {
    /// Opens everything in the folder, and reconciles what a crash left open.
    pub async fn open(folder: &Path, config: Config) -> Result<Self, OpenError> {
        let store = config.store_folder(folder);
        for place in [folder, &store, &config.definitions] {
            files::check_folder(place)?;
        }
        let identity = HubIdentity::load(folder)?;
        let (origin, keys) = log_keys(folder)?;
        let options = Options { place: config.place()?, ..Options::default() };
        let (ledger, recovered) = Ledger::open_with(&store, &origin, keys, &options)?;
        let definitions = read_definitions(&config.definitions)?;
        let catalog = Catalog::new(definitions, &ledger)?;
        let in_force = InForce::restore(folder, &identity, &ledger, &catalog)?;
        // Departments' rows never touch the hub's disk: over the memory limit a check fails.
        let nowhere = DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled);
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_limit(config.memory_bytes, 1.0)
            .with_disk_manager_builder(nowhere)
            .build_arc()?;
        let hub = Self {
            engine: Engine::new(runtime),
            budgets: RequestBudgets::new(&config),
            exchanges: KeyedQuota::new(config.exchanges, config.exchanges.div_ceil(2)),
            answers: MemoryBudget::new(config.answers_bytes, ANSWER_BYTES),
            papers: Papers::new(folder, &identity)?,
            renewals: Renewals::default(),
            callers_ends: CallersEnds::default(),
            channels: Channels::default(),
            in_force: watch::Sender::new(Arc::new(in_force)),
            publishing: tokio::sync::Mutex::new(()),
            identity,
            config,
            ledger,
            store,
            origin,
            catalog,
        };
        for orphan in &recovered.orphaned {
            tracing::warn!(exchange = %orphan.exchange_id, "an intent without completion was left by a crash; reconciled");
        }
        hub.ledger.reconcile(recovered.orphaned, SystemTime::now()).await?;
        hub.catalog.prepare_all().await;
        Ok(hub)
    }

    /// What is in force now.
    pub fn in_force(&self) -> Arc<InForce> {
        Arc::clone(&self.in_force.borrow())
    }

    /// What is in force from now on, for exchanges under way.
    pub fn follow(&self) -> watch::Receiver<Arc<InForce>> {
        self.in_force.subscribe()
    }

    /// Puts a newer key directory in force: durably, then here, then at every attached connector.
    /// One that does not confirm is detached: silence fails closed.
    pub async fn publish_directory(
        &self,
        envelope: Envelope,
    ) -> Result<(u32, Vec<String>), Refusal> {
        let _one_at_a_time = self.publishing.lock().await;
        let current = self.in_force();
        let now = SystemTime::now();
        let directory = Directory::open(&envelope, &self.identity.authority, now, 0);
        let directory = directory
            .map_err(|error| Refusal::new(error.code(), format!("key directory: {error}")))?;
        let (found, in_force) = (directory.version(), current.directory.version());
        if found <= in_force {
            let text = format!(
                "key directory: version {found} is not newer than {in_force}, which is in force"
            );
            return Err(Refusal::new(ErrorCode::StaleBundle, text));
        }
        let grants =
            open_grants(&current.grants_envelope, &self.identity.authority, 0).map_err(refused)?;
        let policy =
            Snapshot::try_new(&directory, &grants, &self.catalog.check_names()).map_err(refused)?;
        let version = directory.version();
        let next = InForce {
            directory,
            directory_envelope: envelope.clone(),
            grants_envelope: current.grants_envelope.clone(),
            grants_version: current.grants_version,
            policy,
        };
        self.keep_bundle(BundleKind::Directory, version, &envelope).await?;
        let next = Arc::new(next);
        self.in_force.send_replace(Arc::clone(&next));
        Ok(self.channels.push_directory(&envelope, &next.directory).await)
    }

    /// Puts a newer bundle of grants in force; gives those of them that grant nothing, because
    /// their checks are not served here.
    pub async fn publish_grants(&self, envelope: Envelope) -> Result<Vec<Unserved>, Refusal> {
        let _one_at_a_time = self.publishing.lock().await;
        let current = self.in_force();
        let grants = open_grants(&envelope, &self.identity.authority, current.grants_version + 1)
            .map_err(refused)?;
        let directory_envelope = current.directory_envelope.clone();
        let directory =
            Directory::open(&directory_envelope, &self.identity.authority, SystemTime::now(), 0);
        let directory = directory
            .map_err(|error| Refusal::new(error.code(), format!("key directory: {error}")))?;
        let policy =
            Snapshot::try_new(&directory, &grants, &self.catalog.check_names()).map_err(refused)?;
        let grants_version = grants.version;
        self.keep_bundle(BundleKind::Grants, grants_version, &envelope).await?;
        let next = InForce {
            directory,
            directory_envelope,
            grants_envelope: envelope,
            grants_version,
            policy,
        };
        warn_of_unserved(&next.policy);
        let unserved = next.policy.unserved().to_vec();
        self.in_force.send_replace(Arc::new(next));
        Ok(unserved)
    }

    /// Asks for the hub's own renewal where it is due; whether it was.
    pub fn ask_renewal(&self, now: SystemTime) -> bool {
        let Some(validity) = self.papers.validity() else { return false };
        if !ending::of_certificate(&self.identity.uri, validity, &Bilingual::new("", ""))
            .is_due(now)
        {
            return false;
        }
        let asked = self.papers.request(&self.identity).and_then(|envelope| {
            let asked =
                renewal::open(&envelope, &self.in_force().directory, &self.identity.ca, now)?;
            Ok((envelope, asked))
        });
        match asked {
            Ok((envelope, asked)) => {
                let _none_yet = self.renewals.file(envelope, asked);
                tracing::info!(
                    "asked the authority to renew this hub's certificate: `zerotrip authority \
                     refresh` does"
                );
            }
            Err(error) => tracing::error!(%error, "this hub's certificate cannot be renewed"),
        }
        true
    }

    async fn keep_bundle(
        &self,
        kind: BundleKind,
        version: u64,
        envelope: &Envelope,
    ) -> Result<(), Refusal> {
        self.ledger
            .put_bundle(kind, version, envelope.clone(), SystemTime::now())
            .await
            .map_err(ledger_refusal)?;
        Ok(())
    }
}

fn refused(error: PolicyError) -> Refusal {
    Refusal::new(error.code(), error.to_string())
}
