//! The installation: the authority's real folder, the hub's real store, departments' and clients'
//! real rules, and what is so by plain numbers, kept by an oracle that asks none of them.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use prost::Message as _;
use zerotrip_authority::{Authority, ByHand, NewGrant, NewMember};
use zerotrip_certificates::open_checkpoint;
use zerotrip_connector::hub_watermark::{Continuity, HubWatermark};
use zerotrip_ledger::BundleKind;
use zerotrip_policies::{Action, Facts, Snapshot, open_grants};
use zerotrip_proto::v1::{DescribeRequest, Envelope, KeyDirectory, KeyUsage, PendingJoin, Status};
use zerotrip_text::Bilingual;
use zerotrip_trust::directory::{Directory, DirectoryError};
use zerotrip_trust::ending::{Announcer, Ending, of_certificate, of_keys};
use zerotrip_trust::identity::Identity;
use zerotrip_trust::keys::{Algorithm, PublicKey, SigningKey};
use zerotrip_trust::renewal;
use zerotrip_trust::x509::{self, CertificateDer, TlsKey};

use super::hub::{Former, HUB, Installation, Past};
use super::log::Log;
use super::{BASIS, CHECK, DAY, PURPOSE, at, copy_folder};

/// What each does is in [`super::three_years`].
pub const MEMBERS: [&str; 7] =
    ["careful", "forgetful", "late", "suspended", "granted", "rotated", "stranger"];
/// Seals certificates; and its one system.
const SEALS: &str = "careful";
const SEALING: &str = "careful.0";
/// A certificate, and the keys of those who never renew: so that three years see both end.
const CERTIFICATE: u64 = 365 * DAY;
const KEY: u64 = 426 * DAY;
const RENEWED_KEY: u64 = 3 * 365 * DAY;
/// How long a directory may be relied upon.
const FRESH: u64 = DAY;
/// When an end of a long life is announced, in days before it.
const NOTICES: [u64; 5] = [60, 30, 7, 1, 0];

/// What was said, and when.
type Told = Vec<(u64, String)>;

/// What lies in a system's folder. One that was rotated out is kept by whoever has the old machine.
pub struct System {
    pub member: &'static str,
    pub identity: Identity,
    tls: TlsKey,
    sign: SigningKey,
    seal: Option<SigningKey>,
    certificate: CertificateDer<'static>,
    announcer: Announcer,
    told: Told,
}

/// A department's machine: its folder, with what it saw of the hub, and the newest directory that
/// it took.
pub struct Department {
    pub folder: PathBuf,
    seen: HubWatermark,
    directory: RefCell<Option<Envelope>>,
}

/// A hub as it shows itself to whoever dials it.
struct Shown<'a> {
    home: &'a Installation,
    directory: Envelope,
    log: &'a Log,
}

/// What is so, by plain numbers: seconds until which something holds. Systems by name: `rotated.2`
/// is the second of `rotated`.
#[derive(Clone, Debug, Default)]
pub struct Truth {
    certificate: BTreeMap<String, u64>,
    key: BTreeMap<String, u64>,
    pub suspended: BTreeSet<String>,
    pub granted: BTreeMap<String, (String, u64, u64)>,
    /// The system of a member whose keys count.
    pub current: BTreeMap<String, String>,
}

/// What hub and departments decide by at one moment.
pub struct Rules {
    pub directory: Directory,
    policy: Snapshot,
}

/// Where a kill comes between the authority's word and the hub's reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    Nowhere,
    BeforeTheHub,
    BeforeTheReply,
}

pub struct World {
    folder: PathBuf,
    pub authority: Authority,
    pub log: Log,
    hub: Installation,
    /// Those that it was before, by when it was enrolled anew.
    pub formers: Vec<Former>,
    past: Vec<Past>,
    /// What was so when the hub was enrolled last: its enrolment holds against an older store.
    enrolled: (u64, Truth),
    pub systems: BTreeMap<String, System>,
    pub departments: Vec<Department>,
    pub published: u64,
    /// When a backup of the hub was put back last.
    pub restored: Option<u64>,
    pub truth: Truth,
    /// What the hub has of the truth: what was not published yet does not hold there.
    pub there: Truth,
    told: Told,
    announcer: Announcer,
    grants: u32,
}

