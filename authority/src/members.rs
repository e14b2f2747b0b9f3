//! Members of the directory: inviting, admitting, suspending.

use std::time::{Duration, SystemTime};
use zerotrip_text::cut;

use serde::{Deserialize, Serialize};
use zerotrip_channel::files::{self, Secrecy};
use zerotrip_proto::bounds::{CLOCK_SKEW, TEXT_CHARS};
use zerotrip_proto::to_timestamp;
use zerotrip_proto::v1::{Envelope, Key, Member, PendingJoin, Status, System};
use zerotrip_trust::Digest;
use zerotrip_trust::identity::{Identity, is_name};
use zerotrip_trust::invitation::{Invitation, verify_binding};
use zerotrip_trust::x509::{self, CertificateDer};

use crate::AuthorityError;
use crate::folder::{
    Authority, CERTIFICATE_LIFE, DESK, KEY_LIFE, MEMBER, any_revoked, replace_keys, to_toml,
};

/// Most invitations that are kept; expired ones go first.
const INVITATIONS: usize = 10_000;

/// The member and the system to invite.
#[derive(Clone, Debug)]
pub struct NewMember<'a> {
    /// The member's id.
    pub member: &'a str,
    /// Its system.
    pub system: &'a str,
    /// For people; the member's id where none is given and the member is new.
    pub name_en: Option<&'a str>,
    /// For people.
    pub name_zh: Option<&'a str>,
    /// Whether the system is to administer for the authority.
    pub administrator: bool,
    /// Whether a member that is known gets these names in place of its own.
    pub rename: bool,
}

/// An invitation and what the hub has to hear of it.
#[derive(Debug)]
pub struct Invited {
    /// To be handed over like a password.
    pub invitation: Invitation,
    /// When it ends.
    pub expires_at: SystemTime,
    /// Whether the directory names the system already: admitted once more, it has its new keys,
    /// and those of today are revoked.
    pub again: bool,
    /// Whether its member is suspended, which no admission ends.
    pub suspended: bool,
    administrator: bool,
    names: Option<(String, String)>,
}

/// A system that may come in.
#[derive(Debug)]
pub struct Admission {
    /// The system's URI.
    pub system: String,
    /// Its certificate.
    pub certificate_chain: Vec<CertificateDer<'static>>,
    /// The directory that names it, to be published first.
    pub directory: Envelope,
    /// Its version.
    pub version: u64,
    /// How many of its earlier keys this has revoked.
    pub revoked: usize,
}

/// `invitations.toml`, readable to its owner alone: what was issued, by the digest of its token. At
/// most one for each system.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Issued {
    #[serde(default)]
    invitation: Vec<IssuedInvitation>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct IssuedInvitation {
    system: String,
    token_sha256: String,
    /// The binding secret, hexadecimal. Empty in folders of before there was one: nothing verifies
    /// under it.
    #[serde(default)]
    binding: String,
    administrator: bool,
    /// Seconds since 1970.
    expires_at: u64,
    /// The binding tag of the papers that were admitted by it, hexadecimal; empty before. The same
    /// papers are admitted again, such as after a reply that was lost; no others are.
    #[serde(default)]
    admitted: String,
}

impl IssuedInvitation {
    fn holds(&self, now: SystemTime) -> bool {
        SystemTime::UNIX_EPOCH + Duration::from_secs(self.expires_at) > now
    }

    /// Whether the papers are as the invited system made them: the hub, which carries them, does
    /// not know the secret.
    fn binds(&self, pending: &PendingJoin) -> bool {
        let mut secret = [0; 32];
        hex::decode_to_slice(&self.binding, &mut secret).is_ok()
            && verify_binding(
                &secret,
                &pending.system,
                &pending.csr,
                &pending.keys,
                &pending.binding_tag,
            )
    }
}

/// What a system says of its keys counts for their usage and their bytes. Since when they hold, and
/// whether they are revoked, is the authority's to say; until when, too, but for a key that ends
/// earlier.
fn bounded(keys: &[Key], now: SystemTime) -> Vec<Key> {
    let latest = to_timestamp(now + KEY_LIFE);
    let bound = |key: &Key| {
        let not_after =
            key.not_after.filter(|ends| ends.seconds < latest.seconds).unwrap_or(latest);
        Key {
            not_before: Some(to_timestamp(now - CLOCK_SKEW)),
            not_after: Some(not_after),
            revoked_at: None,
            ..key.clone()
        }
    };
    keys.iter().map(bound).collect()
}

