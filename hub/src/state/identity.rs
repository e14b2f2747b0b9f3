//! The hub's own keys and certificates, and the name of its log.

use std::path::Path;
use std::time::SystemTime;

use prost::Message as _;
use zerotrip_channel::files;
use zerotrip_ledger::LogKeys;
use zerotrip_proto::v1::{Envelope, KeyUsage};
use zerotrip_trust::directory::Directory;
use zerotrip_trust::identity::Identity;
use zerotrip_trust::keys::{PublicKey, SigningKey};
use zerotrip_trust::x509::{self, CertificateDer, TlsKey, pem};

use super::error::OpenError;

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

impl HubIdentity {
    /// Reads them; refused where the hub is not enrolled.
    pub fn load(folder: &Path) -> Result<Self, OpenError> {
        if !folder.join("tls.pem").exists() {
            return Err(OpenError::NotEnrolled(folder.display().to_string()));
        }
        let text = |name: &str| files::read_text(&folder.join(name));
        let chain = pem::certificates(&text("tls.pem")?)?;
        let leaf =
            chain.first().ok_or_else(|| OpenError::NotEnrolled(folder.display().to_string()))?;
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

/// The name of this hub's log, and the keys that its tree heads are signed with. Its keys from
/// before it was enrolled anew are in the directory that it was enrolled with; a directory that
/// does not open names none, and what was published under them is refused by name.
pub fn log_keys(folder: &Path) -> Result<(String, LogKeys), OpenError> {
    let identity = HubIdentity::load(folder)?;
    let enrolled = files::read(&folder.join("directory.dsse"))
        .ok()
        .and_then(|bytes| Envelope::decode(bytes.as_slice()).ok());
    let directory = enrolled.and_then(|envelope| {
        Directory::open_ended(&envelope, &identity.authority, SystemTime::now(), 0).ok()
    });
    let ever = directory
        .map(|directory| directory.hub_keys_ever(&identity.uri, KeyUsage::Checkpoint))
        .unwrap_or_default();
    let former = ever.iter().map(|holder| holder.key.clone()).collect();
    let keys = LogKeys { sign: read_key(folder, "checkpoint")?, former };
    Ok((identity.uri.trim_start_matches("spiffe://").to_owned(), keys))
}

fn read_key(folder: &Path, name: &str) -> Result<SigningKey, OpenError> {
    Ok(SigningKey::from_pkcs8_pem(&files::read_text(&folder.join(format!("{name}.key")))?)?)
}
