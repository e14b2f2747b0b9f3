//! Killed, out of disk, or with a disk that lies.

use std::fs;
use std::sync::atomic::Ordering;

use super::*;

/// What a kill -9 leaves: the files as they are at some moment, with the writer still at it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for name in ["store.sqlite", "store.sqlite-wal"] {
        if from.join(name).exists() {
            fs::copy(from.join(name), to.join(name)).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_before_a_kill_is_there() {
    let store = Store::new();
    let (ledger, _) = store.open();
    let after = Store { folder: tempfile::tempdir().unwrap(), key: store.key.clone() };
    for number in 0..20 {
        exchange(&ledger, number).await;
    }
    let running = ledger.intend(intent(20), at(0), at(300)).await.unwrap();
    copy(store.path(), after.path());
    for number in 30..40 {
        exchange(&ledger, number).await;
    }
    let (revived, recovered) = after.open();
    assert_eq!(recovered.orphaned, [Orphan { exchange_id: id(20), intent_index: running }]);
    assert_eq!((recovered.size, revived.size()), (41, 41));
    for number in 0..20 {
        let row = revived.exchange(&id(number)).unwrap().unwrap();
        assert!(
            matches!(row.state, ExchangeState::Closed { answer: Some(answer), .. } if answer == format!("answer {number}").as_bytes())
        );
        after.verify(&revived.inclusion(row.intent_index, &Reader::Authority).unwrap());
    }

    revived.reconcile(recovered.orphaned.clone(), at(400)).await.unwrap();
    assert_eq!(
        revived.exchange(&id(20)).unwrap().unwrap().state,
        ExchangeState::Reconciled { index: 41 }
    );
    assert_eq!(
        revived.reconcile(recovered.orphaned, at(400)).await,
        Err(LedgerError::NotOpen(id(20)))
    );
    let late = revived
        .complete(
            completed(completion(20, running, ExchangeOutcome::AnsweredTrue), &[]),
            at(401),
            None,
        )
        .await;
    assert_eq!(late, Err(LedgerError::NotOpen(id(20))));
    revived.close().await.unwrap();
    assert_eq!(after.verify_all().unwrap().1, Recovered { size: 42, orphaned: vec![] });
}

#[tokio::test]
async fn reconciling_is_all_or_nothing() {
    let store = Store::new();
    let (ledger, _) = store.open();
    let index = ledger.intend(intent(1), at(0), at(300)).await.unwrap();
    let orphan = |number, intent_index| Orphan { exchange_id: id(number), intent_index };
    let result = ledger.reconcile(vec![orphan(1, index), orphan(2, 9)], at(0)).await;
    assert_eq!(result, Err(LedgerError::UnknownExchange(id(2))));
    assert_eq!(
        (ledger.size(), ledger.exchange(&id(1)).unwrap().unwrap().state),
        (1, ExchangeState::Open)
    );
    // The tree went back as well: what comes next proves itself.
    store.verify(&ledger.append(Body::Refusal(refusal()), at(0)).await.unwrap());
    ledger.close().await.unwrap();
    store.verify_all().unwrap();
}

#[tokio::test]
async fn dropped_without_close_nothing_is_lost() {
    let store = Store::new();
    let (ledger, _) = store.open();
    refusals(&ledger, 300).await;
    assert!(matches!(store.try_open(), Err(OpenError::InUse(_))));
    drop(ledger);
    assert_eq!(store.open().1.size, 300);
}

/// A full disk, as SQLite sees it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_full_disk_fails_every_waiter_and_all_who_come_later() {
    let store = Store::new();
    let options = Options { most_bytes: Some(512 << 10), ..Options::default() };
    let (ledger, _) = Ledger::open_with(store.path(), ORIGIN, store.key.clone(), &options).unwrap();
    let tasks: Vec<_> = (0..400)
        .map(|_| {
            let ledger = ledger.clone();
            tokio::spawn(async move {
                ledger
                    .append(Body::Refusal(Refusal { peer: "x".repeat(4000), ..refusal() }), at(0))
                    .await
            })
        })
        .collect();
    let (mut acknowledged, mut refused) = (Vec::new(), 0);
    for task in tasks {
        match task.await.unwrap() {
            Ok(receipt) => acknowledged.push(receipt),
            Err(error) => {
                assert_eq!(error.code(), ErrorCode::LedgerUnavailable);
                refused += 1;
            }
        }
    }
    assert!(refused > 0);
    let size = ledger.size();
    assert_eq!(
        ledger.refuse(refusal(), at(0)).await.unwrap_err().code(),
        ErrorCode::LedgerUnavailable
    );
    assert_eq!((ledger.size(), acknowledged.len() as u64), (size, size));
    // Reading goes on.
    acknowledged.iter().for_each(|receipt| {
        drop(store.verify(&ledger.inclusion(receipt.index, &Reader::Authority).unwrap()))
    });
    drop(ledger);
    let (ledger, recovered) = store.verify_all().unwrap();
    assert_eq!(recovered.size, size);
    acknowledged.iter().for_each(|receipt| {
        assert_eq!(
            ledger.inclusion(receipt.index, &Reader::Authority).unwrap().entry,
            receipt.entry
        )
    });
    ledger.refuse(refusal(), at(0)).await.unwrap();
}

