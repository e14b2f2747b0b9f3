//! The projection, read as an outside tool would: from the files alone.

use std::fs;

use zerotrip_trust::merkle::{CompactRange, leaf_hash};
use zerotrip_trust::tiles::{decode_entries, decode_tile, entries_path, tile_path, tile_width};

use super::*;

impl Store {
    fn file(&self, name: &str) -> Vec<u8> {
        fs::read(self.path().join("ledger").join(name)).unwrap()
    }

    /// Every tile that the published checkpoint promises, from leaves to root.
    fn verify_tiles(&self) -> u64 {
        let note = String::from_utf8(self.file("checkpoint")).unwrap();
        let checkpoint = open_checkpoint(&note, ORIGIN, self.key.public()).unwrap();
        let mut range = CompactRange::new();
        let mut level_1 = Vec::new();
        for index in 0..checkpoint.size.div_ceil(256) {
            let width = tile_width(0, index, checkpoint.size).unwrap();
            let hashes = decode_tile(&self.file(&tile_path(0, index, width))).unwrap();
            let entries = decode_entries(&self.file(&entries_path(index, width))).unwrap();
            assert_eq!(hashes, entries.iter().map(|entry| leaf_hash(entry)).collect::<Vec<_>>());
            hashes.iter().for_each(|hash| {
                range.append_with(*hash, |level, _, digest| {
                    if level == 8 {
                        level_1.push(digest)
                    }
                })
            });
        }
        assert_eq!((range.size(), range.root()), (checkpoint.size, checkpoint.root));
        if let Some(width) = tile_width(1, 0, checkpoint.size) {
            assert_eq!(decode_tile(&self.file(&tile_path(1, 0, width))).unwrap(), level_1);
        }
        checkpoint.size
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tiles_follow_and_are_derivable_again() {
    let store = Store::new();
    for (burst, size) in [(3, 3), (253, 256), (300, 556), (0, 556)] {
        let (ledger, _) = store.open();
        refusals(&ledger, burst).await;
        ledger.close().await.unwrap();
        assert_eq!(store.verify_tiles(), size);
    }
    assert!(!store.path().join("ledger/tile/0/000.p").exists(), "the full tile is there");

    // Lost, wholly or partly.
    fs::remove_dir_all(store.path().join("ledger")).unwrap();
    drop(store.open());
    assert_eq!(store.verify_tiles(), 556);
    fs::remove_file(store.path().join("ledger/tile/0/001")).unwrap();
    fs::write(store.path().join("ledger/tile/entries/000"), b"").unwrap();
    // No opening waits for it; whoever closes does.
    store.open().0.close().await.unwrap();
    assert_eq!(store.verify_tiles(), 556);

    // Changed: only the full audit compares.
    fs::write(store.path().join("ledger/tile/0/001"), [7; 8192]).unwrap();
    drop(store.verify_all().unwrap());
    assert_eq!(store.verify_tiles(), 556);
}

#[tokio::test]
async fn tiles_are_projected_while_it_runs() {
    let store = Store::new();
    let (ledger, _) = store.open();
    ledger.refuse(refusal(), at(0)).await.unwrap();
    let wanted = ledger.checkpoint().unwrap().into_bytes();
    let projected = async {
        while store.file("checkpoint") != wanted {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), projected).await.unwrap();
    assert_eq!(store.verify_tiles(), 1);
}

/// A projection that cannot be written stops nobody, and says so at the end.
#[tokio::test]
async fn an_unwritable_folder_stops_no_commit() {
    let store = Store::new();
    let (ledger, _) = store.open();
    fs::remove_dir_all(store.path().join("ledger")).unwrap();
    fs::write(store.path().join("ledger"), b"in the way").unwrap();
    refusals(&ledger, 3).await;
    assert_eq!(ledger.close().await.unwrap_err().code(), ErrorCode::LedgerUnavailable);
    fs::remove_file(store.path().join("ledger")).unwrap();
    assert_eq!(store.open().1.size, 3);
    assert_eq!(store.verify_tiles(), 3);
}
