//! The data authority's own folder: the root, the key that signs directories and grants, and the
//! working copies of both. Nothing here talks to a hub; what has to be published comes out as a
//! signed envelope.
//!
//! The folder is also that of the authority's administrator system, so `SystemHome::load` works on
//! it. `ca.key` and `authority.key` are the root of all trust: keep the folder on a machine that is
//! no hub.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use prost::Message as _;
use serde::{Deserialize, Serialize};
use zerotrip_channel::files::{self, FileError, Secrecy};
use zerotrip_channel::{Address, SystemHome};
use zerotrip_proto::bounds::CLOCK_SKEW;
use zerotrip_proto::v1::{Envelope, KeyDirectory, KeyUsage, Member, Status, System};
use zerotrip_proto::{SignedMessage, from_timestamp, to_timestamp};
use zerotrip_text::toml_fault;
use zerotrip_trust::directory::Directory;
use zerotrip_trust::identity::Identity;
use zerotrip_trust::keys::{Algorithm, PublicKey, SigningKey};
use zerotrip_trust::signed;
use zerotrip_trust::x509::{self, CertificateAuthority, TlsKey, pem};

use crate::AuthorityError;

/// The member that the authority itself is in its directory.
pub const MEMBER: &str = "authority";
/// Its administrators' system.
pub const DESK: &str = "desk";

/// The working copy of the directory, from which the next one is made.
pub(crate) const WORKING: &str = "directory.binpb";
/// The directory that the hub confirmed last.
pub(crate) const CONFIRMED: &str = "directory.confirmed.dsse";

pub(crate) const ROOT_LIFE: Duration = Duration::from_secs(20 * 365 * 86_400);
pub(crate) const AUTHORITY_KEY_LIFE: Duration = Duration::from_secs(5 * 365 * 86_400);
/// How long TLS certificates and the desk's keys are valid.
pub(crate) const CERTIFICATE_LIFE: Duration = Duration::from_secs(365 * 86_400);
pub(crate) const KEY_LIFE: Duration = Duration::from_secs(3 * 365 * 86_400);

/// The opened folder.
#[derive(Debug)]
pub struct Authority {
    pub(crate) folder: PathBuf,
    pub(crate) settings: Settings,
    pub(crate) home: SystemHome,
    pub(crate) ca: CertificateAuthority,
    pub(crate) key: SigningKey,
    pub(crate) directory: KeyDirectory,
    /// Held while this may change the folder.
    _lock: Option<File>,
}

/// `authority.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// How long a published directory may be relied upon, in seconds: a system that gets no newer
    /// one in this time stops.
    pub(crate) directory_life_seconds: u64,
    /// Whether `refresh` renews no certificate by itself; default: it renews those of active
    /// holders that are near their end.
    #[serde(default)]
    pub(crate) renew_by_hand: bool,
}

/// `identity.toml`, as `SystemHome` reads it.
#[derive(Serialize)]
struct IdentityFile {
    system: String,
    hub: String,
    url: String,
}

