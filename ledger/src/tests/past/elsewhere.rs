//! Segments that are elsewhere: told as before, never lost, and every fault of their place named.

use std::fs::File;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use super::*;
use crate::{Folder, Piece, Place, PlaceError, Whereabouts};

const ROLE: &str = "ZEROTRIP_LEDGER_TEST_SENDER";
const PLACE: &str = "ZEROTRIP_LEDGER_TEST_PLACE";
/// Segments that are full: one for each day but the last.
const FULL: usize = BLOCKS - 1;

/// What is wrong with a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Down,
    /// An upload breaks off.
    Upload,
    Missing,
    /// It answers with another part of the object.
    Elsewhere,
    Altered,
    Cut,
    TooLong,
    Short,
    /// It lets nothing go.
    KeepsAll,
}

/// A folder that can be down, or lie.
#[derive(Debug)]
struct Faulty {
    folder: Folder,
    fault: Mutex<Option<Fault>>,
    /// Uploads of which something is left.
    left: Mutex<BTreeSet<String>>,
}

impl Faulty {
    fn set(&self, fault: Option<Fault>) {
        *self.fault.lock().unwrap() = fault;
    }

    fn is(&self, fault: Fault) -> bool {
        *self.fault.lock().unwrap() == Some(fault)
    }

    fn up(&self) -> Result<(), PlaceError> {
        if self.is(Fault::Down) {
            Err(PlaceError::Unavailable("it does not answer".into()))
        } else {
            Ok(())
        }
    }
}

impl Place for Faulty {
    fn url(&self) -> &str {
        self.folder.url()
    }

    fn begin(&self, name: &str) -> Result<String, PlaceError> {
        self.up()?;
        assert!(
            self.left.lock().unwrap().insert(name.to_owned()),
            "what is left is abandoned first"
        );
        self.folder.begin(name)
    }

    fn put(&self, name: &str, upload: &str, file: File, bytes: u64) -> Result<(), PlaceError> {
        self.up()?;
        if self.is(Fault::Upload) {
            return Err(PlaceError::Unavailable("it broke off".into()));
        }
        self.folder.put(name, upload, file, bytes)?;
        assert!(self.left.lock().unwrap().remove(name));
        Ok(())
    }

    fn abandon(&self, name: &str, upload: &str) -> Result<(), PlaceError> {
        self.up().and_then(|()| self.folder.abandon(name, upload))?;
        self.left.lock().unwrap().remove(name);
        Ok(())
    }

    fn read(&self, name: &str, at: u64, bytes: u64) -> Result<Piece, PlaceError> {
        self.up()?;
        let mut piece = self.folder.read(name, at, bytes)?;
        match *self.fault.lock().unwrap() {
            Some(Fault::Missing) => return Err(PlaceError::Missing),
            Some(Fault::Elsewhere) => piece.bytes = self.folder.read(name, at + 1, bytes)?.bytes,
            Some(Fault::Altered) => {
                if let Some(last) = piece.bytes.last_mut().filter(|_| at > 0) {
                    *last ^= 1;
                }
            }
            Some(Fault::Cut) => piece.length -= 1,
            Some(Fault::TooLong) => piece.length += 1,
            Some(Fault::Short) => drop(piece.bytes.pop()),
            Some(Fault::Down | Fault::Upload | Fault::KeepsAll) | None => {}
        }
        Ok(piece)
    }

    fn remove(&self, name: &str) -> Result<(), PlaceError> {
        self.up()?;
        if self.is(Fault::KeepsAll) {
            return Err(PlaceError::Unavailable("it answers 403".into()));
        }
        self.folder.remove(name)
    }

    fn list(&self, under: &str, most: usize) -> Result<Vec<String>, PlaceError> {
        self.up().and_then(|()| self.folder.list(under, most))
    }
}

struct Sent {
    store: Store,
    place: Arc<Faulty>,
    _folder: TempDir,
}

