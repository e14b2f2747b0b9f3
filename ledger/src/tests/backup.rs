//! Copies of a store in use, and putting one back.

use std::fs;

use zerotrip_trust::note::NoteError;

use super::*;
use crate::{BackupError, backup, restore};

fn head_in(folder: &Path, key: &SigningKey) -> Checkpoint {
    open_checkpoint(
        &fs::read_to_string(folder.join("ledger/checkpoint")).unwrap(),
        ORIGIN,
        key.public(),
    )
    .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_a_store_in_use_is_whole_and_says_what_it_is_of() {
    let store = Store::new();
    let (ledger, _) = store.open();
    exchange(&ledger, 0).await;
    ledger
        .put_statement("a.b", Envelope { payload: vec![1], ..Envelope::default() })
        .await
        .unwrap();
    let running = tokio::spawn({
        let ledger = ledger.clone();
        async move {
            for number in 1..200 {
                exchange(&ledger, number).await;
            }
        }
    });
    let to = store.path().join("copy");
    let (from, copy, key) = (store.path().to_owned(), to.clone(), store.keys());
    let made = tokio::task::spawn_blocking(move || backup(&from, &copy, ORIGIN, &key, at(9), None))
        .await
        .unwrap()
        .unwrap();
    running.await.unwrap();
    assert_eq!(head_in(&to, &store.key), made);
    assert!((2..=400).contains(&made.size), "{made:?}");
    // It continues into what the store became, and opens as a store of its own.
    let path = ledger.consistency(made.size, ledger.size()).unwrap();
    let newest =
        open_checkpoint(&ledger.checkpoint().unwrap(), ORIGIN, store.key.public()).unwrap();
    verify_consistency(
        made.size,
        newest.size,
        &made.root,
        &newest.root,
        &path_from_bytes(&path).unwrap(),
    )
    .unwrap();
    let copied = Store { folder: tempfile::tempdir().unwrap(), key: store.key.clone() };
    let names: std::collections::BTreeSet<String> = fs::read_dir(&to)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["head", "ledger", "store.sqlite"]);
    drop(copied);
    let (opened, recovered) = Ledger::open(&to, ORIGIN, store.key.clone()).unwrap();
    assert_eq!((recovered.size, opened.statement("a.b").unwrap().is_some()), (made.size, true));
    assert!(
        matches!(
            backup(store.path(), &to, ORIGIN, &store.keys(), at(9), None),
            Err(BackupError::Store(OpenError::Io { .. }))
        ),
        "never over another"
    );
}

#[tokio::test]
async fn a_store_that_is_not_whole_is_not_backed_up() {
    let store = Store::new();
    let (ledger, _) = store.open();
    refusals(&ledger, 2000).await;
    ledger.close().await.unwrap();
    rusqlite::Connection::open(store.path().join("store.sqlite"))
        .unwrap()
        .execute("UPDATE leaf SET entry = x'00' WHERE idx = 3", [])
        .unwrap();
    let to = store.path().join("copy");
    let refused = backup(store.path(), &to, ORIGIN, &store.keys(), at(9), None);
    assert!(matches!(refused, Err(BackupError::Store(OpenError::LeafChanged(3)))), "{refused:?}");
    assert!(!to.exists());
    let nothing = backup(&store.path().join("nowhere"), &to, ORIGIN, &store.keys(), at(9), None);
    assert!(matches!(nothing, Err(BackupError::Store(_))) && !to.exists(), "{nothing:?}");
}

