//! What somebody with the files in hand changes, and the name that it gets.

use std::fs;

use rusqlite::Connection;

use super::*;

/// A closed store of `count` exchanges, two leaves each.
async fn filled(count: usize) -> Store {
    let store = Store::new();
    let (ledger, _) = store.open();
    for number in 0..count {
        exchange(&ledger, number).await;
    }
    ledger.close().await.unwrap();
    store
}

impl Store {
    fn edit(&self, sql: &str) {
        Connection::open(self.path().join("store.sqlite")).unwrap().execute_batch(sql).unwrap();
    }

    /// The checkpoint file out of the way: the store must be found out by itself.
    fn forget_checkpoint(&self) {
        fs::remove_file(self.path().join("ledger/checkpoint")).unwrap();
    }
}

macro_rules! refused {
    ($sql:expr, $error:pat) => {{
        let store = filled(10).await;
        store.forget_checkpoint();
        store.edit($sql);
        let error = store.try_open().err();
        assert!(matches!(error, Some($error)), "{error:?}");
        let error = store.verify_all().err();
        assert!(matches!(error, Some($error)), "{error:?}");
    }};
}

#[tokio::test]
async fn a_flipped_bit_is_named() {
    // The entry, its hash, a node, the root.
    refused!(
        // Whatever its last byte is, another one.
        "UPDATE leaf SET entry = CAST(substr(entry, 1, length(entry) - 1) || CASE WHEN \
         substr(entry, -1) = x'00' THEN x'01' ELSE x'00' END AS BLOB) WHERE idx = 7",
        OpenError::LeafChanged(7)
    );
    refused!("UPDATE leaf SET hash = zeroblob(32) WHERE idx = 7", OpenError::LeafChanged(7));
    refused!(
        "UPDATE node SET hash = zeroblob(32) WHERE level = 2 AND idx = 1",
        OpenError::NodeChanged { level: 2, index: 1 }
    );
    refused!("UPDATE meta SET root = zeroblob(32)", OpenError::RootChanged(20));
    refused!("UPDATE meta SET range = zeroblob(72)", OpenError::RootChanged(0..=20));
    refused!("DELETE FROM node WHERE level = 1 AND idx = 3", OpenError::NodeMissing(_));
}

#[tokio::test]
async fn cut_and_swapped_leaves_are_named() {
    refused!("DELETE FROM leaf WHERE idx = 19", OpenError::Truncated { size: 20, leaves: 19 });
    refused!("DELETE FROM leaf", OpenError::Truncated { size: 20, leaves: 0 });
    refused!("DELETE FROM leaf WHERE idx = 9", OpenError::LeafMissing(9));
    refused!(
        "INSERT INTO leaf SELECT 20, hash, entry, salt, content, reader FROM leaf WHERE idx = 19",
        OpenError::Surplus(20)
    );
    refused!(
        "UPDATE leaf SET idx = 100 WHERE idx = 3; UPDATE leaf SET idx = 3 WHERE idx = 12; UPDATE \
         leaf SET idx = 12 WHERE idx = 100",
        OpenError::NodeChanged { level: 1, index: 1 } | OpenError::ExchangeChanged(3)
    );
}

/// What a sealed leaf says is kept beside it: changed, swapped, given to another reader, or gone.
#[tokio::test]
async fn changed_contents_are_named() {
    refused!(
        "UPDATE leaf SET content = CAST(content || x'00' AS BLOB) WHERE idx = 7",
        OpenError::ContentChanged(7)
    );
    refused!("UPDATE leaf SET salt = zeroblob(32) WHERE idx = 7", OpenError::ContentChanged(7));
    refused!("UPDATE leaf SET salt = NULL WHERE idx = 7", OpenError::ContentChanged(7));
    refused!(
        "UPDATE leaf SET reader = 'spiffe://x/member/police/system/a' WHERE idx = 7",
        OpenError::ContentChanged(7)
    );
    refused!(
        "UPDATE leaf SET (salt, content) = (SELECT salt, content FROM leaf WHERE idx = 5) WHERE \
         idx = 7",
        OpenError::ContentChanged(7)
    );
}

