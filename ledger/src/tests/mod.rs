//! The store as a hub uses it, as a crash leaves it, and as somebody with an editor leaves it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod backup;
mod crash;
mod foreign;
mod opening;
mod past;
mod readers;
mod registry;
mod tampering;
mod tiles;
mod unavailable;
mod variants;

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use proptest::prelude::*;
use prost::Message as _;
use tempfile::TempDir;
use zerotrip_proto::v1::{Completion, EntryContent, ErrorCode, ExchangeOutcome, LedgerEntry};
use zerotrip_trust::merkle::{
    empty_root, leaf_hash, path_from_bytes, verify_consistency, verify_inclusion,
};
use zerotrip_trust::note::{Checkpoint, open_checkpoint};
use zerotrip_trust::{Algorithm, SigningKey, entry};

use super::*;

const ORIGIN: &str = "city.example/hub/main";

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_700_000_000 + seconds)
}

fn id(number: usize) -> String {
    format!("01900000-0000-7000-8000-{number:012x}")
}

fn intent(number: usize) -> Intent {
    Intent {
        exchange_id: id(number),
        issuer: "spiffe://x/member/fund/system/a".into(),
        action: "no-property/family".into(),
        ..Intent::default()
    }
}

fn completion(number: usize, intent_index: u64, outcome: ExchangeOutcome) -> Completion {
    Completion {
        exchange_id: id(number),
        intent_index,
        outcome: outcome.into(),
        ..Completion::default()
    }
}

fn completed(completion: Completion, answer: &[u8]) -> Completed {
    Completed { completion, answer: answer.to_vec(), ..Completed::default() }
}

fn refusal() -> Refusal {
    Refusal { code: ErrorCode::BadSignature.into(), ..Refusal::default() }
}

struct Store {
    folder: TempDir,
    key: SigningKey,
}

impl Store {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            key: SigningKey::generate(Algorithm::Ed25519).unwrap(),
        }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn keys(&self) -> LogKeys {
        self.key.clone().into()
    }

    fn open(&self) -> (Ledger, Recovered) {
        self.try_open().unwrap()
    }

    fn try_open(&self) -> Result<(Ledger, Recovered), OpenError> {
        self.open_with(&Options::default())
    }

    fn verify_all(&self) -> Result<(Ledger, Recovered), OpenError> {
        self.open_with(&Options { verify_all: true, ..Options::default() })
    }

    /// A child that another test of this process starts holds every open file until it has become
    /// its program, the store's lock too.
    fn open_with(&self, options: &Options) -> Result<(Ledger, Recovered), OpenError> {
        let begun = std::time::Instant::now();
        loop {
            match Ledger::open_with(self.path(), ORIGIN, self.key.clone(), options) {
                Err(OpenError::InUse(_)) if begun.elapsed() < Duration::from_secs(1) => {
                    std::thread::yield_now()
                }
                opened => return opened,
            }
        }
    }

    /// What everybody who gets a receipt can check without us.
    fn verify(&self, receipt: &LedgerReceipt) -> (Checkpoint, LedgerEntry, Option<EntryContent>) {
        let checkpoint = open_checkpoint(&receipt.checkpoint, ORIGIN, self.key.public()).unwrap();
        let path = path_from_bytes(&receipt.path).unwrap();
        verify_inclusion(
            &leaf_hash(&receipt.entry),
            receipt.index,
            checkpoint.size,
            &path,
            &checkpoint.root,
        )
        .unwrap();
        let content =
            receipt.opening.as_ref().map(|opening| entry::open(&receipt.entry, opening).unwrap());
        (checkpoint, LedgerEntry::decode(receipt.entry.as_slice()).unwrap(), content)
    }
}

fn order() -> Order {
    Order { by: "records office".into(), why: "file 7".into(), at: at(9) }
}

/// A whole exchange.
async fn exchange(ledger: &Ledger, number: usize) -> LedgerReceipt {
    let index = ledger.intend(intent(number), at(0), at(300)).await.unwrap();
    let done = completed(
        completion(number, index, ExchangeOutcome::AnsweredTrue),
        format!("answer {number}").as_bytes(),
    );
    ledger.complete(done, at(1), None).await.unwrap()
}