impl Authority {
    /// Makes a new authority. `life` is how long a directory may be relied upon; `now` the
    /// machine's clock.
    pub fn init(
        folder: &Path,
        trust_domain: &str,
        hub: &str,
        url: &str,
        life: Duration,
        now: SystemTime,
    ) -> Result<Self, AuthorityError> {
        files::check_folder(folder)?;
        if folder.join("ca.key").exists() || folder.join("identity.toml").exists() {
            return Err(AuthorityError::Occupied(folder.display().to_string()));
        }
        if !(60..=30 * 86_400).contains(&life.as_secs()) {
            return Err(AuthorityError::Life);
        }
        let desk = Identity::system(trust_domain, MEMBER, DESK)?;
        let hub = Identity::hub(trust_domain, hub)?;
        let _fits: Address = url.parse()?;
        fs::create_dir_all(folder).map_err(|error| FileError { path: folder.to_owned(), error })?;
        let lock = lock(folder)?;
        if folder.join("ca.key").exists() {
            return Err(AuthorityError::Occupied(folder.display().to_string()));
        }
        let begin = now - CLOCK_SKEW;
        let ca = CertificateAuthority::generate(trust_domain, begin, ROOT_LIFE)?;
        let (key, sign, tls) = (
            SigningKey::generate(Algorithm::Ed25519)?,
            SigningKey::generate(Algorithm::Ed25519)?,
            TlsKey::generate()?,
        );
        let certified = ca.sign_authority_key(key.public(), begin, now + AUTHORITY_KEY_LIFE)?;
        let csr = x509::make_csr(&tls, &desk, &[], &[])?;
        let chain = ca.sign_csr(&csr, &desk, &[], &[], begin, now + CERTIFICATE_LIFE)?;
        let settings = Settings { directory_life_seconds: life.as_secs(), renew_by_hand: false };
        let identity = IdentityFile { system: desk.uri(), hub: hub.uri(), url: url.to_owned() };
        let put = |name: &str, text: &str, secrecy| {
            files::write(&folder.join(name), text.as_bytes(), secrecy)
        };
        put("ca.key", &ca.key_pem(), Secrecy::Private)?;
        put("authority.key", &key.to_pkcs8_pem(), Secrecy::Private)?;
        put("sign.key", &sign.to_pkcs8_pem(), Secrecy::Private)?;
        put("tls.key", &tls.to_pem(), Secrecy::Private)?;
        put("ca.pem", &ca.cert_pem(), Secrecy::Public)?;
        put("authority.pem", &pem::encode(pem::CERTIFICATE, &certified), Secrecy::Public)?;
        put("tls.pem", &pem::encode(pem::CERTIFICATE, &chain), Secrecy::Public)?;
        put("authority.toml", &to_toml(&settings)?, Secrecy::Public)?;
        let administrator = System {
            tls_key: x509::key_digest(&chain)?.to_vec(),
            uri: desk.uri(),
            status: Status::Active.into(),
            keys: vec![sign.public().to_proto(KeyUsage::Sign, begin, now + KEY_LIFE)],
            administrator: true,
        };
        let member = Member {
            id: MEMBER.into(),
            name_en: "Data authority".into(),
            name_zh: "数据主管部门".into(),
            status: Status::Active.into(),
            systems: vec![administrator],
        };
        let first = KeyDirectory {
            trust_domain: trust_domain.into(),
            members: vec![member],
            ..KeyDirectory::default()
        };
        files::write(&folder.join(WORKING), &first.encode_to_vec(), Secrecy::Public)?;
        // Last: with this file the folder counts as one.
        put("identity.toml", &to_toml(&identity)?, Secrecy::Public)?;
        let mut authority = Self { _lock: Some(lock), ..Self::open(folder)? };
        authority.note_certificate(&desk.uri(), begin, now + CERTIFICATE_LIFE)?;
        authority.sign_directory(now)?;
        Ok(authority)
    }

    /// Opens the folder to change it: no other command can until this is dropped, or two
    /// administrators' changes would undo each other.
    pub fn open_for_change(folder: &Path) -> Result<Self, AuthorityError> {
        files::check_folder(folder)?;
        if !folder.join("ca.key").exists() {
            return Err(AuthorityError::NotOne(folder.display().to_string()));
        }
        // Before anything is read: what another one is writing must not be taken for the last word.
        let lock = lock(folder)?;
        Ok(Self { _lock: Some(lock), ..Self::open(folder)? })
    }

