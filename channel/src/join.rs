//! Joining: the system makes its keys where they will live, shows the invitation's token, and waits
//! until the authority admits it. The hub carries the papers; it can issue none, and change none on
//! the way: the invitation's binding secret, which it never sees, ties request and keys together
//! for the authority, and what comes back must list this system's own keys and no others.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use rustls::pki_types::CertificateDer;
use zerotrip_proto::v1::authority_client::AuthorityClient;
use zerotrip_proto::v1::{GetJoinRequest, JoinRequest, Key, KeyDirectory, KeyUsage};
use zerotrip_proto::{Refusal, bounds};
use zerotrip_trust::directory::Directory;
use zerotrip_trust::invitation::Invitation;
use zerotrip_trust::keys::{Algorithm, KeyError, SigningKey};
use zerotrip_trust::signed;
use zerotrip_trust::tls::{self, PinnedCa, TlsError};
use zerotrip_trust::x509::{self, TlsKey, X509Error, pem};

use crate::files::{self, FileError, Secrecy};
use crate::home::IdentityFile;
use crate::{
    Address, ClientError, DialError, HomeError, Http2Bounds, Http2Client, SystemHome, dial,
};

/// How long new keys are valid.
const KEY_LIFE: Duration = Duration::from_secs(3 * 365 * 86_400);
/// As which system the folder's keys were filed, until it is admitted.
const BEGUN: &str = "joining";
/// The private keys of a system.
const KEY_FILES: [&str; 4] = ["tls.key", "sign.key", "seal.key", "approve.key"];
/// Time between two looks at whether the authority has admitted us.
const POLL: Duration = Duration::from_millis(250);

