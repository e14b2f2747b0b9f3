//! What moves into segments: nothing is lost, nothing is told twice, and whatever is wrong with a
//! file is named.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use zerotrip_proto::hash_domain;
use zerotrip_proto::v1::{
    Answer, CheckBody, EntryOpening, ExchangeBody, Parameter, Request, request,
};
use zerotrip_trust::digest::commit;

use super::*;
use crate::segments::BLOCK;

/// Blocks of 1,600 exchanges that move; the last leaves stay.
const BLOCKS: usize = 8;

/// Later than everything here.
fn later() -> SystemTime {
    at(1_000_000)
}

/// The person that the exchange is about: nothing of it may be in a file once it is erased.
fn person(number: usize) -> String {
    format!("33010619900101{number:04}")
}

fn body(number: usize) -> ExchangeBody {
    let request = Request {
        id: id(number),
        issuer: intent(number).issuer,
        official: "staff-0012".into(),
        case_number: format!("case-{number:06}"),
        body: Some(request::Body::Check(CheckBody {
            check: "no-property".into(),
            variant: "family".into(),
            parameters: vec![Parameter { name: "applicant".into(), value: person(number) }],
        })),
        ..Request::default()
    };
    let answer = Answer { request_id: id(number), ..Answer::default() };
    let envelope = |payload| Some(Envelope { payload, ..Envelope::default() });
    ExchangeBody {
        request: envelope(request.encode_to_vec()),
        answer: envelope(answer.encode_to_vec()),
        answer_salt: vec![number as u8; 32],
        ..ExchangeBody::default()
    }
}

fn whole(number: usize, intent_index: u64) -> Completed {
    let body = body(number);
    let payload = body.answer.as_ref().unwrap().payload.clone();
    let fact = Fact { salt: vec![3; 32], fact: b"fact".to_vec(), owner: "estate".into() };
    let completion = Completion {
        answer_commitment: commit(hash_domain::ANSWER, &body.answer_salt, &payload).to_vec(),
        fact_commitment: commit(hash_domain::FACT, &fact.salt, &fact.fact).to_vec(),
        ..completion(number, intent_index, ExchangeOutcome::AnsweredTrue)
    };
    let asked = vec!["estate".into(), "police".into()];
    Completed { completion, answer: body.encode_to_vec(), asked, fact }
}

async fn exchange_of(ledger: &Ledger, number: usize) -> LedgerReceipt {
    let index = ledger.intend(intent(number), at(0), at(300)).await.unwrap();
    ledger.complete(whole(number, index), at(number as u64), None).await.unwrap()
}

/// Some at once, so that they share commits.
async fn exchanges(ledger: &Ledger, numbers: std::ops::Range<usize>) {
    let all: Vec<usize> = numbers.collect();
    for some in all.chunks(64) {
        let ask = |number: &usize| {
            let (ledger, number) = (ledger.clone(), *number);
            tokio::spawn(async move { drop(exchange_of(&ledger, number).await) })
        };
        for task in some.iter().map(ask).collect::<Vec<_>>() {
            task.await.unwrap();
        }
    }
}

async fn move_all(ledger: &Ledger) -> usize {
    let mut blocks = 0;
    while ledger.move_block(later(), later()).await.unwrap() {
        blocks += 1;
    }
    blocks
}

impl Store {
    fn segment_files(&self) -> Vec<PathBuf> {
        let Ok(folder) = fs::read_dir(self.path().join("segments")) else { return Vec::new() };
        let mut files: Vec<_> = folder.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files
    }

    /// Whether any file of the store has these bytes.
    fn has(&self, bytes: &[u8]) -> bool {
        fn search(folder: &Path, bytes: &[u8]) -> bool {
            fs::read_dir(folder).into_iter().flatten().any(|entry| {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    return search(&path, bytes);
                }
                // A tile that is being written comes and goes.
                let found = fs::read(&path).unwrap_or_default();
                found.windows(bytes.len()).any(|found| found == bytes)
            })
        }
        search(self.path(), bytes)
    }
}

fn answer_of(ledger: &Ledger, number: usize) -> Option<Vec<u8>> {
    match ledger.exchange(&id(number)).unwrap().unwrap().state {
        ExchangeState::Closed { answer, .. } => answer,
        other => panic!("{other:?}"),
    }
}

