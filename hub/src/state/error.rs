//! Why the hub cannot start.

use zerotrip_channel::files::FileError;
use zerotrip_checks::definition::DefinitionError;
use zerotrip_ledger::LedgerError;
use zerotrip_policies::PolicyError;
use zerotrip_trust::directory::DirectoryError;
use zerotrip_trust::keys::KeyError;
use zerotrip_trust::tls::TlsError;
use zerotrip_trust::x509::X509Error;
use zerotrip_trust::x509::pem::PemError;

use crate::config::ConfigError;

/// Why the hub cannot start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A file.
    #[error(transparent)]
    File(#[from] FileError),
    /// Not enrolled.
    #[error(
        "`{0}` is not enrolled; run `zerotrip authority enrol-hub --dir <authority> --hub-dir \
         {0}` first"
    )]
    NotEnrolled(String),
    /// A key.
    #[error("a key of the hub: {0}")]
    Key(#[from] KeyError),
    /// A certificate.
    #[error("a certificate of the hub: {0}")]
    Certificate(#[from] X509Error),
    /// A PEM file.
    #[error("a certificate of the hub: {0}")]
    Pem(#[from] PemError),
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
    /// The files that the settings name.
    #[error(transparent)]
    Settings(#[from] ConfigError),
    /// DataFusion's runtime.
    #[error("the query engine: {0}")]
    Engine(#[from] datafusion::common::DataFusionError),
}
