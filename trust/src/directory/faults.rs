//! From the authority's message to a directory: every fault of the message is found and named, and
//! one is enough to refuse it whole.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;
use zerotrip_text::cut;

use zerotrip_proto::bounds::TEXT_CHARS;
use zerotrip_proto::from_timestamp;
use zerotrip_proto::v1::{self, KeyAlgorithm, KeyDirectory, KeyUsage, Status};

use super::holders::{Hub, KeyEntry, KeyHolder, Member, System};
use super::index::Directory;
use crate::digest::Digest;
use crate::identity::{Identity, is_name, is_trust_domain};
use crate::keys::{KeyError, PublicKey};

/// Most members of a directory.
pub const MEMBERS: usize = 1000;
/// Most systems of a member, most hubs of a directory, and most keys (older ones too) of a system
/// or hub.
pub const SYSTEMS: usize = 64;
/// Faults that are kept; a hostile message could hold a million.
const FAULTS: usize = 64;

/// Something wrong in a directory. Names out of the message are cut to 200 characters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Versions start at 1.
    #[error("version 0")]
    NoVersion,
    /// Not lower-case DNS labels.
    #[error("trust domain `{0}`")]
    TrustDomain(String),
    /// A time is missing, or the end is not after the beginning.
    #[error("times of {0}")]
    Times(String),
    /// Over a bound.
    #[error("too many of {0}")]
    TooMany(String),
    /// A member's id is not a name.
    #[error("member id `{0}`")]
    MemberId(String),
    /// A name for people is missing or too long.
    #[error("names of member `{0}`: 1 to 64 characters in each language")]
    MemberNames(String),
    /// Neither active nor suspended.
    #[error("status of `{0}`")]
    Status(String),
    /// A system without the digest of its TLS key.
    #[error("the TLS key of `{0}` is not stated by 32 bytes")]
    TlsKey(String),
    /// Two members of one id, two systems or hubs of one URI.
    #[error("`{0}` comes twice")]
    Twice(String),
    /// Not a URI of the holder's kind in this trust domain, or of another member.
    #[error("uri `{uri}` in the place of {place}")]
    Uri {
        /// As stated.
        uri: String,
        /// Where it was found.
        place: String,
    },
    /// A key that cannot be.
    #[error("key `{id}` of `{holder}`: {why}")]
    Key {
        /// As stated.
        id: String,
        /// Whose list it is in.
        holder: String,
        /// What is wrong.
        why: KeyError,
    },
    /// A usage that is not its holder's: hubs sign and sign checkpoints (with Ed25519), systems
    /// sign, seal and approve.
    #[error("usage of key `{id}` of `{holder}`")]
    KeyUsage {
        /// The key.
        id: String,
        /// Whose it is.
        holder: String,
    },
    /// One key in two places, or the authority's own.
    #[error("key `{id}` of `{holder}` is already another holder's, or used for something else")]
    KeyShared {
        /// The key.
        id: String,
        /// In whose list it came again.
        holder: String,
    },
}

/// Faults for one line of a log.
pub(super) fn list(faults: &[Fault]) -> String {
    let shown: Vec<_> = faults.iter().take(10).map(ToString::to_string).collect();
    let more = if faults.len() > shown.len() {
        format!(" and {} more", faults.len() - shown.len())
    } else {
        String::new()
    };
    format!("{}{more}", shown.join("; "))
}

/// The directory, or everything that is wrong with it (64 faults at most).
pub(super) fn build(
    message: &KeyDirectory,
    digest: Digest,
    authority: &PublicKey,
) -> Result<Directory, Vec<Fault>> {
    let mut builder = Builder::new(message, digest, authority);
    builder.head(message);
    if message.members.len() > MEMBERS {
        builder.fault(Fault::TooMany("members".into()));
    }
    for member in message.members.iter().take(MEMBERS) {
        builder.member(member);
    }
    if message.hubs.len() > SYSTEMS {
        builder.fault(Fault::TooMany("hubs".into()));
    }
    for hub in message.hubs.iter().take(SYSTEMS) {
        builder.hub(hub);
    }
    if builder.faults.is_empty() { Ok(builder.directory) } else { Err(builder.faults) }
}

struct Builder<'a> {
    directory: Directory,
    authority: &'a PublicKey,
    faults: Vec<Fault>,
}

impl<'a> Builder<'a> {
    fn new(message: &KeyDirectory, digest: Digest, authority: &'a PublicKey) -> Self {
        let directory = Directory {
            version: message.version,
            trust_domain: message.trust_domain.clone(),
            issued_at: SystemTime::UNIX_EPOCH,
            expires_at: SystemTime::UNIX_EPOCH,
            digest,
            members: Vec::new(),
            systems: Vec::new(),
            hubs: Vec::new(),
            member_index: HashMap::new(),
            system_index: HashMap::new(),
            hub_index: HashMap::new(),
            keys: HashMap::new(),
            verified_roots: Arc::default(),
        };
        Self { directory, authority, faults: Vec::new() }
    }

    fn fault(&mut self, fault: Fault) {
        if self.faults.len() < FAULTS {
            self.faults.push(fault);
        }
    }

    fn head(&mut self, message: &KeyDirectory) {
        if message.version == 0 {
            self.fault(Fault::NoVersion);
        }
        if !is_trust_domain(&message.trust_domain) {
            self.fault(Fault::TrustDomain(cut(&message.trust_domain)));
        }
        match (
            from_timestamp(message.issued_at.as_ref()),
            from_timestamp(message.expires_at.as_ref()),
        ) {
            (Some(issued), Some(expires)) if issued < expires => {
                self.directory.issued_at = issued;
                self.directory.expires_at = expires;
            }
            _ => self.fault(Fault::Times("the directory".into())),
        }
    }