impl Authority {
    /// Makes an invitation; nothing is kept before [`Self::keep_invitation`], so that the hub can
    /// be informed first.
    pub fn invite(
        &self,
        new: &NewMember<'_>,
        life: Duration,
        now: SystemTime,
    ) -> Result<Invited, AuthorityError> {
        if new.member == MEMBER && new.system == DESK {
            return Err(AuthorityError::Itself);
        }
        for name in [new.member, new.system] {
            if !is_name(name) {
                return Err(AuthorityError::Name(cut(name)));
            }
        }
        let known = self.directory.members.iter().find(|member| member.id == new.member);
        let names = match (known, new.name_en, new.name_zh) {
            (Some(_), None, None) => None,
            (known, en, zh) => {
                let kept = |pick: fn(&Member) -> &String| {
                    known.map_or(new.member, |member| pick(member).as_str())
                };
                Some((
                    en.unwrap_or(kept(|member| &member.name_en)).to_owned(),
                    zh.unwrap_or(kept(|member| &member.name_zh)).to_owned(),
                ))
            }
        };
        let fits = |name: &str| (1..=TEXT_CHARS).contains(&name.chars().count());
        if names.as_ref().is_some_and(|(en, zh)| !fits(en) || !fits(zh)) {
            return Err(AuthorityError::Names);
        }
        // Everybody reads a member's names, and knows it by them. Where it got none, it has its id.
        let is_other = |known: &str, name: &str| known != name && known != new.member;
        if let (Some(known), Some((en, zh)), false) = (known, &names, new.rename)
            && (is_other(&known.name_en, en) || is_other(&known.name_zh, zh))
        {
            let named = format!("{} / {}", cut(&known.name_en), cut(&known.name_zh));
            return Err(AuthorityError::OtherNames { member: new.member.to_owned(), named });
        }
        let suspended = known.is_some_and(|member| member.status() == Status::Suspended);
        let system = Identity::system(self.trust_domain(), new.member, new.system)?;
        let again = known
            .is_some_and(|member| member.systems.iter().any(|listed| listed.uri == system.uri()));
        let url = self.home().address.to_string();
        let invitation = Invitation::generate(
            &url,
            x509::fingerprint(self.ca.cert_der()),
            system,
            self.home().hub.clone(),
        )?;
        Ok(Invited {
            invitation,
            expires_at: now + life,
            again,
            suspended,
            administrator: new.administrator,
            names,
        })
    }

    /// Keeps what was sent to the hub, in place of any older invitation of the same system, and
    /// puts the member into the working copy; it is published with the next directory.
    pub fn keep_invitation(
        &mut self,
        invited: &Invited,
        now: SystemTime,
    ) -> Result<(), AuthorityError> {
        let seconds = |time: SystemTime| {
            time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
        };
        let mut issued = self.issued()?;
        let uri = invited.invitation.system.uri();
        issued.invitation.retain(|old| old.expires_at > seconds(now) && old.system != uri);
        if issued.invitation.len() >= INVITATIONS {
            issued.invitation.remove(0);
        }
        issued.invitation.push(IssuedInvitation {
            system: uri,
            token_sha256: hex::encode(invited.invitation.token_digest()),
            binding: hex::encode(invited.invitation.binding),
            administrator: invited.administrator,
            expires_at: seconds(invited.expires_at),
            admitted: String::new(),
        });
        self.write_issued(&issued)?;
        let id = invited.invitation.system.member().unwrap_or_default();
        if let Some((name_en, name_zh)) = invited.names.clone() {
            match self.directory.members.iter_mut().find(|member| member.id == id) {
                Some(member) => (member.name_en, member.name_zh) = (name_en, name_zh),
                None => {
                    let status = Status::Active.into();
                    self.directory.members.push(Member {
                        id: id.to_owned(),
                        name_en,
                        name_zh,
                        status,
                        systems: Vec::new(),
                    });
                }
            }
            self.save()?;
        }
        Ok(())
    }

    /// The digest of the token of the one invitation that holds for this system.
    pub fn awaited(&self, system: &str, now: SystemTime) -> Result<Digest, AuthorityError> {
        let issued = self.issued()?;
        let found = issued.invitation.iter().find(|one| one.system == system && one.holds(now));
        let mut digest = Digest::default();
        let read = found.map(|one| hex::decode_to_slice(&one.token_sha256, &mut digest));
        match read {
            Some(Ok(())) => Ok(digest),
            _ => Err(AuthorityError::NoInvitation(cut(system))),
        }
    }