impl World {
    pub fn begin(folder: &Path) -> Self {
        let life = Duration::from_secs(FRESH);
        let authority = Authority::init(
            &folder.join("authority"),
            "city.example",
            "main",
            "https://localhost:1",
            life,
            at(0),
        )
        .unwrap();
        let (hub, authority) = Installation::enrol(&folder.join("hub-0"), || authority, 0);
        let log = Log::begin(folder.join("store"), hub.log_keys());
        let department = Department::of(&folder.join("department"));
        let mut world = Self {
            folder: folder.to_owned(),
            authority,
            log,
            hub,
            formers: Vec::new(),
            past: Vec::new(),
            enrolled: (0, Truth::default()),
            systems: BTreeMap::new(),
            departments: vec![department],
            published: 0,
            restored: None,
            truth: Truth::default(),
            there: Truth::default(),
            told: Told::new(),
            announcer: Announcer::default(),
            grants: 0,
        };
        for member in MEMBERS {
            world.admit(member, 0);
        }
        for member in MEMBERS.into_iter().filter(|member| *member != "stranger") {
            world.grant(member, 400, 0);
        }
        world.refresh(&[], Cut::Nowhere, 0);
        world
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A system's join. A member that has one already rotates its keys: the old ones are revoked
    /// with the directory that is published next.
    pub fn admit(&mut self, member: &'static str, second: u64) {
        let (now, life) = (at(second), Duration::from_secs(DAY));
        let new = NewMember {
            member,
            system: "front",
            name_en: None,
            name_zh: None,
            administrator: false,
            rename: false,
        };
        let invited = self.authority.invite(&new, life, now).unwrap();
        self.authority.keep_invitation(&invited, now).unwrap();
        let identity = invited.invitation.system.clone();
        let (tls, sign) =
            (TlsKey::generate().unwrap(), SigningKey::generate(Algorithm::Ed25519).unwrap());
        let csr = x509::make_csr(&tls, &identity, &[], &[]).unwrap();
        let to_proto = |key: &SigningKey, usage| {
            key.public().to_proto(usage, now - Duration::from_secs(300), at(second + KEY))
        };
        let seal = (member == SEALS).then(|| SigningKey::generate(Algorithm::Es256).unwrap());
        let mut keys = vec![to_proto(&sign, KeyUsage::Sign)];
        keys.extend(seal.iter().map(|seal| to_proto(seal, KeyUsage::Seal)));
        let binding_tag = invited.invitation.binding_tag(&csr, &keys).to_vec();
        let token_digest = invited.invitation.token_digest().to_vec();
        let admission = self
            .authority
            .admit(
                &PendingJoin { system: identity.uri(), token_digest, csr, keys, binding_tag },
                now,
            )
            .unwrap();
        let certificate = admission.certificate_chain.into_iter().next().unwrap();
        let name = format!("{member}.{}", self.systems.len());
        self.truth.certificate.insert(name.clone(), second + CERTIFICATE);
        self.truth.key.insert(name.clone(), second + KEY);
        self.truth.current.insert(member.into(), name.clone());
        let (announcer, told) = (Announcer::default(), Told::new());
        self.systems.insert(
            name,
            System { member, identity, tls, sign, seal, certificate, announcer, told },
        );
    }

    pub fn grant(&mut self, member: &str, days: u64, second: u64) {
        self.grants += 1;
        let id = format!("{member}-{}", self.grants);
        let new = NewGrant {
            id: id.clone(),
            member: member.into(),
            check: CHECK.into(),
            purposes: vec![PURPOSE.into()],
            legal_bases: vec![BASIS.into()],
            life: Duration::from_secs(days * DAY),
            may_issue: false,
            variants_per_subject: 1,
            max_subjects: 0,
        };
        self.authority.add_grant(new, at(second)).unwrap();
        self.truth.granted.insert(member.into(), (id, second, second + days * DAY));
    }

    pub fn revoke(&mut self, member: &str, second: u64) {
        for grant in self
            .authority
            .grants()
            .unwrap()
            .grants
            .into_iter()
            .filter(|grant| grant.member == member)
        {
            self.authority.revoke_grant(&grant.id, at(second)).unwrap();
        }
        self.truth.granted.remove(member);
    }

    pub fn set(&mut self, member: &str, status: Status, second: u64) {
        self.authority.set_status(member, status, at(second)).unwrap();
        match status {
            Status::Suspended => self.truth.suspended.insert(member.into()),
            _ => self.truth.suspended.remove(member),
        };
    }

    /// A system asks for its renewal; what by rule is not granted is, to the member that is renewed
    /// by hand.
    fn renew(&mut self, name: &str, second: u64) {
        let now = at(second);
        let system = &self.systems[name];
        let request = renewal::request(&system.certificate, &system.tls, &system.sign).unwrap();
        let is_current =
            self.truth.current.get(system.member).is_some_and(|current| current == name);
        let Ok(asked) = self.authority.asked(&request, now) else { return };
        assert!(
            is_current && !self.truth.suspended.contains(system.member),
            "{name} is renewed after it was revoked"
        );
        match self.authority.by_rule(&asked, now) {
            Ok(()) => {}
            Err(ByHand::Ended) if system.member == "late" => {}
            Err(_) => return,
        }
        let renewed = self.authority.renew(&asked, now).unwrap();
        let leaf = renewed.chain.into_iter().next().unwrap();
        let ca = self.authority.home().ca().clone();
        let system = self.systems.get_mut(name).unwrap();
        renewal::accept(&leaf, &system.certificate, &system.tls, &ca, now).unwrap();
        system.certificate = leaf;
        self.truth.certificate.insert(name.into(), second + CERTIFICATE);
        if let Some(key) = self.truth.key.get_mut(name) {
            *key = (*key).max(second + RENEWED_KEY);
        }
    }

    /// The hub asks for its own renewal too; by rule it is renewed in time.
    fn renew_hub(&mut self, second: u64) {
        let now = at(second);
        let asked = self.authority.asked(&self.hub.asks(), now).unwrap();
        if self.authority.by_rule(&asked, now).is_ok() {
            let renewed = self.authority.renew(&asked, now).unwrap();
            let ca = self.authority.home().ca().clone();
            self.hub.take(renewed.chain.into_iter().next().unwrap(), &ca, now);
        }
    }

    /// `zerotrip-hub init` in a new folder, `enrol-hub`, and the hub starts over its store; then
    /// the authority publishes. Whoever has the former machine goes on with a copy of store and
    /// keys.
    pub fn enrol_hub_anew(&mut self, second: u64, told: &str) {
        self.refresh(&[], Cut::Nowhere, second);
        let before = self.rules(second).directory;
        let system = &self.systems[SEALING];
        let sealing = (&*system.identity.uri(), system.seal.as_ref().unwrap());
        self.past.extend(Past::before(&self.hub, &mut self.log, &before, sealing, second));
        let (number, home, aside) =
            (self.formers.len() + 1, self.path("authority"), self.path("authority-killed"));
        // Nothing of the new folder counts before the authority has certified it.
        assert!((0..self.departments.len()).all(|one| self.is_followed(one, second)), "{told}");
        drop(std::mem::replace(&mut self.authority, Authority::open(&home).unwrap()));
        let open = || Authority::open_for_change(&home).unwrap();
        let (fresh, authority) =
            Installation::enrol(&self.path(&format!("hub-{number}")), open, second);
        self.authority = authority;
        copy_folder(&home, &aside);
        self.replace_authority(&aside);
        self.enrolled = (second, self.truth.clone());
        let log =
            self.log.hand_over(&self.path(&format!("former-{number}")), fresh.log_keys(), second);
        self.formers.push(Former { home: std::mem::replace(&mut self.hub, fresh), log });
        self.published = second;
        self.log.kill(second);
        // Its own folder brings the directory, before the authority publishes it and after.
        assert!(
            (0..self.departments.len()).all(|one| self.is_followed(one, second)),
            "{told}: the hub enrolled anew is not followed"
        );
        self.formers_count_for_nothing(second, told);
        self.refresh(&[], Cut::Nowhere, second);
        self.formers_count_for_nothing(second, told);
        self.formers
            .iter()
            .for_each(|former| former.is_not_taken_back(&mut self.authority, second));
    }

    /// Neither departments nor those who ask take a former hub's word, and what it said in its time
    /// holds.
    pub fn formers_count_for_nothing(&mut self, second: u64, told: &str) {
        let newest = self.rules(second).directory;
        let issuer = self.systems[SEALING].identity.uri();
        for former in &mut self.formers {
            former.counts_for_nothing(&newest, &issuer, second, told);
        }
        let key = self.authority_key();
        for former in &self.formers {
            // Whatever directory it shows: its own, and the newest, which anybody can fetch.
            let (_, own) = former.log.bundle(BundleKind::Directory).unwrap();
            for directory in [own, self.in_force()] {
                let shown = Shown { home: &former.home, directory, log: &former.log };
                let follows = self
                    .departments
                    .iter()
                    .any(|department| department.follows(&shown, key, second));
                assert!(!follows, "{told}: a department follows a former hub");
            }
        }
        self.past.iter().for_each(|past| past.verifies(&newest, second, told));
    }

    /// The directory by which the hub decides: its store's, or that of its enrolment where that is
    /// newer.
    fn in_force(&self) -> Envelope {
        let version = |envelope: &Envelope| {
            KeyDirectory::decode(envelope.payload.as_slice()).unwrap().version
        };
        let stored = self.log.bundle(BundleKind::Directory).map(|(_, stored)| stored);
        stored
            .filter(|stored| version(stored) >= version(&self.hub.enrolled))
            .unwrap_or_else(|| self.hub.enrolled.clone())
    }

    /// A backup of that time is back in the hub's store.
    pub fn knows_less(&mut self, backed_up: u64) {
        if backed_up < self.enrolled.0 {
            self.there = Truth { granted: self.there.granted.clone(), ..self.enrolled.1.clone() };
        }
    }

    /// `zerotrip authority refresh`, where the hub answers: takes over what it never signed,
    /// renews, publishes. A kill cuts it off where `cut` says; the next one goes on.
    pub fn refresh(&mut self, asking: &[&str], cut: Cut, second: u64) {
        let now = at(second);
        if self.authority.own_is_due(now).unwrap() {
            self.authority.renew_own(now).unwrap();
        }
        // What was changed in an older copy of the folder is not made: the hub knows better.
        if self.authority.follow_directory(&self.in_force()).unwrap().is_some() {
            let there = self.there.clone();
            self.truth = Truth {
                certificate: self.truth.certificate.clone(),
                granted: self.truth.granted.clone(),
                ..there
            };
        }
        let asking: Vec<String> = self
            .systems
            .iter()
            .filter(|(_, system)| asking.contains(&system.member))
            .map(|(name, _)| name.clone())
            .collect();
        asking.iter().for_each(|name| self.renew(name, second));
        self.renew_hub(second);
        let envelope = self.authority.sign_directory(now).unwrap();
        if cut == Cut::BeforeTheHub {
            return self.kill_authority();
        }
        let version = Directory::open(&envelope, self.authority_key(), now, 0).unwrap().version();
        self.log.put_bundle(BundleKind::Directory, version, &envelope, second);
        self.published = second;
        self.there = Truth { granted: self.there.granted.clone(), ..self.truth.clone() };
        if cut == Cut::BeforeTheReply {
            return self.kill_authority();
        }
        self.authority.directory_confirmed(&envelope).unwrap();
        let theirs = self.log.bundle(BundleKind::Grants);
        if let Some((_, theirs)) = &theirs
            && self.authority.follow_hub(theirs).unwrap().is_some()
        {
            self.truth.granted = self.there.granted.clone();
        }
        let grants = self.authority.newest_grants(now).unwrap();
        let version = open_grants(&grants, self.authority_key(), 0).unwrap().version;
        if theirs.is_none_or(|(known, _)| known < version) {
            self.log.put_bundle(BundleKind::Grants, version, &grants, second);
        }
        self.there.granted = self.truth.granted.clone();
        self.authority.grants_taken(&grants).unwrap();
    }

    fn authority_key(&self) -> &PublicKey {
        &self.authority.home().authority
    }

    pub fn rules(&self, second: u64) -> Rules {
        let directory = self.in_force();
        let (_, grants) = self.log.bundle(BundleKind::Grants).unwrap();
        let directory =
            Directory::open_ended(&directory, self.authority_key(), at(second), 0).unwrap();
        let grants = open_grants(&grants, self.authority_key(), 0).unwrap();
        Rules {
            policy: Snapshot::try_new(&directory, &grants, &[CHECK.to_owned()]).unwrap(),
            directory,
        }
    }

    /// As guard, identification and policy decide at the hub; departments come after it.
    pub fn is_admitted(&self, name: &str, rules: &Rules, second: u64) -> bool {
        let (system, now) = (&self.systems[name], at(second));
        let (began, ends) = x509::validity_of(&system.certificate).unwrap();
        let uri = system.identity.uri();
        let (hub_began, hub_ends) = self.hub.validity();
        let facts = Facts {
            subjects: 1,
            system: &uri,
            check: CHECK,
            action: Action::Check,
            purpose: PURPOSE,
            legal_basis: BASIS,
            service_item: "rent-withdrawal-330100",
            case_number: "HZ-1",
            official: "0471",
            is_identified: true,
            now,
        };
        began <= now
            && now < ends
            && hub_began <= now
            && now < hub_ends
            && rules.directory.hub_key(self.hub.sign.id(), KeyUsage::Sign, now).is_ok()
            && rules.directory.is_fresh(now)
            && rules.directory.is_active(&system.identity)
            && rules.directory.signing_key(system.sign.id(), KeyUsage::Sign, now).is_ok()
            && rules.policy.decide(&facts).allowed
    }

    /// Whether a department takes this hub for one that is not behind, as its channel shows itself.
    pub fn is_followed(&self, department: usize, second: u64) -> bool {
        let shown = Shown { home: &self.hub, directory: self.in_force(), log: &self.log };
        self.departments[department].follows(&shown, self.authority_key(), second)
    }

    /// By the numbers alone.
    pub fn may_ask(&self, name: &str, second: u64) -> bool {
        let member = self.systems[name].member;
        let until = |map: &BTreeMap<String, u64>| map.get(name).copied().unwrap_or(0);
        second < until(&self.truth.certificate)
            && second < until(&self.there.key)
            && self.there.granted.get(member).is_some_and(|(_, _, until)| second < *until)
            && !self.there.suspended.contains(member)
            && self.there.current.get(member).is_some_and(|current| current == name)
            && second < self.published + FRESH
    }

    /// Since when a member's certificate has ended.
    pub fn ended_since(&self, member: &str) -> Option<u64> {
        self.truth.current.get(member).and_then(|name| self.truth.certificate.get(name)).copied()
    }

    /// What each side's screens and logs say now.
    pub fn announce(&mut self, second: u64) {
        let now = at(second);
        let endings = self.authority.endings(now).unwrap();
        let said = self
            .announcer
            .due(&endings, now)
            .into_iter()
            .filter(|said| !said.ended)
            .map(|said| (second, said.text.en));
        self.told.extend(said);
        let directory = self.rules(second).directory;
        for system in self.systems.values_mut() {
            let uri = system.identity.uri();
            let remedy = Bilingual::new("renew", "续期");
            let mut own: Vec<Ending> = of_keys(&directory, &uri, &remedy);
            own.push(of_certificate(
                &uri,
                x509::validity_of(&system.certificate).unwrap(),
                &remedy,
            ));
            let said = system
                .announcer
                .due(&own, now)
                .into_iter()
                .filter(|said| !said.ended)
                .map(|said| (second, said.text.en));
            system.told.extend(said);
        }
    }

    /// Whoever's certificate, key or grant has ended was told of that 60, 30, 7 and 1 days ahead,
    /// and the authority too. Gives the names.
    pub fn ended(&self, second: u64) -> BTreeSet<&'static str> {
        let mut ended = BTreeSet::new();
        for (name, system) in &self.systems {
            let current = self.there.current.get(system.member) == Some(name);
            let (_, ends) = x509::validity_of(&system.certificate).unwrap();
            let uri = system.identity.uri();
            if ends <= at(second) && current {
                ended.insert(system.member);
                let what = format!("the TLS certificate of `{uri}`");
                told_in_time(&system.told, &what, self.truth.certificate[name]);
                // An older copy of its folder knows of no certificate that was issued since: who
                // was renewed is told, the authority not.
                if self.truth.certificate[name] == CERTIFICATE {
                    told_in_time(&self.told, &what, CERTIFICATE);
                }
            }
            if current && self.there.key.get(name).is_some_and(|until| *until <= second) {
                let what = format!("the signing key of `{uri}`");
                told_in_time(&system.told, &what, self.there.key[name]);
                told_in_time(&self.told, &what, self.there.key[name]);
            }
        }
        for (member, (id, began, ends)) in
            self.there.granted.iter().filter(|(_, (_, _, ends))| *ends <= second)
        {
            let what = format!("grant `{id}` of `{member}`");
            if ends - began >= 120 * DAY {
                told_in_time(&self.told, &what, *ends);
            } else {
                assert!(
                    self.told.iter().any(|(_, text)| text.contains(&what)),
                    "nobody was told of the end of {what}"
                );
            }
        }
        ended
    }

