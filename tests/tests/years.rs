//! Three years of an installation with an injected clock: the authority's real folder, the rules of hub, connectors and systems, and
//! nothing else: no process, no socket. Members forget and remember to renew, members are suspended and resumed, grants come and go, the
//! hub is down for days and is set back, the authority's folder is put back from a copy. An oracle of its own keeps, in plain numbers, who
//! may ask at each moment. Held: nobody who may not is answered; whoever may is, where nothing is down; every end was announced.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use zerotrip_client::authority::{Authority, NewGrant, NewMember};
use zerotrip_connector::seen::Seen;
use zerotrip_policies::{Action, Facts, Snapshot, open_grants};
use zerotrip_proto::v1::{DescribeRequest, Envelope, KeyUsage, PendingJoin, Status};
use zerotrip_trust::directory::Directory;
use zerotrip_trust::ending::{Announcer, Ending, Words, of_certificate, of_keys};
use zerotrip_trust::identity::Identity;
use zerotrip_trust::keys::{Algorithm, SigningKey};
use zerotrip_trust::merkle::CompactRange;
use zerotrip_trust::note::Checkpoint;
use zerotrip_trust::renewal;
use zerotrip_trust::x509::{self, CertificateDer, TlsKey};

use crate::support::Dice;

const CHECK: &str = "no-property/couple";
const PURPOSE: &str = "rent-withdrawal";
const BASIS: &str = "b";
const MEMBERS: [&str; 5] = ["careful", "forgetful", "suspended", "granted", "stranger"];
const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;
/// The clock moves in steps of so many hours.
const STEP: u64 = 12 * HOUR;
const YEARS: u64 = 3;

/// Years ago: whatever read the machine's clock would find everything ended.
fn at(second: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_500_000_000 + second)
}

/// A member's system: what lies in its folder.
struct System {
    identity: Identity,
    tls: TlsKey,
    sign: SigningKey,
    certificate: CertificateDer<'static>,
    announcer: Announcer,
    /// What it was told ends, of its own.
    told: BTreeSet<String>,
}

/// What the hub has: bundles as the authority signed them, and no say of its own.
#[derive(Clone)]
struct Hub {
    directory: Envelope,
    grants: Envelope,
}

/// What is so, by plain numbers: seconds until which something holds.
#[derive(Clone, Debug, Default)]
struct Truth {
    certificate: BTreeMap<String, u64>,
    key: BTreeMap<String, u64>,
    suspended: BTreeSet<String>,
    granted: BTreeMap<String, u64>,
}

/// See [`World::rules`].
struct Rules {
    directory: Directory,
    policy: Snapshot,
    followed: bool,
}

struct World {
    folder: PathBuf,
    authority: Authority,
    systems: BTreeMap<String, System>,
    hub: Hub,
    /// A department's memory of the hub.
    seen: Seen,
    published: u64,
    truth: Truth,
    /// What the hub has of the truth: what was not published yet does not hold there.
    there: Truth,
    told: BTreeSet<String>,
    announcer: Announcer,
    grants: u32,
}

impl World {
    fn begin(folder: &Path) -> Self {
        let now = at(0);
        let home = folder.join("authority");
        let life = Duration::from_secs(DAY);
        let mut authority = Authority::init(&home, "city.example", "main", "https://localhost:1", life, now).unwrap();
        let mut systems = BTreeMap::new();
        let mut truth = Truth::default();
        for member in MEMBERS {
            let new = NewMember { member, system: "front", name_en: None, name_zh: None, administrator: false };
            let invited = authority.invite(&new, life, now).unwrap();
            authority.keep_invitation(&invited, now).unwrap();
            let identity = invited.invitation.system.clone();
            let (tls, sign) = (TlsKey::generate().unwrap(), SigningKey::generate(Algorithm::Ed25519).unwrap());
            let csr = x509::make_csr(&tls, &identity, &[], &[]).unwrap();
            // A key that is registered for fourteen months, so that three years see it end where nobody renews.
            let keys = vec![sign.public().to_proto(KeyUsage::Sign, at(0) - Duration::from_secs(300), at(426 * DAY))];
            let binding_tag = invited.invitation.binding_tag(&csr, &keys).to_vec();
            let token_digest = invited.invitation.token_digest().to_vec();
            let admission = authority.admit(&PendingJoin { system: identity.uri(), token_digest, csr, keys, binding_tag }, now).unwrap();
            let certificate = admission.certificate_chain.into_iter().next().unwrap();
            truth.certificate.insert(member.into(), 365 * DAY);
            truth.key.insert(member.into(), 426 * DAY);
            let announcer = Announcer::default();
            systems.insert(member.to_owned(), System { identity, tls, sign, certificate, announcer, told: BTreeSet::new() });
        }
        let hub = Hub { directory: authority.sign_directory(now).unwrap(), grants: authority.newest_grants(now).unwrap() };
        let seen = Seen::new(&folder.join("department"));
        let (there, told) = (truth.clone(), BTreeSet::new());
        let announcer = Announcer::default();
        Self { folder: folder.to_owned(), authority, systems, hub, seen, published: 0, truth, there, told, announcer, grants: 0 }
    }