/// Everything that every kind of reader is told.
fn told(ledger: &Ledger, exchanges: usize) -> Vec<String> {
    let readers = [
        Reader::Authority,
        Reader::System { uri: intent(0).issuer, member: "fund".into() },
        Reader::System { uri: "spiffe://x/member/estate/system/b".into(), member: "estate".into() },
        Reader::System { uri: String::new(), member: String::new() },
    ];
    let mut told = Vec::new();
    for reader in &readers {
        let mut start = 0;
        while start < ledger.size() {
            let found = ledger.entries(start, 700, reader).unwrap();
            start += found.len() as u64;
            told.extend(found.into_iter().map(|entry| format!("{entry:?}")));
        }
        for index in (0..ledger.size()).step_by(97) {
            told.push(format!("{:?}", ledger.inclusion(index, reader).unwrap()));
        }
        for number in (0..exchanges).step_by(31) {
            told.push(format!("{:?}", ledger.fact(&id(number), reader).unwrap()));
        }
    }
    for number in 0..exchanges {
        told.push(format!("{:?}", ledger.exchange(&id(number)).unwrap()));
    }
    for from in (1..ledger.size()).step_by(211) {
        told.push(format!("{:?}", ledger.consistency(from, ledger.size()).unwrap()));
    }
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_has_moved_is_told_as_before() {
    let store = Store::new();
    let (ledger, _) = store.open();
    let open = ledger.intend(intent(5000), at(0), at(300)).await.unwrap();
    ledger.put_bundle(BundleKind::Grants, 4, Envelope::default(), at(0)).await.unwrap();
    refusals(&ledger, 20).await;
    exchanges(&ledger, 0..1600).await;
    let before = told(&ledger, 1600);
    assert!(store.has(person(7).as_bytes()));
    assert_eq!(move_all(&ledger).await, BLOCKS);
    assert_eq!(told(&ledger, 1600), before);
    assert_eq!(ledger.verify_segments().unwrap().faults, Vec::<String>::new());

    // The intent has moved, and its exchange ends: who was asked reads it all the same.
    let asked = Reader::System { uri: String::new(), member: "estate".into() };
    assert_eq!(ledger.inclusion(open, &asked).unwrap().opening, None);
    ledger.complete(whole(5000, open), at(9), None).await.unwrap();
    assert!(ledger.inclusion(open, &asked).unwrap().opening.is_some());

    // Used once, ever; ended once; and no certificate any more.
    let again = ledger.intend(intent(7), at(0), at(300)).await;
    assert_eq!(again, Err(LedgerError::Replayed(id(7))));
    assert_eq!(ledger.complete(whole(7, 0), at(9), None).await, Err(LedgerError::NotOpen(id(7))));
    let index = ledger.intend(intent(6000), at(0), at(300)).await.unwrap();
    let issue = completed(completion(6000, index, ExchangeOutcome::Recorded), &[]);
    let late = ledger.record_certificate(issue, at(2), None, &id(7), [7; 32]).await;
    assert_eq!(late, Err(LedgerError::Kept(id(7))));

    let now = told(&ledger, 1600);
    ledger.close().await.unwrap();
    for verify_all in [false, true] {
        let options = Options { verify_all, ..Options::default() };
        let (ledger, _) = store.open_with(&options).unwrap();
        assert_eq!(told(&ledger, 1600), now);
        ledger.close().await.unwrap();
    }
    // Tiles are made of the files as they were made of the tables.
    fs::remove_dir_all(store.path().join("ledger")).unwrap();
    assert!(matches!(store.try_open(), Ok((_, Recovered { size: 3224, .. }))));
    assert!(store.path().join("ledger/tile/entries/011").exists());
}

/// Two hours of a hub are hot: what is younger stays, and so do the last leaves, whatever their
/// age.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_moves_that_is_young() {
    let store = Store::new();
    let (ledger, _) = store.open();
    exchanges(&ledger, 0..1600).await;
    assert!(!ledger.move_block(at(0), at(5000)).await.unwrap());
    assert!(!ledger.move_block(at(100), at(5000)).await.unwrap());
    for (before, blocks) in [(300, 2), (5000, BLOCKS)] {
        while ledger.move_block(at(before), at(5000)).await.unwrap() {}
        assert_eq!(ledger.figures().unwrap().moved, blocks as u64 * BLOCK);
    }
    // A clock that was ahead once keeps nothing for ever.
    exchanges(&ledger, 10_000..10_600).await;
    assert!(ledger.move_block(at(1), at(2)).await.unwrap());
}

