//! The folder where a system's keys live: made by `join`, at the place where they will be used, and
//! never copied from there.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use prost::Message as _;
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use serde::{Deserialize, Serialize};
use zerotrip_proto::Refusal;
use zerotrip_proto::v1::Envelope;
use zerotrip_trust::directory::{Directory, DirectoryError};
use zerotrip_trust::ending::utc;
use zerotrip_trust::identity::Identity;
use zerotrip_trust::keys::{PublicKey, SigningKey};
use zerotrip_trust::renewal::RenewalError;
use zerotrip_trust::tls::{self, ExpectedPeer};
use zerotrip_trust::x509::{self, TlsKey, pem};

use crate::files::{self, FileError, Secrecy};
use crate::{Address, ClientError, DialError};

/// What a system is and where its hub is; see the module.
#[derive(Clone, Debug)]
pub struct SystemHome {
    /// The folder.
    pub folder: PathBuf,
    /// The system.
    pub system: Identity,
    /// Its hub.
    pub hub: Identity,
    /// Where the hub listens.
    pub address: Address,
    /// The key that signs requests and receipts.
    pub sign: SigningKey,
    /// The authority's key, which signs the directory; certified by the root.
    pub authority: PublicKey,
    chain: Vec<CertificateDer<'static>>,
    pub(crate) tls_key: TlsKey,
    pub(crate) ca: CertificateDer<'static>,
}

/// `identity.toml`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IdentityFile {
    pub system: String,
    pub hub: String,
    pub url: String,
}

/// What is wrong with the folder.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// No system joined in this folder.
    #[error(
        "`{0}` is not a system's folder; name one with `--dir`, or `join` with the authority's invitation first"
    )]
    NotJoined(String),
    /// A file.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file's content.
    #[error("`{path}`: {why}")]
    Content {
        /// Which.
        path: String,
        /// Why.
        why: String,
    },
    /// The kept or offered key directory.
    #[error("key directory: {0}")]
    Directory(#[from] DirectoryError),
    /// The hub cannot be reached, or is not this system's.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// The connection broke.
    #[error(transparent)]
    Connection(#[from] ClientError),
    /// The hub refused.
    #[error("the hub refuses: {0}")]
    Refused(Refusal),
    /// With a certificate that has ended nothing can be called.
    #[error(
        "the TLS certificate of `{uri}` ended on {ended}, by this machine's clock; ask for its \
         renewal with `renew`, which the authority grants with `zerotrip member renew` (the \
         authority's own: `zerotrip authority renew`)"
    )]
    Ended {
        /// Whose.
        uri: String,
        /// When.
        ended: String,
    },
    /// Its certificate cannot be renewed, or not with what came.
    #[error("the certificate is not renewed: {0}")]
    Renewal(#[from] RenewalError),
    /// It was asked for the key directory and sent none.
    #[error("the hub sent no key directory")]
    NoDirectory,
}

impl HomeError {
    /// Whether time alone can end it: a hub that comes back, or a directory that the authority
    /// publishes.
    pub fn passes(&self) -> bool {
        matches!(
            self,
            Self::Dial(DialError::Connect { .. } | DialError::Timeout(_))
                | Self::Connection(_)
                | Self::Directory(DirectoryError::Expired(_))
        )
    }
}

impl SystemHome {
    /// Reads the folder.
    pub fn load(folder: &Path) -> Result<Self, HomeError> {
        files::check_folder(folder)?;
        let path = folder.join("identity.toml");
        if !path.exists() {
            return Err(HomeError::NotJoined(folder.display().to_string()));
        }
        let text = files::read_text(&path)?;
        let identity: IdentityFile =
            toml::from_str(&text).map_err(|error| content(&path, error.message()))?;
        let ca = certificate(&folder.join("ca.pem"))?;
        let authority = certificate(&folder.join("authority.pem"))?;
        Ok(Self {
            folder: folder.to_owned(),
            system: identity.system.parse().map_err(|error| content(&path, &error))?,
            hub: identity.hub.parse().map_err(|error| content(&path, &error))?,
            address: identity.url.parse().map_err(|error: DialError| content(&path, &error))?,
            sign: signing_key(&folder.join("sign.key"))?,
            authority: x509::authority_key_of(&authority, &ca)
                .map_err(|error| content(&folder.join("authority.pem"), &error))?,
            chain: certificates(&folder.join("tls.pem"))?,
            tls_key: TlsKey::from_pem(&files::read_text(&folder.join("tls.key"))?)
                .map_err(|error| content(&folder.join("tls.key"), &error))?,
            ca,
        })
    }

    /// The system's URI.
    pub fn uri(&self) -> String {
        self.system.uri()
    }

    /// Refuses a certificate that has ended, in words that the other end's refusal would not have.
    pub fn certificate_holds(&self, now: SystemTime) -> Result<(), HomeError> {
        match self.certificate_ends() {
            Some(ends) if ends <= now => {
                Err(HomeError::Ended { uri: self.uri(), ended: utc(ends) })
            }
            _ => Ok(()),
        }
    }

