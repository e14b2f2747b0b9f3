//! Who reads what of the log: leaves are everybody's, what they commit to is not.

use proptest::prelude::*;
use zerotrip_proto::v1::entry_content::Body;

use super::*;

const MEMBERS: [&str; 4] = ["fund", "transit", "civil", "estate"];

fn uri(member: &str) -> String {
    format!("spiffe://x/member/{member}/system/a")
}

fn reader(member: &str) -> Reader {
    Reader::System { uri: uri(member), member: member.into() }
}

/// An exchange of `member`, in which these were asked: its two leaves.
async fn asked_by(
    ledger: &Ledger,
    number: usize,
    member: &str,
    outcome: ExchangeOutcome,
    asked: &[&str],
) -> [u64; 2] {
    let index = ledger
        .intend(Intent { issuer: uri(member), ..intent(number) }, at(0), at(300))
        .await
        .unwrap();
    let asked = asked.iter().map(|member| (*member).to_owned()).collect();
    let done = Completed { asked, ..completed(completion(number, index, outcome), b"answer") };
    [index, ledger.complete(done, at(1), None).await.unwrap().index]
}

/// The indices of what is opened to a reader; every leaf comes in any case.
fn opened(ledger: &Ledger, reader: &Reader) -> Vec<u64> {
    let all = ledger.entries(0, ENTRIES, reader).unwrap();
    assert_eq!(all.len() as u64, ledger.size());
    for (index, entry) in all.iter().enumerate() {
        let receipt = ledger.inclusion(index as u64, reader).unwrap();
        assert_eq!(
            (&receipt.entry, &receipt.opening),
            (&entry.leaf, &entry.opening),
            "one rule for both calls"
        );
    }
    let may = |(index, entry): (usize, &Entry)| entry.opening.as_ref().map(|_| index as u64);
    all.iter().enumerate().filter_map(may).collect()
}

#[tokio::test]
async fn an_entry_is_opened_to_whom_it_concerns() {
    let store = Store::new();
    let (ledger, _) = store.open();
    let [first, done] =
        asked_by(&ledger, 1, "fund", ExchangeOutcome::AnsweredFalse, &["civil", "estate"]).await;
    let [second, denied] = asked_by(&ledger, 2, "transit", ExchangeOutcome::Denied, &[]).await;
    let refused =
        ledger.refuse(Refusal { peer: uri("transit"), ..refusal() }, at(2)).await.unwrap();
    let bundle = Envelope { payload: b"grants".to_vec(), ..Envelope::default() };
    ledger.put_bundle(BundleKind::Grants, 1, bundle, at(2)).await.unwrap();
    let nameless = ledger.refuse(refusal(), at(2)).await.unwrap();
    assert_eq!(opened(&ledger, &reader("fund")), [first, done]);
    assert_eq!(opened(&ledger, &reader("transit")), [second, denied, refused]);
    // Who asked and for what, which it was shown with the scan; not what came of it.
    assert_eq!(opened(&ledger, &reader("civil")), [first]);
    assert_eq!(opened(&ledger, &reader("estate")), [first]);
    assert_eq!(opened(&ledger, &reader("police")), Vec::<u64>::new());
    let other_system =
        Reader::System { uri: "spiffe://x/member/fund/system/b".into(), member: "fund".into() };
    assert_eq!(
        opened(&ledger, &other_system),
        Vec::<u64>::new(),
        "one system does not read another's"
    );
    let nobody = Reader::System { uri: String::new(), member: String::new() };
    assert_eq!(opened(&ledger, &nobody), Vec::<u64>::new(), "an empty name is nobody's");
    assert_eq!(
        opened(&ledger, &Reader::Authority),
        [first, done, second, denied, refused, nameless]
    );
    ledger.close().await.unwrap();
    store.verify_all().unwrap();
}

