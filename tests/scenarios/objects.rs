//! Full segments in another place: a folder of a mounted store and a bucket of a real S3 server,
//! over one suite; and a hub that moves them there, is killed, and finds its store dead.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use prost::Message as _;
use serde_json::Value;
use zerotrip_hub::objects::RawSegments;
use zerotrip_ledger::{
    Completed, ExchangeState, Fact, Folder, Ledger, LogKeys, Options, Order, Piece, Place,
    PlaceError, Reader, Whereabouts,
};
use zerotrip_proto::hash_domain;
use zerotrip_proto::v1::{
    Answer, Completion, Envelope, ErrorCode, ExchangeBody, ExchangeFact, ExchangeOutcome, Intent,
};
use zerotrip_tests::deployment::{Finished, run, wait_until};
use zerotrip_trust::digest::{commit, sha256};
use zerotrip_trust::{Algorithm, SigningKey};

use crate::support::{DeployedCity, deploy, runtime};

mod store;

use store::{BUCKET, Mode, Proxy, S3, write_keys};

const ORIGIN: &str = "city.example/hub/main";
/// Exchanges: eight blocks of their leaves move, of which seven are in full segments.
const EXCHANGES: usize = 1600;
const FULL: usize = 7;
const DAY: Duration = Duration::from_secs(86_400);

fn opened(settings: &str, folder: &Path) -> Arc<dyn Place> {
    let raw: RawSegments = toml::from_str(settings).unwrap();
    raw.validated(folder).unwrap().open().unwrap()
}

fn id(number: usize) -> String {
    format!("01900000-0000-7000-8000-{number:012x}")
}

/// Long ago enough to move.
fn past(number: usize) -> SystemTime {
    SystemTime::now() - 30 * DAY + Duration::from_secs(number as u64)
}

fn completed(number: usize, intent_index: u64) -> Completed {
    let answer = Answer { request_id: id(number), ..Answer::default() }.encode_to_vec();
    let fact = ExchangeFact {
        code: ErrorCode::SourceUnreadable.into(),
        dataset: "estate.ownership".into(),
    };
    let fact = Fact { salt: vec![3; 32], fact: fact.encode_to_vec(), owner: "estate".into() };
    let body = ExchangeBody {
        answer: Some(Envelope { payload: answer.clone(), ..Envelope::default() }),
        answer_salt: vec![number as u8; 32],
        ..ExchangeBody::default()
    };
    let completion = Completion {
        exchange_id: id(number),
        intent_index,
        outcome: ExchangeOutcome::AnsweredTrue.into(),
        answer_commitment: commit(hash_domain::ANSWER, &body.answer_salt, &answer).to_vec(),
        fact_commitment: commit(hash_domain::FACT, &fact.salt, &fact.fact).to_vec(),
        ..Completion::default()
    };
    Completed { completion, answer: body.encode_to_vec(), fact, ..Completed::default() }
}

/// Exchanges of long ago, in a segment a block.
async fn fill(ledger: &Ledger) {
    let all: Vec<usize> = (0..EXCHANGES).collect();
    for some in all.chunks(64) {
        let ask = |number: &usize| {
            let (ledger, number) = (ledger.clone(), *number);
            tokio::spawn(async move {
                let intent = Intent {
                    exchange_id: id(number),
                    issuer: "spiffe://x/member/fund/system/a".into(),
                    ..Intent::default()
                };
                let at = past(number);
                let index = ledger.intend(intent, at, at + DAY).await.unwrap();
                ledger.complete(completed(number, index), at, None).await.unwrap();
            })
        };
        for task in some.iter().map(ask).collect::<Vec<_>>() {
            task.await.unwrap();
        }
    }
    let now = SystemTime::now();
    for day in (0..).map(|day| now - 20 * DAY + DAY * day) {
        if !ledger.move_block(now - 25 * DAY, day).await.unwrap() {
            break;
        }
    }
}

fn order() -> Order {
    Order { by: "records office".into(), why: "file 7".into(), at: SystemTime::now() }
}