/// What a kill leaves at any moment: the files as they are then.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_kill_while_a_block_moves_loses_nothing() {
    let store = Store::new();
    let (ledger, _) = store.open();
    exchanges(&ledger, 0..1600).await;
    let before = told(&ledger, 1600);
    ledger.close().await.unwrap();
    // A block that is on the disk and not written down, wholly or in part, and one before it.
    for (moves, keep) in [(0, usize::MAX), (0, 900), (0, 10), (1, usize::MAX), (1, 900), (1, 1)] {
        let killed = Store { folder: tempfile::tempdir().unwrap(), key: store.key.clone() };
        for name in ["store.sqlite", "head"] {
            fs::copy(store.path().join(name), killed.path().join(name)).unwrap();
        }
        let (ledger, _) = killed.open();
        for _ in 0..moves {
            assert!(ledger.move_block(later(), later()).await.unwrap());
        }
        ledger.close().await.unwrap();
        let archive = crate::segments::Archive::new(killed.path(), ORIGIN);
        let lengths = |store: &Store| {
            let length = |file: PathBuf| (file.clone(), fs::metadata(&file).unwrap().len());
            store.segment_files().into_iter().map(length).collect::<BTreeMap<_, _>>()
        };
        let written = lengths(&killed);
        let connection = crate::schema::open_reader(killed.path()).unwrap();
        assert!(crate::segments::build(&connection, &archive, later(), later()).unwrap().is_some());
        drop(connection);
        for (file, length) in lengths(&killed) {
            let known = written.get(&file).copied().unwrap_or_default();
            let kept = length.min(known.saturating_add(keep as u64));
            fs::File::options().write(true).open(&file).unwrap().set_len(kept).unwrap();
        }
        let (ledger, _) = killed.open();
        assert_eq!(ledger.figures().unwrap().moved, moves as u64 * BLOCK);
        assert_eq!(told(&ledger, 1600), before);
        assert_eq!(move_all(&ledger).await, BLOCKS - moves);
        assert_eq!(told(&ledger, 1600), before);
        let checked = ledger.verify_segments().unwrap();
        assert_eq!((checked.blocks, checked.faults), (BLOCKS as u64, vec![]));
        ledger.close().await.unwrap();
        killed.verify_all().unwrap();
    }
}

