//! Opening after years, with a past that is made up: real ids, blocks and inner nodes, and files
//! that are never read.

use std::fs;
use std::time::Instant;

use rusqlite::{Connection, params};
use zerotrip_trust::digest::sha256;
use zerotrip_trust::merkle::CompactRange;

use super::*;
use crate::segments::BLOCK;
use crate::tree::Growing;

/// Exchanges of the past. `ZEROTRIP_PAST=10000000` makes a store of two gigabytes.
const EXCHANGES: u64 = 60_000;
/// From so many on, how long opening takes is of interest.
const YEARS: u64 = 10_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_store_with_a_made_up_past_opens() {
    let set = std::env::var("ZEROTRIP_PAST").ok();
    let exchanges = set.map_or(EXCHANGES, |text| text.parse().unwrap());
    let took = open_after(exchanges).await;
    assert!(exchanges < YEARS || took < Duration::from_secs(2), "{took:?}");
}

async fn open_after(exchanges: u64) -> Duration {
    let store = Store::new();
    store.open().0.close().await.unwrap();
    let leaves = (exchanges * 2).next_multiple_of(BLOCK);
    let connection = Connection::open(store.path().join("store.sqlite")).unwrap();
    connection.execute_batch("PRAGMA synchronous = OFF; BEGIN").unwrap();
    let mut range = CompactRange::new();
    {
        let mut node = connection.prepare("INSERT INTO node VALUES (?1, ?2, ?3)").unwrap();
        for index in 0..leaves {
            let hash = sha256(&index.to_be_bytes());
            range.append_with(hash, |level, index, digest| {
                if level >= 8 {
                    node.execute(params![level, index as i64, digest.as_slice()]).unwrap();
                }
            });
        }
        let mut past = connection.prepare("INSERT INTO past VALUES (?1, ?2, ?3)").unwrap();
        for number in 0..exchanges {
            let mut id = sha256(&number.to_le_bytes())[..16].to_vec();
            id[..8].copy_from_slice(&(number + (1 << 60)).to_be_bytes());
            past.execute(params![id, (number * 2 + 1) as i64, [7_u8; 32].as_slice()]).unwrap();
        }
        let mut block = connection
            .prepare("INSERT INTO block VALUES (?1, ?2, ?3, ?4, 0, 0, 0, 0, x'', x'', 0, 512)")
            .unwrap();
        for first in (0..leaves).step_by(BLOCK as usize) {
            let (end, segment) = ((first + BLOCK) as i64, (first / 65_536 + 1) as i64);
            let key = [7_u8; 32];
            block.execute(params![first as i64, end, segment, key.as_slice()]).unwrap();
        }
        let mut segment = connection
            .prepare("INSERT INTO segment VALUES (?1, '2026-01-01', 100, 100, x'', NULL, 0)")
            .unwrap();
        for number in 1..=leaves.div_ceil(65_536) {
            segment.execute([number as i64]).unwrap();
        }
    }
    let mut tree = Growing::from(&range);
    for _ in 0..2048 {
        let (entry, opening) = entry::seal(Body::Refusal(refusal()), at(0)).unwrap();
        tree.push(&connection, &entry, Some((&opening, ""))).unwrap();
    }
    tree.save(&connection).unwrap();
    connection.execute("UPDATE meta SET moved = ?1", [leaves as i64]).unwrap();
    connection.execute_batch("COMMIT").unwrap();
    drop(connection);
    let newest = leaves.div_ceil(65_536);
    fs::create_dir_all(store.path().join("segments")).unwrap();
    for kind in ["entries", "bodies"] {
        let mut text = format!("zerotrip segment v1\n{kind}\n{ORIGIN}\n{newest:06}\n");
        text.push_str(&" ".repeat(100));
        let name = format!("segments/2026-01-01-{newest:06}.{kind}");
        fs::write(store.path().join(name), text).unwrap();
    }
    let head = Head::of(&tree.range, ORIGIN, &store.key);
    crate::project::write_checkpoint(store.path(), head.note().unwrap()).unwrap();
    let steps = crate::audit::work::work_of(store.path(), ORIGIN, &store.keys());
    let begun = Instant::now();
    let (ledger, recovered) = store.open();
    let took = begun.elapsed();
    assert_eq!(recovered.size, leaves + 2048);
    let bytes = ledger.figures().unwrap().database_bytes;
    println!(
        "{exchanges} exchanges, {bytes} bytes of database ({} each): {steps} steps, open in \
         {took:?}",
        bytes / exchanges
    );
    drop(ledger);
    took
}