async fn refusals(ledger: &Ledger, count: usize) {
    let all: Vec<_> = (0..count)
        .map(|_| {
            tokio::spawn({
                let ledger = ledger.clone();
                async move { ledger.refuse(refusal(), at(0)).await }
            })
        })
        .collect();
    for one in all {
        one.await.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_receipt_of_many_at_once_verifies_and_commits_are_grouped() {
    let store = Store::new();
    let (ledger, recovered) = store.open();
    assert_eq!(recovered, Recovered { size: 0, orphaned: vec![] });
    let tasks: Vec<_> = (0..400)
        .map(|number| {
            let ledger = ledger.clone();
            tokio::spawn(async move { exchange(&ledger, number).await })
        })
        .collect();
    let mut indices = std::collections::HashSet::new();
    for (number, task) in tasks.into_iter().enumerate() {
        let receipt = task.await.unwrap();
        let (checkpoint, _, content) = store.verify(&receipt);
        assert!(checkpoint.size <= 800 && indices.insert(receipt.index));
        assert!(
            matches!(content.unwrap().body, Some(Body::Completion(completion)) if completion.exchange_id == id(number))
        );
        // Proven again, later, against the newest checkpoint.
        let again = ledger.inclusion(receipt.index, &Reader::Authority).unwrap();
        assert_eq!((&again.entry, &again.opening), (&receipt.entry, &receipt.opening));
        store.verify(&again);
    }
    assert_eq!(ledger.size(), 800);
    assert!(ledger.commits() < 400, "{} commits for 800 entries", ledger.commits());
    ledger.close().await.unwrap();
}

#[tokio::test]
async fn an_exchange_is_used_once_ever() {
    let store = Store::new();
    let (ledger, _) = store.open();
    exchange(&ledger, 1).await;
    let index = ledger.intend(intent(2), at(0), at(300)).await.unwrap();
    for number in [1, 2] {
        // Also long after it expired.
        assert_eq!(
            ledger.intend(intent(number), at(1_000_000_000), at(2_000_000_000)).await,
            Err(LedgerError::Replayed(id(number)))
        );
    }
    ledger.close().await.unwrap();
    let (ledger, recovered) = store.open();
    assert_eq!(
        recovered,
        Recovered { size: 3, orphaned: vec![Orphan { exchange_id: id(2), intent_index: index }] }
    );
    for number in [1, 2] {
        let error = ledger.intend(intent(number), at(0), at(300)).await.unwrap_err();
        assert_eq!((error.code(), error), (ErrorCode::Replayed, LedgerError::Replayed(id(number))));
    }
    for spelling in [
        id(10).to_uppercase(),
        id(10).replace('-', ""),
        format!("{} ", id(10)),
        String::new(),
        "0".repeat(36),
        "界".repeat(12),
    ] {
        let intent = Intent { exchange_id: spelling, ..intent(10) };
        assert!(matches!(
            ledger.intend(intent, at(0), at(300)).await,
            Err(LedgerError::Malformed(_))
        ));
    }
    // The same id twice in one batch, too.
    let (one, two) = tokio::join!(
        ledger.intend(intent(3), at(0), at(300)),
        ledger.intend(intent(3), at(0), at(300))
    );
    assert_eq!((one, two), (Ok(3), Err(LedgerError::Replayed(id(3)))));
    assert_eq!(ledger.size(), 4);
}

#[tokio::test]
async fn an_exchange_ends_once() {
    let store = Store::new();
    let (ledger, _) = store.open();
    let index = ledger.intend(intent(1), at(0), at(300)).await.unwrap();
    let row = ledger.exchange(&id(1)).unwrap().unwrap();
    assert_eq!(
        (row.intent_index, row.expires_at, row.state),
        (index, at(300), ExchangeState::Open)
    );
    let complete = |number, index, outcome| {
        ledger.complete(completed(completion(number, index, outcome), b"answer"), at(1), None)
    };
    assert_eq!(
        complete(1, index + 1, ExchangeOutcome::Denied).await,
        Err(LedgerError::NotOpen(id(1)))
    );
    assert_eq!(
        complete(2, index, ExchangeOutcome::Denied).await,
        Err(LedgerError::UnknownExchange(id(2)))
    );
    assert!(matches!(
        complete(1, index, ExchangeOutcome::Unspecified).await,
        Err(LedgerError::Malformed(_))
    ));
    let large =
        completed(completion(1, index, ExchangeOutcome::Denied), &vec![0; ANSWER_BYTES + 1]);
    let too_large = ledger.complete(large, at(1), None).await;
    assert_eq!(too_large.unwrap_err().code(), ErrorCode::TooLarge);
    let receipt = complete(1, index, ExchangeOutcome::Unavailable).await.unwrap();
    assert_eq!(
        complete(1, index, ExchangeOutcome::AnsweredTrue).await,
        Err(LedgerError::NotOpen(id(1)))
    );
    let closed = |answer| ExchangeState::Closed {
        outcome: ExchangeOutcome::Unavailable,
        code: ErrorCode::Unspecified,
        answered_at: at(1),
        completion_index: receipt.index,
        answer,
    };
    assert_eq!(ledger.exchange(&id(1)).unwrap().unwrap().state, closed(Some(b"answer".to_vec())));
    ledger.erase(&id(1), order()).await.unwrap();
    assert_eq!(ledger.exchange(&id(1)).unwrap().unwrap().state, closed(None));
    assert_eq!(ledger.erase(&id(2), order()).await, Err(LedgerError::UnknownExchange(id(2))));
    assert_eq!(ledger.exchange(&id(2)).unwrap(), None);
    assert_eq!(ledger.size(), 2, "what was refused left no leaf");
    ledger.close().await.unwrap();
    store.verify_all().unwrap();
}

#[tokio::test]
async fn one_certificate_to_a_check() {
    let store = Store::new();
    let (ledger, _) = store.open();
    exchange(&ledger, 1).await;
    let denied = ledger.intend(intent(2), at(0), at(300)).await.unwrap();
    ledger
        .complete(
            completed(completion(2, denied, ExchangeOutcome::AnsweredFalse), &[]),
            at(1),
            None,
        )
        .await
        .unwrap();
    let issue_as = async |number: usize, check: usize, digest: [u8; 32]| {
        let index = ledger.intend(intent(number), at(0), at(300)).await.unwrap();
        ledger
            .record_certificates(
                completed(completion(number, index, ExchangeOutcome::Recorded), &[]),
                at(2),
                None,
                Certificates { check_id: id(check), issued: Issued::One(digest) },
            )
            .await
    };
    let issue =
        async |number: usize, check: usize| issue_as(number, check, [number as u8; 32]).await;
    assert_eq!(issue(10, 2).await, Err(LedgerError::NotIssuable(id(2))));
    assert_eq!(issue(11, 11).await, Err(LedgerError::NotIssuable(id(11))));
    assert_eq!(issue(12, 99).await, Err(LedgerError::UnknownExchange(id(99))));
    store.verify(&issue(13, 1).await.unwrap());
    assert_eq!(ledger.exchange(&id(1)).unwrap().unwrap().certificate_digest, Some([13; 32]));
    assert_eq!(issue(14, 1).await, Err(LedgerError::AlreadyIssued(id(1))));
    // The same one again: its issuer may not have heard of the first record.
    store.verify(&issue_as(16, 1, [13; 32]).await.unwrap());
    assert_eq!(ledger.exchange(&id(1)).unwrap().unwrap().certificate_digest, Some([13; 32]));
    // A refused issue is still open, and may be completed as what it is.
    assert_eq!(ledger.exchange(&id(14)).unwrap().unwrap().state, ExchangeState::Open);
    // What is erased carries none: nothing is left of what it would rest on.
    exchange(&ledger, 4).await;
    ledger.erase(&id(4), order()).await.unwrap();
    let erased = issue(15, 4).await.unwrap_err();
    assert_eq!((erased.code(), erased), (ErrorCode::NotIssuable, LedgerError::Erased(id(4))));
    assert_eq!(ledger.exchange(&id(4)).unwrap().unwrap().certificate_digest, None);
    // A completion that fails takes the mark with it.
    exchange(&ledger, 3).await;
    let done = completed(completion(13, 0, ExchangeOutcome::Recorded), &[]);
    let certificate = Certificates { check_id: id(3), issued: Issued::One([3; 32]) };
    let wrong = ledger.record_certificates(done, at(2), None, certificate).await;
    assert_eq!(wrong, Err(LedgerError::NotOpen(id(13))));
    assert_eq!(ledger.exchange(&id(3)).unwrap().unwrap().certificate_digest, None);
}

#[tokio::test]
async fn one_certificate_to_each_subject_of_a_check_about_many() {
    let store = Store::new();
    let (ledger, _) = store.open();
    exchange(&ledger, 1).await;
    let many = async |number: usize| {
        let index = ledger.intend(intent(number), at(0), at(300)).await.unwrap();
        let done = completed(completion(number, index, ExchangeOutcome::AnsweredMany), &[]);
        ledger.complete(done, at(1), None).await.unwrap();
    };
    many(2).await;
    many(3).await;
    let issue_as = async |number: usize, check: usize, place: Option<u32>, digest: [u8; 32]| {
        let index = ledger.intend(intent(number), at(0), at(300)).await.unwrap();
        let done = completed(completion(number, index, ExchangeOutcome::Recorded), &[]);
        let issued = place.map_or(Issued::One(digest), |place| Issued::Of(vec![(place, digest)]));
        let certificate = Certificates { check_id: id(check), issued };
        ledger.record_certificates(done, at(2), None, certificate).await
    };
    let issue = async |number: usize, check: usize, place: Option<u32>| {
        issue_as(number, check, place, [number as u8; 32]).await
    };
    // A place belongs to an answer about many, and such an answer needs one.
    assert_eq!(issue(10, 1, Some(0)).await, Err(LedgerError::NotIssuable(id(1))));
    assert_eq!(issue(11, 2, None).await, Err(LedgerError::NotIssuable(id(2))));
    assert_eq!(ledger.issued(&id(2), 0).unwrap(), None);
    for (number, check, place) in [(12, 2, 0), (13, 2, 1), (14, 3, 0)] {
        store.verify(&issue(number, check, Some(place)).await.unwrap());
        assert_eq!(ledger.issued(&id(check), place).unwrap(), Some([number as u8; 32]));
    }
    let again = issue(15, 2, Some(1)).await;
    assert_eq!(again, Err(LedgerError::AlreadyIssued(id(2))));
    store.verify(&issue_as(17, 2, Some(1), [13; 32]).await.unwrap());
    assert_eq!(ledger.issued(&id(2), 1).unwrap(), Some([13; 32]), "the first stays");
    // A completion that fails takes the mark with it; and what is erased carries none.
    let done = completed(completion(13, 0, ExchangeOutcome::Recorded), &[]);
    let certificate = Certificates { check_id: id(2), issued: Issued::Of(vec![(2, [3; 32])]) };
    let wrong = ledger.record_certificates(done, at(2), None, certificate).await;
    assert_eq!(wrong, Err(LedgerError::NotOpen(id(13))));
    assert_eq!(ledger.issued(&id(2), 2).unwrap(), None);
    ledger.erase(&id(2), order()).await.unwrap();
    assert_eq!(issue(16, 2, Some(2)).await, Err(LedgerError::Erased(id(2))));
    ledger.close().await.unwrap();
    let (ledger, _) = store.open();
    assert_eq!(ledger.issued(&id(3), 0).unwrap(), Some([14; 32]));
}

#[tokio::test]
async fn certificates_of_one_record_are_all_recorded_or_none() {
    let store = Store::new();
    let (ledger, _) = store.open();
    let index = ledger.intend(intent(2), at(0), at(300)).await.unwrap();
    let done = completed(completion(2, index, ExchangeOutcome::AnsweredMany), &[]);
    ledger.complete(done, at(1), None).await.unwrap();
    let issue = async |number: usize, certificates: &[(u32, u8)]| {
        let index = ledger.intend(intent(number), at(0), at(300)).await.unwrap();
        let done = completed(completion(number, index, ExchangeOutcome::Recorded), &[]);
        let digests = certificates.iter().map(|(place, digest)| (*place, [*digest; 32]));
        let certificates = Certificates { check_id: id(2), issued: Issued::Of(digests.collect()) };
        ledger.record_certificates(done, at(2), None, certificates).await
    };
    let has = |place| ledger.issued(&id(2), place).unwrap().map(|digest| digest[0]);
    store.verify(&issue(10, &[(0, 1), (1, 2), (4, 3)]).await.unwrap());
    assert_eq!([0, 1, 2, 4].map(has), [Some(1), Some(2), None, Some(3)]);
    // One of them has another certificate: nobody gets one.
    let again = issue(11, &[(2, 4), (4, 5), (5, 6)]).await;
    assert_eq!(again, Err(LedgerError::AlreadyIssued(id(2))));
    assert_eq!([2, 4, 5].map(has), [None, Some(3), None]);
    // The same again, and more beside them.
    store.verify(&issue(12, &[(1, 2), (2, 4)]).await.unwrap());
    assert_eq!([1, 2].map(has), [Some(2), Some(4)]);
    let too_many: Vec<(u32, u8)> = (10..=1010).map(|place| (place, 9)).collect();
    assert_eq!(issue(13, &too_many).await.unwrap_err().code(), ErrorCode::TooLarge);
}

#[tokio::test]
async fn entries_of_exchanges_have_no_side_door() {
    let store = Store::new();
    let (ledger, _) = store.open();
    for body in [
        Body::Intent(intent(1)),
        Body::Completion(completion(1, 0, ExchangeOutcome::Denied)),
        Body::Reconciliation(Default::default()),
    ] {
        assert!(matches!(ledger.append(body, at(0)).await, Err(LedgerError::Malformed(_))));
    }
    let large = Refusal { peer: "x".repeat(70_000), ..refusal() };
    assert_eq!(ledger.refuse(large, at(0)).await.unwrap_err().code(), ErrorCode::TooLarge);
    assert_eq!(ledger.size(), 0);
    store.verify(&ledger.append(Body::Refusal(refusal()), at(0)).await.unwrap());
}

#[tokio::test]
async fn order_is_the_index_whatever_the_clock_says() {
    let store = Store::new();
    let (ledger, _) = store.open();
    for (index, seconds) in [500, 100, 300].into_iter().enumerate() {
        assert_eq!(ledger.refuse(refusal(), at(seconds)).await, Ok(index as u64));
    }
    assert_eq!(ledger.refuse(refusal(), UNIX_EPOCH - Duration::from_secs(9)).await, Ok(3));
    ledger.close().await.unwrap();
    assert_eq!(store.verify_all().unwrap().1.size, 4);
}

#[tokio::test]
async fn entries_come_as_hashed_and_in_bounds() {
    let store = Store::new();
    let (ledger, _) = store.open();
    for _ in 0..70 {
        ledger.refuse(Refusal { peer: "x".repeat(60_000), ..refusal() }, at(0)).await.unwrap();
    }
    let one = |index| {
        let receipt = ledger.inclusion(index, &Reader::Authority).unwrap();
        Entry { leaf: receipt.entry, opening: receipt.opening }
    };
    assert_eq!(ledger.entries(3, 2, &Reader::Authority).unwrap(), [one(3), one(4)]);
    assert_eq!(ledger.entries(69, ENTRIES, &Reader::Authority).unwrap().len(), 1);
    let many = ledger.entries(0, ENTRIES, &Reader::Authority).unwrap();
    let bytes = |entry: &Entry| {
        entry.leaf.len() + entry.opening.as_ref().map_or(0, |opening| 32 + opening.content.len())
    };
    assert!(many.len() < 70 && many.iter().map(bytes).sum::<usize>() <= ENTRIES_BYTES);
    let stranger =
        Reader::System { uri: "spiffe://x/member/fund/system/a".into(), member: "fund".into() };
    assert_eq!(
        ledger.entries(0, ENTRIES, &stranger).unwrap().len(),
        70,
        "how large they are does not tell whom they are withheld from"
    );
    for (start, count) in [(70, 1), (u64::MAX, 1), (0, 0), (0, ENTRIES + 1)] {
        assert_eq!(ledger.entries(start, count, &Reader::Authority), Err(LedgerError::OutOfRange));
    }
    for index in [70, u64::MAX] {
        assert_eq!(ledger.inclusion(index, &Reader::Authority), Err(LedgerError::OutOfRange));
    }
    for (from, to) in [(0, 1), (2, 1), (1, 71), (1, u64::MAX)] {
        assert_eq!(ledger.consistency(from, to), Err(LedgerError::OutOfRange));
    }
}

#[tokio::test]
async fn any_two_sizes_are_consistent() {
    let store = Store::new();
    let (ledger, _) = store.open();
    let mut roots = vec![empty_root()];
    assert_eq!(
        open_checkpoint(&ledger.checkpoint().unwrap(), ORIGIN, store.key.public()).unwrap().root,
        roots[0]
    );
    for _ in 0..40 {
        ledger.refuse(refusal(), at(0)).await.unwrap();
        roots.push(
            open_checkpoint(&ledger.checkpoint().unwrap(), ORIGIN, store.key.public())
                .unwrap()
                .root,
        );
    }
    for to in 1..roots.len() {
        for from in 1..=to {
            let path =
                path_from_bytes(&ledger.consistency(from as u64, to as u64).unwrap()).unwrap();
            verify_consistency(from as u64, to as u64, &roots[from], &roots[to], &path).unwrap();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    /// Whatever the batches and restarts, the tree is the one over the entries in order.
    #[test]
    fn the_tree_is_that_of_its_entries(bursts in proptest::collection::vec((1usize..90, any::<bool>()), 1..6)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
        let store = Store::new();
        runtime.block_on(async {
            let (mut ledger, _) = store.open();
            let mut former: Option<Checkpoint> = None;
            for (count, close) in bursts {
                refusals(&ledger, count).await;
                if close {
                    ledger.close().await.unwrap();
                } else {
                    drop(ledger);
                }
                ledger = store.open().0;
                let now = open_checkpoint(&ledger.checkpoint().unwrap(), ORIGIN, store.key.public()).unwrap();
                let mut range = zerotrip_trust::merkle::CompactRange::new();
                ledger.entries(0, ENTRIES, &Reader::Authority).unwrap().iter().for_each(|entry| range.append(leaf_hash(&entry.leaf)));
                assert_eq!((range.size(), range.root()), (now.size, now.root));
                if let Some(former) = former {
                    let path = path_from_bytes(&ledger.consistency(former.size, now.size).unwrap()).unwrap();
                    verify_consistency(former.size, now.size, &former.root, &now.root, &path).unwrap();
                }
                former = Some(now);
            }
        });
    }
}

#[tokio::test]
async fn nothing_enters_the_log_behind_a_bundle_that_it_was_not_decided_under() {
    let store = Store::new();
    let (ledger, _) = store.open();
    let index = ledger.intend(intent(1), at(1), at(60)).await.unwrap();
    let envelope = Envelope { payload: b"newer".to_vec(), ..Envelope::default() };
    let complete = |directory, grants| {
        let under = Some(DecidedUnder { directory, grants });
        ledger.complete(
            completed(completion(1, index, ExchangeOutcome::AnsweredTrue), &[]),
            at(1),
            under,
        )
    };
    ledger.put_bundle(BundleKind::Directory, 3, envelope.clone(), at(1)).await.unwrap();
    ledger.put_bundle(BundleKind::Grants, 5, envelope, at(1)).await.unwrap();
    for (directory, grants) in [(2, 5), (3, 4), (0, 9)] {
        assert_eq!(complete(directory, grants).await.unwrap_err(), LedgerError::Superseded(id(1)));
    }
    assert_eq!(ledger.size(), 3, "it is open still, and leaves no trace");
    complete(3, 5).await.unwrap();
}