#[tokio::test]
async fn a_backup_is_put_back_and_what_was_there_is_kept() {
    let store = Store::new();
    let (ledger, _) = store.open();
    refusals(&ledger, 300).await;
    let to = store.path().join("copy");
    let old = backup(store.path(), &to, ORIGIN, &store.keys(), at(9), None).unwrap();
    refusals(&ledger, 300).await;
    let refused = restore(&to, store.path(), ORIGIN, &store.keys(), at(7), None);
    assert!(matches!(refused, Err(BackupError::Store(OpenError::InUse(_)))), "{refused:?}");
    drop(ledger);

    // By hand, the copy of the database alone is refused: the mark and the checkpoint know better.
    let kept = fs::read(store.path().join("store.sqlite")).unwrap();
    fs::copy(to.join("store.sqlite"), store.path().join("store.sqlite")).unwrap();
    assert!(store.try_open().is_err());
    fs::write(store.path().join("store.sqlite"), kept).unwrap();

    let (head, aside) = restore(&to, store.path(), ORIGIN, &store.keys(), at(7), None).unwrap();
    assert_eq!((head.clone(), head.size), (old, 300));
    assert_eq!(store.verify_all().unwrap().1.size, 300);
    assert_eq!(Ledger::open(&aside, ORIGIN, store.key.clone()).unwrap().1.size, 600);

    // A backup that was changed is not put back, and nothing is touched.
    rusqlite::Connection::open(to.join("store.sqlite"))
        .unwrap()
        .execute("UPDATE exchange SET code = 1", [])
        .unwrap();
    rusqlite::Connection::open(to.join("store.sqlite"))
        .unwrap()
        .execute("DELETE FROM leaf WHERE idx = 299", [])
        .unwrap();
    assert!(restore(&to, store.path(), ORIGIN, &store.keys(), at(8), None).is_err());
    assert_eq!(store.verify_all().unwrap().1.size, 300);
    let none = restore(&aside.join("nothing"), store.path(), ORIGIN, &store.keys(), at(9), None);
    assert!(matches!(none, Err(BackupError::NoBackup(_))), "{none:?}");
}

/// The hub was enrolled anew, with another key: what its former key signed is its own past, and no
/// stranger's is.
#[tokio::test]
async fn what_a_former_key_published_is_held_against_the_store_and_a_strangers_is_refused() {
    let store = Store::new();
    let (ledger, _) = store.open();
    refusals(&ledger, 300).await;
    ledger.close().await.unwrap();
    let to = store.path().join("copy");
    let old = backup(store.path(), &to, ORIGIN, &store.keys(), at(9), None).unwrap();
    let kept = store.path().join("kept");
    fs::create_dir(&kept).unwrap();
    fs::copy(store.path().join("store.sqlite"), kept.join("store.sqlite")).unwrap();
    let (ledger, _) = store.open();
    refusals(&ledger, 300).await;
    ledger.close().await.unwrap();

    let sign = SigningKey::generate(Algorithm::Ed25519).unwrap();
    let anew = LogKeys {
        sign: sign.clone(),
        former: vec![SigningKey::generate(Algorithm::Ed25519).unwrap().public().clone()],
    };
    let refused = Ledger::open(store.path(), ORIGIN, anew.clone()).map(|(_, recovered)| recovered);
    assert!(matches!(refused, Err(OpenError::Checkpoint(NoteError::NotSigned))), "{refused:?}");
    let refused = restore(&to, store.path(), ORIGIN, &anew, at(7), None);
    assert!(
        matches!(refused, Err(BackupError::Store(OpenError::Checkpoint(NoteError::NotSigned)))),
        "{refused:?}"
    );
    let anew = LogKeys { former: [anew.former, vec![store.key.public().clone()]].concat(), ..anew };

    // Set back behind what the former key published, the mark too.
    let (newest, marked) = (
        fs::read(store.path().join("store.sqlite")).unwrap(),
        fs::read(store.path().join("head")).unwrap(),
    );
    fs::copy(kept.join("store.sqlite"), store.path().join("store.sqlite")).unwrap();
    fs::copy(to.join("head"), store.path().join("head")).unwrap();
    let refused = Ledger::open(store.path(), ORIGIN, anew.clone()).map(|(_, recovered)| recovered);
    assert!(matches!(refused, Err(OpenError::Shrunk { published: 600, size: 300 })), "{refused:?}");
    fs::write(store.path().join("store.sqlite"), newest).unwrap();
    fs::write(store.path().join("head"), marked).unwrap();

    // Copied before its first start, opened, and published under the new key from then on.
    let between = store.path().join("between");
    assert_eq!(backup(store.path(), &between, ORIGIN, &anew, at(9), None).unwrap().size, 600);
    assert_eq!(Ledger::open(store.path(), ORIGIN, anew.clone()).unwrap().1.size, 600);
    for folder in [store.path(), &between] {
        assert_eq!(head_in(folder, &sign).size, 600);
    }
    assert!(store.try_open().is_err(), "the former key alone");
    assert_eq!(restore(&to, store.path(), ORIGIN, &anew, at(8), None).unwrap().0, old);
    assert_eq!(Ledger::open(store.path(), ORIGIN, sign).unwrap().1.size, 300);
}
