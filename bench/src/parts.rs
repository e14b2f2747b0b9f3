//! Two parts by themselves: what DataFusion costs a check, and what the ledger adds beside one
//! `fdatasync`.

use std::collections::BTreeMap;
use std::fs;
use std::future::Future;
use std::io::Write as _;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use arrow::array::{ArrayRef, Date32Array, RecordBatch, StringArray};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use zerotrip_checks::definition::Definition;
use zerotrip_checks::soundness::{Conclusion, Incomplete, ScanReport, Subjects};
use zerotrip_datasets::DatasetFile;
use zerotrip_hub::engine::PreparedKind;
use zerotrip_hub::engine::run::Engine;
use zerotrip_hub::engine::{Dispatch, PreparedCheck, ScanAnswer, ScanCall};
use zerotrip_ledger::{Completed, Ledger};
use zerotrip_proto::v1::{Completion, Intent};
use zerotrip_tests::deployment::{Failure, Plan, fail, no_property};
use zerotrip_trust::keys::{Algorithm, SigningKey};

/// Departments that answer at once from memory: a married couple, one child, nothing owned.
struct Instantly(BTreeMap<String, RecordBatch>);

impl Dispatch for Instantly {
    fn scan<'a>(
        &'a self,
        call: ScanCall<'a>,
    ) -> Pin<Box<dyn Future<Output = Result<ScanAnswer, Incomplete>> + Send + 'a>> {
        let rows = self.0.get(call.name).cloned().into_iter().collect();
        let now = SystemTime::now();
        let report = ScanReport {
            dataset: call.scan.scan.dataset.clone(),
            as_of: now,
            now,
            most_age: Duration::from_secs(60),
            findings: Vec::new(),
            required_null: false,
            subjects: Subjects::EveryoneAnywhere,
            since: Some(-20_000),
            older_carried_over: false,
            numbers_carried_over: false,
            moved_in_carried_over: false,
            keeps_ended: true,
            undated_before: None,
        };
        Box::pin(std::future::ready(Ok(ScanAnswer { rows, report })))
    }
}

/// CPU time of the engine for one family check, departments answering at once.
pub async fn query_engine(plan: &Plan, folder: &Path) -> Result<(), Failure> {
    const RUNS: u32 = 20_000;
    let city = folder.join("key");
    zerotrip_tests::city::generate(&plan.spec, &city)?;
    let mut statements = BTreeMap::new();
    for file in [
        "police/household.toml",
        "civil/marriage.toml",
        "estate/ownership.toml",
        "housing/presale.toml",
    ] {
        let dataset = DatasetFile::parse(&fs::read_to_string(city.join(file))?, file)?;
        statements.insert(dataset.id.clone(), dataset.to_statement(SystemTime::now()));
    }
    let text = no_property()?;
    let check =
        PreparedCheck::try_new(Arc::new(Definition::parse(&text, "no-property")?), &statements)
            .await?;
    let engine = Engine::new(RuntimeEnvBuilder::new().build_arc()?);
    let Some(variant) = check.variants.get("family") else { return fail("no variant `family`") };
    let text = |values: &[Option<&str>]| Arc::new(StringArray::from(values.to_vec())) as ArrayRef;
    let days = |values: &[Option<i32>]| Arc::new(Date32Array::from(values.to_vec())) as ArrayRef;
    let (me, wife, child) =
        (Some("330106198309100011"), Some("330106198309100022"), Some("330106201904140033"));
    let mut rows = BTreeMap::new();
    for step in &variant.steps {
        let columns = match step.name.as_str() {
            "marriage" => vec![
                text(&[me]),
                text(&[me]),
                text(&[wife]),
                text(&[Some("married")]),
                days(&[Some(15_000)]),
            ],
            "household" => vec![
                text(&[me, wife, me, wife]),
                text(&[me, wife, child, child]),
                text(&[None, None, me, me]),
                text(&[None, None, wife, wife]),
                days(&[Some(5000), Some(5000), Some(18_000), Some(18_000)]),
                days(&[None; 4]),
                text(&[Some("registered"); 4]),
            ],
            _ => continue,
        };
        let PreparedKind::Scan(scan) = &step.kind else { continue };
        rows.insert(step.name.clone(), RecordBatch::try_new(Arc::clone(&scan.answer), columns)?);
    }
    let departments = Instantly(rows);
    let parameters = ["330106198309100011".to_owned()];
    let begun = Instant::now();
    for _ in 0..RUNS {
        let result = check.run(&engine, variant, &parameters, 20_000, &departments).await?;
        if !matches!(result.conclusion, Conclusion::Proven(_)) {
            return fail("the engine's part came to a wrong conclusion");
        }
    }
    println!(
        "\nDataFusion's part of a family check (one thread, departments answer at once): {:.0} µs",
        begun.elapsed().as_secs_f64() * 1e6 / f64::from(RUNS)
    );
    Ok(())
}

/// Intent and completion, one exchange after another, beside a 512-byte append with `fdatasync` on
/// the same disk.
pub async fn ledger(folder: &Path) -> Result<(), Failure> {
    const RUNS: usize = 1000;
    let median = |times: &mut Vec<Duration>| {
        times.sort_unstable();
        times.get(times.len() / 2).copied().unwrap_or_default().as_secs_f64() * 1e6
    };
    let path = folder.join("fdatasync");
    let mut file = fs::File::create(&path)?;
    let mut bare = Vec::new();
    for _ in 0..RUNS {
        file.write_all(&[7; 512])?;
        let begun = Instant::now();
        file.sync_data()?;
        bare.push(begun.elapsed());
    }
    let store = folder.join("bench-ledger");
    if store.exists() {
        fs::remove_dir_all(&store)?;
    }
    fs::create_dir_all(&store)?;
    let (ledger, _) =
        Ledger::open(&store, "bench.example/hub/b", SigningKey::generate(Algorithm::Ed25519)?)?;
    let (mut intents, mut completions) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let id = uuid::Uuid::now_v7().to_string();
        let now = SystemTime::now();
        let intent = Intent {
            exchange_id: id.clone(),
            request_commitment: vec![7; 32],
            ..Intent::default()
        };
        let begun = Instant::now();
        let index = ledger.intend(intent, now, now + Duration::from_secs(60)).await?;
        intents.push(begun.elapsed());
        let completion = Completion {
            exchange_id: id,
            intent_index: index,
            outcome: 1,
            answer_commitment: vec![7; 32],
            ..Completion::default()
        };
        let begun = Instant::now();
        ledger
            .complete(
                Completed { completion, answer: vec![7; 2048], ..Completed::default() },
                now,
                None,
            )
            .await?;
        completions.push(begun.elapsed());
    }
    let (bare, intent, completion) =
        (median(&mut bare), median(&mut intents), median(&mut completions));
    println!(
        "ledger at p50, alone: fdatasync {bare:.0} µs, intent {intent:.0} µs ({:.2} ×), \
         completion with receipt {completion:.0} µs ({:.2} ×)",
        intent / bare,
        completion / bare
    );
    ledger.close().await?;
    Ok(())
}