fn told(ledger: &Ledger) -> Vec<String> {
    let mut told: Vec<String> = (0..EXCHANGES)
        .step_by(23)
        .map(|number| {
            let fact = ledger.fact(&id(number), &Reader::Authority).unwrap();
            format!("{:?} {fact:?}", ledger.exchange(&id(number)).unwrap())
        })
        .collect();
    let mut start = 0;
    while start < ledger.size() {
        let found = ledger.entries(start, 900, &Reader::Authority).unwrap();
        start += found.len() as u64;
        told.extend(found.into_iter().map(|entry| format!("{entry:?}")));
    }
    for index in (0..ledger.size()).step_by(131) {
        told.push(format!("{:?}", ledger.inclusion(index, &Reader::Authority).unwrap()));
    }
    told
}

async fn send_all(ledger: &Ledger) {
    while ledger.send_segment().await.unwrap().is_some() {}
}

/// What the ledger asks of a place.
fn conforms(place: &dyn Place) {
    let folder = tempfile::tempdir().unwrap();
    let bytes: Vec<u8> = (0..20_000_003_u32).map(|at| (at ^ (at >> 9)) as u8).collect();
    let source = |count: usize| {
        let path = folder.path().join("source");
        File::create(&path).unwrap().write_all(&bytes[..count]).unwrap();
        File::open(path).unwrap()
    };
    let name = |number: usize| format!("{ORIGIN}/2026-11-29-{number:06}-00ff.bodies");
    assert_eq!(place.read(&name(1), 0, 10), Err(PlaceError::Missing));
    assert_eq!(place.remove(&name(1)), Ok(()));
    for (number, count) in [(1, bytes.len()), (2, 1), (3, 8 << 20)] {
        let upload = place.begin(&name(number)).unwrap();
        place.put(&name(number), &upload, source(count), count as u64).unwrap();
        let whole = place.read(&name(number), 0, count as u64).unwrap();
        assert_eq!((sha256(&whole.bytes), whole.length), (sha256(&bytes[..count]), count as u64));
    }
    let length = bytes.len() as u64;
    for (at, count) in [(0, 1), (7, 100), (length - 5, 5), (length - 5, 50), (9_000_000, 9_000_000)]
    {
        let end = (at + count).min(length);
        let piece = Piece { bytes: bytes[at as usize..end as usize].to_vec(), length };
        assert!(place.read(&name(1), at, count) == Ok(piece), "{at} {count}");
    }
    for at in [length, length + 100] {
        let none = Piece { bytes: Vec::new(), length };
        assert_eq!(place.read(&name(1), at, 10), Ok(none), "{at}");
    }
    // In place of what is there, and what is cut short leaves nothing.
    let upload = place.begin(&name(3)).unwrap();
    place.put(&name(3), &upload, source(9), 9).unwrap();
    assert_eq!(place.read(&name(3), 0, 100).unwrap().bytes, bytes[..9]);
    let upload = place.begin(&name(4)).unwrap();
    assert!(place.put(&name(4), &upload, source(9), 10).is_err());
    assert_eq!(place.read(&name(4), 0, 1), Err(PlaceError::Missing));
    for _ in 0..2 {
        assert_eq!(place.abandon(&name(4), &upload), Ok(()));
    }
    let mut listed = place.list(ORIGIN, 100).unwrap();
    listed.sort();
    assert_eq!(listed, [name(1), name(2), name(3)]);
    assert_eq!(place.list(ORIGIN, 2).unwrap().len(), 2);
    assert_eq!(place.list("another.example/hub/b", 100).unwrap(), Vec::<String>::new());
    for number in 1..4 {
        assert_eq!(place.remove(&name(number)), Ok(()));
        assert_eq!(place.read(&name(number), 0, 1), Err(PlaceError::Missing));
    }
    assert_eq!(place.list(ORIGIN, 100).unwrap(), Vec::<String>::new());
}

