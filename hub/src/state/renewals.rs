//! The systems that wait for a renewed certificate, and the certificates that came. Kept in memory
//! only: a hub that restarts forgets them, and holders ask again every hour, for 60 days. The hub
//! can renew none, not even its own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::SystemTime;

use tokio_rustls::rustls::ServerConfig;
use zerotrip_channel::files::{self, FileError, Secrecy};
use zerotrip_proto::v1::Envelope;
use zerotrip_proto::{Refusal, bounds};
use zerotrip_trust::directory::Directory;
use zerotrip_trust::renewal::{self, RenewalError};
use zerotrip_trust::tls::{self, TlsError};
use zerotrip_trust::x509::{self, CertificateDer, pem};

use super::identity::HubIdentity;

/// Where the hub's own chain is.
const CHAIN: &str = "tls.pem";

/// The waiting, by their URI: no more than the directory lists.
#[derive(Debug, Default)]
pub struct Renewals(Mutex<BTreeMap<String, Waiting>>);

#[derive(Debug)]
struct Waiting {
    renewal: Envelope,
    csr: Vec<u8>,
    /// When the certificate ends that is to be renewed.
    ends: SystemTime,
    chain: Vec<Vec<u8>>,
}

impl Renewals {
    /// Files a request whose every claim was verified by [`renewal::open`]; the renewed chain, if
    /// it is there.
    pub fn file(&self, envelope: Envelope, asked: renewal::Renewal) -> Vec<Vec<u8>> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let uri = asked.holder.uri();
        match waiting.get(&uri) {
            // A request that is repeated, or an older one that is replayed, changes nothing.
            Some(known) if known.ends >= asked.ends => known.chain.clone(),
            _ => {
                let new = Waiting {
                    renewal: envelope,
                    csr: asked.csr,
                    ends: asked.ends,
                    chain: Vec::new(),
                };
                waiting.insert(uri, new);
                Vec::new()
            }
        }
    }

    /// Who waits, and is still who the directory lists.
    pub fn waiting(
        &self,
        directory: &Directory,
        ca: &CertificateDer<'_>,
        now: SystemTime,
    ) -> Vec<Envelope> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|_, one| renewal::open(&one.renewal, directory, ca, now).is_ok());
        waiting.values().filter(|one| one.chain.is_empty()).map(|one| one.renewal.clone()).collect()
    }

    /// Files the chain for one who waits; whether that is one.
    pub fn admit(
        &self,
        holder: &str,
        chain: Vec<Vec<u8>>,
        ca: &CertificateDer<'_>,
    ) -> Result<bool, RenewalError> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(one) = waiting.get_mut(holder) else { return Ok(false) };
        let leaf = CertificateDer::from(chain.first().map(Vec::as_slice).unwrap_or_default());
        x509::check_issued_by(&leaf, ca)?;
        if x509::identity_of(&leaf)?.uri() != holder
            || !x509::is_request_over_key_of(&one.csr, &leaf)?
        {
            return Err(RenewalError::AnotherKey);
        }
        if x509::validity_of(&leaf)?.1 <= one.ends {
            return Err(RenewalError::NotLater);
        }
        one.chain = chain;
        Ok(true)
    }
}

/// The hub's own chain and the TLS configuration made of it: replaced when it is renewed, without a
/// restart.
#[derive(Debug)]
pub struct Papers {
    folder: PathBuf,
    current: RwLock<Current>,
}

#[derive(Clone, Debug)]
struct Current {
    chain: Vec<CertificateDer<'static>>,
    tls: Arc<ServerConfig>,
}

/// Why a renewed chain is not in use.
#[derive(Debug, thiserror::Error)]
pub enum PapersError {
    /// It may not take the present one's place.
    #[error(transparent)]
    Renewal(#[from] RenewalError),
    /// TLS.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// It cannot be kept.
    #[error(transparent)]
    File(#[from] FileError),
}

impl Papers {
    /// The chain that the folder holds.
    pub fn new(folder: &Path, identity: &HubIdentity) -> Result<Self, TlsError> {
        let chain = identity.chain.clone();
        let current = RwLock::new(Current { tls: configured(&chain, identity)?, chain });
        Ok(Self { folder: folder.to_owned(), current })
    }

    /// For the next handshake.
    pub fn tls(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.current().tls)
    }

    /// From when until when the hub's own certificate holds; `None` where that cannot be read.
    pub fn validity(&self) -> Option<(SystemTime, SystemTime)> {
        self.current().chain.first().and_then(|own| x509::validity_of(own).ok())
    }

    /// What the hub signs to have its own renewed.
    pub fn request(&self, identity: &HubIdentity) -> Result<Envelope, RenewalError> {
        let chain = self.current().chain;
        let own = chain.first().ok_or(RenewalError::NotLater)?;
        renewal::request(own, &identity.tls_key, &identity.sign)
    }

    /// Puts a renewed chain in use, once it is kept; says until when it holds.
    pub fn renewed(
        &self,
        chain: Vec<Vec<u8>>,
        identity: &HubIdentity,
        now: SystemTime,
    ) -> Result<SystemTime, PapersError> {
        let chain: Vec<CertificateDer<'static>> =
            chain.into_iter().map(CertificateDer::from).collect();
        let present = self.current().chain;
        let (Some(renewed), Some(own)) = (chain.first(), present.first()) else {
            return Err(RenewalError::NotLater.into());
        };
        let ends = renewal::accept(renewed, own, &identity.tls_key, &identity.ca, now)?;
        let tls = configured(&chain, identity)?;
        let text: String = chain.iter().map(|cert| pem::encode(pem::CERTIFICATE, cert)).collect();
        files::write(&self.folder.join(CHAIN), text.as_bytes(), Secrecy::Public)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Current { chain, tls };
        Ok(ends)
    }

    fn current(&self) -> Current {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn configured(
    chain: &[CertificateDer<'static>],
    identity: &HubIdentity,
) -> Result<Arc<ServerConfig>, TlsError> {
    tls::server_config(
        chain,
        &identity.tls_key,
        &identity.ca,
        &[bounds::ALPN_H2, bounds::ALPN_CHANNEL],
    )
}

/// As the system that asks for a renewal gets it.
pub fn not_renewed(error: &RenewalError) -> Refusal {
    Refusal::new(error.code(), error.to_string())
}
