//! The sealing key of a system, with its certificate where it has one.

use std::path::Path;

use zerotrip_channel::SystemHome;
use zerotrip_channel::files;
use zerotrip_trust::keys::SigningKey;
use zerotrip_trust::x509::{CertificateDer, check_issued_by, pem, sealing_key_of};

use super::error::RegisterError;

/// The certificate's file in the system's folder, as `zerotrip member seal-certificate` writes it.
pub const SEAL_CERTIFICATE: &str = "seal.pem";

/// A sealing key.
#[derive(Clone, Debug)]
pub struct Sealer {
    /// The key.
    pub key: SigningKey,
    /// Its certificate, which the authority's root signed.
    pub certificate: Option<CertificateDer<'static>>,
}

impl Sealer {
    /// What is in the system's folder.
    pub fn load(home: &SystemHome) -> Result<Self, RegisterError> {
        let key = home.key("seal")?;
        let path = home.folder.join(SEAL_CERTIFICATE);
        if !files::is_there(&path) {
            return Ok(Self { key, certificate: None });
        }
        let wrong = |why: String| RegisterError::Settings { path: path.display().to_string(), why };
        let certificate = pem::certificate(&files::read_text(&path)?);
        let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
        let (holder, certified) =
            sealing_key_of(&certificate).map_err(|error| wrong(error.to_string()))?;
        check_issued_by(&certificate, home.ca()).map_err(|error| wrong(error.to_string()))?;
        if certified != *key.public() || holder != home.system {
            return Err(wrong("it is not over this system's `seal.key`".to_owned()));
        }
        Ok(Self { key, certificate: Some(certificate) })
    }

    /// The certificate, where one is needed.
    pub fn certificate(&self, home: &Path) -> Result<&CertificateDer<'static>, RegisterError> {
        let path = home.join(SEAL_CERTIFICATE);
        self.certificate
            .as_ref()
            .ok_or_else(|| RegisterError::NoCertificate(path.display().to_string()))
    }
}