    /// The authority's process, dropped as it is: what its folder holds at this moment goes on.
    pub fn kill_authority(&mut self) {
        let (home, aside) = (self.path("authority"), self.path("authority-killed"));
        copy_folder(&home, &aside);
        self.replace_authority(&aside);
    }

    fn replace_authority(&mut self, by: &Path) {
        let (home, gone) = (self.path("authority"), self.path("authority-gone"));
        fs::rename(&home, &gone).unwrap();
        fs::rename(by, &home).unwrap();
        self.authority = Authority::open_for_change(&home).unwrap();
        fs::remove_dir_all(gone).unwrap();
    }

    /// An older copy of the authority's folder takes the place of the newest. Nobody's certificate
    /// is shorter for it.
    pub fn put_back(&mut self, copied: &Path, truth: &Truth) {
        let fresh = self.path("authority-put-back");
        copy_folder(copied, &fresh);
        self.replace_authority(&fresh);
        self.truth = Truth { certificate: self.truth.certificate.clone(), ..truth.clone() };
    }
}

impl Department {
    pub fn of(folder: &Path) -> Self {
        fs::create_dir_all(folder).unwrap();
        let kept = fs::read(folder.join("directory.dsse")).ok();
        let directory = RefCell::new(kept.map(|bytes| Envelope::decode(bytes.as_slice()).unwrap()));
        Self { folder: folder.to_owned(), seen: HubWatermark::new(folder), directory }
    }

