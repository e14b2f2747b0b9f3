//! Backups, and stores that were put back from one.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_backup_takes_the_past_along_and_still_has_what_is_erased_later() {
    let store = Store::new();
    let (ledger, _) = store.open();
    exchanges(&ledger, 0..1600).await;
    move_all(&ledger).await;
    let to = store.path().join("copy");
    crate::backup(store.path(), &to, ORIGIN, &store.keys(), at(9), None).unwrap();
    ledger.erase(&id(5), order()).await.unwrap();
    exchanges(&ledger, 2000..3000).await;
    move_all(&ledger).await;
    ledger.close().await.unwrap();
    let (_, aside) = crate::restore(&to, store.path(), ORIGIN, &store.keys(), at(7), None).unwrap();
    let (ledger, recovered) = store.verify_all().unwrap();
    assert_eq!(recovered.size, 3200);
    assert_eq!(answer_of(&ledger, 5), Some(body(5).encode_to_vec()), "as docs/operate.md says");
    assert_eq!(ledger.verify_segments().unwrap().faults, Vec::<String>::new());
    let (aside, recovered) = Ledger::open(&aside, ORIGIN, store.key.clone()).unwrap();
    assert_eq!((recovered.size, answer_of(&aside, 5)), (5200, None));
    assert_eq!(aside.verify_segments().unwrap().faults, Vec::<String>::new());
}

fn unconfirmed(since: Option<u64>) -> Unconfirmed {
    Unconfirmed { since: since.map(at) }
}

/// Puts the backup in `to` back, and opens what is there.
fn put_back(store: &Store, to: &Path, seconds: u64) -> Ledger {
    crate::restore(to, store.path(), ORIGIN, &store.keys(), at(seconds), None).unwrap();
    store.open().0
}

/// By every way there is, of what has moved and of what has not.
async fn nothing_is_erased(ledger: &Ledger, since: Option<u64>) {
    let refused = LedgerError::Unconfirmed(unconfirmed(since));
    for number in [5, 6, 1599] {
        assert_eq!(ledger.erase(&id(number), order()).await, Err(refused.clone()));
    }
    assert_eq!(ledger.erase_before(later(), order()).await, Err(refused.clone()));
    assert_eq!(ledger.drop_segment(1, order()).await, Err(refused));
    assert!([5, 6, 1599].iter().all(|number| answer_of(ledger, *number).is_some()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_store_that_was_put_back_erases_nothing_until_its_holds_are_confirmed() {
    let store = Store::new();
    let (ledger, _) = store.open();
    exchanges(&ledger, 0..1600).await;
    move_all(&ledger).await;
    assert_eq!(ledger.unconfirmed_holds().unwrap(), None);
    assert_eq!(ledger.confirm_holds(order()).await, Err(LedgerError::NothingToConfirm));
    let to = store.path().join("copy");
    crate::backup(store.path(), &to, ORIGIN, &store.keys(), at(5000), None).unwrap();
    assert_eq!(ledger.unconfirmed_holds().unwrap(), None, "the copy is one, not the store");
    ledger.place_hold(Held::Exchange(id(5)), order()).await.unwrap();
    ledger.place_hold(Held::Exchange(id(1599)), order()).await.unwrap();
    ledger.close().await.unwrap();

    let ledger = put_back(&store, &to, 7000);
    assert_eq!(ledger.unconfirmed_holds().unwrap(), Some(unconfirmed(Some(5000))));
    nothing_is_erased(&ledger, Some(5000)).await;
    ledger.close().await.unwrap();
    let (ledger, _) = store.open();
    nothing_is_erased(&ledger, Some(5000)).await;
    ledger.place_hold(Held::Exchange(id(5)), order()).await.unwrap();
    ledger.place_hold(Held::Exchange(id(1599)), order()).await.unwrap();
    nothing_is_erased(&ledger, Some(5000)).await;
    let nobody = Order { by: " ".into(), ..order() };
    assert!(matches!(ledger.confirm_holds(nobody).await, Err(LedgerError::Malformed(_))));
    nothing_is_erased(&ledger, Some(5000)).await;
    assert_eq!(ledger.confirm_holds(order()).await, Ok(1));
    assert_eq!(ledger.confirm_holds(order()).await, Err(LedgerError::NothingToConfirm));
    let erased = ledger.erase_before(later(), order()).await.unwrap();
    assert_eq!((erased.bodies, erased.held), (1598, 2));
    ledger.close().await.unwrap();
    let found = crate::inspect(store.path(), ORIGIN).unwrap();
    let copy =
        Copied { copied_at: Some(at(5000)), restored_at: Some(at(7000)), confirmed: Some(order()) };
    assert_eq!((found.copies, found.unconfirmed), (vec![copy], None), "it stays on record");
}

/// Whatever a backup says of itself, and whichever way it is put back.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_copy_is_one() {
    let store = Store::new();
    let (ledger, _) = store.open();
    exchanges(&ledger, 0..1600).await;
    move_all(&ledger).await;
    ledger.close().await.unwrap();
    let copy = |name: &str, seconds: u64| {
        let to = store.path().join(name);
        crate::backup(store.path(), &to, ORIGIN, &store.keys(), at(seconds), None).unwrap();
        to
    };
    // Opened where it lies.
    let first = copy("first", 5000);
    let (opened, _) = Ledger::open(&first, ORIGIN, store.key.clone()).unwrap();
    nothing_is_erased(&opened, Some(5000)).await;
    // Confirmed there, and then put back: that word was given of another store.
    opened.confirm_holds(order()).await.unwrap();
    opened.close().await.unwrap();
    let ledger = put_back(&store, &first, 7000);
    nothing_is_erased(&ledger, None).await;
    ledger.close().await.unwrap();
    // A copy of a copy that is not confirmed: holds of both times may be missing.
    let second = copy("second", 8000);
    let ledger = put_back(&store, &second, 9000);
    nothing_is_erased(&ledger, None).await;
    assert_eq!(ledger.confirm_holds(order()).await, Ok(2));
    ledger.close().await.unwrap();
    let (third, fourth) = (copy("third", 10_000), store.path().join("fourth"));
    let ledger = put_back(&store, &third, 11_000);
    crate::backup(store.path(), &fourth, ORIGIN, &store.keys(), at(12_000), None).unwrap();
    ledger.close().await.unwrap();
    let ledger = put_back(&store, &fourth, 13_000);
    nothing_is_erased(&ledger, Some(10_000)).await;
    ledger.close().await.unwrap();
    // Of an earlier release, which did not say so.
    rusqlite::Connection::open(third.join("store.sqlite"))
        .unwrap()
        .execute_batch("DROP TABLE copy; DROP TABLE secret; PRAGMA user_version = 3")
        .unwrap();
    let ledger = put_back(&store, &third, 14_000);
    nothing_is_erased(&ledger, None).await;
    assert_eq!(ledger.confirm_holds(order()).await, Ok(1));
    assert_eq!(ledger.erase(&id(5), order()).await.unwrap().bodies, 1);
}