    /// When this system's TLS certificate ends; `None` where that cannot be read.
    pub fn certificate_ends(&self) -> Option<SystemTime> {
        self.chain.first().and_then(|own| x509::validity_of(own).ok()).map(|(_, ends)| ends)
    }

    /// This system's certificate.
    pub fn certificate(&self) -> Option<&CertificateDer<'static>> {
        self.chain.first()
    }

    /// This system's TLS key.
    pub fn tls_key(&self) -> &TlsKey {
        &self.tls_key
    }

    /// The root certificate.
    pub fn ca(&self) -> &CertificateDer<'static> {
        &self.ca
    }

    /// How to dial the hub as this system.
    pub fn tls(&self, alpn: &[u8]) -> Result<Arc<ClientConfig>, HomeError> {
        self.tls_to(self.expected_hub()?, alpn)
    }

    /// How to dial a hub whose own certificate may have ended: only to hand it a renewed one.
    pub fn tls_to_ended_hub(&self, alpn: &[u8]) -> Result<Arc<ClientConfig>, HomeError> {
        self.tls_to(self.expected_hub()?.or_ended(), alpn)
    }

    fn tls_to(&self, hub: ExpectedPeer, alpn: &[u8]) -> Result<Arc<ClientConfig>, HomeError> {
        let config = tls::client_config(Some((&self.chain, &self.tls_key)), &self.ca, hub, &[alpn]);
        config.map_err(|error| content(&self.folder.join("tls.pem"), &error))
    }

    /// How to dial the hub for a call that needs no certificate: one that has ended is not shown,
    /// for with it nothing could be called.
    pub(crate) fn tls_or_none(
        &self,
        alpn: &[u8],
        now: SystemTime,
    ) -> Result<Arc<ClientConfig>, HomeError> {
        if self.certificate_ends().is_some_and(|ends| ends > now) {
            return self.tls(alpn);
        }
        let config = tls::client_config(None, &self.ca, self.expected_hub()?, &[alpn]);
        config.map_err(|error| content(&self.folder.join("ca.pem"), &error))
    }

    /// The hub, by a certificate that counts by the newest key directory that was kept here,
    /// whether that has ended or not.
    fn expected_hub(&self) -> Result<ExpectedPeer, HomeError> {
        let kept = self.known_directory(SystemTime::now())?;
        Ok(ExpectedPeer::new(&self.hub).known_as(kept.and_then(|kept| kept.hub_tls(&self.hub))))
    }

    /// One of the system's other keys: `approve` or `seal`.
    pub fn key(&self, name: &str) -> Result<SigningKey, HomeError> {
        signing_key(&self.folder.join(format!("{name}.key")))
    }

    /// The newest key directory that was kept here, if it still holds.
    pub fn directory(&self, now: SystemTime) -> Result<Directory, HomeError> {
        Ok(Directory::open(&self.kept_directory()?, &self.authority, now, 0)?)
    }

    /// The key directory as it was kept here: not verified, perhaps expired.
    pub fn kept_directory(&self) -> Result<Envelope, HomeError> {
        let path = self.folder.join("directory.dsse");
        Envelope::decode(files::read(&path)?.as_slice()).map_err(|error| content(&path, &error))
    }

    /// The newest key directory that was kept here, ended or not; `None` where none was.
    fn known_directory(&self, now: SystemTime) -> Result<Option<Directory>, HomeError> {
        if !files::is_there(&self.folder.join("directory.dsse")) {
            return Ok(None);
        }
        Ok(Some(Directory::open_ended(&self.kept_directory()?, &self.authority, now, 0)?))
    }

    /// Opens a key directory as the hub gave it, which must come after the one kept here, and keeps
    /// it.
    pub fn accept_directory(
        &self,
        envelope: &Envelope,
        now: SystemTime,
    ) -> Result<Directory, HomeError> {
        let known = self.known_directory(now)?;
        let directory = match &known {
            Some(known) => Directory::open_after(envelope, &self.authority, now, known)?,
            None => Directory::open(envelope, &self.authority, now, 0)?,
        };
        if known.is_none_or(|known| known.version() < directory.version()) {
            self.keep_directory(envelope)?;
        }
        Ok(directory)
    }

    /// Keeps a key directory, verified already.
    pub fn keep_directory(&self, envelope: &Envelope) -> Result<(), HomeError> {
        Ok(files::write(
            &self.folder.join("directory.dsse"),
            &envelope.encode_to_vec(),
            Secrecy::Public,
        )?)
    }
}

fn certificate(path: &Path) -> Result<CertificateDer<'static>, HomeError> {
    pem::certificate(&files::read_text(path)?).map_err(|error| content(path, &error))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, HomeError> {
    pem::certificates(&files::read_text(path)?).map_err(|error| content(path, &error))
}

fn signing_key(path: &Path) -> Result<SigningKey, HomeError> {
    SigningKey::from_pkcs8_pem(&files::read_text(path)?).map_err(|error| content(path, &error))
}

fn content(path: &Path, why: &(impl std::fmt::Display + ?Sized)) -> HomeError {
    HomeError::Content { path: path.display().to_string(), why: why.to_string() }
}