    /// Opens the folder to read it.
    pub fn open(folder: &Path) -> Result<Self, AuthorityError> {
        files::check_folder(folder)?;
        if !folder.join("ca.key").exists() || !folder.join("identity.toml").exists() {
            return Err(AuthorityError::NotOne(folder.display().to_string()));
        }
        let text = |name: &str| files::read_text(&folder.join(name));
        let content = |name: &str, why: String| AuthorityError::Content {
            path: folder.join(name).display().to_string(),
            why,
        };
        let written = text("authority.toml")?;
        let settings = toml::from_str(&written)
            .map_err(|error| content("authority.toml", toml_fault(&written, &error)))?;
        let ca = CertificateAuthority::from_pem(&text("ca.pem")?, &text("ca.key")?)
            .map_err(|error| content("ca.key", error.to_string()))?;
        let key = SigningKey::from_pkcs8_pem(&text("authority.key")?)
            .map_err(|error| content("authority.key", error.to_string()))?;
        let home = SystemHome::load(folder)?;
        if home.authority != *key.public() {
            return Err(content(
                "authority.pem",
                "it certifies another key than `authority.key`".into(),
            ));
        }
        let bytes = files::read(&folder.join(WORKING))?;
        let directory = KeyDirectory::decode(bytes.as_slice())
            .map_err(|error| content(WORKING, error.to_string()))?;
        Ok(Self { folder: folder.to_owned(), settings, home, ca, key, directory, _lock: None })
    }

    /// The folder as that of the administrator's system.
    pub fn home(&self) -> &SystemHome {
        &self.home
    }

    /// The working copy: what the next published directory will say.
    pub fn directory(&self) -> &KeyDirectory {
        &self.directory
    }

    /// Signs the working copy as the next version and writes it, with `jwks.json` beside it.
    /// Publishing it is the caller's part.
    pub fn sign_directory(&mut self, now: SystemTime) -> Result<Envelope, AuthorityError> {
        let next = self.next_directory(now)?;
        self.write_directory(next)
    }

    /// The working copy as the next version, signed; nothing is written.
    pub(crate) fn next_directory(&self, now: SystemTime) -> Result<NextDirectory, AuthorityError> {
        let signed = self.last_directory()?;
        if signed > self.directory.version {
            return Err(AuthorityError::OlderFile {
                file: self.folder.join(WORKING).display().to_string(),
                has: self.directory.version,
                signed,
            });
        }
        let mut next = self.directory.clone();
        next.version += 1;
        next.issued_at = Some(to_timestamp(now));
        next.expires_at =
            Some(to_timestamp(now + Duration::from_secs(self.settings.directory_life_seconds)));
        let envelope = Directory::seal(&next, &self.key)?;
        let opened = Directory::open(&envelope, self.key.public(), now, next.version)?;
        Ok(NextDirectory { message: next, envelope, opened })
    }

    pub(crate) fn write_directory(
        &mut self,
        next: NextDirectory,
    ) -> Result<Envelope, AuthorityError> {
        let NextDirectory { message, envelope, opened } = next;
        // The working copy first: a crash after it wastes a version number, which is allowed; the
        // other way round would reuse one.
        self.directory = message;
        self.save()?;
        self.note_signed(crate::lineage::SIGNED_DIRECTORIES, self.directory.version, &envelope)?;
        files::write(
            &self.folder.join("directory.dsse"),
            &envelope.encode_to_vec(),
            Secrecy::Public,
        )?;
        self.write_jwks(&opened)?;
        Ok(envelope)
    }

    /// Every key as the directory has it, for those who verify with other tools.
    pub(crate) fn write_jwks(&self, directory: &Directory) -> Result<(), AuthorityError> {
        Ok(files::write(
            &self.folder.join("jwks.json"),
            format!("{:#}\n", directory.jwks()).as_bytes(),
            Secrecy::Public,
        )?)
    }

    /// Keeps what the hub has confirmed of the directory, so that what it has not confirmed can be
    /// shown.
    pub fn directory_confirmed(&self, envelope: &Envelope) -> Result<(), AuthorityError> {
        Ok(files::write(&self.folder.join(CONFIRMED), &envelope.encode_to_vec(), Secrecy::Public)?)
    }

    /// The last directory that the hub confirmed; `None` where it never confirmed one.
    pub fn confirmed_directory(&self) -> Result<Option<KeyDirectory>, AuthorityError> {
        Ok(self.read_signed(CONFIRMED)?.map(|(_, directory)| directory))
    }

