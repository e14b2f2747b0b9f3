//! What ended without a conclusion: counted and listed, and gone with its body.

use super::*;

const DAY: u64 = 86_400;

fn row(code: ErrorCode, dataset: &str, subjects: u32) -> Unconcluded {
    let owner = dataset.split('.').next().unwrap().to_owned();
    Unconcluded { code, dataset: dataset.into(), owner, subjects }
}

/// Ends at this second, without a conclusion of these.
async fn end(ledger: &Ledger, number: usize, second: u64, action: &str, rows: Vec<Unconcluded>) {
    let intent = Intent { action: action.into(), ..intent(number) };
    let index = ledger.intend(intent, at(0), at(300)).await.unwrap();
    let end = completion(number, index, ExchangeOutcome::Unavailable);
    let done = Completed { unconcluded: rows, ..completed(end, b"answer") };
    ledger.complete(done, at(second), None).await.unwrap();
}

async fn some(ledger: &Ledger) {
    let undated = || row(ErrorCode::Undated, "estate.ownership", 1);
    end(ledger, 0, 10, "no-property/family", vec![undated()]).await;
    end(ledger, 1, 20, "no-property/couple", vec![undated()]).await;
    end(ledger, 2, 30, "no-property/family", vec![undated()]).await;
    let down = row(ErrorCode::SourceUnreachable, "housing.presale", 1);
    end(ledger, 3, 5, "no-property/family", vec![down]).await;
    // About many, and of no single dataset.
    let many = vec![
        row(ErrorCode::Undated, "estate.ownership", 7),
        row(ErrorCode::Undetermined, "civil.marriage", 2),
    ];
    end(ledger, 4, 40, "marriage-status/unmarried", many).await;
    end(ledger, 5, 50, "no-property/family", vec![row(ErrorCode::Internal, "", 1)]).await;
}

fn counted(ledger: &Ledger, which: &Which) -> Vec<(ErrorCode, String, String, u64, u64)> {
    let alike = ledger.unavailable_alike(which).unwrap().into_iter();
    alike.map(|one| (one.code, one.dataset, one.action, one.exchanges, one.subjects)).collect()
}

fn listed(ledger: &Ledger, which: &Which) -> Vec<(String, ErrorCode)> {
    let all = ledger.unavailable(which, &After::default(), PAGE).unwrap();
    all.into_iter().map(|one| (one.exchange, one.code)).collect()
}

#[tokio::test]
async fn what_ended_without_a_conclusion_is_counted_alike_the_oldest_first() {
    let store = Store::new();
    let (ledger, _) = store.open();
    some(&ledger).await;
    let all = counted(&ledger, &Which::default());
    let of = |code, dataset: &str, action: &str, exchanges, subjects| {
        (code, dataset.to_owned(), action.to_owned(), exchanges, subjects)
    };
    assert_eq!(
        all,
        [
            of(ErrorCode::SourceUnreachable, "housing.presale", "no-property/family", 1, 1),
            of(ErrorCode::Undated, "estate.ownership", "no-property/family", 2, 2),
            of(ErrorCode::Undated, "estate.ownership", "no-property/couple", 1, 1),
            of(ErrorCode::Undetermined, "civil.marriage", "marriage-status/unmarried", 1, 2),
            of(ErrorCode::Undated, "estate.ownership", "marriage-status/unmarried", 1, 7),
            of(ErrorCode::Internal, "", "no-property/family", 1, 1),
        ]
    );
    let first = &ledger.unavailable_alike(&Which::default()).unwrap()[1];
    assert_eq!((first.first, first.last), (at(10), at(30)));
    ledger.close().await.unwrap();
}

#[tokio::test]
async fn an_owner_is_told_its_own_and_each_part_of_the_filter_narrows() {
    let store = Store::new();
    let (ledger, _) = store.open();
    some(&ledger).await;
    let some = |text: &str| Some(text.to_owned());
    let count = |which: Which| ledger.unavailable(&which, &After::default(), PAGE).unwrap().len();
    assert_eq!(count(Which::default()), 7);
    assert_eq!(count(Which { owner: some("estate"), ..Which::default() }), 4);
    let estates = counted(&ledger, &Which { owner: some("estate"), ..Which::default() });
    assert!(estates.iter().all(|one| one.1 == "estate.ownership"), "{estates:?}");
    assert_eq!(count(Which { owner: some("fund"), ..Which::default() }), 0);
    let nobody = Which { owner: some(""), ..Which::default() };
    assert!(ledger.unavailable_alike(&nobody).is_err(), "an empty name is no member's");
    assert_eq!(count(Which { code: Some(ErrorCode::Undated), ..Which::default() }), 4);
    assert_eq!(count(Which { dataset: some("civil.marriage"), ..Which::default() }), 1);
    assert_eq!(count(Which { check: some("no-property"), ..Which::default() }), 5);
    assert_eq!(count(Which { check: some("no-property/couple"), ..Which::default() }), 1);
    for none in ["no-prop", "no-property/", "%", "no-property/coupl"] {
        assert_eq!(count(Which { check: some(none), ..Which::default() }), 0, "{none}");
    }
    assert_eq!(count(Which { since: Some(at(30)), ..Which::default() }), 4, "also of that moment");
    ledger.close().await.unwrap();
}

#[tokio::test]
async fn pages_follow_one_another_without_a_gap() {
    let store = Store::new();
    let (ledger, _) = store.open();
    some(&ledger).await;
    let whole = ledger.unavailable(&Which::default(), &After::default(), PAGE).unwrap();
    for most in 1..8 {
        let (mut pages, mut after) = (Vec::new(), After::default());
        loop {
            let page = ledger.unavailable(&Which::default(), &after, most).unwrap();
            assert!(page.len() <= most as usize);
            let Some(last) = page.last() else { break };
            let (leaf, dataset) = (last.leaf, last.dataset.clone());
            after = After { leaf, code: last.code.into(), dataset };
            pages.extend(page);
        }
        assert_eq!(pages, whole, "{most}");
    }
    assert!(whole.is_sorted_by_key(|one| one.leaf));
    ledger.close().await.unwrap();
}

#[tokio::test]
async fn it_goes_with_its_body_or_after_its_time() {
    let store = Store::new();
    let (ledger, _) = store.open();
    some(&ledger).await;
    let order = |seconds| Order { by: "office".into(), why: "rule".into(), at: at(seconds) };
    ledger.erase(&id(1), order(60)).await.unwrap();
    ledger.erase(&id(4), order(60)).await.unwrap();
    let left = |ledger: &Ledger| listed(ledger, &Which::default());
    let undated = |number| (id(number), ErrorCode::Undated);
    assert_eq!(left(&ledger).len(), 4);
    assert!(!left(&ledger).contains(&undated(1)) && left(&ledger).contains(&undated(0)));
    ledger.erase_before(at(25), order(70)).await.unwrap();
    assert_eq!(left(&ledger), [undated(2), (id(5), ErrorCode::Internal)]);
    ledger.lapse_variants(at(90 * DAY + 40)).await.unwrap();
    assert_eq!(left(&ledger), [(id(5), ErrorCode::Internal)], "the other is 90 days old");
    ledger.close().await.unwrap();
    let (ledger, _) = store.open();
    assert_eq!(left(&ledger).len(), 1, "opening it anew makes no table anew");
    ledger.close().await.unwrap();
}
