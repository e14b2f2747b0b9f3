//! Which variants were asked about whom: counted, and told to nobody who has the rows alone.

use rusqlite::Connection;

use super::*;

fn asked(subject: u8, variant: &str) -> Vec<Asking> {
    vec![Asking { key: [subject; 32], variant: variant.into(), most: 1 }]
}

fn keys(store: &Store) -> Vec<Vec<u8>> {
    let connection = Connection::open(store.path().join("store.sqlite")).unwrap();
    let mut query = connection.prepare("SELECT key FROM variant ORDER BY name").unwrap();
    query.query_map([], |row| row.get(0)).unwrap().collect::<rusqlite::Result<_>>().unwrap()
}

/// There are few resident ids: a digest of member, check, purpose and id is as good as the id.
#[tokio::test]
async fn rows_that_count_variants_tell_nothing_without_the_stores_secret() {
    let mut all = std::collections::BTreeSet::new();
    for _ in 0..2 {
        let store = Store::new();
        let (ledger, _) = store.open();
        ledger.intend_asking(intent(1), at(1), at(300), asked(7, "couple")).await.unwrap();
        ledger.close().await.unwrap();
        let kept = keys(&store);
        assert!(kept.len() == 1 && !store.has(&[7; 32]));
        all.extend(kept);
        // A backup goes on counting; its secret is in it, as the rows are.
        let to = store.path().join("copy");
        crate::backup(store.path(), &to, ORIGIN, &store.keys(), at(2), None).unwrap();
        let (copy, _) = Ledger::open(&to, ORIGIN, store.key.clone()).unwrap();
        let other = copy.intend_asking(intent(2), at(3), at(300), asked(7, "family")).await;
        assert_eq!(other, Err(LedgerError::VariantLimit(1)));
    }
    assert_eq!(all.len(), 2, "each store has its own secret");
}

/// Rows of before are under the secret from the first opening on, and count as before.
#[tokio::test]
async fn rows_of_an_earlier_release_are_keyed_as_the_store_is_opened() {
    let store = Store::new();
    let (ledger, _) = store.open();
    refusals(&ledger, 3).await;
    ledger.close().await.unwrap();
    let connection = Connection::open(store.path().join("store.sqlite")).unwrap();
    connection
        .execute_batch("DROP TABLE copy; DROP TABLE secret; PRAGMA user_version = 3")
        .unwrap();
    for (subject, name) in [(7_u8, "couple"), (7, "child"), (8, "couple")] {
        connection
            .execute(
                "INSERT INTO variant (key, name, at) VALUES (?1, ?2, ?3)",
                rusqlite::params![[subject; 32], name, crate::rows::micros(at(1))],
            )
            .unwrap();
    }
    drop(connection);
    assert!(store.has(&[7; 32]));
    assert!(matches!(crate::inspect(store.path(), ORIGIN), Err(OpenError::LastRelease(3))));
    let (ledger, _) = store.open();
    let ask = async |number: usize, subject: u8, variant: &str, seconds: u64| {
        let asking = asked(subject, variant);
        ledger.intend_asking(intent(number), at(seconds), at(seconds + 300), asking).await
    };
    assert_eq!(ask(1, 7, "family", 2).await, Err(LedgerError::VariantLimit(2)));
    assert_eq!(ask(1, 8, "family", 2).await, Err(LedgerError::VariantLimit(1)));
    assert!(ask(1, 8, "couple", 2).await.is_ok());
    let month = 31 * 86_400;
    assert!(ask(2, 7, "family", month).await.is_ok(), "they lapse as before");
    assert!(!ledger.sweep().await.unwrap());
    assert!(!store.has(&[7; 32]) && !store.has(&[8; 32]), "in no page, and in no WAL");
    ledger.close().await.unwrap();
    store.verify_all().unwrap();
}

#[tokio::test]
async fn a_month_later_the_rows_are_gone_also_of_those_who_are_not_asked_about() {
    let store = Store::new();
    let (ledger, _) = store.open();
    let many = (0..=250).flat_map(|subject| asked(subject, "couple")).collect();
    ledger.intend_asking(intent(1), at(1), at(300), many).await.unwrap();
    let day = 86_400;
    ledger.intend_asking(intent(2), at(2 * day), at(3 * day), asked(7, "couple")).await.unwrap();
    ledger.lapse_variants(at(29 * day)).await.unwrap();
    assert_eq!(keys(&store).len(), 251);
    ledger.lapse_variants(at(31 * day)).await.unwrap();
    assert_eq!(keys(&store).len(), 1);
    ledger.lapse_variants(at(33 * day)).await.unwrap();
    assert_eq!(keys(&store).len(), 0);
}