    pub(crate) fn save(&self) -> Result<(), AuthorityError> {
        Ok(files::write(
            &self.folder.join(WORKING),
            &self.directory.encode_to_vec(),
            Secrecy::Public,
        )?)
    }

    pub(crate) fn trust_domain(&self) -> &str {
        &self.directory.trust_domain
    }

    pub(crate) fn read_signed<M: SignedMessage>(
        &self,
        name: &str,
    ) -> Result<Option<(Envelope, M)>, AuthorityError> {
        self.read_signed_as(name, |envelope, key| signed::open(envelope, key))
    }

    /// The same of what is more than a message, such as one that is packed.
    pub(crate) fn read_signed_as<M, E: std::fmt::Display>(
        &self,
        name: &str,
        open: impl FnOnce(&Envelope, &PublicKey) -> Result<M, E>,
    ) -> Result<Option<(Envelope, M)>, AuthorityError> {
        let path = self.folder.join(name);
        if !files::is_there(&path) {
            return Ok(None);
        }
        let content =
            |why: String| AuthorityError::Content { path: path.display().to_string(), why };
        let envelope = Envelope::decode(files::read(&path)?.as_slice())
            .map_err(|error| content(error.to_string()))?;
        let message =
            open(&envelope, self.key.public()).map_err(|error| content(error.to_string()))?;
        Ok(Some((envelope, message)))
    }
}

/// A directory that is signed and not written yet.
pub(crate) struct NextDirectory {
    message: KeyDirectory,
    envelope: Envelope,
    opened: Directory,
}

/// Let go with the file; a crash lets go too.
pub(crate) fn lock(folder: &Path) -> Result<File, AuthorityError> {
    let path = folder.join("authority.lock");
    let at = |error| FileError { path: path.clone(), error };
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(at)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(AuthorityError::Busy(folder.display().to_string())),
        Err(TryLockError::Error(error)) => Err(at(error).into()),
    }
}

pub(crate) fn to_toml(value: &impl Serialize) -> Result<String, AuthorityError> {
    toml::to_string(value)
        .map_err(|error| AuthorityError::Content { path: "toml".into(), why: error.to_string() })
}

/// Keys of a system or hub that came again: those of today, and the old ones revoked as of now,
/// also those with another end before. One that came again and was never revoked holds as long as
/// it says now. Returns how many were revoked: none, where the same installation came again.
pub(crate) fn replace_keys(
    old: &mut Vec<zerotrip_proto::v1::Key>,
    new: Vec<zerotrip_proto::v1::Key>,
    now: SystemTime,
) -> usize {
    let mut revoked = 0;
    // In whole seconds, as the published key set has it: both say the same of every moment.
    let mut revoked_at = to_timestamp(now);
    revoked_at.nanos = 0;
    for key in old.iter_mut().filter(|key| !is_revoked(key, now)) {
        match new.iter().find(|again| again.id == key.id && again.usage == key.usage) {
            Some(again) if key.revoked_at.is_none() => key.not_after = again.not_after,
            _ => {
                key.revoked_at = Some(revoked_at);
                revoked += 1;
            }
        }
    }
    let fresh: Vec<_> =
        new.into_iter().filter(|key| !old.iter().any(|known| known.id == key.id)).collect();
    old.extend(fresh);
    revoked
}

/// A moment that cannot be read is none.
pub(crate) fn is_revoked(key: &zerotrip_proto::v1::Key, now: SystemTime) -> bool {
    from_timestamp(key.revoked_at.as_ref()).is_some_and(|at| at <= now)
}

/// Whether one of the new keys is an old one that was revoked: it never holds again.
pub(crate) fn any_revoked(
    old: &[zerotrip_proto::v1::Key],
    new: &[zerotrip_proto::v1::Key],
    now: SystemTime,
) -> bool {
    old.iter().any(|old| is_revoked(old, now) && new.iter().any(|key| key.id == old.id))
}