    fn grant(&mut self, member: &str, days: u64, second: u64) {
        self.grants += 1;
        let new = NewGrant {
            id: format!("{member}-{}", self.grants),
            member: member.into(),
            check: CHECK.into(),
            purposes: vec![PURPOSE.into()],
            legal_bases: vec![BASIS.into()],
            life: Duration::from_secs(days * DAY),
            may_issue: false,
            variants_per_subject: 1,
        };
        self.authority.add_grant(new, at(second)).unwrap();
        self.truth.granted.insert(member.into(), second + days * DAY);
    }

    fn revoke(&mut self, member: &str, second: u64) {
        for grant in self.authority.grants().unwrap().grants.into_iter().filter(|grant| grant.member == member) {
            self.authority.revoke_grant(&grant.id, at(second)).unwrap();
        }
        self.truth.granted.remove(member);
    }

    fn set(&mut self, member: &str, status: Status, second: u64) {
        self.authority.set_status(member, status, at(second)).unwrap();
        match status {
            Status::Suspended => self.truth.suspended.insert(member.into()),
            _ => self.truth.suspended.remove(member),
        };
    }

    /// `zerotrip authority refresh`, where the hub answers: takes over what it never signed, renews by rule, publishes.
    fn refresh(&mut self, asking: &[&str], second: u64) {
        let now = at(second);
        if self.authority.own_is_due(now).unwrap() {
            self.authority.renew_own(now).unwrap();
        }
        // What was changed in an older copy of the folder is not made: the hub knows better.
        if self.authority.follow_directory(&self.hub.directory).unwrap().is_some() {
            self.truth.suspended = self.there.suspended.clone();
            self.truth.key = self.there.key.clone();
        }
        for member in asking {
            let system = self.systems.get_mut(*member).unwrap();
            let request = renewal::request(&system.certificate, &system.tls, &system.sign).unwrap();
            let Ok(asked) = self.authority.asked(&request, now) else { continue };
            if self.authority.by_rule(&asked, now).is_err() {
                continue;
            }
            let renewed = self.authority.renew(&asked, now).unwrap();
            let leaf = renewed.chain.into_iter().next().unwrap();
            let ca = self.authority.home().ca().clone();
            renewal::accept(&leaf, &system.certificate, &system.tls, &ca, now).unwrap();
            system.certificate = leaf;
            self.truth.certificate.insert((*member).into(), second + 365 * DAY);
            let key = self.truth.key.get_mut(*member).unwrap();
            *key = (*key).max(second + 3 * 365 * DAY);
        }
        // The hub takes only what is newer.
        let envelope = self.authority.sign_directory(now).unwrap();
        let key = self.authority.home().authority.clone();
        let before = Directory::open_ended(&self.hub.directory, &key, now, 0).unwrap().version();
        Directory::open(&envelope, &key, now, before + 1).unwrap();
        self.authority.directory_confirmed(&envelope).unwrap();
        let grants = self.authority.newest_grants(now).unwrap();
        if grants.payload != self.hub.grants.payload && self.authority.follow_hub(&self.hub.grants).unwrap().is_some() {
            self.truth.granted = self.there.granted.clone();
        }
        let grants = self.authority.newest_grants(now).unwrap();
        self.authority.grants_taken(&grants).unwrap();
        self.hub = Hub { directory: envelope, grants };
        self.published = second;
        // Certificates hold by themselves: they are nothing that the hub is told.
        self.there = self.truth.clone();
    }