    /// As a connector does: the hub's certificate by the directory that it knows, the directory
    /// that the hub shows, its tree head by the newest, and last that it continues what was
    /// seen.
    fn follows(&self, shown: &Shown<'_>, authority: &PublicKey, second: u64) -> bool {
        let now = at(second);
        let open =
            |envelope: &Envelope| Directory::open_ended(envelope, authority, now, 0).unwrap();
        let known = self.directory.borrow().as_ref().map(open);
        let tls = known.as_ref().and_then(|known| known.hub_tls(&HUB.parse().unwrap()));
        let (began, ends) = shown.home.validity();
        if tls.is_some_and(|tls| tls.supersedes(&shown.home.tls_key(), began))
            || now < began
            || ends <= now
        {
            return false;
        }
        let offered = match &known {
            Some(known) => Directory::open_after(&shown.directory, authority, now, known),
            None => Directory::open(&shown.directory, authority, now, 0),
        };
        let directory = match (offered, known) {
            (Ok(newer), _) => {
                fs::write(self.folder.join("directory.dsse"), shown.directory.encode_to_vec())
                    .unwrap();
                *self.directory.borrow_mut() = Some(shown.directory.clone());
                newer
            }
            // It asks nobody until there is a newer one, and knows what it knew.
            (Err(DirectoryError::Expired(_)), Some(known)) => known,
            _ => return false,
        };
        let Ok(head) = open_checkpoint(&shown.log.note(), &directory, HUB, now) else {
            return false;
        };
        let grants_version = shown.log.bundle(BundleKind::Grants).map_or(0, |(version, _)| version);
        let consistency = shown.log.consistency(self.seen.size());
        let shown = DescribeRequest { grants_version, consistency, ..DescribeRequest::default() };
        self.seen.compare(&head, &shown) == Ok(Continuity::Proven)
    }

    /// As its people do once the authority has confirmed that a backup of the hub was put back.
    pub fn forget(&self) {
        fs::remove_file(self.folder.join("state/hub-seen.toml")).unwrap();
    }
}

fn told_in_time(told: &Told, what: &str, end: u64) {
    let date = zerotrip_trust::ending::utc(at(end));
    for window in NOTICES.windows(2) {
        let [from, to] = [window[0], window[1]].map(|days| end - days * DAY);
        let said = told.iter().any(|(at, text)| {
            (from..to).contains(at) && text.contains(what) && text.contains(&date)
        });
        assert!(said, "{} days before its end nobody said that {what} ends on {date}", window[0]);
    }
}