impl Sent {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = Faulty {
            folder: Folder::new(folder.path()),
            fault: Mutex::default(),
            left: Mutex::default(),
        };
        Self { store: Store::new(), place: Arc::new(place), _folder: folder }
    }

    fn place(&self) -> Option<Arc<dyn Place>> {
        Some(Arc::clone(&self.place) as Arc<dyn Place>)
    }

    fn open(&self) -> Ledger {
        self.open_as(false).unwrap()
    }

    fn open_as(&self, verify_all: bool) -> Result<Ledger, OpenError> {
        let options = Options { place: self.place(), verify_all, ..Options::default() };
        self.store.open_with(&options).map(|(ledger, _)| ledger)
    }

    /// Names in the place.
    fn there(&self) -> Vec<String> {
        let mut names = self.place.folder.list(ORIGIN, 1000).unwrap();
        names.sort();
        names
    }

    fn strangers(&self) -> Vec<String> {
        crate::verify_segments(self.store.path(), ORIGIN, self.place()).unwrap().strangers
    }
}

/// A block a day, and so a segment for each.
async fn move_by_days(ledger: &Ledger) {
    for day in 0.. {
        let now = later() + Duration::from_secs(86_400 * day);
        if !ledger.move_block(later(), now).await.unwrap() {
            break;
        }
    }
}

async fn send_all(ledger: &Ledger) -> usize {
    let mut steps = 0;
    while ledger.send_segment().await.unwrap().is_some() {
        steps += 1;
    }
    steps
}

async fn sent() -> (Sent, Ledger) {
    let sent = Sent::new();
    let ledger = sent.open();
    exchanges(&ledger, 0..1600).await;
    move_by_days(&ledger).await;
    send_all(&ledger).await;
    (sent, ledger)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_elsewhere_is_told_as_before() {
    let sent = Sent::new();
    let ledger = sent.open();
    exchanges(&ledger, 0..1600).await;
    move_by_days(&ledger).await;
    let before = told(&ledger, 1600);
    assert_eq!(sent.store.segment_files().len(), 2 * BLOCKS);
    // Each file is compared in its object, and then goes.
    assert_eq!(send_all(&ledger).await, 4 * FULL);
    assert_eq!(sent.store.segment_files().len(), 2, "the one that is written to stays");
    assert_eq!(sent.there().len(), 2 * FULL);
    assert_eq!(told(&ledger, 1600), before);
    let checked = ledger.verify_segments().unwrap();
    assert_eq!((checked.faults, checked.bodies > 800), (vec![], true));
    assert_eq!(sent.strangers(), Vec::<String>::new());
    ledger.close().await.unwrap();
    for verify_all in [false, true] {
        let ledger = sent.open_as(verify_all).unwrap();
        assert_eq!(told(&ledger, 1600), before);
        ledger.close().await.unwrap();
    }
    // Lost tiles are made of objects too.
    fs::remove_dir_all(sent.store.path().join("ledger")).unwrap();
    sent.open().close().await.unwrap();
    assert!(sent.store.path().join("ledger/tile/entries/011").exists());
}

/// Whatever is read, and whatever is wrong: the object is named, and nothing is told as not there.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_fault_of_a_place_is_named_and_never_told_as_absence() {
    let (sent, ledger) = sent().await;
    ledger.close().await.unwrap();
    let faults = [
        (Fault::Down, "cannot be read or written now: it does not answer"),
        (Fault::Missing, "is gone from its store"),
        (Fault::Elsewhere, "was swapped"),
        (Fault::Altered, "was altered"),
        (Fault::Cut, "is cut"),
        (Fault::TooLong, "was altered"),
        (Fault::Short, "it gave"),
    ];
    for (fault, what) in faults {
        // Nothing is known of an object before it is read.
        let ledger = sent.open();
        sent.place.set(Some(fault));
        for number in [3, 300, 700] {
            let found = [
                ledger.exchange(&id(number)).map(drop),
                ledger.fact(&id(number), &Reader::Authority).map(drop),
                ledger.entries(number as u64, 5, &Reader::Authority).map(drop),
                ledger.inclusion(number as u64, &Reader::Authority).map(drop),
            ];
            for found in found {
                let error = found.unwrap_err();
                assert_eq!(error.code(), ErrorCode::LedgerUnavailable);
                let text = error.to_string();
                assert!(text.contains(what) && text.contains("file:///"), "{fault:?}: {text}");
            }
        }
        // What is here is read, and what is asked is recorded.
        assert!(answer_of(&ledger, 1599).is_some());
        exchange_of(&ledger, 10_000 + fault as usize).await;
        let checked = ledger.verify_segments().unwrap();
        assert!(checked.faults.iter().all(|fault| fault.contains("file:///")), "{checked:?}");
        assert!(checked.faults.iter().any(|fault| fault.contains(what)), "{checked:?}");
        sent.place.set(None);
        assert!(answer_of(&ledger, 3).is_some(), "{fault:?}");
        ledger.close().await.unwrap();
    }
    // Settings that no longer name the place, and another one.
    let (ledger, _) = sent.store.open();
    let error = ledger.exchange(&id(3)).unwrap_err().to_string();
    assert!(error.contains("`hub.toml` does not name its store"), "{error}");
    assert!(answer_of(&ledger, 1599).is_some());
    assert_eq!(ledger.send_segment().await, Ok(None));
}