/// What an exchange was, and what came of it, is nowhere in what others read.
fn views(runtime: &tokio::runtime::Runtime, exchanges: &[(usize, i32, usize)]) -> Vec<Vec<usize>> {
    let store = Store::new();
    runtime.block_on(async {
        let (ledger, _) = store.open();
        for (number, (asker, outcome, asked)) in exchanges.iter().enumerate() {
            let outcome = ExchangeOutcome::try_from(*outcome).unwrap();
            let asked: Vec<&str> = ["civil", "estate"].into_iter().take(*asked).collect();
            asked_by(&ledger, number, MEMBERS[*asker], outcome, &asked).await;
        }
        ledger.close().await.unwrap();
    });
    let (ledger, _) = store.open();
    let police = ledger.entries(0, ENTRIES, &reader("police")).unwrap();
    let files = ["tile/entries/000.p", "tile/0/000.p"].map(|name| {
        let folder = store.path().join("ledger").join(name);

        // Of earlier sizes there may be some as well, as it came in time.
        let sizes = std::fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().metadata().unwrap().len() as usize);
        sizes.max().into_iter().collect::<Vec<_>>()
    });
    let sizes = |entry: &Entry| vec![entry.leaf.len(), usize::from(entry.opening.is_some())];
    let kinds = |entry: &Entry| {
        matches!(
            LedgerEntry::decode(entry.leaf.as_slice()).unwrap(),
            LedgerEntry { at: None, body: Some(_) }
        )
    };
    assert!(police.iter().all(kinds));
    police.iter().map(sizes).chain(files).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    /// Exchanges at random, and others at random in their place: who has no right sees no
    /// difference, in entries or in tiles.
    #[test]
    fn what_others_read_does_not_depend_on_what_is_sealed(
        one in proptest::collection::vec((0usize..2, 1i32..=5, 0usize..=2), 1..20),
        other in proptest::collection::vec((0usize..2, 1i32..=5, 0usize..=2), 20),
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
        prop_assert_eq!(views(&runtime, &one), views(&runtime, &other[..one.len()]));
    }
}

#[tokio::test]
async fn what_is_opened_is_what_was_recorded() {
    let store = Store::new();
    let (ledger, _) = store.open();
    let [index, done] =
        asked_by(&ledger, 1, "fund", ExchangeOutcome::Unavailable, &["civil"]).await;
    let content =
        |index, reader: &Reader| store.verify(&ledger.inclusion(index, reader).unwrap()).2;
    let Some(Body::Intent(intent)) = content(index, &reader("civil")).unwrap().body else {
        panic!("not an intent")
    };
    assert_eq!((intent.exchange_id, intent.issuer), (id(1), uri("fund")));
    let Some(Body::Completion(completion)) = content(done, &reader("fund")).unwrap().body else {
        panic!("not a completion")
    };
    assert_eq!(completion.outcome(), ExchangeOutcome::Unavailable);
    assert_eq!(content(done, &reader("civil")), None);
}

#[tokio::test]
async fn a_fact_is_for_the_authority_and_the_owner_that_it_names() {
    let store = Store::new();
    let (ledger, _) = store.open();
    let index =
        ledger.intend(Intent { issuer: uri("fund"), ..intent(1) }, at(0), at(300)).await.unwrap();
    let fact = Fact { salt: vec![7; 32], fact: b"undetermined".to_vec(), owner: "estate".into() };
    let done = Completed {
        fact: fact.clone(),
        asked: vec!["civil".into(), "estate".into()],
        ..completed(completion(1, index, ExchangeOutcome::Unavailable), b"answer")
    };
    ledger.complete(done, at(1), None).await.unwrap();
    for who in [Reader::Authority, reader("estate")] {
        assert_eq!(ledger.fact(&id(1), &who).unwrap(), Some(fact.clone()));
        assert_eq!(ledger.fact(&id(2), &who).unwrap(), None);
    }
    // Not the requester, nor a department that was asked as well; nobody whose name is empty.
    let nobody = Reader::System { uri: String::new(), member: String::new() };
    for who in [reader("fund"), reader("civil"), nobody] {
        assert_eq!(ledger.fact(&id(1), &who).unwrap(), None, "{who:?}");
    }
    asked_by(&ledger, 3, "fund", ExchangeOutcome::AnsweredTrue, &[]).await;
    assert_eq!(
        ledger.fact(&id(3), &Reader::System { uri: String::new(), member: String::new() }).unwrap(),
        None
    );
}