#[tokio::test]
async fn changed_exchanges_are_named() {
    refused!("DELETE FROM exchange WHERE intent_index = 4", OpenError::ExchangeChanged(4));
    refused!(
        "UPDATE exchange SET outcome = 2 WHERE intent_index = 4",
        OpenError::ExchangeChanged(5)
    );
    refused!(
        "UPDATE exchange SET outcome = NULL WHERE intent_index = 4",
        OpenError::ExchangeChanged(5)
    );
    refused!(
        "UPDATE exchange SET id = upper(id) || 'x' WHERE intent_index = 4",
        OpenError::ExchangeChanged(4)
    );
}

/// With nothing else touched: an older bundle, which a revoked grant is still in; another under the
/// same number; none; one from nowhere.
#[tokio::test]
async fn a_bundle_that_was_set_back_is_named() {
    let bundle = |text: &str| Envelope { payload: text.into(), ..Envelope::default() };
    let store = Store::new();
    let (ledger, _) = store.open();
    ledger.put_bundle(BundleKind::Grants, 4, bundle("granted"), at(0)).await.unwrap();
    ledger.put_bundle(BundleKind::Directory, 7, bundle("seven"), at(0)).await.unwrap();
    ledger.close().await.unwrap();
    store.edit("CREATE TABLE older AS SELECT * FROM bundle");
    let (ledger, _) = store.open();
    ledger.put_bundle(BundleKind::Grants, 5, bundle("revoked"), at(1)).await.unwrap();
    ledger.put_bundle(BundleKind::Directory, 8, bundle("eight"), at(1)).await.unwrap();
    // Below the last thousand, where leaves are not read at every start.
    refusals(&ledger, 1600).await;
    ledger.close().await.unwrap();
    store.edit("CREATE TABLE newer AS SELECT * FROM bundle");
    store.open();
    let back = "INSERT OR REPLACE INTO bundle SELECT * FROM older WHERE kind =";
    for (edit, kind, stored) in [
        (format!("{back} 'grants'"), "grants", "version 4"),
        (format!("{back} 'directory'"), "directory", "version 7"),
        (
            format!("{back} 'grants'; UPDATE bundle SET version = 5 WHERE kind = 'grants'"),
            "grants",
            "version 5",
        ),
        ("UPDATE bundle SET version = 6 WHERE kind = 'grants'".into(), "grants", "version 6"),
        (
            "UPDATE bundle SET envelope = x'ff' WHERE kind = 'directory'".into(),
            "directory",
            "version 8",
        ),
        ("DELETE FROM bundle WHERE kind = 'directory'".into(), "directory", "none"),
        ("DELETE FROM bundle WHERE kind = 'grants'".into(), "grants", "none"),
    ] {
        store.edit(&edit);
        for error in [store.try_open().err(), store.verify_all().err()] {
            let Some(OpenError::BundleChanged { kind: named, stored: found, .. }) = &error else {
                panic!("{edit}: {error:?}")
            };
            assert_eq!((*named, found.as_str()), (kind, stored), "{edit}");
            assert!(error.is_some_and(|error| error.to_string().contains("zerotrip-hub restore")));
        }
        let copy = store.path().join("copy");
        let copied = crate::backup(store.path(), &copy, ORIGIN, &store.keys(), at(9), None);
        assert!(
            matches!(copied, Err(crate::BackupError::Store(OpenError::BundleChanged { .. }))),
            "{edit}: {copied:?}"
        );
        store.edit("DELETE FROM bundle; INSERT INTO bundle SELECT * FROM newer");
        store.open();
    }
    // The leaf out of sight: only the full audit reads so far down.
    store.edit(&format!("{back} 'grants'; UPDATE leaf SET content = x'00' WHERE idx = 2"));
    assert!(matches!(store.verify_all(), Err(OpenError::ContentChanged(2))));
    store.edit("UPDATE leaf SET content = NULL WHERE idx = 2; DROP INDEX leaf_bundle");
    assert!(matches!(store.try_open(), Err(OpenError::BundleChanged { .. })));
    // One that the log has never heard of.
    let store = filled(3).await;
    store.edit("INSERT INTO bundle VALUES ('grants', 9, x'')");
    assert!(matches!(store.try_open(), Err(OpenError::BundleChanged { kind: "grants", .. })));
}

