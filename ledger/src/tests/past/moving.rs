//! What moves is told as before, once, whatever happens meanwhile.

use super::*;

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
    let certificate = Certificates { check_id: id(7), issued: Issued::One([7; 32]) };
    let late = ledger.record_certificates(issue, at(2), None, certificate).await;
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
        let archive = crate::segments::Archive::new(killed.path(), ORIGIN, None);
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
    let archive = crate::segments::Archive::new(store.path(), ORIGIN, None);
    let connection = crate::schema::open_reader(store.path()).unwrap();
    let moving = crate::segments::build(&connection, &archive, later(), later()).unwrap().unwrap();
    let erased = ledger.erase(&id(3), order()).await.unwrap();
    assert_eq!(erased, Erased { bodies: 1, ..Erased::default() });
    let refused = ledger.submit(Work::Move(Box::new(moving))).await;
    assert_eq!(refused.unwrap_err(), LedgerError::MovedOn);
    assert_eq!(move_all(&ledger).await, 4);
    assert_eq!(answer_of(&ledger, 3), None);
    assert_eq!(answer_of(&ledger, 4), Some(body(4).encode_to_vec()));
    assert_eq!(ledger.fact(&id(3), &Reader::Authority).unwrap(), None);
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
            "DROP TABLE copy; DROP TABLE secret; DROP TABLE past; DROP TABLE segment;
             DROP TABLE block; DROP TABLE hold; DROP TABLE erasure; DROP INDEX exchange_kept;
             DROP INDEX variant_at; ALTER TABLE meta DROP COLUMN moved; PRAGMA user_version = 2",
        )
        .unwrap();
    drop(connection);
    let to = store.path().join("copy");
    crate::backup(store.path(), &to, ORIGIN, &store.keys(), at(9), None).unwrap();
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