#[tokio::test]
async fn variants_of_a_check_are_counted_by_subject_over_restarts() {
    let store = Store::new();
    let (ledger, _) = store.open();
    let day = 86_400;
    let number = std::sync::atomic::AtomicUsize::new(0);
    let ask = |ledger: &Ledger, subject: u8, variant: &str, most: u32, seconds: u64| {
        let asking = Asking { key: [subject; 32], variant: variant.into(), most };
        let number = number.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        ledger.clone().intend_asking_at(number, asking, seconds)
    };
    let limit = |others| Err(LedgerError::VariantLimit(others));
    assert!(ask(&ledger, 1, "couple", 1, 0).await.is_ok());
    assert!(ask(&ledger, 1, "couple", 1, 1).await.is_ok(), "the same again is no other");
    let size = ledger.size();
    assert_eq!(ask(&ledger, 1, "family", 1, 2).await, limit(1));
    assert_eq!(ledger.size(), size, "what is refused leaves no trace here");
    assert!(ask(&ledger, 2, "family", 1, 2).await.is_ok(), "of another subject");
    assert!(ask(&ledger, 1, "family", 2, 3).await.is_ok(), "a grant may allow it");
    assert_eq!(ask(&ledger, 1, "applicant", 2, 4).await, limit(2));
    ledger.close().await.unwrap();
    let (ledger, recovered) = store.open();
    assert_eq!(ask(&ledger, 1, "applicant", 2, 5).await, limit(2), "a restart forgets nothing");
    ledger.reconcile(recovered.orphaned, at(5)).await.unwrap();
    assert_eq!(ask(&ledger, 1, "applicant", 2, 29 * day).await, limit(2));
    // From when each was asked last.
    assert!(ask(&ledger, 1, "couple", 2, 20 * day).await.is_ok());
    assert_eq!(ask(&ledger, 1, "applicant", 1, 31 * day).await, limit(1));
    assert!(ask(&ledger, 1, "applicant", 2, 31 * day).await.is_ok());
    assert_eq!(ask(&ledger, 1, "family", 2, 31 * day).await, limit(2));
}

#[tokio::test]
async fn of_many_subjects_all_are_within_their_variants_or_none_is_counted() {
    let store = Store::new();
    let (ledger, _) = store.open();
    let asking = |subject: u8, variant: &str| Asking {
        key: [subject; 32],
        variant: variant.into(),
        most: 1,
    };
    let ask = |number: usize, asked: Vec<Asking>| {
        let ledger = ledger.clone();
        async move {
            let intended = ledger.intend_asking(intent(number), at(1), at(300), asked).await;
            intended.map(drop)
        }
    };
    ask(1, vec![asking(2, "family")]).await.unwrap();
    let size = ledger.size();
    let many = (1..4).map(|subject| asking(subject, "couple")).collect();
    assert_eq!(ask(2, many).await, Err(LedgerError::VariantLimit(1)), "the second of them");
    assert_eq!(ledger.size(), size);
    // The first was not counted with them: another variant of it may be asked.
    ask(3, vec![asking(1, "family"), asking(3, "family")]).await.unwrap();
    assert_eq!(ask(4, vec![asking(3, "couple")]).await, Err(LedgerError::VariantLimit(1)));
}

impl Ledger {
    async fn intend_asking_at(
        self,
        number: usize,
        asking: Asking,
        seconds: u64,
    ) -> Result<(), LedgerError> {
        self.intend_asking(intent(number), at(seconds), at(seconds + 300), vec![asking])
            .await
            .map(drop)
    }
}
