//! A certificate for `127.0.0.1` alone, so that any other name for the same machine does not fit.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, SanType};

use crate::ServerError;
use crate::process::io;

/// Writes `ca.pem`, `server.pem` and `server.key` into the folder; the key is readable by `owner`
/// alone.
pub fn write(folder: &Path, owner: Option<u32>) -> Result<(), ServerError> {
    let ca_key = KeyPair::generate()?;
    let mut ca = CertificateParams::new(Vec::new())?;
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca_certificate = ca.self_signed(&ca_key)?;
    let key = KeyPair::generate()?;
    let mut server = CertificateParams::new(Vec::new())?;
    server.subject_alt_names = vec![SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST))];
    let certificate = server.signed_by(&key, &Issuer::from_params(&ca, &ca_key))?;
    for (name, text) in [
        ("ca.pem", ca_certificate.pem()),
        ("server.pem", certificate.pem()),
        ("server.key", key.serialize_pem()),
    ] {
        let path = folder.join(name);
        fs::write(&path, text).map_err(|error| io(&path, error))?;
        chown(&path, owner, None).map_err(|error| io(&path, error))?;
    }
    let key = folder.join("server.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).map_err(|error| io(&key, error))
}