    /// Certifies a system that waits, if it waits with a token of ours and its papers are those
    /// that it sent, and puts it into a new directory.
    pub fn admit(
        &mut self,
        pending: &PendingJoin,
        now: SystemTime,
    ) -> Result<Admission, AuthorityError> {
        let not_invited = || AuthorityError::NotInvited(cut(&pending.system));
        let digest = hex::encode(&pending.token_digest);
        let mut issued = self.issued()?;
        let fits = |old: &&mut IssuedInvitation| {
            old.system == pending.system && old.token_sha256 == digest && old.holds(now)
        };
        let invitation = issued.invitation.iter_mut().find(fits).ok_or_else(not_invited)?;
        let administrator = invitation.administrator;
        if !invitation.binds(pending) {
            return Err(AuthorityError::Tampered(cut(&pending.system)));
        }
        let papers = hex::encode(&pending.binding_tag);
        let is_repeated = invitation.admitted == papers;
        if !invitation.admitted.is_empty() && !is_repeated {
            return Err(AuthorityError::Spent(pending.system.clone()));
        }
        invitation.admitted = papers;
        let identity: Identity = pending.system.parse()?;
        let begins = now - CLOCK_SKEW;
        let chain =
            self.ca.sign_csr(&pending.csr, &identity, &[], &[], begins, now + CERTIFICATE_LIFE)?;
        let tls_key = x509::key_digest(&chain)?.to_vec();
        let keys = bounded(&pending.keys, now);
        let before = self.directory.clone();
        let id = identity.member().unwrap_or_default();
        let member = self.directory.members.iter_mut().find(|member| member.id == id);
        let member = member.ok_or_else(|| AuthorityError::UnknownMember(id.to_owned()))?;
        let mut revoked = 0;
        match member.systems.iter_mut().find(|system| system.uri == pending.system) {
            Some(system) => {
                if any_revoked(&system.keys, &keys, now) {
                    return Err(AuthorityError::RevokedKeys(pending.system.clone()));
                }
                // With any key that it had, a copy of its former folder would still count for
                // something.
                let is_known = |key: &Key| system.keys.iter().any(|old| old.id == key.id);
                if !is_repeated && (system.tls_key == tls_key || keys.iter().any(is_known)) {
                    return Err(AuthorityError::KnownKeys(pending.system.clone()));
                }
                system.administrator = administrator;
                revoked = replace_keys(&mut system.keys, keys, now);
                system.tls_key = tls_key;
            }
            None => {
                let uri = pending.system.clone();
                member.systems.push(System {
                    uri,
                    status: Status::Active.into(),
                    keys,
                    administrator,
                    tls_key,
                });
            }
        }
        let next = self.next_directory(now).inspect_err(|_| self.directory.clone_from(&before))?;
        // Before the directory: after a crash in between, or in what follows, the same papers come
        // in again.
        self.write_issued(&issued).inspect_err(|_| self.directory = before)?;
        let directory = self.write_directory(next)?;
        self.note_certificate(&pending.system, begins, now + CERTIFICATE_LIFE)?;
        Ok(Admission {
            system: pending.system.clone(),
            certificate_chain: vec![chain],
            directory,
            version: self.directory.version,
            revoked,
        })
    }

    /// How it is with a member in the working copy.
    pub fn status(&self, member: &str) -> Result<Status, AuthorityError> {
        if member == MEMBER {
            return Err(AuthorityError::Itself);
        }
        let found = self.directory.members.iter().find(|known| known.id == member);
        Ok(found.ok_or_else(|| AuthorityError::UnknownMember(cut(member)))?.status())
    }

    /// Suspends a member, or lets it act again: a new directory says so.
    pub fn set_status(
        &mut self,
        member: &str,
        status: Status,
        now: SystemTime,
    ) -> Result<Envelope, AuthorityError> {
        if member == MEMBER {
            return Err(AuthorityError::Itself);
        }
        let found = self.directory.members.iter_mut().find(|known| known.id == member);
        found.ok_or_else(|| AuthorityError::UnknownMember(cut(member)))?.status = status.into();
        self.sign_directory(now)
    }

    /// Systems that are invited and not expired.
    pub fn invited(&self, now: SystemTime) -> Result<Vec<String>, AuthorityError> {
        let in_directory = |uri: &str| {
            self.directory
                .members
                .iter()
                .any(|member| member.systems.iter().any(|system| system.uri == uri))
        };
        Ok(self
            .issued()?
            .invitation
            .into_iter()
            .filter(|old| old.holds(now) && !in_directory(&old.system))
            .map(|old| old.system)
            .collect())
    }

    fn write_issued(&self, issued: &Issued) -> Result<(), AuthorityError> {
        Ok(files::write(
            &self.folder.join("invitations.toml"),
            to_toml(issued)?.as_bytes(),
            Secrecy::Private,
        )?)
    }

    fn issued(&self) -> Result<Issued, AuthorityError> {
        let path = self.folder.join("invitations.toml");
        if !files::is_there(&path) {
            return Ok(Issued::default());
        }
        let content = |why: &str| AuthorityError::Content {
            path: path.display().to_string(),
            why: why.to_owned(),
        };
        toml::from_str(&files::read_text(&path)?).map_err(|error| content(error.message()))
    }
}
