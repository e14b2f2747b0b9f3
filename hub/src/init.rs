//! `zerotrip-hub init`: makes the hub's keys where they will live, and the papers that the
//! authority signs.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use zerotrip_channel::files::{self, FileError, Secrecy};
use zerotrip_trust::identity::{Identity, IdentityError};
use zerotrip_trust::keys::{Algorithm, KeyError, SigningKey};
use zerotrip_trust::x509::{self, TlsKey, X509Error};

/// `enrolment.toml`.
#[derive(Serialize)]
struct Enrolment {
    uri: String,
    csr: String,
    keys: Vec<EnrolmentKey>,
}

#[derive(Serialize)]
struct EnrolmentKey {
    usage: &'static str,
    public: String,
}

/// Why it failed.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// There are keys already.
    #[error("`{0}` already holds a hub's keys; use an empty folder")]
    Occupied(String),
    /// The name.
    #[error(transparent)]
    Name(#[from] IdentityError),
    /// A key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The request.
    #[error(transparent)]
    Request(#[from] X509Error),
    /// A file.
    #[error(transparent)]
    File(#[from] FileError),
    /// The papers.
    #[error("enrolment.toml cannot be written: {0}")]
    Papers(#[from] toml::ser::Error),
}

/// Makes TLS, SIGN and CHECKPOINT keys and `enrolment.toml`.
pub fn init(folder: &Path, trust_domain: &str, name: &str) -> Result<Identity, InitError> {
    files::check_folder(folder)?;
    if folder.join("enrolment.toml").exists() {
        return Err(InitError::Occupied(folder.display().to_string()));
    }
    let identity = Identity::hub(trust_domain, name)?;
    let tls_key = TlsKey::generate()?;
    files::write(&folder.join("tls.key"), tls_key.to_pem().as_bytes(), Secrecy::Private)?;
    let mut keys = Vec::new();
    for usage in ["sign", "checkpoint"] {
        let key = SigningKey::generate(Algorithm::Ed25519)?;
        files::write(
            &folder.join(format!("{usage}.key")),
            key.to_pkcs8_pem().as_bytes(),
            Secrecy::Private,
        )?;
        keys.push(EnrolmentKey { usage, public: STANDARD.encode(key.public().bytes()) });
    }
    // The names under which it is dialled are the authority's to grant: they are not in the
    // request.
    let csr = x509::make_csr(&tls_key, &identity, &[], &[])?;
    let papers =
        toml::to_string(&Enrolment { uri: identity.uri(), csr: STANDARD.encode(csr), keys })?;
    files::write(&folder.join("enrolment.toml"), papers.as_bytes(), Secrecy::Public)?;
    Ok(identity)
}
