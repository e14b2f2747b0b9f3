//! What the hub keeps beside the log: bundles, statements, invitations, join requests.

use zerotrip_proto::v1::Signature;

use super::*;

const SYSTEM: &str = "spiffe://x/member/fund/system/a";

fn envelope(text: &str) -> Envelope {
    Envelope {
        payload: text.into(),
        payload_type: "t".into(),
        signatures: vec![Signature { keyid: "k".into(), sig: vec![1; 64] }],
        batch: None,
    }
}

fn invited(token: u8, seconds: u64) -> Invited {
    Invited { token_digest: [token; 32], system: SYSTEM.into(), expires_at: at(seconds) }
}

fn request(token: u8, csr: &str) -> PendingJoin {
    PendingJoin {
        system: SYSTEM.into(),
        token_digest: vec![token; 32],
        csr: csr.into(),
        keys: vec![],
        binding_tag: vec![token; 32],
    }
}

#[tokio::test]
async fn bundles_only_rise_and_are_logged() {
    let store = Store::new();
    let (ledger, _) = store.open();
    assert_eq!(ledger.bundle(BundleKind::Directory).unwrap(), None);
    let receipt =
        ledger.put_bundle(BundleKind::Directory, 5, envelope("five"), at(0)).await.unwrap();
    let Some(zerotrip_proto::v1::ledger_entry::Body::Bundle(change)) =
        store.verify(&receipt).1.body
    else {
        panic!("not a bundle change")
    };
    assert_eq!((change.kind.as_str(), change.version), ("directory", 5));
    assert_eq!(change.digest, zerotrip_trust::digest::sha256(b"five"));
    for version in [0, 4, 5] {
        let error = ledger
            .put_bundle(BundleKind::Directory, version, envelope("old"), at(0))
            .await
            .unwrap_err();
        assert_eq!(
            (error.code(), error),
            (ErrorCode::StaleBundle, LedgerError::StaleBundle { found: version, in_force: 5 })
        );
    }
    ledger.put_bundle(BundleKind::Grants, 1, envelope("grants"), at(0)).await.unwrap();
    assert!(matches!(
        ledger.put_bundle(BundleKind::Grants, u64::MAX, envelope("x"), at(0)).await,
        Err(LedgerError::Malformed(_))
    ));
    ledger.close().await.unwrap();
    let (ledger, _) = store.open();
    assert_eq!(ledger.bundle(BundleKind::Directory).unwrap(), Some((5, envelope("five"))));
    assert_eq!(ledger.bundle(BundleKind::Grants).unwrap(), Some((1, envelope("grants"))));
    assert_eq!(ledger.size(), 2);
}

#[tokio::test]
async fn statements_are_replaced() {
    let store = Store::new();
    let (ledger, _) = store.open();
    ledger.put_statement("police.household", envelope("one")).await.unwrap();
    ledger.put_statement("estate.ownership", envelope("two")).await.unwrap();
    ledger.put_statement("police.household", envelope("three")).await.unwrap();
    assert_eq!(ledger.statement("police.household").unwrap(), Some(envelope("three")));
    assert_eq!(ledger.statement("nobody.nothing").unwrap(), None);
    let all = ledger.statements().unwrap();
    assert_eq!(
        all,
        [
            ("estate.ownership".into(), envelope("two")),
            ("police.household".into(), envelope("three"))
        ]
    );
    assert_eq!(
        ledger.put_statement(&"x".repeat(300), envelope("x")).await.unwrap_err().code(),
        ErrorCode::TooLarge
    );
    assert_eq!(ledger.size(), 0);
}

#[tokio::test]
async fn a_token_admits_one_request() {
    let store = Store::new();
    let (ledger, _) = store.open();
    ledger.put_invitation(invited(1, 100), at(0)).await.unwrap();
    assert_eq!(ledger.put_invitation(invited(1, 200), at(0)).await, Err(LedgerError::InvalidToken));
    assert_eq!(ledger.invitation(&[1; 32]).unwrap(), Some(invited(1, 100)));
    for (join, now) in [
        (request(2, "csr"), 0),
        (request(1, "csr"), 100),
        (
            PendingJoin { system: "spiffe://x/member/police/system/a".into(), ..request(1, "csr") },
            0,
        ),
        (PendingJoin { token_digest: vec![1; 31], ..request(1, "csr") }, 0),
    ] {
        assert_eq!(ledger.put_join(join, at(now)).await, Err(LedgerError::InvalidToken));
    }
    ledger.put_join(request(1, "csr"), at(1)).await.unwrap();
    ledger.put_join(request(1, "csr"), at(2)).await.unwrap();
    assert_eq!(
        ledger.put_join(request(1, "another"), at(3)).await.unwrap_err().code(),
        ErrorCode::InvalidToken
    );
    assert_eq!(ledger.pending_joins().unwrap(), [request(1, "csr")]);
    assert_eq!(
        ledger.join(&[1; 32]).unwrap(),
        Some(Join { request: request(1, "csr"), chain: None })
    );

    assert!(matches!(ledger.admit(&[1; 32], SYSTEM, vec![]).await, Err(LedgerError::Malformed(_))));
    assert_eq!(
        ledger.admit(&[1; 32], "nobody", vec![vec![1]]).await,
        Err(LedgerError::UnknownJoin("nobody".into()))
    );
    assert_eq!(
        ledger.admit(&[2; 32], SYSTEM, vec![vec![1]]).await,
        Err(LedgerError::UnknownJoin(SYSTEM.into()))
    );
    ledger.admit(&[1; 32], SYSTEM, vec![vec![1], vec![2]]).await.unwrap();
    assert_eq!(
        ledger.admit(&[1; 32], SYSTEM, vec![vec![3]]).await,
        Err(LedgerError::UnknownJoin(SYSTEM.into()))
    );
    ledger.close().await.unwrap();
    let (ledger, _) = store.open();
    assert_eq!(ledger.join(&[1; 32]).unwrap().unwrap().chain, Some(vec![vec![1], vec![2]]));
    assert_eq!(ledger.pending_joins().unwrap(), []);
    assert_eq!(ledger.join(&[9; 32]).unwrap(), None);
}

#[tokio::test]
async fn of_two_invitations_of_one_system_exactly_the_named_one_is_admitted() {
    let store = Store::new();
    let (ledger, _) = store.open();
    for token in [1, 2, 3] {
        ledger.put_invitation(invited(token, 100), at(0)).await.unwrap();
        ledger.put_join(request(token, "csr"), at(1)).await.unwrap();
    }
    ledger.admit(&[2; 32], SYSTEM, vec![vec![7]]).await.unwrap();
    assert_eq!(ledger.join(&[2; 32]).unwrap().unwrap().chain, Some(vec![vec![7]]));
    assert_eq!(ledger.pending_joins().unwrap(), [request(1, "csr"), request(3, "csr")]);
}

#[tokio::test]
async fn expired_invitations_are_forgotten_used_ones_are_not() {
    let store = Store::new();
    let (ledger, _) = store.open();
    for token in [1, 2] {
        ledger.put_invitation(invited(token, 100), at(0)).await.unwrap();
    }
    ledger.put_join(request(1, "csr"), at(50)).await.unwrap();
    ledger.put_invitation(invited(3, 300), at(200)).await.unwrap();
    assert!(
        ledger.invitation(&[1; 32]).unwrap().is_some()
            && ledger.invitation(&[2; 32]).unwrap().is_none()
    );
    // A used token stays used, whatever the clock says.
    assert_eq!(
        ledger.put_invitation(invited(1, 900), at(200)).await,
        Err(LedgerError::InvalidToken)
    );
}
