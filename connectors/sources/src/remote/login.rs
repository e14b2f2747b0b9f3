//! Logging in: passwords, which are read at every log-in and kept nowhere, and the
//! authorities that vouch for servers.

use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use tokio_rustls::rustls::RootCertStore;
use zerotrip_channel::files;
use zerotrip_datasets::file::{Password, Tls};
use zerotrip_proto::v1::ErrorCode;

use super::super::SourceError;

/// Where systems keep the authorities that they trust: Debian, openEuler and Red Hat, SUSE, Alpine.
const SYSTEM_ROOTS: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];
/// Bytes of a secret.
const MOST_SECRET: u64 = 4096;

/// The password, read again, so that a changed one needs no restart.
pub fn password(password: &Password, base: &Path) -> Result<Option<String>, SourceError> {
    match password {
        Password::None => Ok(None),
        Password::Environment(name) => match std::env::var(name) {
            Ok(password) => Ok(Some(password)),
            Err(_) => Err(misconfigured(format!(
                "no environment variable `{name}`; set it, or correct `source.password_env`"
            ))),
        },
        Password::File(path) => secret(&base.join(path), "source.password_file").map(Some),
    }
}

/// The user that the server does not let in, and what to correct: a password that was not given
/// cannot be corrected.
pub fn not_let_in(server: &str, user: &str, password: &Password) -> String {
    match password {
        Password::None => format!(
            "{server} does not let `{user}` in without a password, and none is given; name its \
             file in `source.password_file`, or correct `source.user`"
        ),
        Password::Environment(_) | Password::File(_) => {
            format!("{server} does not let `{user}` in; correct `source.user` or its password")
        }
    }
}

/// A short text in a file that no other account may read; `key` names the file.
pub fn secret(path: &Path, key: &str) -> Result<String, SourceError> {
    let failed =
        |why: String| misconfigured(format!("`{}`: {why}; correct it, or `{key}`", path.display()));
    let file = File::open(path).map_err(|error| failed(error.to_string()))?;
    let meta = file.metadata().map_err(|error| failed(error.to_string()))?;
    if !meta.is_file() {
        return Err(failed("not a regular file".to_owned()));
    }
    if meta.permissions().mode() & 0o077 != 0 {
        return Err(failed(
            "others than its owner may read it; `chmod 600` it, and change the secret".to_owned(),
        ));
    }
    let mut text = String::new();
    file.take(MOST_SECRET)
        .read_to_string(&mut text)
        .map_err(|_| failed("not a short text".to_owned()))?;
    let end = text.trim_end_matches(['\r', '\n']).len();
    text.truncate(end);
    Ok(text)
}

/// The certificates of the authorities that may vouch for the server; none where the connection is
/// not encrypted.
pub fn authorities(
    tls: &Tls,
    base: &Path,
) -> Result<Option<Vec<CertificateDer<'static>>>, SourceError> {
    let path: PathBuf = match tls {
        Tls::Off => return Ok(None),
        Tls::Verify { ca_file: Some(path) } => base.join(path),
        Tls::Verify { ca_file: None } => {
            let found =
                SYSTEM_ROOTS.iter().map(PathBuf::from).find(|path| fs::metadata(path).is_ok());
            found.ok_or_else(|| {
                misconfigured(
                    "this system keeps no list of authorities; name one in `source.ca_file`"
                        .to_owned(),
                )
            })?
        }
    };
    let failed = |why: &str| {
        misconfigured(format!("`{}` {why}; correct it, or `source.ca_file`", path.display()))
    };
    let text = files::read(&path)
        .map_err(|error| misconfigured(format!("{error}; correct `source.ca_file`")))?;
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let read = read.map_err(|_| failed("holds something that is not a certificate"))?;
    // The lists of systems hold some that nothing here can read; but one must be left.
    let usable: Vec<_> = read
        .into_iter()
        .filter(|certificate| RootCertStore::empty().add(certificate.clone()).is_ok())
        .collect();
    if usable.is_empty() {
        Err(failed("holds no certificate (PEM) of an authority"))
    } else {
        Ok(Some(usable))
    }
}

/// A setting must be corrected.
pub fn misconfigured(detail: String) -> SourceError {
    SourceError::new(ErrorCode::Misconfigured, detail)
}