/// Between the block's making and its taking over, its exchange is erased: it stays so.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_erased_while_it_moves_does_not_come_back() {
    let store = Store::new();
    let (ledger, _) = store.open();
    exchanges(&ledger, 0..1100).await;
    let archive = crate::segments::Archive::new(store.path(), ORIGIN);
    let connection = crate::schema::open_reader(store.path()).unwrap();
    let moving = crate::segments::build(&connection, &archive, later(), later()).unwrap().unwrap();
    let erased = ledger.erase(&id(3), order()).await.unwrap();
    assert_eq!(erased, Erased { bodies: 1, held: 0 });
    let refused = ledger.submit(Work::Move(Box::new(moving))).await;
    assert_eq!(refused.unwrap_err(), LedgerError::MovedOn);
    assert_eq!(move_all(&ledger).await, 4);
    assert_eq!(answer_of(&ledger, 3), None);
    assert_eq!(answer_of(&ledger, 4), Some(body(4).encode_to_vec()));
    assert_eq!(ledger.fact(&id(3), &Reader::Authority).unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_erased_is_in_no_file_and_the_log_is_whole() {
    let store = Store::new();
    let (ledger, _) = store.open();
    exchanges(&ledger, 0..1600).await;
    move_all(&ledger).await;
    let leaves = ledger.entries(0, 1000, &Reader::Authority).unwrap();
    // One that has moved and one that has not.
    for number in [9, 1599] {
        assert!(answer_of(&ledger, number).is_some());
        let before = ledger.exchange(&id(number)).unwrap().unwrap();
        assert_eq!(ledger.erase(&id(number), order()).await.unwrap().bodies, 1);
        assert_eq!(ledger.erase(&id(number), order()).await.unwrap().bodies, 0, "once");
        assert_eq!(answer_of(&ledger, number), None);
        let after = ledger.exchange(&id(number)).unwrap().unwrap();
        assert_eq!((after.issuer, after.intent_index), (before.issuer, before.intent_index));
        assert_eq!(ledger.fact(&id(number), &Reader::Authority).unwrap(), None);
    }
    // Keys and bodies are in no page, no WAL, no file: while the store is open.
    for number in [9, 1599] {
        assert!(!store.has(person(number).as_bytes()));
        assert!(!store.has(format!("case-{number:06}").as_bytes()));
    }
    assert!(store.has(person(1598).as_bytes()), "what has not moved is in the clear");
    assert!(!store.has(person(8).as_bytes()), "what has moved is not");
    assert_eq!(ledger.entries(0, 1000, &Reader::Authority).unwrap(), leaves);
    let checked = ledger.verify_segments().unwrap();
    assert_eq!((checked.erased, checked.faults), (1, vec![]));
    assert_eq!(ledger.erase(&id(7777), order()).await, Err(LedgerError::UnknownExchange(id(7777))));
    let nobody = Order { by: " ".into(), ..order() };
    assert!(matches!(ledger.erase(&id(10), nobody).await, Err(LedgerError::Malformed(_))));
    let open = ledger.intend(intent(9000), at(0), at(300)).await.unwrap();
    assert!(open > 0);
    assert!(matches!(ledger.erase(&id(9000), order()).await, Err(LedgerError::Malformed(_))));
}

/// Whether they have moved or not, and wherever a block ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_order_by_time_takes_just_what_ended_before() {
    let store = Store::new();
    let (ledger, _) = store.open();
    exchanges(&ledger, 0..1600).await;
    move_all(&ledger).await;
    for before in [1, 77, 300, 1599] {
        ledger.erase_before(at(before), order()).await.unwrap();
        let there = |number: &usize| answer_of(&ledger, *number).is_some();
        let kept: Vec<usize> = (0..1600).filter(there).collect();
        assert_eq!(kept, (before as usize..1600).collect::<Vec<_>>(), "before {before}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hold_wins_over_every_order_until_it_is_released() {
    let store = Store::new();
    let (ledger, _) = store.open();
    exchanges(&ledger, 0..1600).await;
    move_all(&ledger).await;
    let one = ledger.place_hold(Held::Exchange(id(5)), order()).await.unwrap();
    let range = ledger.place_hold(Held::Between(at(100), at(110)), order()).await.unwrap();
    let hot = ledger.place_hold(Held::Exchange(id(1599)), order()).await.unwrap();
    for (number, hold) in [(5, one), (100, range), (109, range), (1599, hot)] {
        assert_eq!(
            ledger.erase(&id(number), order()).await,
            Err(LedgerError::Held { exchange: id(number), hold })
        );
    }
    assert_eq!(ledger.erase(&id(110), order()).await.unwrap().bodies, 1);
    // By rule, all of them: whether they have moved or not.
    let erased = ledger.erase_before(later(), order()).await.unwrap();
    assert_eq!((erased.bodies, erased.held), (1600 - 13, 12));
    let kept: BTreeSet<_> =
        (0..1600).filter(|number| answer_of(&ledger, *number).is_some()).collect();
    assert_eq!(kept, (100..110).chain([5, 1599]).collect());
    // Nor does dropping a segment go over it.
    assert_eq!(ledger.segments().unwrap()[0].bodies, 11);
    assert_eq!(ledger.drop_segment(1, order()).await.unwrap(), Erased { bodies: 0, held: 11 });
    assert!(!ledger.segments().unwrap()[0].dropped);
    for hold in [one, range, hot] {
        ledger.release_hold(hold, order()).await.unwrap();
        assert_eq!(ledger.release_hold(hold, order()).await, Err(LedgerError::UnknownHold(hold)));
    }
    assert_eq!(ledger.drop_segment(1, order()).await.unwrap(), Erased { bodies: 11, held: 0 });
    assert_eq!(ledger.erase_before(later(), order()).await.unwrap().bodies, 1);
    assert!(ledger.segments().unwrap()[0].dropped);
    assert_eq!(store.segment_files().len(), 1, "the entries stay, the bodies' file is gone");
    let holds = ledger.holds().unwrap();
    assert!(holds.iter().all(|hold| hold.released == Some(order()) && hold.placed == order()));
    for wrong in [Held::Exchange(id(7777)), Held::Between(at(2), at(2))] {
        assert!(ledger.place_hold(wrong, order()).await.is_err());
    }
    // What comes next begins another segment.
    exchanges(&ledger, 2000..3000).await;
    assert!(ledger.move_block(later(), later()).await.unwrap());
    assert_eq!(ledger.segments().unwrap().len(), 2);
    let checked = ledger.verify_segments().unwrap();
    assert_eq!(checked.faults, Vec::<String>::new());
    ledger.close().await.unwrap();
    store.verify_all().unwrap();
}

/// Each part of each file, and what the store says of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_file_that_is_missing_cut_swapped_or_altered_is_named() {
    let store = Store::new();
    let (ledger, _) = store.open();
    exchanges(&ledger, 0..1600).await;
    move_all(&ledger).await;
    ledger.close().await.unwrap();
    let files = store.segment_files();
    assert_eq!(files.len(), 2);
    let other = Store::new();
    let (ledger, _) = other.open();
    exchanges(&ledger, 0..1600).await;
    move_all(&ledger).await;
    ledger.close().await.unwrap();
    for file in &files {
        let name = file.file_name().unwrap().to_str().unwrap();
        let good = fs::read(file).unwrap();
        let bodies = name.ends_with("bodies");
        let mut edits: Vec<(&str, Option<Vec<u8>>)> = vec![
            ("missing", None),
            ("is cut", Some(good[..good.len() - 1].to_vec())),
            ("is cut", Some(Vec::new())),
            ("was swapped", Some([b"x", &good[1..]].concat())),
        ];
        // Of another hub's log: as long and named alike, and nothing in it opens.
        let theirs = fs::read(other.path().join("segments").join(name)).unwrap();
        let mut swapped = theirs[..theirs.len().min(good.len())].to_vec();
        swapped.resize(good.len(), 0);
        edits.push(("was altered", Some(swapped)));
        for at in [100, good.len() / 3, good.len() / 2, good.len() - 1] {
            let mut altered = good.clone();
            altered[at] ^= 1;
            edits.push(("was altered", Some(altered)));
        }
        for (what, bytes) in edits {
            match &bytes {
                Some(bytes) => fs::write(file, bytes).unwrap(),
                None => fs::remove_file(file).unwrap(),
            }
            // Missing or cut, the segment that is written to does not even open.
            let opened = store.try_open();
            if what == "was altered" {
                let (ledger, _) = opened.unwrap();
                let faults = ledger.verify_segments().unwrap().faults;
                assert!(
                    !faults.is_empty()
                        && faults.iter().all(|it| it.contains(name) && it.contains(what)),
                    "{name} {what}: {faults:?}"
                );
                // Never as if there were no body: an error, or the right one.
                let (mut right, mut wrong) = (0, 0);
                for number in 0..1200 {
                    match ledger.exchange(&id(number)) {
                        Ok(Some(ExchangeRow {
                            state: ExchangeState::Closed { answer: Some(answer), .. },
                            ..
                        })) if answer == body(number).encode_to_vec() => right += 1,
                        Err(LedgerError::Segment(error)) if error.to_string().contains(name) => {
                            wrong += 1
                        }
                        other => panic!("{name} {what}: {other:?}"),
                    }
                }
                assert!(right + wrong == 1200 && wrong > 0, "{name}: {right} {wrong}");
                ledger.close().await.unwrap();
            } else {
                let error = opened.map(drop).unwrap_err();
                assert!(
                    matches!(&error, OpenError::Segment(error) if error.to_string().contains(name)),
                    "{name} {what}: {error}"
                );
                assert!(error.to_string().contains(what), "{name} {what}: {error}");
            }
            let all = store.verify_all();
            assert!(all.is_err() || bodies, "{name} {what}");
            drop(all);
            let to = store.path().join("copy");
            let copied = crate::backup(store.path(), &to, ORIGIN, &store.keys());
            assert!(
                copied.as_ref().is_err_and(|error| error.to_string().contains(name)),
                "{name} {what}: {copied:?}"
            );
            assert!(!to.exists());
            fs::write(file, &good).unwrap();
        }
    }
    // In the store: a key, a digest, where a block is, an exchange's row.
    for edit in [
        "UPDATE block SET key = zeroblob(32) WHERE first = 0",
        "UPDATE block SET entries_digest = zeroblob(32) WHERE first = 1024",
        "UPDATE block SET bodies_digest = zeroblob(32) WHERE first = 0",
        "UPDATE block SET entries_at = entries_at - 1 WHERE first = 1024",
        "UPDATE block SET bodies_at = bodies_at + 1 WHERE first = 0",
        "DELETE FROM block WHERE first = 1024",
        "UPDATE past SET key = zeroblob(32) WHERE leaf < 300",
        "DELETE FROM past WHERE leaf < 300",
        "UPDATE past SET leaf = leaf + 2 WHERE leaf < 300",
        "UPDATE node SET hash = zeroblob(32) WHERE level = 8 AND idx = 1",
        "UPDATE meta SET moved = 1024",
        "UPDATE segment SET dictionary = x'01'",
    ] {
        let kept = fs::read(store.path().join("store.sqlite")).unwrap();
        let connection = rusqlite::Connection::open(store.path().join("store.sqlite")).unwrap();
        connection.execute_batch(edit).unwrap();
        drop(connection);
        match store.try_open() {
            Ok((ledger, _)) => {
                let faults = ledger.verify_segments().map(|checked| checked.faults);
                assert!(!matches!(&faults, Ok(faults) if faults.is_empty()), "{edit}");
                drop(ledger);
            }
            Err(error) => assert!(edit.starts_with("UPDATE meta"), "{edit}: {error}"),
        }
        for name in ["store.sqlite-wal", "store.sqlite-shm"] {
            drop(fs::remove_file(store.path().join(name)));
        }
        fs::write(store.path().join("store.sqlite"), kept).unwrap();
    }
    store.verify_all().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_backup_takes_the_past_along_and_still_has_what_is_erased_later() {
    let store = Store::new();
    let (ledger, _) = store.open();
    exchanges(&ledger, 0..1600).await;
    move_all(&ledger).await;
    let to = store.path().join("copy");
    crate::backup(store.path(), &to, ORIGIN, &store.keys()).unwrap();
    ledger.erase(&id(5), order()).await.unwrap();
    exchanges(&ledger, 2000..3000).await;
    move_all(&ledger).await;
    ledger.close().await.unwrap();
    let (_, aside) = crate::restore(&to, store.path(), ORIGIN, &store.keys(), at(7)).unwrap();
    let (ledger, recovered) = store.verify_all().unwrap();
    assert_eq!(recovered.size, 3200);
    assert_eq!(answer_of(&ledger, 5), Some(body(5).encode_to_vec()), "as docs/operate.md says");
    assert_eq!(ledger.verify_segments().unwrap().faults, Vec::<String>::new());
    let (aside, recovered) = Ledger::open(&aside, ORIGIN, store.key.clone()).unwrap();
    assert_eq!((recovered.size, answer_of(&aside, 5)), (5200, None));
    assert_eq!(aside.verify_segments().unwrap().faults, Vec::<String>::new());
}

/// As docs/operate.md says: moved to another disk, with a link in its place.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_segment_can_be_elsewhere_behind_a_link() {
    let store = Store::new();
    let (ledger, _) = store.open();
    exchanges(&ledger, 0..1600).await;
    move_all(&ledger).await;
    let before = told(&ledger, 1600);
    ledger.close().await.unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    for file in store.segment_files() {
        let place = elsewhere.path().join(file.file_name().unwrap());
        fs::rename(&file, &place).unwrap();
        std::os::unix::fs::symlink(&place, &file).unwrap();
    }
    let (ledger, _) = store.open();
    assert_eq!(told(&ledger, 1600), before);
    assert_eq!(ledger.verify_segments().unwrap().faults, Vec::<String>::new());
    // Once all of it is erased, the link goes, and what it leads to is its owner's to delete.
    ledger.drop_segment(1, order()).await.unwrap();
    assert_eq!(
        (store.segment_files().len(), fs::read_dir(elsewhere.path()).unwrap().count()),
        (1, 2)
    );
}

/// A store of the last release has no past, and goes on; one that is older is refused as before.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_store_of_the_last_release_goes_on() {
    let store = Store::new();
    let (ledger, _) = store.open();
    exchanges(&ledger, 0..1600).await;
    let before = told(&ledger, 1600);
    ledger.close().await.unwrap();
    let connection = rusqlite::Connection::open(store.path().join("store.sqlite")).unwrap();
    connection
        .execute_batch(
            "DROP TABLE past; DROP TABLE segment; DROP TABLE block; DROP TABLE hold; DROP TABLE \
             erasure; DROP INDEX exchange_kept; DROP INDEX variant_at; ALTER TABLE meta DROP \
             COLUMN moved; PRAGMA user_version = 2",
        )
        .unwrap();
    drop(connection);
    let to = store.path().join("copy");
    crate::backup(store.path(), &to, ORIGIN, &store.keys()).unwrap();
    let (ledger, _) = store.open();
    assert_eq!(told(&ledger, 1600), before);
    assert_eq!(move_all(&ledger).await, BLOCKS);
    assert_eq!(told(&ledger, 1600), before);
}