/// The life of segments, wherever they are.
async fn lives(place: Option<Arc<dyn Place>>) {
    let folder = tempfile::tempdir().unwrap();
    let key = SigningKey::generate(Algorithm::Ed25519).unwrap();
    let keys: LogKeys = key.clone().into();
    let options = Options { place: place.clone(), ..Options::default() };
    let open = || Ledger::open_with(folder.path(), ORIGIN, key.clone(), &options).unwrap().0;
    let ledger = open();
    fill(&ledger).await;
    let before = told(&ledger);
    send_all(&ledger).await;
    assert_eq!(told(&ledger), before);
    let files = || fs::read_dir(folder.path().join("segments")).unwrap().count();
    let there = || place.as_ref().map_or(0, |place| place.list(ORIGIN, 100).unwrap().len());
    let sent = if place.is_some() { 2 * FULL } else { 0 };
    assert_eq!((files(), there()), (2 * (FULL + 1) - sent, sent));
    ledger.close().await.unwrap();
    let ledger = open();
    assert_eq!(told(&ledger), before);
    let checked = zerotrip_ledger::verify_segments(folder.path(), ORIGIN, place.clone()).unwrap();
    assert_eq!((&checked.faults, &checked.strangers), (&vec![], &vec![]));
    assert!(checked.bodies > 800, "{checked:?}");
    let copy = folder.path().join("copy");
    let now = SystemTime::now();
    zerotrip_ledger::backup(folder.path(), &copy, ORIGIN, &keys, now, place.clone()).unwrap();
    // One body, one that is held, and a segment.
    assert_eq!(ledger.erase(&id(0), order()).await.unwrap().bodies, 1);
    let held = zerotrip_ledger::Held::Exchange(id(1));
    let hold = ledger.place_hold(held, order()).await.unwrap();
    let first = ledger.drop_segment(1, order()).await.unwrap();
    assert_eq!(first.held, 1);
    ledger.release_hold(hold, order()).await.unwrap();
    assert_eq!(ledger.drop_segment(1, order()).await.unwrap().bodies, 1);
    send_all(&ledger).await;
    assert!(ledger.segments().unwrap()[0].bodies_file == Whereabouts::Removed);
    assert_eq!((files(), there()), if sent > 0 { (2, sent - 1) } else { (15, 0) });
    let ExchangeState::Closed { answer, .. } = ledger.exchange(&id(1)).unwrap().unwrap().state
    else {
        panic!("it is closed")
    };
    assert_eq!(answer, None);
    assert_eq!(ledger.verify_segments().unwrap().faults, Vec::<String>::new());
    let fetched = ledger.fetch_segment(3).await.unwrap();
    assert_eq!(fetched, if sent > 0 { 2 } else { 0 });
    send_all(&ledger).await;
    ledger.close().await.unwrap();
    let verify_all = Options { verify_all: true, ..options.clone() };
    let (ledger, _) = Ledger::open_with(folder.path(), ORIGIN, key.clone(), &verify_all).unwrap();
    ledger.close().await.unwrap();
}

#[test]
fn a_folder_is_a_place() {
    let folder = tempfile::tempdir().unwrap();
    let settings = format!("to = \"file://{}\"", folder.path().display());
    conforms(&*opened(&settings, Path::new("/")));
    runtime().block_on(async {
        lives(None).await;
        lives(Some(Arc::new(Folder::new(folder.path())))).await;
    });
}

#[test]
fn outside_an_s3_store_is_a_place() {
    let (s3, folder) = (S3::start(), tempfile::tempdir().unwrap());
    let runtime = runtime();
    let _entered = runtime.enter();
    let plain = s3.settings(folder.path(), &format!("http://127.0.0.1:{}", s3.port), "");
    let place = opened(&plain, folder.path());
    conforms(&*place);
    runtime.block_on(lives(Some(Arc::clone(&place))));
    for name in place.list(ORIGIN, 100).unwrap() {
        place.remove(&name).unwrap();
    }
    // Over TLS, by the authority that is named and no other.
    let proxy = Proxy::start_tls(s3.port, folder.path());
    let endpoint = format!("https://{}", proxy.address);
    let settings = s3.settings(folder.path(), &endpoint, "ca = \"ca.pem\"");
    let place = opened(&settings, folder.path());
    runtime.block_on(lives(Some(place)));
    let other = tempfile::tempdir().unwrap();
    let _other = Proxy::start_tls(s3.port, other.path());
    let stranger = opened(&s3.settings(other.path(), &endpoint, "ca = \"ca.pem\""), other.path());
    assert!(matches!(stranger.list(ORIGIN, 1), Err(PlaceError::Unavailable(_))));
}

fn unavailable(answer: Result<Piece, PlaceError>) -> String {
    match answer {
        Err(PlaceError::Unavailable(why)) => why,
        other => panic!("{other:?}"),
    }
}