/// Why joining failed. What was written so far is only the keys; a second `join` goes on with them.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// A system joined in this folder before.
    #[error(
        "`{0}` already holds an identity; renew its certificate with `renew`, or join in an empty \
         folder"
    )]
    Occupied(String),
    /// A folder holds keys, and nothing says that they were made for a `join` that is under way:
    /// copies of them may be about.
    #[error("`{0}` holds keys of a system that had joined; join in an empty folder")]
    UsedKeys(String),
    /// A folder holds the keys of one system, which were filed as its.
    #[error(
        "`{folder}` holds the keys of a `join` as `{begun}`, which was not admitted yet, and the \
         invitation is for `{invited}`: join in an empty folder"
    )]
    Begun {
        /// The folder.
        folder: String,
        /// As which system it was begun.
        begun: String,
        /// The system that is invited.
        invited: String,
    },
    /// The hub cannot be reached, or is not the one that the invitation names.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// The connection broke.
    #[error(transparent)]
    Connection(#[from] ClientError),
    /// The hub refused.
    #[error("the hub refuses: {0}")]
    Refused(Refusal),
    /// The authority did not admit the system in time.
    #[error(
        "not admitted within {0} s; ask the authority to run `zerotrip member admit`, then give \
         the same command again: it goes on waiting with the same invitation"
    )]
    NotAdmitted(u64),
    /// What the hub handed over is not the authority's.
    #[error("the papers that came back are not good: {0}")]
    Papers(String),
    /// A key of an earlier try.
    #[error(
        "`{path}`, of an earlier try, cannot be read: {why}; remove the folder's keys, and ask \
         the authority for a new invitation"
    )]
    DamagedKey {
        /// Which.
        path: String,
        /// Why.
        why: String,
    },
    /// The keys.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The certificate request.
    #[error(transparent)]
    Request(#[from] X509Error),
    /// The TLS configuration.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A file.
    #[error(transparent)]
    File(#[from] FileError),
    /// The folder, once written.
    #[error(transparent)]
    Home(#[from] HomeError),
}

/// Joins as the invited system and writes its folder. `usages` are the keys to make besides the TLS
/// key; SIGN is always one of them. `say` hears of progress in plain words.
///
/// Keys that are in the folder already are used: the invitation holds for one request only, so that
/// a system that waited in vain, or was interrupted, must be able to fetch what was admitted since.
pub async fn join(
    invitation: &Invitation,
    folder: &Path,
    usages: &[KeyUsage],
    wait: Duration,
    say: &mut (dyn FnMut(&str) + Send),
) -> Result<SystemHome, JoinError> {
    files::check_folder(folder)?;
    if folder.join("identity.toml").exists() {
        return Err(JoinError::Occupied(folder.display().to_string()));
    }
    let made = make_keys(invitation, folder, usages)?;
    let address: Address = invitation.url.parse()?;
    let (config, pinned) = tls::pinned_client_config(invitation.ca_sha256, &[bounds::ALPN_H2])?;
    let stream = dial(&address, config).await?;
    let (client, connection) = Http2Client::handshake(stream, Http2Bounds::STANDARD).await?;
    tokio::spawn(connection);
    let mut authority = AuthorityClient::new(client);
    let token = invitation.token.to_vec();
    let binding_tag = invitation.binding_tag(&made.csr, &made.keys).to_vec();
    let request = JoinRequest {
        token: token.clone(),
        csr: made.csr.clone(),
        keys: made.keys.clone(),
        binding_tag,
    };
    // Asked before: these keys may have been filed with this invitation, by a `join` that did not
    // wait long enough.
    let filed_before =
        !made.fresh && authority.get_join(GetJoinRequest { token: token.clone() }).await.is_ok();
    if filed_before {
        say("filed with the hub before; waiting for the authority to admit this system");
    } else {
        let filed = authority.join(request).await;
        filed.map_err(|status| JoinError::Refused(Refusal::from_status(&status)))?;
        say("filed with the hub; waiting for the authority to admit this system");
    }
    let started = Instant::now();
    loop {
        let reply = authority.get_join(GetJoinRequest { token: token.clone() }).await;
        let reply =
            reply.map_err(|status| JoinError::Refused(Refusal::from_status(&status)))?.into_inner();
        if !reply.certificate_chain.is_empty() {
            return settle(invitation, folder, &pinned, &made, reply);
        }
        if started.elapsed() > wait {
            return Err(JoinError::NotAdmitted(wait.as_secs()));
        }
        tokio::time::sleep(POLL).await;
    }
}

struct Made {
    tls: TlsKey,
    csr: Vec<u8>,
    keys: Vec<Key>,
    /// Whether the TLS key was made just now: then nothing was filed with it before.
    fresh: bool,
}

fn make_keys(
    invitation: &Invitation,
    folder: &Path,
    usages: &[KeyUsage],
) -> Result<Made, JoinError> {
    let path = folder.join("tls.key");
    let fresh = !files::is_there(&path);
    let (marker, invited) = (folder.join(BEGUN), invitation.system.uri());
    if files::is_there(&marker) {
        let begun = files::read_text(&marker)?.trim().to_owned();
        if begun != invited {
            return Err(JoinError::Begun { folder: folder.display().to_string(), begun, invited });
        }
    } else if KEY_FILES.iter().any(|name| files::is_there(&folder.join(name))) {
        return Err(JoinError::UsedKeys(folder.display().to_string()));
    } else {
        files::write(&marker, format!("{invited}\n").as_bytes(), Secrecy::Public)?;
    }
    let tls_key = if fresh {
        let made = TlsKey::generate()?;
        files::write(&path, made.to_pem().as_bytes(), Secrecy::Private)?;
        made
    } else {
        TlsKey::from_pem(&files::read_text(&path)?).map_err(|error| damaged_key(&path, &error))?
    };
    let now = SystemTime::now();
    let mut keys = Vec::new();
    for usage in
        [KeyUsage::Sign].iter().chain(usages.iter().filter(|usage| **usage != KeyUsage::Sign))
    {
        let (name, algorithm) = match usage {
            KeyUsage::Sign => ("sign", Algorithm::Ed25519),
            KeyUsage::Approve => ("approve", Algorithm::Ed25519),
            KeyUsage::Seal => ("seal", Algorithm::Es256),
            KeyUsage::Checkpoint | KeyUsage::Unspecified => continue,
        };
        let path = folder.join(format!("{name}.key"));
        let key = if path.exists() {
            SigningKey::from_pkcs8_pem(&files::read_text(&path)?)
                .map_err(|error| damaged_key(&path, &error))?
        } else {
            let made = SigningKey::generate(algorithm)?;
            files::write(&path, made.to_pkcs8_pem().as_bytes(), Secrecy::Private)?;
            made
        };
        keys.push(key.public().to_proto(*usage, now - bounds::CLOCK_SKEW, now + KEY_LIFE));
    }
    let csr = x509::make_csr(&tls_key, &invitation.system, &[], &[])?;
    Ok(Made { tls: tls_key, csr, keys, fresh })
}

fn damaged_key(path: &Path, why: &dyn std::fmt::Display) -> JoinError {
    JoinError::DamagedKey { path: path.display().to_string(), why: why.to_string() }
}

fn settle(
    invitation: &Invitation,
    folder: &Path,
    pinned: &PinnedCa,
    made: &Made,
    reply: zerotrip_proto::v1::GetJoinReply,
) -> Result<SystemHome, JoinError> {
    let papers = |why: String| JoinError::Papers(why);
    let ca =
        pinned.get().ok_or_else(|| papers("the hub did not show its root certificate".into()))?;
    let authority = CertificateDer::from(reply.authority_certificate);
    let key = x509::authority_key_of(&authority, ca).map_err(|error| papers(error.to_string()))?;
    let directory = reply.directory.ok_or_else(|| papers("no key directory".into()))?;
    let opened = Directory::open(&directory, &key, SystemTime::now(), 0)
        .map_err(|error| papers(error.to_string()))?;
    if opened.system(&invitation.system.uri()).is_none() {
        return Err(papers(format!(
            "the key directory does not name `{}`",
            invitation.system.uri()
        )));
    }
    let listed: KeyDirectory =
        signed::open(&directory, &key).map_err(|error| papers(error.to_string()))?;
    lists_exactly(&listed, &invitation.system.uri(), &made.keys).map_err(papers)?;
    let chain: Vec<CertificateDer<'static>> =
        reply.certificate_chain.into_iter().map(CertificateDer::from).collect();
    let leaf = chain.first().ok_or_else(|| papers("no certificate".into()))?;
    let named = x509::identity_of(leaf).map_err(|error| papers(error.to_string()))?;
    if named != invitation.system {
        return Err(papers(format!("the certificate names `{named}`")));
    }
    if !x509::is_over_key(leaf, &made.tls).map_err(|error| papers(error.to_string()))? {
        return Err(papers(
            "the certificate is over another key than this system's `tls.key`; ask the authority \
             for a new invitation"
                .into(),
        ));
    }
    let put = |name: &str, text: String| {
        files::write(&folder.join(name), text.as_bytes(), Secrecy::Public)
    };
    put("tls.pem", chain.iter().map(|cert| pem::encode(pem::CERTIFICATE, cert)).collect())?;
    put("ca.pem", pem::encode(pem::CERTIFICATE, ca))?;
    put("authority.pem", pem::encode(pem::CERTIFICATE, &authority))?;
    files::write(
        &folder.join("directory.dsse"),
        &prost::Message::encode_to_vec(&directory),
        Secrecy::Public,
    )?;
    let identity = IdentityFile {
        system: invitation.system.uri(),
        hub: invitation.hub.uri(),
        url: invitation.url.clone(),
    };
    // Last: with this file the folder counts as joined.
    put("identity.toml", toml::to_string(&identity).map_err(|error| papers(error.to_string()))?)?;
    // The identity says now that nothing is under way here; the authority takes no key a second
    // time.
    let _gone = std::fs::remove_file(folder.join(BEGUN));
    Ok(SystemHome::load(folder)?)
}

/// Whether the directory holds, of this system, exactly these keys for exactly these usages.
/// Revoked ones, of an earlier join, do not count.
fn lists_exactly(directory: &KeyDirectory, system: &str, own: &[Key]) -> Result<(), String> {
    let systems = directory
        .members
        .iter()
        .flat_map(|member| &member.systems)
        .filter(|listed| listed.uri == system);
    let listed: Vec<&Key> =
        systems.flat_map(|system| &system.keys).filter(|key| key.revoked_at.is_none()).collect();
    let named = |key: &Key| (key.id.clone(), key.usage, key.algorithm, key.public_key.clone());
    let (found, expected): (BTreeSet<_>, BTreeSet<_>) =
        (listed.iter().map(|key| named(key)).collect(), own.iter().map(named).collect());
    let remedy = "this system's papers were changed on the way; tell the authority, which \
                  must revoke them and invite again";
    if let Some((id, ..)) = found.difference(&expected).next() {
        return Err(format!(
            "the key directory lists a key `{id}` of `{system}` that was not made here, or not \
             for that use: {remedy}"
        ));
    }
    if let Some((id, ..)) = expected.difference(&found).next() {
        return Err(format!("the key directory does not list this system's key `{id}`: {remedy}"));
    }
    if listed.len() == own.len() {
        Ok(())
    } else {
        Err(format!("the key directory lists a key of `{system}` twice: {remedy}"))
    }
}

#[cfg(test)]
mod tests;
