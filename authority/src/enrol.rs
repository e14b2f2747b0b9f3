//! Enrolling a hub: it made its own keys and wrote down their public halves; the authority
//! certifies them, and writes beside them what the hub needs to know of the authority.

use std::net::IpAddr;
use std::path::Path;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use prost::Message as _;
use serde::{Deserialize, Serialize};
use zerotrip_channel::files::{self, Secrecy};
use zerotrip_proto::bounds::CLOCK_SKEW;
use zerotrip_proto::v1::{Envelope, HubIdentity, Key, KeyUsage, Status};
use zerotrip_trust::identity::Identity;
use zerotrip_trust::keys::{Algorithm, PublicKey};
use zerotrip_trust::x509::{self, pem};

use crate::AuthorityError;
use crate::folder::{Authority, CERTIFICATE_LIFE, KEY_LIFE, any_revoked, replace_keys};

/// `enrolment.toml`, as the hub writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enrolment {
    /// The hub's URI.
    pub uri: String,
    /// PKCS #10, DER, base64.
    pub csr: String,
    /// Its public keys.
    pub keys: Vec<EnrolledKey>,
}

/// One public key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnrolledKey {
    /// `sign` or `checkpoint`.
    pub usage: String,
    /// Raw public key, base64: Ed25519 32 bytes, P-256 65 bytes.
    pub public: String,
}

/// What was done.
#[derive(Debug)]
pub struct Enrolled {
    /// The hub.
    pub uri: String,
    /// The signed directory that names it, to be published where the hub runs already.
    pub directory: Envelope,
    /// Its version.
    pub version: u64,
}

impl Authority {
    /// Certifies the hub whose folder this is, for these names and addresses, and writes `tls.pem`,
    /// `ca.pem`, `authority.pem`, `directory.dsse` and `grants.dsse` there.
    pub fn enrol_hub(
        &mut self,
        folder: &Path,
        dns: &[String],
        ips: &[IpAddr],
        now: SystemTime,
    ) -> Result<Enrolled, AuthorityError> {
        files::check_folder(folder)?;
        let path = folder.join("enrolment.toml");
        let wrong =
            |why: String| AuthorityError::Enrolment { path: path.display().to_string(), why };
        let enrolment: Enrolment = toml::from_str(&files::read_text(&path)?)
            .map_err(|error| wrong(error.message().to_owned()))?;
        let hub: Identity = enrolment.uri.parse()?;
        if hub != self.home().hub {
            return Err(wrong(format!(
                "it is of `{hub}`, but this authority's hub is `{}`",
                self.home().hub
            )));
        }
        let begin = now - CLOCK_SKEW;
        let keys = read_keys(&enrolment.keys, begin, now).map_err(wrong)?;
        let csr =
            STANDARD.decode(&enrolment.csr).map_err(|_| wrong("`csr` is not base64".into()))?;
        let certified_from = self.hub_certificate_begins(now)?;
        let chain =
            self.ca.sign_csr(&csr, &hub, dns, ips, certified_from, now + CERTIFICATE_LIFE)?;
        let tls_key = x509::key_digest(&chain)?.to_vec();
        match self.directory.hubs.iter_mut().find(|known| known.uri == hub.uri()) {
            Some(known) => {
                if any_revoked(&known.keys, &keys, now) {
                    return Err(wrong(
                        "its keys were revoked; make a new folder with `zerotrip-hub init`".into(),
                    ));
                }
                // The very same hub once more, or another installation of it: of its former folder
                // there may be copies.
                let is_known = |key: &Key| known.keys.iter().any(|old| old.id == key.id);
                let kept = keys.iter().filter(|key| is_known(key)).count()
                    + usize::from(known.tls_key == tls_key);
                if kept > 0 && kept <= keys.len() {
                    return Err(wrong(
                        "some of its keys are those of its former folder; make a new folder with \
                         `zerotrip-hub init`"
                            .into(),
                    ));
                }
                known.status = Status::Active.into();
                known.tls_key = tls_key;
                replace_keys(&mut known.keys, keys, now);
            }
            None => self.directory.hubs.push(HubIdentity {
                uri: hub.uri(),
                status: Status::Active.into(),
                keys,
                tls_key,
            }),
        }
        let directory = self.sign_directory(now)?;
        self.note_certificate(&hub.uri(), certified_from, now + CERTIFICATE_LIFE)?;
        let grants = self.newest_grants(now)?;
        let put =
            |name: &str, bytes: &[u8]| files::write(&folder.join(name), bytes, Secrecy::Public);
        put("ca.pem", self.ca.cert_pem().as_bytes())?;
        put("authority.pem", &files::read(&self.folder.join("authority.pem"))?)?;
        put("directory.dsse", &directory.encode_to_vec())?;
        put("grants.dsse", &grants.encode_to_vec())?;
        // Last: with its certificate the hub counts as enrolled.
        put("tls.pem", pem::encode(pem::CERTIFICATE, &chain).as_bytes())?;
        Ok(Enrolled { uri: hub.uri(), directory, version: self.directory.version })
    }
}

fn read_keys(keys: &[EnrolledKey], begin: SystemTime, now: SystemTime) -> Result<Vec<Key>, String> {
    let mut read = Vec::new();
    for key in keys {
        let usage = match key.usage.as_str() {
            "sign" => KeyUsage::Sign,
            "checkpoint" => KeyUsage::Checkpoint,
            other => {
                return Err(format!(
                    "usage `{other}` is not known; a hub has keys for `sign` and `checkpoint`"
                ));
            }
        };
        let bytes =
            STANDARD.decode(&key.public).map_err(|_| "`public` is not base64".to_owned())?;
        let algorithm = if bytes.len() == 65 { Algorithm::Es256 } else { Algorithm::Ed25519 };
        let public = PublicKey::new(algorithm, &bytes).map_err(|error| error.to_string())?;
        read.push(public.to_proto(usage, begin, now + KEY_LIFE));
    }
    for (usage, name) in [(KeyUsage::Sign, "sign"), (KeyUsage::Checkpoint, "checkpoint")] {
        if !read.iter().any(|key| key.usage() == usage) {
            return Err(format!("it names no key for `{name}`"));
        }
    }
    Ok(read)
}