/// Opening reads as much after many exchanges as after few: counted, not timed.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn opening_reads_no_more_after_many_exchanges() {
    let store = Store::new();
    let mut steps = Vec::new();
    let mut asked = 0;
    for more in [1600, 1600, 6400] {
        let (ledger, _) = store.open();
        exchanges(&ledger, asked..asked + more).await;
        asked += more;
        move_all(&ledger).await;
        ledger.close().await.unwrap();
        let count = crate::audit::work::work_of(store.path(), ORIGIN, &store.keys());
        steps.push(count);
    }
    let (least, most) = (steps.iter().min().unwrap(), steps.iter().max().unwrap());
    assert!(most - least < least / 4, "{steps:?}");
}

/// The dictionary outlives every body: nothing of a person, a case or an official is in it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_dictionary_holds_nothing_of_a_person() {
    let store = Store::new();
    let (ledger, _) = store.open();
    exchanges(&ledger, 0..1100).await;
    move_all(&ledger).await;
    ledger.close().await.unwrap();
    let connection = rusqlite::Connection::open(store.path().join("store.sqlite")).unwrap();
    let dictionary: Vec<u8> =
        connection.query_row("SELECT dictionary FROM segment", [], |row| row.get(0)).unwrap();
    let has = |text: &str| dictionary.windows(text.len()).any(|found| found == text.as_bytes());
    assert!(has("no-property") && has(&intent(0).issuer));
    for number in 0..1100 {
        assert!(!has(&person(number)) && !has(&id(number)) && !has(&format!("case-{number:06}")));
    }
    assert!(!has("staff-0012"));
}