    /// What the hub and the departments decide by at this moment.
    fn rules(&self, second: u64) -> Rules {
        let authority = &self.authority.home().authority;
        let directory = Directory::open_ended(&self.hub.directory, authority, at(second), 0).unwrap();
        let grants = open_grants(&self.hub.grants, authority, 0).unwrap();
        let policy = Snapshot::try_new(&directory, &grants, &[CHECK.to_owned()]).unwrap();
        Rules { directory, policy, followed: self.is_followed(grants.version) }
    }

    /// As guard, identification, policy and a department's connector decide.
    fn is_answered(&self, member: &str, rules: &Rules, second: u64) -> bool {
        let (system, now) = (&self.systems[member], at(second));
        let Rules { directory, policy, followed } = rules;
        let (began, ends) = x509::validity_of(&system.certificate).unwrap();
        let uri = system.identity.uri();
        let facts = Facts {
            system: &uri,
            check: CHECK,
            action: Action::Check,
            purpose: PURPOSE,
            legal_basis: BASIS,
            service_item: "rent-withdrawal-330100",
            case_number: "HZ-1",
            official: "0471",
            now,
        };
        began <= now
            && now < ends
            && directory.is_fresh(now)
            && directory.is_active(&system.identity)
            && directory.signing_key(system.sign.id(), KeyUsage::Sign, now).is_ok()
            && policy.decide(&facts).allowed
            && *followed
    }

    /// Whether a department takes this hub for one that is not behind; its log does not matter here.
    fn is_followed(&self, grants_version: u64) -> bool {
        let range = CompactRange::new();
        let head = Checkpoint { origin: "o".into(), size: 0, root: range.root() };
        self.seen.compare(&head, &DescribeRequest { grants_version, ..DescribeRequest::default() }).is_ok()
    }

    /// By the numbers alone.
    fn may_ask(&self, member: &str, second: u64) -> bool {
        let until = |map: &BTreeMap<String, u64>| map.get(member).copied().unwrap_or(0);
        second < until(&self.truth.certificate)
            && second < until(&self.there.key)
            && second < until(&self.there.granted)
            && !self.there.suspended.contains(member)
            && second < self.published + DAY
    }

    /// What each side's screens and logs say now.
    fn announce(&mut self, second: u64) {
        let now = at(second);
        let endings = self.authority.endings(now).unwrap();
        self.told.extend(self.announcer.due(&endings, now).into_iter().filter(|said| !said.ended).map(|said| said.text.en));
        let directory = Directory::open_ended(&self.hub.directory, &self.authority.home().authority, now, 0).unwrap();
        for system in self.systems.values_mut() {
            let uri = system.identity.uri();
            let remedy = Words::new("renew", "续期");
            let mut own: Vec<Ending> = of_keys(&directory, &uri, &remedy);
            own.push(of_certificate(&uri, x509::validity_of(&system.certificate).unwrap(), &remedy));
            let said = system.announcer.due(&own, now).into_iter().filter(|said| !said.ended).map(|said| said.text.en);
            system.told.extend(said);
        }
    }

    fn was_told(told: &BTreeSet<String>, what: &str, ended: SystemTime) -> bool {
        let date = zerotrip_trust::ending::utc(ended);
        told.iter().any(|text| text.contains(what) && text.contains(&date))
    }

    fn copy(&self, to: &str) {
        let (from, to) = (self.folder.join("authority"), self.folder.join(to));
        for arguments in [vec!["-rf".into(), to.clone()], vec!["-r".into(), from, to]] {
            let command = if arguments.first().is_some_and(|first| first.as_os_str() == "-rf") { "rm" } else { "cp" };
            assert!(Command::new(command).args(&arguments).status().unwrap().success());
        }
    }

    /// An older copy of the authority's folder takes the place of the newest.
    fn put_back(mut self, from: &str, copied: &Truth) -> Self {
        let home = self.folder.join("authority");
        drop(self.authority);
        assert!(Command::new("rm").arg("-rf").arg(&home).status().unwrap().success());
        assert!(Command::new("cp").arg("-r").arg(self.folder.join(from)).arg(&home).status().unwrap().success());
        self.authority = Authority::open_for_change(&home).unwrap();
        // Nobody's certificate is shorter for it.
        self.truth = Truth { certificate: self.truth.certificate, ..copied.clone() };
        self
    }
}

