//! The settings of `[segments]` in `hub.toml`: raw → validated → the place itself.

use std::fs::{self, File};
use std::io::Read as _;
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use http::Uri;
use serde::Deserialize;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use zerotrip_channel::files;
use zerotrip_ledger::{Folder, Place};

use super::at::{At, Keys};
use super::bucket::Bucket;
use super::transport::Transport;

/// Longest file of an access key, in bytes.
const MOST_KEYS: u64 = 4096;

/// `[segments]` in `hub.toml`: where segments go that are full. Without it they stay.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawSegments {
    /// `s3://bucket/prefix`, or `file:///folder` of a mounted store; the prefix can be left out.
    to: String,
    /// Of `s3://`: `https://host:port`. `http://` on this machine alone.
    endpoint: Option<String>,
    /// Of `s3://`: the region that requests are signed for; default `us-east-1`.
    region: Option<String>,
    /// Of `s3://`: a file with `access_key_id` and `secret_access_key`, which its owner alone may
    /// read.
    keys: Option<PathBuf>,
    /// Of `https://`: the certificates (PEM) of the authorities that vouch for the endpoint.
    ca: Option<PathBuf>,
}

/// The same, validated; paths are from the hub's folder.
#[derive(Clone, Debug)]
pub enum Segments {
    /// A mounted store.
    Folder(PathBuf),
    /// A bucket.
    Bucket(At),
}

impl RawSegments {
    /// Every fault at once.
    pub fn validated(self, folder: &Path) -> Result<Segments, Vec<String>> {
        let mut faults = Vec::new();
        let foreign = |faults: &mut Vec<String>, given: bool, key: &str, to: &str| {
            if given {
                faults.push(format!("`{key}` is not for `{to}`; take it out"));
            }
        };
        if let Some(path) = self.to.strip_prefix("file://") {
            for (given, key) in [
                (self.endpoint.is_some(), "endpoint"),
                (self.region.is_some(), "region"),
                (self.keys.is_some(), "keys"),
                (self.ca.is_some(), "ca"),
            ] {
                foreign(&mut faults, given, key, "file://");
            }
            let path = Path::new(path);
            if !path.is_absolute() || path.components().any(|part| part.as_os_str() == "..") {
                faults.push(format!("`to` = `{}` is no `file:///folder`", shown(&self.to)));
            }
            return if faults.is_empty() {
                Ok(Segments::Folder(path.to_owned()))
            } else {
                Err(faults)
            };
        }
        let (bucket, prefix) = match self.to.strip_prefix("s3://").map(bucket_and_prefix) {
            Some(Some((bucket, prefix))) => (bucket.to_owned(), prefix.to_owned()),
            _ => {
                faults.push(format!(
                    "`to` = `{}` is neither `s3://bucket/prefix` nor `file:///folder`; a bucket \
                     is 3 to 63 lower-case letters, digits, `-` and `.`, a prefix names of \
                     letters, digits, `-`, `_` and `.` with `/` between them",
                    shown(&self.to)
                ));
                Default::default()
            }
        };
        let endpoint = self.endpoint.unwrap_or_default();
        match scheme_of(&endpoint) {
            Some(Scheme::Https) if self.ca.is_none() => faults.push(
                "`ca` is missing: the file of the authorities that vouch for `endpoint`, in PEM"
                    .to_owned(),
            ),
            Some(Scheme::Http) => foreign(&mut faults, self.ca.is_some(), "ca", "http://"),
            Some(Scheme::Https) => {}
            None => faults.push(format!(
                "`endpoint` = `{}` is no `https://host:port`; `http://` is for this machine alone \
                 (127.0.0.1, [::1], localhost)",
                shown(&endpoint)
            )),
        }
        let region = self.region.unwrap_or_else(|| "us-east-1".to_owned());
        if region.is_empty() || region.len() > 64 || !region.bytes().all(is_plain) {
            faults.push(format!("`region` = `{}` is no region", shown(&region)));
        }
        let keys = self.keys.unwrap_or_default();
        if keys.as_os_str().is_empty() {
            faults.push(
                "`keys` is missing: the file with `access_key_id` and `secret_access_key`"
                    .to_owned(),
            );
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Segments::Bucket(At {
            url: self.to.trim_end_matches('/').to_owned(),
            bucket,
            prefix,
            endpoint: endpoint.trim_end_matches('/').to_owned(),
            region,
            keys: folder.join(keys),
            ca: self.ca.map(|ca| folder.join(ca)),
        }))
    }
}

