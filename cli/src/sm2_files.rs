//! Files of the SM2 suite: keys, certificates, electronic seals.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use zerotrip_channel::files;
use zerotrip_ofd::bounds::TRUSTED;
use zerotrip_ofd::{Seal, Sm2Certificate, Sm2SigningKey};
use zerotrip_text::{Explain as _, Failure as Said};

use crate::render::{Failure, USAGE};

fn at(path: &Path, said: Said) -> Failure {
    let at = format!("`{}`: ", path.display());
    Failure::of(USAGE, said.within(&at, &at))
}

/// A private key, which its owner alone can read.
pub(super) fn key(path: &Path) -> Result<Sm2SigningKey, Failure> {
    let text = files::read_text(path)?;
    let mode = std::fs::metadata(path)
        .map_err(|error| files::FileError { path: path.to_owned(), error })?
        .permissions()
        .mode();
    if mode & 0o077 != 0 {
        let said = Said::new("others can read this private key", "其他用户可以读取此私钥");
        let remedy = format!("chmod 600 {}", path.display());
        return Err(at(path, said.remedy(remedy.clone(), remedy)));
    }
    Sm2SigningKey::from_pkcs8_pem(&text).map_err(|error| {
        let said =
            Said::new(error.to_string(), "不是 PKCS #8 格式（`BEGIN PRIVATE KEY`）的 SM2 私钥");
        at(path, said)
    })
}

/// A certificate over an SM2 key.
pub(super) fn certificate(path: &Path) -> Result<Sm2Certificate, Failure> {
    let read = Sm2Certificate::from_pem(&files::read_text(path)?);
    read.map_err(|error| at(path, error.explain()))
}

/// Certificates that are trusted.
pub(super) fn certificates(paths: &[PathBuf]) -> Result<Vec<Sm2Certificate>, Failure> {
    if paths.len() > TRUSTED {
        return Err(Failure::new(
            USAGE,
            format!("more than {TRUSTED} certificates are named"),
            format!("所列证书超过 {TRUSTED} 个"),
        ));
    }
    paths.iter().map(|path| certificate(path)).collect()
}

/// An electronic seal.
pub(super) fn seal(path: &Path) -> Result<Seal, Failure> {
    Seal::read(&files::read(path)?).map_err(|error| at(path, error.explain()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_private_key_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("organ.key");
        let text = Sm2SigningKey::from_secret(&[7; 32]).unwrap().to_pkcs8_pem().unwrap();
        files::write(&path, text.as_bytes(), files::Secrecy::Public).unwrap();
        let refused = key(&path).unwrap_err();
        assert!(refused.said.what.en.contains("others can read"), "{refused:?}");
        assert!(refused.said.remedy.unwrap().en.starts_with("chmod 600"));
        files::write(&path, text.as_bytes(), files::Secrecy::Private).unwrap();
        assert!(key(&path).is_ok());
    }
}
