//! The running hub: what is in force, and the parts that every call shares.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use prost::Message as _;
use tokio::sync::watch;
use zerotrip_certs::definition::{Definition, DefinitionError};
use zerotrip_channel::files::{self, FileError};
use zerotrip_ledger::{BundleKind, DecidedUnder, Ledger, LedgerError, LogKeys};
use zerotrip_policies::{PolicyError, Snapshot, Unserved, open_grants};
use zerotrip_proto::Refusal;
use zerotrip_proto::v1::{Envelope, ErrorCode, KeyUsage};
use zerotrip_text::Bilingual;
use zerotrip_trust::directory::{Directory, DirectoryError};
use zerotrip_trust::ending::{self};
use zerotrip_trust::identity::Identity;
use zerotrip_trust::keys::{KeyError, PublicKey, SigningKey};
use zerotrip_trust::renewal;
use zerotrip_trust::tls::TlsError;
use zerotrip_trust::x509::{self, CertificateDer, TlsKey, X509Error, pem};

use crate::catalog::Catalog;
use crate::channels::Channels;
use crate::config::Config;
use crate::endings::CallersEnds;
use crate::engine::run::Engine;
use crate::exchange::MOST_BYTES;
use crate::limits::{KeyedQuota, MemoryBudget, RequestBudgets};
use crate::renewals::{Papers, Renewals};

/// What is in force: replaced whole, never changed.
#[derive(Debug)]
pub struct InForce {
    /// Who there is.
    pub directory: Directory,
    /// As the authority signed it.
    pub directory_envelope: Envelope,
    /// As the authority signed them.
    pub grants_envelope: Envelope,
    /// Version of the grants.
    pub grants_version: u64,
    /// What policy says.
    pub policy: Snapshot,
}

/// Keys and certificates of this hub.
#[derive(Debug)]
pub struct HubIdentity {
    /// Its URI.
    pub uri: String,
    /// The same, parsed.
    pub identity: Identity,
    /// Signs answers and grants.
    pub sign: SigningKey,
    /// TLS chain.
    pub chain: Vec<CertificateDer<'static>>,
    /// TLS key.
    pub tls_key: TlsKey,
    /// The root certificate.
    pub ca: CertificateDer<'static>,
    /// The authority's certificate, DER.
    pub authority_certificate: CertificateDer<'static>,
    /// The authority's key.
    pub authority: PublicKey,
}