#[test]
fn three_years_answer_nobody_who_may_not_ask_and_end_nothing_unannounced() {
    three_years(1);
}

#[test]
fn three_other_years_do_neither() {
    three_years(2);
}

fn three_years(seed: u64) {
    // Every step writes the folder durably: in memory, where there is such a place.
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
    let mut dice = Dice(seed);
    let mut world = World::begin(folder.path());
    for member in ["careful", "forgetful", "suspended", "granted"] {
        world.grant(member, 400, 0);
    }
    world.refresh(&[], 0);
    let mut older: Option<(Truth, Hub)> = None;
    let mut down_until = 0;
    let (mut answered, mut refused, mut silent) = (0, 0, BTreeMap::<&str, u32>::new());
    for step in 1..YEARS * 365 * DAY / STEP {
        let second = step * STEP;
        world.announce(second);
        // Something happens every few days.
        match dice.below(24) {
            0 => world.set("suspended", Status::Suspended, second),
            1 | 2 => world.set("suspended", Status::Active, second),
            3 => world.revoke("granted", second),
            4 | 5 if !world.truth.granted.contains_key("granted") => world.grant("granted", 40 + dice.below(200) as u64, second),
            6 if down_until <= second => down_until = second + 2 * DAY,
            7 => {
                world.copy("authority-copy");
                older = Some((world.truth.clone(), world.hub.clone()));
            }
            8 if down_until <= second => {
                if let Some((copied, _)) = &older {
                    let copied = copied.clone();
                    world = world.put_back("authority-copy", &copied);
                }
            }
            9 => {
                // The hub's store, of the same moment: it is behind until the authority's next word, and departments see that it is.
                if let Some((_, hub)) = &older {
                    let newest = std::mem::replace(&mut world.hub, hub.clone());
                    let rules = world.rules(second);
                    for member in MEMBERS {
                        let (is, may) = (world.is_answered(member, &rules, second), world.may_ask(member, second));
                        // A department saw the newer directory and grants; whoever is behind in either answers nothing.
                        let behind = version(&world, &world.hub.directory, second) < version(&world, &newest.directory, second);
                        assert!(behind || !is || may, "seed {seed}, day {}: {member} is answered by a hub that was set back", second / DAY);
                    }
                    world.hub = newest;
                }
            }
            _ => {}
        }
        // The careful ask in time; the forgetful one in the first year only; the desk refreshes twice a day, where the hub is up.
        let mut asking = vec!["careful", "suspended", "granted"];
        if second < 300 * DAY {
            asking.push("forgetful");
        }
        for member in ["careful", "suspended"] {
            if world.truth.granted.get(member).is_some_and(|until| *until < second + 5 * DAY) {
                world.revoke(member, second);
                world.grant(member, 400, second);
            }
        }
        if down_until <= second {
            world.refresh(&asking, second);
        }
        let rules = world.rules(second);
        for member in MEMBERS {
            let (is, may) = (world.is_answered(member, &rules, second), world.may_ask(member, second));
            assert_eq!(is, may, "seed {seed}, day {}, {member}: answered {is}, by the numbers {may}", second / DAY);
            if is {
                answered += 1
            } else {
                refused += 1
            }
            // Every end of what is its own was announced to it and to the authority.
            let system = &world.systems[member];
            let (_, ends) = x509::validity_of(&system.certificate).unwrap();
            if ends <= at(second) {
                *silent.entry(member).or_default() += 1;
                let what = format!("the TLS certificate of `{}`", system.identity.uri());
                assert!(World::was_told(&system.told, &what, ends), "{member} was not told");
            }
        }
    }
    let ended: BTreeSet<&str> = silent.keys().copied().collect();
    assert_eq!(ended, BTreeSet::from(["forgetful", "stranger"]), "who did not renew, and nobody else");
    assert!(answered > 2000 && refused > 2000, "{answered} answered, {refused} refused");
    assert!(world.told.iter().any(|text| text.contains("grant `")), "grants' ends are announced to the authority");
}

fn version(world: &World, envelope: &Envelope, second: u64) -> u64 {
    Directory::open_ended(envelope, &world.authority.home().authority, at(second), 0).unwrap().version()
}