#[derive(Clone, Debug)]
enum Step {
    Ask(usize),
    Move,
    Kill,
    Erase(prop::sample::Index),
    Hold(prop::sample::Index),
    Release,
    Rule(u64),
    Drop(u64),
    Backup,
}

fn step() -> impl Strategy<Value = Step> {
    use prop::sample::Index;
    prop_oneof![
        5 => (100usize..700).prop_map(Step::Ask),
        4 => Just(Step::Move),
        3 => Just(Step::Kill),
        3 => any::<Index>().prop_map(Step::Erase),
        2 => any::<Index>().prop_map(Step::Hold),
        1 => Just(Step::Release),
        1 => (0u64..3000).prop_map(Step::Rule),
        1 => (1u64..4).prop_map(Step::Drop),
        1 => Just(Step::Backup),
    ]
}

/// What must be there, by what was acknowledged.
#[derive(Default)]
struct Model {
    asked: usize,
    erased: BTreeSet<usize>,
    held: BTreeMap<u64, usize>,
    leaves: BTreeMap<u64, (Vec<u8>, Option<EntryOpening>)>,
}

impl Model {
    fn is_held(&self, number: usize) -> bool {
        self.held.values().any(|held| *held == number)
    }

    fn holds(&self, ledger: &Ledger) {
        for number in 0..self.asked {
            let answer = answer_of(ledger, number);
            assert_eq!(answer.is_none(), self.erased.contains(&number), "{number}");
            assert!(answer.is_none_or(|answer| answer == body(number).encode_to_vec()));
        }
        for (index, (leaf, opening)) in &self.leaves {
            let receipt = ledger.inclusion(*index, &Reader::Authority).unwrap();
            assert_eq!((&receipt.entry, &receipt.opening), (leaf, opening));
        }
    }
}