/// The running hub.
#[derive(Debug)]
pub struct Hub {
    /// Keys and certificates.
    pub identity: HubIdentity,
    /// Bounds.
    pub config: Config,
    /// The durable truth.
    pub ledger: Ledger,
    /// The origin line of its checkpoints.
    pub origin: String,
    /// What can be asked.
    pub catalog: Catalog,
    /// Attached connectors.
    pub channels: Channels,
    /// What prepared plans run on.
    pub engine: Engine,
    /// Who has asked how much.
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

/// Why the hub cannot start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A file.
    #[error(transparent)]
    File(#[from] FileError),
    /// Not enrolled.
    #[error("`{0}` is not enrolled; run `zerotrip authority enrol-hub --dir <authority> --hub-dir {0}` first")]
    NotEnrolled(String),
    /// A key.
    #[error("a key of the hub: {0}")]
    Key(#[from] KeyError),
    /// A certificate.
    #[error("a certificate of the hub: {0}")]
    Certificate(#[from] X509Error),
    /// A damaged file.
    #[error("`{0}` is damaged: {1}")]
    Damaged(String, String),
    /// TLS.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The key directory.
    #[error("key directory: {0}")]
    Directory(#[from] DirectoryError),
    /// Policies or grants.
    #[error("policies: {0}")]
    Policy(#[from] PolicyError),
    /// A check's definition.
    #[error("{0}")]
    Definition(#[from] DefinitionError),
    /// The ledger.
    #[error("ledger: {0}")]
    Ledger(#[from] LedgerError),
    /// The ledger, on opening.
    #[error("ledger: {0}")]
    LedgerOpen(#[from] zerotrip_ledger::OpenError),
    /// DataFusion's runtime.
    #[error("the query engine: {0}")]
    Engine(#[from] datafusion::common::DataFusionError),
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
        let (ledger, recovered) = Ledger::open(&store, &origin, keys)?;
        let definitions = read_definitions(&config.definitions)?;
        let catalog = Catalog::new(definitions, &ledger)?;
        let in_force = InForce::restore(folder, &identity, &ledger, &catalog)?;
        // Departments' rows never touch the hub's disk: over the memory limit a check fails.
        let nowhere = DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled);
        let runtime =
            RuntimeEnvBuilder::new().with_memory_limit(config.memory_bytes, 1.0).with_disk_manager_builder(nowhere).build_arc()?;
        let hub = Self {
            engine: Engine::new(runtime),
            budgets: RequestBudgets::new(&config),
            exchanges: KeyedQuota::new(config.exchanges, config.exchanges.div_ceil(2)),
            answers: MemoryBudget::new(config.answers_bytes, MOST_BYTES),
            papers: Papers::new(folder, &identity)?,
            renewals: Renewals::default(),
            callers_ends: CallersEnds::default(),
            channels: Channels::default(),
            in_force: watch::Sender::new(Arc::new(in_force)),
            publishing: tokio::sync::Mutex::new(()),
            identity,
            config,
            ledger,
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

    /// Puts a newer key directory in force: durably, then here, then at every attached connector. One that does not confirm is
    /// detached: silence fails closed.
    pub async fn publish_directory(&self, envelope: Envelope) -> Result<(u32, Vec<String>), Refusal> {
        let _one_at_a_time = self.publishing.lock().await;
        let current = self.in_force();
        let now = SystemTime::now();
        let directory = Directory::open(&envelope, &self.identity.authority, now, 0);
        let directory = directory.map_err(|error| Refusal::new(error.code(), format!("key directory: {error}")))?;
        let (found, in_force) = (directory.version(), current.directory.version());
        if found <= in_force {
            let text = format!("key directory: version {found} is not newer than {in_force}, which is in force");
            return Err(Refusal::new(ErrorCode::StaleBundle, text));
        }
        let grants = open_grants(&current.grants_envelope, &self.identity.authority, 0).map_err(refused)?;
        let policy = Snapshot::try_new(&directory, &grants, &self.catalog.check_names()).map_err(refused)?;
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

    /// Puts a newer bundle of grants in force; gives those of them that grant nothing, because their checks are not served here.
    pub async fn publish_grants(&self, envelope: Envelope) -> Result<Vec<Unserved>, Refusal> {
        let _one_at_a_time = self.publishing.lock().await;
        let current = self.in_force();
        let grants = open_grants(&envelope, &self.identity.authority, current.grants_version + 1).map_err(refused)?;
        let directory_envelope = current.directory_envelope.clone();
        let directory = Directory::open(&directory_envelope, &self.identity.authority, SystemTime::now(), 0);
        let directory = directory.map_err(|error| Refusal::new(error.code(), format!("key directory: {error}")))?;
        let policy = Snapshot::try_new(&directory, &grants, &self.catalog.check_names()).map_err(refused)?;
        let grants_version = grants.version;
        self.keep_bundle(BundleKind::Grants, grants_version, &envelope).await?;
        let next = InForce { directory, directory_envelope, grants_envelope: envelope, grants_version, policy };
        warn_of_unserved(&next.policy);
        let unserved = next.policy.unserved().to_vec();
        self.in_force.send_replace(Arc::new(next));
        Ok(unserved)
    }

    /// Asks for the hub's own renewal where it is due; whether it was.
    pub fn ask_renewal(&self, now: SystemTime) -> bool {
        let Some(validity) = self.papers.validity() else { return false };
        if !ending::of_certificate(&self.identity.uri, validity, &Bilingual::new("", "")).is_due(now) {
            return false;
        }
        let asked = self.papers.request(&self.identity).and_then(|envelope| {
            let asked = renewal::open(&envelope, &self.in_force().directory, &self.identity.ca, now)?;
            Ok((envelope, asked))
        });
        match asked {
            Ok((envelope, asked)) => {
                let _none_yet = self.renewals.file(envelope, asked);
                tracing::info!("asked the authority to renew this hub's certificate: `zerotrip authority refresh` does");
            }
            Err(error) => tracing::error!(%error, "this hub's certificate cannot be renewed"),
        }
        true
    }

    async fn keep_bundle(&self, kind: BundleKind, version: u64, envelope: &Envelope) -> Result<(), Refusal> {
        self.ledger.put_bundle(kind, version, envelope.clone(), SystemTime::now()).await.map_err(ledger_refusal)?;
        Ok(())
    }
}

/// The check may be misspelled, or its definition gone from the hub.
fn warn_of_unserved(policy: &Snapshot) {
    for Unserved { grant, check } in policy.unserved() {
        tracing::warn!(%grant, %check, "this grant grants nothing: the hub serves no such check");
    }
}

fn refused(error: PolicyError) -> Refusal {
    Refusal::new(error.code(), error.to_string())
}

/// What the caller hears when nothing can be recorded: the details are for the operator.
pub fn ledger_refusal(error: LedgerError) -> Refusal {
    let code = error.code();
    tracing::error!(%error, "the ledger refused");
    match code {
        ErrorCode::LedgerUnavailable | ErrorCode::Internal => Refusal::bilingual(
            code,
            "the hub cannot record durably just now, so nothing proceeds; try again, and tell the operator if it lasts",
            "枢纽暂时无法可靠存证，因此不予办理；请稍后重试，持续出现请联系运营方",
        ),
        _ => Refusal::new(code, error.to_string()),
    }
}

impl InForce {
    /// Under which bundles a decision is made here.
    pub fn versions(&self) -> DecidedUnder {
        DecidedUnder { directory: self.directory.version(), grants: self.grants_version }
    }

    /// The newest bundles: from the store, or from the enrolment files at the first start.
    fn restore(folder: &Path, identity: &HubIdentity, ledger: &Ledger, catalog: &Catalog) -> Result<Self, OpenError> {
        let newest = |kind: BundleKind, file: &str| -> Result<Envelope, OpenError> {
            let kept = ledger.bundle(kind)?;
            let path = folder.join(file);
            let offered = match files::read(&path) {
                Ok(bytes) => Some(
                    Envelope::decode(bytes.as_slice())
                        .map_err(|error| OpenError::Damaged(path.display().to_string(), error.to_string()))?,
                ),
                Err(_) if kept.is_some() => None,
                Err(error) => return Err(error.into()),
            };
            Ok(match (kept, offered) {
                // The authority may have enrolled the hub anew with a fresher file; versions decide, and both are verified below.
                (Some((version, kept)), Some(offered)) => {
                    if version_of(kind, &offered) > version {
                        offered
                    } else {
                        kept
                    }
                }
                (Some((_, kept)), None) => kept,
                (None, Some(offered)) => offered,
                (None, None) => return Err(OpenError::NotEnrolled(folder.display().to_string())),
            })
        };
        let directory_envelope = newest(BundleKind::Directory, "directory.dsse")?;
        let grants_envelope = newest(BundleKind::Grants, "grants.dsse")?;
        // One that has ended serves to take a newer one: whoever relies on it asks whether it still holds.
        let directory = Directory::open_ended(&directory_envelope, &identity.authority, SystemTime::now(), 0)?;
        let grants = open_grants(&grants_envelope, &identity.authority, 0)?;
        let policy = Snapshot::try_new(&directory, &grants, &catalog.check_names())?;
        warn_of_unserved(&policy);
        Ok(Self { directory, directory_envelope, grants_envelope, grants_version: grants.version, policy })
    }
}

/// The version that an unverified bundle claims: only for choosing which one to verify.
fn version_of(kind: BundleKind, envelope: &Envelope) -> u64 {
    use zerotrip_proto::v1::{GrantBundle, KeyDirectory};
    let payload = envelope.payload.as_slice();
    if kind == BundleKind::Directory {
        KeyDirectory::decode(payload).map_or(0, |directory| directory.version)
    } else {
        GrantBundle::decode(payload).map_or(0, |grants| grants.version)
    }
}

impl HubIdentity {
    fn load(folder: &Path) -> Result<Self, OpenError> {
        if !folder.join("tls.pem").exists() {
            return Err(OpenError::NotEnrolled(folder.display().to_string()));
        }
        let text = |name: &str| files::read_text(&folder.join(name));
        let chain = pem::certificates(&text("tls.pem")?)?;
        let leaf = chain.first().ok_or_else(|| OpenError::NotEnrolled(folder.display().to_string()))?;
        let identity = x509::identity_of(leaf)?;
        let ca = pem::certificate(&text("ca.pem")?)?;
        let authority_certificate = pem::certificate(&text("authority.pem")?)?;
        Ok(Self {
            uri: identity.uri(),
            identity,
            sign: read_key(folder, "sign")?,
            tls_key: TlsKey::from_pem(&text("tls.key")?)?,
            authority: x509::authority_key_of(&authority_certificate, &ca)?,
            chain,
            ca,
            authority_certificate,
        })
    }
}

/// The name of this hub's log, and the keys that its tree heads are signed with. Those of before it was enrolled anew stand in the
/// directory that it was enrolled with; one that does not open names none, and what was published under them is refused by name.
pub fn log_keys(folder: &Path) -> Result<(String, LogKeys), OpenError> {
    let identity = HubIdentity::load(folder)?;
    let enrolled = files::read(&folder.join("directory.dsse")).ok().and_then(|bytes| Envelope::decode(bytes.as_slice()).ok());
    let directory = enrolled.and_then(|envelope| Directory::open_ended(&envelope, &identity.authority, SystemTime::now(), 0).ok());
    let ever = directory.map(|directory| directory.hub_keys_ever(&identity.uri, KeyUsage::Checkpoint)).unwrap_or_default();
    let former = ever.iter().map(|holder| holder.key.clone()).collect();
    let keys = LogKeys { sign: read_key(folder, "checkpoint")?, former };
    Ok((identity.uri.trim_start_matches("spiffe://").to_owned(), keys))
}

fn read_key(folder: &Path, name: &str) -> Result<SigningKey, OpenError> {
    Ok(SigningKey::from_pkcs8_pem(&files::read_text(&folder.join(format!("{name}.key")))?)?)
}

/// Every `*.toml` in the folder is a check's definition.
fn read_definitions(folder: &PathBuf) -> Result<Vec<Arc<Definition>>, OpenError> {
    let at = |error| FileError { path: folder.clone(), error };
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(at)? {
        let path = entry.map_err(at)?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            paths.push(path);
        }
    }
    paths.sort();
    let mut definitions: BTreeMap<String, Arc<Definition>> = BTreeMap::new();
    for path in paths {
        let definition = Definition::parse(&files::read_text(&path)?, &path.display().to_string())?;
        if definitions.contains_key(&definition.name) {
            let fault = format!("{}: check `{}` is defined twice", path.display(), definition.name);
            return Err(DefinitionError(vec![fault]).into());
        }
        definitions.insert(definition.name.clone(), Arc::new(definition));
    }
    Ok(definitions.into_values().collect())
}