/// Nothing that a place says makes the file here go before it was read back.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_file_goes_only_once_its_object_was_read_back() {
    let sent = Sent::new();
    let ledger = sent.open();
    exchanges(&ledger, 0..1600).await;
    move_by_days(&ledger).await;
    let before = told(&ledger, 1600);
    let here = sent.store.segment_files();
    let all = [
        Fault::Down,
        Fault::Upload,
        Fault::Missing,
        Fault::Elsewhere,
        Fault::Altered,
        Fault::Cut,
        Fault::TooLong,
        Fault::Short,
    ];
    for fault in all {
        sent.place.set(Some(fault));
        for _ in 0..3 {
            let error = ledger.send_segment().await.unwrap_err().to_string();
            assert!(error.contains("file:///"), "{fault:?}: {error}");
        }
        assert_eq!(sent.store.segment_files(), here, "{fault:?}");
    }
    assert!(matches!(ledger.segments().unwrap()[0].entries, Whereabouts::OnItsWay(_)));
    sent.place.set(None);
    // One that is not whole here does not go, and holds up no other.
    let first = &here[0];
    let good = fs::read(first).unwrap();
    let mut altered = good.clone();
    *altered.last_mut().unwrap() ^= 1;
    fs::write(first, &altered).unwrap();
    let mut error = None;
    for _ in 0..8 * FULL {
        error = ledger.send_segment().await.err().or(error);
    }
    let name = first.file_name().unwrap().to_str().unwrap();
    assert!(error.unwrap().to_string().contains(name));
    assert_eq!(sent.store.segment_files().len(), 3);
    fs::write(first, good).unwrap();
    send_all(&ledger).await;
    assert_eq!((sent.store.segment_files().len(), told(&ledger, 1600)), (2, before));
    assert_eq!(sent.strangers(), Vec::<String>::new());
    assert!(sent.place.left.lock().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_erased_elsewhere_is_removed_there_and_a_hold_wins() {
    let (sent, ledger) = sent().await;
    let leaves = ledger.entries(0, 1000, &Reader::Authority).unwrap();
    let moved = ledger.segments().unwrap();
    assert!(moved[..FULL].iter().all(|row| matches!(row.bodies_file, Whereabouts::Elsewhere(_))));
    let inside = |segment: usize| -> Vec<usize> {
        let row = &moved[segment];
        (0..1600)
            .filter(|number| match ledger.exchange(&id(*number)).unwrap().unwrap().state {
                ExchangeState::Closed { completion_index, .. } => {
                    (row.first..row.end).contains(&completion_index)
                }
                other => panic!("{other:?}"),
            })
            .collect()
    };
    let (second, third) = (inside(1), inside(2));
    let held = ledger.place_hold(Held::Exchange(id(second[3])), order()).await.unwrap();
    // One body is erased while its store is down: its key goes.
    sent.place.set(Some(Fault::Down));
    assert_eq!(ledger.erase(&id(second[0]), order()).await.unwrap().bodies, 1);
    // What needs a segment that cannot be read waits, and says so.
    let ledger_again = {
        ledger.close().await.unwrap();
        sent.open()
    };
    let ledger = ledger_again;
    let refused = ledger.drop_segment(2, order()).await.unwrap_err().to_string();
    assert!(refused.contains("it does not answer"), "{refused}");
    sent.place.set(None);
    let erased = ledger.drop_segment(2, order()).await.unwrap();
    assert_eq!((erased.bodies, erased.held), (second.len() as u64 - 2, 1));
    send_all(&ledger).await;
    assert!(answer_of(&ledger, second[3]).is_some(), "held, and so is its object");
    assert_eq!(sent.there().len(), 2 * FULL);
    // The last one goes while the store is down: its object is removed later.
    ledger.release_hold(held, order()).await.unwrap();
    sent.place.set(Some(Fault::Down));
    assert_eq!(ledger.erase(&id(second[3]), order()).await.unwrap().bodies, 1);
    let row = ledger.segments().unwrap()[1].clone();
    assert!(matches!(row.bodies_file, Whereabouts::ToBeRemoved(_)), "{row:?}");
    assert_eq!(ledger.figures().unwrap().to_be_removed, 1);
    assert!(ledger.send_segment().await.is_err());
    ledger.close().await.unwrap();
    let ledger = sent.open();
    sent.place.set(None);
    assert_eq!(send_all(&ledger).await, 1);
    assert_eq!(ledger.segments().unwrap()[1].bodies_file, Whereabouts::Removed);
    assert_eq!(sent.there().len(), 2 * FULL - 1);
    // By rule, across segments that are elsewhere and those that are not.
    ledger.erase_before(at(1599), order()).await.unwrap();
    send_all(&ledger).await;
    let kept: Vec<usize> = (0..1600).filter(|it| answer_of(&ledger, *it).is_some()).collect();
    assert_eq!(kept, [1599]);
    assert!(sent.there().iter().all(|name| name.ends_with(".entries")), "{:?}", sent.there());
    assert_eq!(ledger.entries(0, 1000, &Reader::Authority).unwrap(), leaves);
    assert_eq!(ledger.verify_segments().unwrap().faults, Vec::<String>::new());
    assert!(third.iter().all(|number| answer_of(&ledger, *number).is_none()));
}

/// A proof needs no object where the public tile is there, which counts by the root that is kept.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_saw_an_old_head_goes_on_while_the_place_is_down() {
    let (sent, ledger) = sent().await;
    let size = ledger.size();
    let told = |ledger: &Ledger| -> Vec<_> {
        (1..size).step_by(53).map(|from| ledger.consistency(from, size).unwrap()).collect()
    };
    let before = told(&ledger);
    ledger.close().await.unwrap();
    let ledger = sent.open();
    sent.place.set(Some(Fault::Down));
    assert_eq!(told(&ledger), before);
    let tile = sent.store.path().join("ledger/tile/0/000");
    let good = fs::read(&tile).unwrap();
    let mut altered = good.clone();
    altered[40] ^= 1;
    for bytes in [&altered[..], &good[32..], &[][..]] {
        fs::write(&tile, bytes).unwrap();
        let error = ledger.consistency(3, size).unwrap_err().to_string();
        assert!(error.contains("it does not answer"), "{error}");
    }
    fs::remove_file(&tile).unwrap();
    assert!(ledger.consistency(3, size).is_err());
    sent.place.set(None);
    assert_eq!(told(&ledger), before);
}