impl Segments {
    /// The place; within a runtime, which it uses.
    pub fn open(&self) -> Result<Arc<dyn Place>, String> {
        let at = match self {
            Self::Folder(path) => return Ok(Arc::new(Folder::new(path))),
            Self::Bucket(at) => at,
        };
        let keys = read_keys(&at.keys)?;
        let transport = Transport::new(&at.ca.as_deref().map_or(Ok(Vec::new()), authorities)?)?;
        Ok(Arc::new(Bucket::new(at, keys, transport)?))
    }
}

fn shown(text: &str) -> String {
    zerotrip_text::shown(&zerotrip_text::cut(text))
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
}

fn bucket_and_prefix(text: &str) -> Option<(&str, &str)> {
    let (bucket, prefix) = text.split_once('/').unwrap_or((text, ""));
    let at_ends = |byte: Option<u8>| byte.is_some_and(|byte| is_plain(byte) && byte != b'-');
    let named = (3..=63).contains(&bucket.len())
        && bucket.bytes().all(|byte| is_plain(byte) || byte == b'.')
        && !bucket.contains("..")
        && at_ends(bucket.bytes().next())
        && at_ends(bucket.bytes().last());
    let prefix = prefix.trim_end_matches('/');
    let part = |part: &str| {
        !part.is_empty()
            && part != "."
            && part != ".."
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    let placed = prefix.is_empty() || (prefix.len() <= 512 && prefix.split('/').all(part));
    (named && placed).then_some((bucket, prefix))
}

#[derive(PartialEq, Eq)]
enum Scheme {
    Http,
    Https,
}

/// Of an endpoint: scheme, host and port, and nothing else.
fn scheme_of(endpoint: &str) -> Option<Scheme> {
    let uri: Uri = endpoint.parse().ok()?;
    let authority = uri.authority()?;
    let bare = uri.path() == "/" && uri.query().is_none() && !authority.as_str().contains('@');
    let host = authority.host();
    let is_here = host == "localhost"
        || host
            .trim_matches(['[', ']'])
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback());
    match uri.scheme_str()? {
        "https" if bare => Some(Scheme::Https),
        "http" if bare && is_here => Some(Scheme::Http),
        _ => None,
    }
}

/// Nothing of what is in the file is in an error.
fn read_keys(path: &Path) -> Result<Keys, String> {
    let failed = |why: &dyn std::fmt::Display| {
        format!("`{}`: {why}; correct it, or `keys` under `[segments]`", path.display())
    };
    let found = fs::metadata(path).map_err(|error| failed(&error))?;
    if !found.is_file() {
        return Err(failed(&"is not a regular file"));
    }
    let file = File::open(path).map_err(|error| failed(&error))?;
    let found = file.metadata().map_err(|error| failed(&error))?;
    if !found.is_file() {
        return Err(failed(&"is not a regular file"));
    }
    if found.permissions().mode() & 0o077 != 0 {
        return Err(failed(
            &"others than its owner may read it: `chmod 600` it, and change the key",
        ));
    }
    let mut text = String::new();
    let read = file.take(MOST_KEYS).read_to_string(&mut text);
    let keys = read.ok().and_then(|_| toml::from_str::<Keys>(&text).ok());
    let is_key =
        |text: &String| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    keys.filter(|keys| is_key(&keys.access_key_id) && is_key(&keys.secret_access_key)).ok_or_else(
        || failed(&"does not hold `access_key_id = \"…\"` and `secret_access_key = \"…\"`"),
    )
}

fn authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let bytes = files::read(path).map_err(|error| format!("{error}; correct `ca`"))?;
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match read {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(format!("`{}` holds no certificates in PEM; correct `ca`", path.display())),
    }
}