    fn member(&mut self, member: &v1::Member) {
        if !is_name(&member.id) {
            self.fault(Fault::MemberId(cut(&member.id)));
        }
        if [&member.name_en, &member.name_zh]
            .iter()
            .any(|name| !(1..=TEXT_CHARS).contains(&name.chars().count()))
        {
            self.fault(Fault::MemberNames(cut(&member.id)));
        }
        let active = self.status(member.status(), &member.id);
        let index = self.directory.members.len();
        if self.directory.member_index.insert(member.id.clone(), index).is_some() {
            self.fault(Fault::Twice(cut(&member.id)));
        }
        self.directory.members.push(Member {
            id: member.id.clone(),
            name_en: member.name_en.clone(),
            name_zh: member.name_zh.clone(),
            active,
        });
        if member.systems.len() > SYSTEMS {
            self.fault(Fault::TooMany(format!("systems of `{}`", cut(&member.id))));
        }
        for system in member.systems.iter().take(SYSTEMS) {
            self.system(member, active, system);
        }
    }

    fn system(&mut self, member: &v1::Member, member_active: bool, system: &v1::System) {
        let active = self.status(system.status(), &system.uri) && member_active;
        let identity = match system.uri.parse::<Identity>() {
            Ok(found)
                if found.member() == Some(&member.id)
                    && found.trust_domain() == self.directory.trust_domain =>
            {
                found
            }
            _ => {
                let place = format!("a system of member `{}`", cut(&member.id));
                return self.fault(Fault::Uri { uri: cut(&system.uri), place });
            }
        };
        let index = self.directory.systems.len();
        if self.directory.system_index.insert(system.uri.clone(), index).is_some() {
            self.fault(Fault::Twice(cut(&system.uri)));
        }
        self.keys(&identity, &system.keys, active);
        let tls_key = self.tls_key(&system.tls_key, &system.uri);
        self.directory.systems.push(System {
            identity,
            uri: system.uri.clone(),
            member: member.id.clone(),
            active,
            administrator: system.administrator,
            tls_key,
        });
    }

    fn hub(&mut self, hub: &v1::HubIdentity) {
        let active = self.status(hub.status(), &hub.uri);
        let identity = match hub.uri.parse::<Identity>() {
            Ok(found) if found.is_hub() && found.trust_domain() == self.directory.trust_domain => {
                found
            }
            _ => return self.fault(Fault::Uri { uri: cut(&hub.uri), place: "a hub".into() }),
        };
        let index = self.directory.hubs.len();
        if self.directory.hub_index.insert(hub.uri.clone(), index).is_some() {
            self.fault(Fault::Twice(cut(&hub.uri)));
        }
        self.keys(&identity, &hub.keys, active);
        let tls_key = self.tls_key(&hub.tls_key, &hub.uri);
        self.directory.hubs.push(Hub { identity, uri: hub.uri.clone(), active, tls_key });
    }

    fn tls_key(&mut self, bytes: &[u8], holder: &str) -> Digest {
        Digest::try_from(bytes).unwrap_or_else(|_| {
            self.fault(Fault::TlsKey(cut(holder)));
            Digest::default()
        })
    }

    fn keys(&mut self, holder: &Identity, keys: &[v1::Key], active: bool) {
        if keys.len() > SYSTEMS {
            self.fault(Fault::TooMany(format!("keys of `{holder}`")));
        }
        for key in keys.iter().take(SYSTEMS) {
            self.key(holder, key, active);
        }
    }

    fn key(&mut self, holder: &Identity, key: &v1::Key, active: bool) {
        let uri = holder.uri();
        let public = match PublicKey::from_proto(key) {
            Ok(public) => public,
            Err(why) => return self.fault(Fault::Key { id: cut(&key.id), holder: uri, why }),
        };
        let usage = key.usage();
        let fitting = match usage {
            KeyUsage::Unspecified => false,
            KeyUsage::Sign => true,
            KeyUsage::Seal | KeyUsage::Approve => !holder.is_hub(),
            KeyUsage::Checkpoint => holder.is_hub() && key.algorithm() == KeyAlgorithm::Ed25519,
        };
        if !fitting {
            self.fault(Fault::KeyUsage { id: key.id.clone(), holder: uri.clone() });
        }
        let revoked_at = from_timestamp(key.revoked_at.as_ref());
        let times =
            (from_timestamp(key.not_before.as_ref()), from_timestamp(key.not_after.as_ref()));
        let (Some(not_before), Some(not_after)) = times else {
            return self.fault(Fault::Times(format!("key `{}` of `{uri}`", key.id)));
        };
        // A revocation that cannot be read must not count as none.
        if not_before >= not_after || revoked_at.is_none() != key.revoked_at.is_none() {
            return self.fault(Fault::Times(format!("key `{}` of `{uri}`", key.id)));
        }
        if public == *self.authority || self.directory.keys.contains_key(&key.id) {
            return self.fault(Fault::KeyShared { id: key.id.clone(), holder: uri });
        }
        let member = holder.member().map(str::to_owned);
        let holder =
            Arc::new(KeyHolder { identity: holder.clone(), uri, member, usage, key: public });
        self.directory
            .keys
            .insert(key.id.clone(), KeyEntry { holder, active, not_before, not_after, revoked_at });
    }

    fn status(&mut self, status: Status, of: &str) -> bool {
        if status == Status::Unspecified {
            self.fault(Fault::Status(cut(of)));
        }
        status == Status::Active
    }
}