/// A hold over a range of time is looked up by when the exchange ended, which only its segment
/// says: while that cannot be read, nothing of it is erased.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hold_by_time_wins_over_an_order_while_the_place_is_down() {
    let (sent, ledger) = sent().await;
    ledger.place_hold(Held::Between(at(0), at(50)), order()).await.unwrap();
    ledger.close().await.unwrap();
    let ledger = sent.open();
    sent.place.set(Some(Fault::Down));
    for number in [3, 60] {
        let refused = ledger.erase(&id(number), order()).await.unwrap_err();
        assert_eq!(refused.code(), ErrorCode::LedgerUnavailable);
    }
    sent.place.set(None);
    assert!(matches!(ledger.erase(&id(3), order()).await, Err(LedgerError::Held { .. })));
    assert_eq!(ledger.erase(&id(60), order()).await.unwrap().bodies, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_segment_comes_back_whole_and_stays() {
    let (sent, ledger) = sent().await;
    let before = told(&ledger, 1600);
    let copy = sent.store.path().join("copy");
    let (store, keys) = (sent.store.path().to_owned(), sent.store.keys());
    crate::backup(&store, &copy, ORIGIN, &keys, at(9), sent.place()).unwrap();
    assert!(matches!(ledger.fetch_segment(77).await, Err(LedgerError::Malformed(_))));
    for fault in [Fault::Down, Fault::Altered, Fault::Cut, Fault::Missing] {
        sent.place.set(Some(fault));
        assert!(ledger.fetch_segment(2).await.is_err(), "{fault:?}");
        assert!(matches!(ledger.segments().unwrap()[1].entries, Whereabouts::Elsewhere(_)));
    }
    sent.place.set(None);
    assert_eq!(ledger.fetch_segment(2).await, Ok(2));
    assert_eq!(ledger.fetch_segment(2).await, Ok(0));
    assert_eq!(send_all(&ledger).await, 0, "its objects are left, and nothing is sent again");
    assert_eq!(sent.there().len(), 2 * FULL);
    assert_eq!(sent.store.segment_files().len(), 4);
    ledger.close().await.unwrap();
    let ledger = sent.open_as(true).unwrap();
    assert_eq!(told(&ledger, 1600), before);
    assert_eq!(sent.strangers(), Vec::<String>::new());
    // A backup of before rests on them.
    ledger.close().await.unwrap();
    crate::restore(&copy, &store, ORIGIN, &keys, at(7), sent.place()).unwrap();
    let ledger = sent.open_as(true).unwrap();
    assert_eq!(told(&ledger, 1600), before);
    // They go with the last body.
    ledger.confirm_holds(order()).await.unwrap();
    assert_eq!(ledger.fetch_segment(2).await, Ok(2));
    ledger.drop_segment(2, order()).await.unwrap();
    send_all(&ledger).await;
    assert_eq!(sent.there().len(), 2 * FULL - 1);
}

/// A file that moves between the copy of the database and its own is where the store says.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_backup_is_made_while_segments_move() {
    let sent = Sent::new();
    let ledger = sent.open();
    exchanges(&ledger, 0..1600).await;
    move_by_days(&ledger).await;
    let before = told(&ledger, 1600);
    let copy = sent.store.path().join("copy");
    let (store, keys) = (sent.store.path().to_owned(), sent.store.keys());
    crate::schema::new_folder(&copy).unwrap();
    let published = crate::backup::copy(&store, &copy).unwrap();
    assert!(send_all(&ledger).await > 0);
    crate::backup::completed(&store, &copy, published, ORIGIN, &keys, (at(9), sent.place()))
        .unwrap();
    ledger.close().await.unwrap();
    crate::restore(&copy, &store, ORIGIN, &keys, at(7), sent.place()).unwrap();
    let ledger = sent.open_as(true).unwrap();
    assert_eq!(told(&ledger, 1600), before);
    assert_eq!(ledger.verify_segments().unwrap().faults, Vec::<String>::new());
}