/// The store as it was yesterday, complete in itself.
#[tokio::test]
async fn a_shrunk_store_is_behind_its_checkpoint() {
    let store = filled(10).await;
    let yesterday = fs::read(store.path().join("store.sqlite")).unwrap();
    let (ledger, _) = store.open();
    exchange(&ledger, 10).await;
    ledger.close().await.unwrap();
    fs::write(store.path().join("store.sqlite"), yesterday).unwrap();
    assert!(matches!(store.try_open(), Err(OpenError::Shrunk { published: 22, size: 20 })));
    // None at all is a shrunk one too.
    for name in ["store.sqlite", "store.sqlite-wal", "store.sqlite-shm"] {
        drop(fs::remove_file(store.path().join(name)));
    }
    assert!(matches!(store.try_open(), Err(OpenError::Shrunk { published: 22, size: 0 })));
}

/// Another history under the same key, as long as or longer than the published one.
#[tokio::test]
async fn a_forked_store_is_not_its_checkpoints() {
    let store = filled(10).await;
    let other = Store { folder: tempfile::tempdir().unwrap(), key: store.key.clone() };
    let (ledger, _) = other.open();
    refusals(&ledger, 25).await;
    ledger.close().await.unwrap();
    fs::copy(other.path().join("store.sqlite"), store.path().join("store.sqlite")).unwrap();
    assert!(matches!(store.try_open(), Err(OpenError::Forked(20))));
}

#[tokio::test]
async fn a_strange_checkpoint_is_not_believed() {
    let store = filled(3).await;
    let path = store.path().join("ledger/checkpoint");
    let good = fs::read(&path).unwrap();
    let stranger = Store::new();
    let foreign = stranger.open().0.checkpoint().unwrap();
    for bad in [
        b"".to_vec(),
        vec![0xff; 10],
        vec![b'x'; 100_000],
        foreign.into_bytes(),
        good[..good.len() - 4].to_vec(),
    ] {
        fs::write(&path, bad).unwrap();
        assert!(matches!(store.try_open(), Err(OpenError::Checkpoint(_))));
    }
    fs::write(&path, good).unwrap();
    store.open();
    let renamed = Ledger::open(store.path(), "city.example/hub/other", store.key.clone());
    assert!(matches!(renamed, Err(OpenError::OtherOrigin { .. })));
}

#[tokio::test]
async fn a_file_that_is_no_database_is_damaged() {
    let store = filled(3).await;
    let path = store.path().join("store.sqlite");
    let good = fs::read(&path).unwrap();
    fs::write(&path, vec![7; 8192]).unwrap();
    assert!(matches!(store.try_open(), Err(OpenError::Damaged(_))));
    // Cut short in the middle of its pages.
    fs::write(&path, &good[..good.len() / 2]).unwrap();
    let error = store.try_open().err();
    assert!(matches!(error, Some(OpenError::Damaged(_) | OpenError::Shrunk { .. })), "{error:?}");
    fs::write(&path, good).unwrap();
    store.edit("PRAGMA user_version = 9");
    assert!(matches!(store.try_open(), Err(OpenError::NewerVersion(9))));
    store.edit("PRAGMA user_version = 1");
    assert!(matches!(store.try_open(), Err(OpenError::OlderVersion(1))));
}

/// Far below the tail: only the full audit reads there.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_full_audit_reads_all() {
    let store = Store::new();
    let (ledger, _) = store.open();
    refusals(&ledger, 1600).await;
    ledger.close().await.unwrap();
    store.edit("UPDATE leaf SET entry = CAST(entry || x'00' AS BLOB) WHERE idx = 5");
    store.open();
    assert!(matches!(store.verify_all(), Err(OpenError::LeafChanged(5))));
    // In the tail, the quick audit finds it as well, starting from stored subtrees.
    store.edit("UPDATE leaf SET entry = CAST(entry || x'00' AS BLOB) WHERE idx = 1000");
    assert!(matches!(store.try_open(), Err(OpenError::LeafChanged(1000))));
}

#[tokio::test]
async fn surplus_nodes_are_found() {
    let store = filled(10).await;
    store.edit("INSERT INTO node VALUES (9, 0, zeroblob(32))");
    assert!(matches!(store.verify_all(), Err(OpenError::Surplus(20))));
}
