//! Renewing certificates in place. Whose is renewed by rule, whose only by hand; the authority's
//! own; and what ends when.
//!
//! A renewal brings in no key. It gives a holder that the directory lists as active, and that
//! signed with its live SIGN key over the TLS key which it has, another year; and its signing keys
//! theirs.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use zerotrip_channel::files::{self, Secrecy};
use zerotrip_proto::bounds::CLOCK_SKEW;
use zerotrip_proto::v1::{Envelope, Key, KeyDirectory};
use zerotrip_proto::{from_timestamp, to_timestamp};
use zerotrip_text::Bilingual;
use zerotrip_trust::directory::Directory;
use zerotrip_trust::ending::{self, Ending};
use zerotrip_trust::renewal::{self, Renewal};
use zerotrip_trust::x509::{self, CertificateDer, X509Error, pem};

use crate::AuthorityError;
use crate::folder::{AUTHORITY_KEY_LIFE, Authority, CERTIFICATE_LIFE, KEY_LIFE, to_toml};

/// When the certificates end that were issued here.
const CERTIFICATES: &str = "certificates.toml";

/// A renewed certificate, to be handed over by the hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renewed {
    /// Whose.
    pub holder: String,
    /// DER, leaf first.
    pub chain: Vec<CertificateDer<'static>>,
    /// Until when it holds.
    pub ends: SystemTime,
}

/// Why a request that verifies is not granted by rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ByHand {
    /// The authority wants to see each one.
    #[error("`renew_by_hand` is set in authority.toml")]
    Always,
    /// An administrator's.
    #[error("it is an administrator's")]
    Administrator,
    /// It was away, or switched off.
    #[error("its certificate has ended")]
    Ended,
    /// It is not needed yet.
    #[error("its certificate is far from its end")]
    NotDue,
}

/// `certificates.toml`: URI to seconds since 1970.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Issued {
    #[serde(default)]
    begins: BTreeMap<String, u64>,
    #[serde(default)]
    ends: BTreeMap<String, u64>,
}

impl Authority {
    /// What a request asks, if its every claim holds by this folder's own directory and root: the
    /// hub's word counts for nothing.
    pub fn asked(&self, envelope: &Envelope, now: SystemTime) -> Result<Renewal, AuthorityError> {
        Ok(renewal::open(envelope, &self.as_directory(now)?, self.ca.cert_der(), now)?)
    }

    /// Whether the rule grants it: an active holder, no administrator, whose certificate is near
    /// its end and holds still.
    pub fn by_rule(&self, asked: &Renewal, now: SystemTime) -> Result<(), ByHand> {
        if self.settings.renew_by_hand {
            return Err(ByHand::Always);
        }
        let uri = asked.holder.uri();
        let mut systems = self.directory.members.iter().flat_map(|member| &member.systems);
        if systems.any(|system| system.uri == uri && system.administrator) {
            return Err(ByHand::Administrator);
        }
        if asked.ends <= now {
            return Err(ByHand::Ended);
        }
        let ending =
            ending::of_certificate(&uri, (asked.began, asked.ends), &Bilingual::new("", ""));
        if ending.is_due(now) { Ok(()) } else { Err(ByHand::NotDue) }
    }

    /// Renews the certificate, and in the working copy the holder's signing keys that hold; the
    /// directory that is published next says so.
    pub fn renew(&mut self, asked: &Renewal, now: SystemTime) -> Result<Renewed, AuthorityError> {
        let holder = asked.holder.uri();
        let begins = if asked.holder.is_hub() {
            self.hub_certificate_begins(now)?
        } else {
            now - CLOCK_SKEW
        };
        let ends = now + CERTIFICATE_LIFE;
        let leaf =
            self.ca.sign_csr(&asked.csr, &asked.holder, &asked.dns, &asked.ips, begins, ends)?;
        for keys in keys_of(&mut self.directory, &holder) {
            lengthen(keys, now);
        }
        self.save()?;
        self.note_certificate(&holder, begins, ends)?;
        Ok(Renewed { holder, chain: vec![leaf], ends })
    }

