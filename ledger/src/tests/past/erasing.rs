//! What is erased is gone, what is held stays, and what is said of both is so.

use super::*;

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
    let listed = ledger.unavailable_alike(&Which::default()).unwrap();
    assert_eq!(listed[0].exchanges, 1598, "what is listed of them is gone too");
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
    assert_eq!(
        ledger.drop_segment(1, order()).await.unwrap(),
        Erased { held: 11, ..Erased::default() }
    );
    assert!(!ledger.segments().unwrap()[0].dropped);
    for hold in [one, range, hot] {
        ledger.release_hold(hold, order()).await.unwrap();
        assert_eq!(ledger.release_hold(hold, order()).await, Err(LedgerError::UnknownHold(hold)));
    }
    assert_eq!(
        ledger.drop_segment(1, order()).await.unwrap(),
        Erased { bodies: 11, ..Erased::default() }
    );
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

/// A program that looks into the store, and takes its time.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_another_program_still_reads_is_said_and_goes_later() {
    let store = Store::new();
    let (ledger, _) = store.open();
    exchanges(&ledger, 0..20).await;
    let other = rusqlite::Connection::open(store.path().join("store.sqlite")).unwrap();
    let reads = "BEGIN; SELECT count(*) FROM exchange";
    for by_time in [false, true] {
        other.execute_batch(reads).unwrap();
        let (number, erased) = if by_time {
            (3, ledger.erase_before(at(4), order()).await.unwrap())
        } else {
            (7, ledger.erase(&id(7), order()).await.unwrap())
        };
        assert!(erased.bodies > 0 && erased.left_in_wal, "{erased:?}");
        assert_eq!(answer_of(&ledger, number), None, "it is erased from the store");
        assert!(store.has(person(number).as_bytes()));
        assert!(ledger.sweep().await.unwrap(), "and stays until that program ends");
        let again = ledger.erase(&id(number), order()).await.unwrap();
        assert_eq!(again, Erased { left_in_wal: true, ..Erased::default() });
        other.execute_batch("COMMIT").unwrap();
        let begun = std::time::Instant::now();
        while ledger.sweep().await.unwrap() {
            assert!(begun.elapsed() < Duration::from_secs(30));
        }
        assert!(!store.has(person(number).as_bytes()));
    }
    let erased = ledger.erase(&id(8), order()).await.unwrap();
    assert_eq!(erased, Erased { bodies: 1, ..Erased::default() });
}