/// Whatever goes wrong on the way is unavailable, never missing; no key is in what is said.
#[test]
fn outside_a_fault_of_an_s3_store_is_never_absence_and_tells_no_key() {
    let (s3, folder) = (S3::start(), tempfile::tempdir().unwrap());
    let runtime = runtime();
    let _entered = runtime.enter();
    let proxy = Proxy::start(s3.port);
    let endpoint = format!("http://{}", proxy.address);
    let settings = s3.settings(folder.path(), &endpoint, "");
    let name = format!("{ORIGIN}/a.bodies");
    let source = || {
        let path = folder.path().join("source");
        fs::write(&path, vec![7; 1000]).unwrap();
        File::open(path).unwrap()
    };
    let place = opened(&settings, folder.path());
    let upload = place.begin(&name).unwrap();
    place.put(&name, &upload, source(), 1000).unwrap();
    let faults = [
        Mode::Closed,
        Mode::Silent,
        Mode::Status(500),
        Mode::Status(503),
        Mode::Status(404),
        Mode::Status(403),
        Mode::Status(301),
        Mode::Status(204),
        Mode::Cut,
    ];
    for mode in faults {
        proxy.set(mode);
        let begun = std::time::Instant::now();
        // Each by a place that knows nothing yet.
        let place = opened(&settings, folder.path());
        let why = unavailable(place.read(&name, 10, 100));
        for secret in [&s3.id, &s3.secret, "AKIAECHO"] {
            assert!(!why.contains(secret), "{mode:?}: {why}");
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{mode:?}: {why}");
        // A store that is down is not asked again and again.
        let begun = std::time::Instant::now();
        for _ in 0..50 {
            unavailable(place.read(&name, 10, 100));
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "{mode:?}");
        proxy.set(Mode::Pass);
        let place = opened(&settings, folder.path());
        assert_eq!(place.read(&name, 10, 100).unwrap().bytes, vec![7; 100], "{mode:?}");
    }
    // Wrong bytes are not for a place to know; the ledger compares.
    proxy.set(Mode::Altered);
    assert_ne!(place.read(&name, 10, 100).unwrap().bytes, vec![7; 100]);
    proxy.set(Mode::Pass);
    for (id, secret) in [(&*s3.id, "wrong"), ("AKIAWRONG", &*s3.secret)] {
        let place = opened(&settings, folder.path());
        drop(place);
        write_keys(&folder.path().join("s3.keys"), id, secret);
        let place = opened(&settings, folder.path());
        let why = unavailable(place.read(&name, 10, 100));
        assert!(why.contains("refuses the access key"), "{why}");
        assert!(!why.contains(id) && !why.contains(secret), "{why}");
        drop(s3.settings(folder.path(), &endpoint, ""));
    }
    let other = settings.replace(BUCKET, "no-such-bucket");
    unavailable(opened(&other, folder.path()).read(&name, 10, 100));
}

impl DeployedCity {
    fn segments(&self, arguments: &[&str]) -> Finished {
        let (dir, store) = (self.deployment.path("hub"), self.deployment.path(""));
        let all = [&["--json", "segments"], arguments, &["--dir", &dir, "--store", &store]];
        run("zerotrip-hub", &all.concat(), &self.deployment.folder).unwrap()
    }

    /// How many files are elsewhere, and where the bodies of the first segment are.
    fn listed(&self) -> (usize, Value) {
        let output = self.segments(&["list"]).expect(0).unwrap().output;
        let rows: Vec<Value> =
            output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let at = |row: &Value, file: &str| row[file]["at"] == "elsewhere";
        let elsewhere = rows
            .iter()
            .map(|row| usize::from(at(row, "entries")) + usize::from(at(row, "bodies_file")))
            .sum();
        (elsewhere, rows[0]["bodies_file"]["at"].clone())
    }

    fn said_by_hub(&self) -> String {
        fs::read_to_string(self.deployment.folder.join("logs/hub.log")).unwrap()
    }
}

/// A real hub and a real server: it moves what is full, is killed on the way, serves while the
/// store is dead, and removes there what is erased.
#[test]
fn outside_a_hub_moves_its_segments_to_s3_and_serves_while_it_is_dead() {
    let s3 = S3::start();
    let proxy = Proxy::start(s3.port);
    let mut town = deploy(200, 31);
    assert_eq!(town.exit_code("couple"), 0);
    town.deployment.kill_hub().unwrap();
    let hub = PathBuf::from(town.deployment.path("hub"));
    let (origin, keys) = zerotrip_hub::state::log_keys(&hub).unwrap();
    runtime().block_on(async {
        let (ledger, recovered) =
            Ledger::open(Path::new(&town.deployment.path("")), &origin, keys).unwrap();
        ledger.reconcile(recovered.orphaned, SystemTime::now()).await.unwrap();
        fill(&ledger).await;
        ledger.close().await.unwrap();
    });
    let settings = s3.settings(&hub, &format!("http://{}", proxy.address), "");
    let mut all = fs::read_to_string(hub.join("hub.toml")).unwrap_or_default();
    all += &format!("\n[segments]\n{settings}");
    fs::write(hub.join("hub.toml"), all).unwrap();

    // Dead from the start: said once, and everything is answered.
    proxy.set(Mode::Silent);
    town.deployment.start_hub().unwrap();
    town.deployment.wait_all_attached().unwrap();
    town.wait_in_log("hub", "the object store does not answer");
    assert_eq!(town.exit_code("couple"), 0);
    assert_eq!(town.listed().0, 0);
    // Killed while it moves.
    proxy.set(Mode::Pass);
    let moved = |town: &DeployedCity, files: usize| {
        let found = || Ok(town.listed().0 >= files);
        wait_until(Duration::from_secs(120), "files have moved", found).unwrap();
    };
    for files in [1, 4, 9] {
        moved(&town, files);
        town.deployment.kill_hub().unwrap();
        let checked = town.segments(&["verify"]).expect(0).unwrap().json().unwrap();
        assert_eq!((&checked["faults"], &checked["strangers"]), (&0.into(), &0.into()));
        town.deployment.start_hub().unwrap();
    }
    moved(&town, 2 * FULL);
    town.deployment.wait_all_attached().unwrap();
    let log = town.said_by_hub();
    assert!(!log.contains(&s3.secret) && !log.contains(&s3.id), "{log}");
    assert_eq!(town.exit_code("couple"), 0);

    // What is there is read, by the authority through the hub; while its store is dead that is
    // unavailable, and nothing else is.
    let fact = |town: &DeployedCity, number: usize| {
        let exchange = id(number);
        town.deployment.authority(&["ledger", "fact"], &["--exchange", &exchange]).unwrap()
    };
    let read = fact(&town, 700).expect(0).unwrap();
    assert!(read.output.contains("estate.ownership"), "{read:?}");
    proxy.set(Mode::Closed);
    let unread = fact(&town, 300);
    assert!(unread.code != 0 && unread.errors.contains("cannot be read just now"), "{unread:?}");
    let checked = town.segments(&["verify"]).expect(2).unwrap();
    assert!(checked.output.contains("cannot be read or written now"), "{checked:?}");
    assert_eq!(town.exit_code("couple"), 0);
    proxy.set(Mode::Altered);
    let checked = town.segments(&["verify"]).expect(2).unwrap();
    assert!(checked.output.contains(&format!("s3://{BUCKET}/hub/")), "{checked:?}");
    proxy.set(Mode::Pass);
    let word = ["--by", "records office", "--why", "file 7"];
    // The hub asks a store that was down again after some seconds.
    let dropped = || Ok(town.segments(&[&["drop", "1"], &word[..]].concat()).code == 0);
    wait_until(Duration::from_secs(60), "the first segment is dropped", dropped).unwrap();
    let removed = || Ok(town.listed().1 == "removed");
    wait_until(Duration::from_secs(60), "the bodies of the first are removed", removed).unwrap();
    let fetched = town.segments(&["fetch", "3"]).expect(0).unwrap().json().unwrap();
    assert_eq!(fetched["fetched"], 2);
    let copy = town.deployment.path("copy");
    let (dir, store) = (town.deployment.path("hub"), town.deployment.path(""));
    let backup = ["--json", "backup", "--to", &copy, "--dir", &dir, "--store", &store];
    let made = run("zerotrip-hub", &backup, &town.deployment.folder).unwrap().expect(0).unwrap();
    assert!(made.json().unwrap()["elsewhere_bytes"].as_u64().unwrap() > 0, "{made:?}");
    let checked = town.segments(&["verify"]).expect(0).unwrap().json().unwrap();
    assert_eq!((&checked["faults"], &checked["strangers"]), (&0.into(), &0.into()));
    town.deployment.stop().unwrap();
}