/// The commit itself fails, as it does where fsync does.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_failed_commit_fails_every_waiter_and_is_not_forgotten() {
    let store = Store::new();
    let options = Options::default();
    let (ledger, _) = Ledger::open_with(store.path(), ORIGIN, store.key.clone(), &options).unwrap();
    exchange(&ledger, 0).await;
    let index = ledger.intend(intent(1), at(0), at(300)).await.unwrap();
    let checkpoint = ledger.checkpoint().unwrap();
    options.fail_commit.store(true, Ordering::SeqCst);
    let failing = |number| {
        let ledger = ledger.clone();
        tokio::spawn(async move { ledger.intend(intent(number), at(0), at(300)).await })
    };
    for task in (100..200).map(failing).collect::<Vec<_>>() {
        assert_eq!(task.await.unwrap().unwrap_err().code(), ErrorCode::LedgerUnavailable);
    }
    // The disk is well again; what it holds is still unknown.
    options.fail_commit.store(false, Ordering::SeqCst);
    let late = ledger
        .complete(completed(completion(1, index, ExchangeOutcome::AnsweredTrue), &[]), at(1), None)
        .await;
    assert_eq!(late.unwrap_err().code(), ErrorCode::LedgerUnavailable);
    assert_eq!(ledger.checkpoint().unwrap(), checkpoint, "nothing that failed is signed for");
    assert_eq!(ledger.exchange(&id(150)).unwrap(), None);
    drop(ledger);
    let (ledger, recovered) = store.open();
    assert_eq!(
        recovered,
        Recovered { size: 3, orphaned: vec![Orphan { exchange_id: id(1), intent_index: index }] }
    );
    assert_eq!(
        ledger.intend(intent(150), at(0), at(300)).await,
        Ok(3),
        "what was never acknowledged is free again"
    );
}

#[tokio::test]
async fn closed_is_closed() {
    let store = Store::new();
    let (ledger, _) = store.open();
    refusals(&ledger, 5).await;
    let clone = ledger.clone();
    ledger.close().await.unwrap();
    assert_eq!(
        clone.refuse(refusal(), at(0)).await.unwrap_err().code(),
        ErrorCode::LedgerUnavailable
    );
    assert_eq!(clone.entries(0, 10, &Reader::Authority).unwrap().len(), 5);
    assert_eq!(fs::metadata(store.path().join("store.sqlite-wal")).map_or(0, |wal| wal.len()), 0);
    assert!(clone.close().await.is_err());
}