/// What a bucket does not let go holds up nothing else.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn segments_move_on_where_nothing_may_be_removed() {
    let (sent, ledger) = sent().await;
    ledger.drop_segment(2, order()).await.unwrap();
    sent.place.set(Some(Fault::KeepsAll));
    exchanges(&ledger, 2000..3000).await;
    move_by_days(&ledger).await;
    let before = sent.there().len();
    let mut last = Ok(Some(String::new()));
    while matches!(last, Ok(Some(_))) {
        last = ledger.send_segment().await;
    }
    assert!(last.is_err(), "{last:?}");
    assert!(sent.there().len() > before);
    sent.place.set(None);
    assert_eq!(send_all(&ledger).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_backup_rests_on_what_is_elsewhere_and_removes_nothing_there() {
    let (sent, ledger) = sent().await;
    let to = sent.store.path().join("copy");
    let backup = |to: &Path, place| {
        crate::backup(sent.store.path(), to, ORIGIN, &sent.store.keys(), at(9), place)
    };
    let error = backup(&to, None).unwrap_err().to_string();
    assert!(error.contains("`hub.toml` does not name its store"), "{error}");
    sent.place.set(Some(Fault::Down));
    assert!(backup(&to, sent.place()).is_err());
    sent.place.set(None);
    backup(&to, sent.place()).unwrap();
    assert_eq!(fs::read_dir(to.join("segments")).unwrap().count(), 2, "the newest alone");
    // Erased since, and gone from the place.
    ledger.drop_segment(2, order()).await.unwrap();
    send_all(&ledger).await;
    exchanges(&ledger, 2000..3000).await;
    move_by_days(&ledger).await;
    send_all(&ledger).await;
    let newer = sent.there();
    ledger.close().await.unwrap();
    let restored =
        crate::restore(&to, sent.store.path(), ORIGIN, &sent.store.keys(), at(7), sent.place());
    restored.unwrap();
    let ledger = sent.open();
    let row = ledger.segments().unwrap()[1].clone();
    let gone = (0..1600).filter_map(|number| ledger.exchange(&id(number)).err()).count();
    assert_eq!(gone as u64, row.bodies, "gone is an error, and no absence");
    let faults = ledger.verify_segments().unwrap().faults;
    assert!(faults.iter().all(|fault| fault.contains("is gone from its store")), "{faults:?}");
    assert_eq!(faults.len(), 1);
    // Those of after the backup are nobody's here: named, and left alone.
    assert!(!sent.strangers().is_empty());
    assert!(ledger.fetch_segment(1).await.is_ok());
    send_all(&ledger).await;
    assert!(newer.iter().all(|name| sent.there().contains(name)), "a copy removes nothing");
    ledger.confirm_holds(order()).await.unwrap();
    assert_eq!(ledger.drop_segment(2, order()).await.unwrap().bodies, row.bodies);
    send_all(&ledger).await;
    assert_eq!(ledger.verify_segments().unwrap().faults, Vec::<String>::new());
}

/// Not a test: a process that moves segments, and is killed. Run by itself it does nothing.
#[test]
fn sender() {
    let (Ok(folder), Ok(place)) = (std::env::var(ROLE), std::env::var(PLACE)) else { return };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.unwrap().block_on(async {
        let folder = PathBuf::from(folder);
        let key = fs::read_to_string(folder.join("key")).unwrap();
        let key = SigningKey::from_pkcs8_pem(&key).unwrap();
        let place: Arc<dyn Place> = Arc::new(Folder::new(Path::new(&place)));
        let options = Options { place: Some(place), ..Options::default() };
        let (ledger, _) = Ledger::open_with(&folder, ORIGIN, key, &options).unwrap();
        println!("\nopen");
        let some = 1 + u64::from(std::process::id()) % FULL as u64;
        let mut steps = 0;
        while ledger.send_segment().await.unwrap().is_some() {
            println!("\nstep");
            steps += 1;
            if steps == 2 {
                ledger.fetch_segment(some).await.unwrap();
                println!("\nfetched");
            }
        }
        println!("\ndone");
        std::thread::sleep(Duration::from_secs(3600));
    });
}

/// At each of its steps, and some time into it: everything is told as before, and whatever is in
/// the place is known.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_while_segments_move_loses_nothing_and_leaves_no_stranger() {
    use std::io::{BufRead as _, BufReader};

    let sent = Sent::new();
    let ledger = sent.open();
    exchanges(&ledger, 0..1600).await;
    move_by_days(&ledger).await;
    let before = told(&ledger, 1600);
    ledger.close().await.unwrap();
    let key = sent.store.key.to_pkcs8_pem();
    fs::write(sent.store.path().join("key"), key.as_bytes()).unwrap();
    let mut rounds = 0;
    loop {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", "tests::past::elsewhere::sender", "--nocapture", "--test-threads=1"])
            .env(ROLE, sent.store.path())
            .env(PLACE, sent._folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut process = command.spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut next = || lines.by_ref().map_while(Result::ok).find(|line| !line.is_empty());
        // A step at least, so that it comes to an end; then somewhere within the next ones.
        let mut is_done = false;
        let mut steps = 0;
        while steps <= rounds % 3 && !is_done {
            match next().as_deref() {
                Some("step" | "fetched") => steps += 1,
                Some("done") => is_done = true,
                Some(_) => {}
                None => panic!("the sender ended in round {rounds}"),
            }
        }
        let begun = std::time::Instant::now();
        while begun.elapsed() < Duration::from_micros(700 * (rounds % 11)) {
            std::hint::spin_loop();
        }
        process.kill().unwrap();
        process.wait().unwrap();
        if rounds % 4 == 0 || is_done {
            let (ledger, _) = sent
                .store
                .open_with(&Options { place: sent.place(), ..Options::default() })
                .unwrap();
            assert_eq!(told(&ledger, 1600), before, "round {rounds}");
            ledger.close().await.unwrap();
        }
        if is_done {
            break;
        }
        rounds += 1;
    }
    assert!(rounds > 5, "{rounds}");
    let ledger = sent.open_as(true).unwrap();
    assert_eq!(ledger.verify_segments().unwrap().faults, Vec::<String>::new());
    assert_eq!(sent.strangers(), Vec::<String>::new());
    let parts = |folder: &Path| {
        fs::read_dir(folder)
            .unwrap()
            .filter(|entry| {
                entry.as_ref().unwrap().file_name().to_string_lossy().ends_with(".part")
            })
            .count()
    };
    assert_eq!(parts(&sent._folder.path().join(ORIGIN)), 0);
}

/// A store of the release before gets what it lacks.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_store_of_before_moves_its_segments_too() {
    let sent = Sent::new();
    let ledger = sent.open();
    exchanges(&ledger, 0..1600).await;
    move_by_days(&ledger).await;
    let before = told(&ledger, 1600);
    ledger.close().await.unwrap();
    rusqlite::Connection::open(sent.store.path().join("store.sqlite"))
        .unwrap()
        .execute_batch("DROP TABLE object; DROP TABLE stay; PRAGMA user_version = 4")
        .unwrap();
    let looked = crate::inspect(sent.store.path(), ORIGIN);
    assert!(matches!(looked, Err(OpenError::LastRelease(4))), "{looked:?}");
    let ledger = sent.open();
    assert_eq!(send_all(&ledger).await, 4 * FULL);
    assert_eq!(told(&ledger, 1600), before);
}