    /// Renews what the authority has of its own, from the root's key in this folder: the desk's
    /// certificate and signing key, and the certificate over the key that signs directories.
    /// Needs no hub, and no certificate that holds.
    pub fn renew_own(&mut self, now: SystemTime) -> Result<SystemTime, AuthorityError> {
        let desk = self.home.system.clone();
        let (begins, ends) = (now - CLOCK_SKEW, now + CERTIFICATE_LIFE);
        let csr = x509::make_csr(self.home.tls_key(), &desk, &[], &[])?;
        let leaf = self.ca.sign_csr(&csr, &desk, &[], &[], begins, ends)?;
        let certified =
            self.ca.sign_authority_key(self.key.public(), begins, now + AUTHORITY_KEY_LIFE)?;
        for keys in keys_of(&mut self.directory, &desk.uri()) {
            lengthen(keys, now);
        }
        self.save()?;
        let put = |name: &str, cert: &CertificateDer<'_>| {
            files::write(
                &self.folder.join(name),
                pem::encode(pem::CERTIFICATE, cert).as_bytes(),
                Secrecy::Public,
            )
        };
        put("authority.pem", &certified)?;
        put("tls.pem", &leaf)?;
        self.note_certificate(&desk.uri(), begins, ends)?;
        self.home = zerotrip_channel::SystemHome::load(&self.folder)?;
        Ok(ends)
    }

    /// Whether the authority's own certificate, or its desk's key, is near its end or has ended.
    pub fn own_is_due(&self, now: SystemTime) -> Result<bool, AuthorityError> {
        Ok(self.own_endings(now)?.iter().any(|ending| ending.is_due(now)))
    }

    /// Everything that ends in this authority's trust domain: its own, every member's and the
    /// hub's, as far as it was issued here; grants; and the directory that was signed last.
    pub fn endings(&self, now: SystemTime) -> Result<Vec<Ending>, AuthorityError> {
        let mut endings = self.own_endings(now)?;
        let own = self.home.uri();
        let ask = Bilingual::new(
            "its holder asks for renewal (a connector and the hub do so themselves); `zerotrip \
             authority refresh` renews, or `zerotrip member renew` by hand",
            "由其持有者申请续期（连接器与枢纽会自动申请），执行 `zerotrip authority refresh` \
             办理，或执行 `zerotrip member renew` 人工办理",
        );
        let directory = self.as_directory(now)?;
        let issued = self.issued_certificates()?;
        let systems = directory
            .systems()
            .iter()
            .filter(|system| system.active && system.uri != own)
            .map(|system| &system.uri);
        for holder in
            systems.chain(directory.hubs().iter().filter(|hub| hub.active).map(|hub| &hub.uri))
        {
            if let (Some(begins), Some(ends)) = (issued.begins.get(holder), issued.ends.get(holder))
            {
                endings.push(ending::of_certificate(holder, (at(*begins), at(*ends)), &ask));
            }
            endings.extend(ending::of_keys(&directory, holder, &ask));
        }
        let again = Bilingual::new(
            "where it is still wanted, add one with another id by `zerotrip grant add`",
            "如仍需要，请用 `zerotrip grant add` 另行授权（须用新的编号）",
        );
        for grant in self.grants()?.grants {
            if let (Some(began), Some(ends)) = (
                from_timestamp(grant.not_before.as_ref()),
                from_timestamp(grant.not_after.as_ref()),
            ) {
                let what = Bilingual::new(
                    format!("grant `{}` of `{}`", grant.id, grant.member),
                    format!("`{}` 的授权 `{}`", grant.member, grant.id),
                );
                endings.push(Ending { what, began, ends, remedy: again.clone() });
            }
        }
        Ok(endings)
    }

    /// Keeps when a certificate ends that was issued here.
    pub(super) fn note_certificate(
        &self,
        holder: &str,
        begins: SystemTime,
        ends: SystemTime,
    ) -> Result<(), AuthorityError> {
        let mut issued = self.issued_certificates()?;
        issued.begins.insert(holder.to_owned(), seconds(begins));
        issued.ends.insert(holder.to_owned(), seconds(ends));
        Ok(files::write(
            &self.folder.join(CERTIFICATES),
            to_toml(&issued)?.as_bytes(),
            Secrecy::Public,
        )?)
    }

    /// Where the hub's next certificate begins: as early as clocks differ, but a second after the
    /// last one, and so that it was made after the last directory. Who knows that directory
    /// takes a hub that was enrolled anew by this alone
    /// ([`zerotrip_trust::directory::HubTls`]).
    pub(super) fn hub_certificate_begins(
        &self,
        now: SystemTime,
    ) -> Result<SystemTime, AuthorityError> {
        let hub = self.home().hub.uri();
        let last = self.issued_certificates()?.begins.get(&hub).copied();
        let issued = from_timestamp(self.directory.issued_at.as_ref())
            .map(|issued| seconds(issued - CLOCK_SKEW));
        let earliest = [Some(seconds(now - CLOCK_SKEW)), issued, last]
            .into_iter()
            .flatten()
            .max()
            .unwrap_or_default();
        // In whole seconds, as a certificate has it.
        let begins = at(earliest.saturating_add(1));
        if begins > now { Err(AuthorityError::Clock(hub)) } else { Ok(begins) }
    }

    fn own_endings(&self, now: SystemTime) -> Result<Vec<Ending>, AuthorityError> {
        let renew = Bilingual::new(
            "renew it with `zerotrip authority renew`; `zerotrip authority refresh` does so by \
             itself",
            "请执行 `zerotrip authority renew` 续期；执行 `zerotrip authority refresh` \
             时也会自动续期",
        );
        let own = self.home.uri();
        let of_file = |name: &str| -> Result<_, AuthorityError> {
            let certificate = pem::certificate(&files::read_text(&self.folder.join(name))?)
                .map_err(X509Error::from)?;
            Ok(x509::validity_of(&certificate)?)
        };
        let mut endings = vec![ending::of_certificate(&own, of_file("tls.pem")?, &renew)];
        endings.extend(ending::of_keys(&self.as_directory(now)?, &own, &renew));
        let (began, ends) = of_file("authority.pem")?;
        let what = Bilingual::new(
            "the certificate over the authority's key (`authority.pem`)",
            "数据主管部门的密钥证书（`authority.pem`）",
        );
        endings.push(Ending { what, began, ends, remedy: renew });
        let (began, ends) = x509::validity_of(self.ca.cert_der())?;
        let what = Bilingual::new("the root certificate (`ca.pem`)", "根证书（`ca.pem`）");
        let remedy = Bilingual::new(
            "a new authority has to be made, and all join it",
            "须重新建立数据主管部门，所有单位重新接入",
        );
        endings.push(Ending { what, began, ends, remedy });
        Ok(endings)
    }

    fn issued_certificates(&self) -> Result<Issued, AuthorityError> {
        let path = self.folder.join(CERTIFICATES);
        if !files::is_there(&path) {
            return Ok(Issued::default());
        }
        let content = |why: &str| AuthorityError::Content {
            path: path.display().to_string(),
            why: why.to_owned(),
        };
        toml::from_str(&files::read_text(&path)?).map_err(|error| content(error.message()))
    }

    /// The working copy as it would be published now.
    fn as_directory(&self, now: SystemTime) -> Result<Directory, AuthorityError> {
        let mut message = self.directory.clone();
        message.version = message.version.max(1);
        message.issued_at = Some(to_timestamp(now));
        message.expires_at = Some(to_timestamp(now + CLOCK_SKEW));
        Ok(Directory::open(&Directory::seal(&message, &self.key)?, self.key.public(), now, 0)?)
    }
}

/// The list of keys of a system or hub.
fn keys_of<'a>(
    directory: &'a mut KeyDirectory,
    holder: &str,
) -> impl Iterator<Item = &'a mut Vec<Key>> {
    let systems = directory.members.iter_mut().flat_map(|member| &mut member.systems);
    let systems = systems.filter(move |system| system.uri == holder).map(|system| &mut system.keys);
    let hubs =
        directory.hubs.iter_mut().filter(move |hub| hub.uri == holder).map(|hub| &mut hub.keys);
    systems.chain(hubs)
}

/// Keys that hold now hold on; what was revoked or has ended stays so.
fn lengthen(keys: &mut [Key], now: SystemTime) {
    for key in keys.iter_mut().filter(|key| key.revoked_at.is_none()) {
        let ends = from_timestamp(key.not_after.as_ref());
        if ends.is_some_and(|ends| now < ends && ends < now + KEY_LIFE) {
            key.not_after = Some(to_timestamp(now + KEY_LIFE));
        }
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds)
}