async fn play(steps: Vec<Step>) {
    let mut store = Store::new();
    let mut ledger = store.open().0;
    let mut model = Model::default();
    for step in steps {
        match step {
            Step::Ask(count) => {
                exchanges(&ledger, model.asked..model.asked + count).await;
                model.asked += count;
                let last = exchange_of(&ledger, model.asked).await;
                model.asked += 1;
                model.leaves.insert(last.index, (last.entry, last.opening));
            }
            Step::Move => {
                for _ in 0..3 {
                    ledger.move_block(later(), later()).await.unwrap();
                }
            }
            Step::Kill => {
                // The files as they are, with the writer still there; then another writer over
                // them.
                let after = Store { folder: tempfile::tempdir().unwrap(), key: store.key.clone() };
                copy_store(store.path(), after.path());
                drop(ledger);
                store = after;
                ledger = store.open().0;
            }
            Step::Erase(which) if model.asked > 0 => {
                let number = which.index(model.asked);
                match ledger.erase(&id(number), order()).await {
                    Ok(_) => {
                        assert!(!model.is_held(number));
                        model.erased.insert(number);
                    }
                    Err(LedgerError::Held { .. }) => assert!(model.is_held(number)),
                    Err(error) => panic!("{error}"),
                }
            }
            Step::Hold(which) if model.asked > 0 => {
                let number = which.index(model.asked);
                let held = Held::Exchange(id(number));
                let hold = ledger.place_hold(held, order()).await.unwrap();
                model.held.insert(hold, number);
            }
            Step::Release => {
                if let Some((hold, _)) = model.held.pop_first() {
                    ledger.release_hold(hold, order()).await.unwrap();
                }
            }
            Step::Rule(seconds) => {
                ledger.erase_before(at(seconds), order()).await.unwrap();
                // A block is erased once all of it is old enough.
                for number in 0..model.asked {
                    if answer_of(&ledger, number).is_none() && !model.erased.contains(&number) {
                        assert!((number as u64) < seconds && !model.is_held(number));
                        model.erased.insert(number);
                    }
                }
            }
            Step::Drop(segment) => {
                if ledger.drop_segment(segment, order()).await.is_ok() {
                    let moved = ledger.segments().unwrap()[segment as usize - 1].clone();
                    for number in 0..model.asked {
                        let row = ledger.exchange(&id(number)).unwrap().unwrap();
                        let ExchangeState::Closed { completion_index, answer, .. } = row.state
                        else {
                            panic!("{row:?}")
                        };
                        let inside = (moved.first..moved.end).contains(&completion_index);
                        if inside && !model.is_held(number) {
                            assert_eq!(answer, None);
                            model.erased.insert(number);
                        }
                    }
                }
            }
            Step::Backup => {
                let to = tempfile::tempdir().unwrap();
                let to = to.path().join("copy");
                crate::backup(store.path(), &to, ORIGIN, &store.keys()).unwrap();
                let (copy, _) = Ledger::open(&to, ORIGIN, store.key.clone()).unwrap();
                model.holds(&copy);
            }
            Step::Erase(_) | Step::Hold(_) => {}
        }
        model.holds(&ledger);
    }
    assert_eq!(ledger.verify_segments().unwrap().faults, Vec::<String>::new());
    // A reader that was in the way when the WAL was to be emptied: the hub's keeper tries again.
    let begun = std::time::Instant::now();
    for number in &model.erased {
        while store.has(person(*number).as_bytes()) {
            assert!(begun.elapsed() < Duration::from_secs(30), "{number} is still in a file");
            ledger.sweep().await.unwrap();
        }
    }
    ledger.close().await.unwrap();
    model.holds(&store.verify_all().unwrap().0);
}

fn copy_store(from: &Path, to: &Path) {
    for name in ["store.sqlite", "store.sqlite-wal", "head"] {
        if from.join(name).exists() {
            fs::copy(from.join(name), to.join(name)).unwrap();
        }
    }
    if from.join("segments").exists() {
        fs::create_dir(to.join("segments")).unwrap();
        for entry in fs::read_dir(from.join("segments")).unwrap() {
            let path = entry.unwrap().path();
            fs::copy(&path, to.join("segments").join(path.file_name().unwrap())).unwrap();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10))]
    /// Whatever is asked, moved, erased, held, dropped and killed in whichever order.
    #[test]
    fn whatever_happens_what_is_not_erased_is_there(
        steps in proptest::collection::vec(step(), 5..22),
    ) {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        runtime.unwrap().block_on(play(steps));
    }
}
