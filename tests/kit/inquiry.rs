//! A city asked in this process and on any day: the shipped sources, evaluation of rows, prepared
//! check and conclusion, with an injected clock, and none of what stands between them: no server,
//! no signed request, no gate, no ledger. It answers in microseconds what a town of real processes
//! answers in milliseconds, so that whole cities can be asked on hundreds of days.

use std::collections::BTreeMap;
use std::fs;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use arrow::array::RecordBatch;
use arrow_flight::utils::flight_data_to_arrow_batch;
use chrono::NaiveDate;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use tokio::sync::mpsc;
use zerotrip_certificates::Fact;
use zerotrip_channel::BatchSigner;
use zerotrip_channel::deadline::Deadline;
use zerotrip_checks::definition::Definition;
use zerotrip_checks::soundness::{Conclusion, Incomplete, ScanReport, Subjects};
use zerotrip_connector::attached_dataset::AttachedDataset;
use zerotrip_connector::gate::{Admitted, ApprovedScans};
use zerotrip_connector::owner_store::datasets::SignedDataset;
use zerotrip_connector::scan;
use zerotrip_connector::scan_plan::ScanPlan;
use zerotrip_datasets::file::{Source, SqliteAsOf};
use zerotrip_datasets::{DatasetFile, Key, KeyKind, ResidentId};
use zerotrip_hub::engine::PreparedKind;
use zerotrip_hub::engine::run::Engine;
use zerotrip_hub::engine::{
    Dispatch, DispatchMany, PreparedCheck, ScanAnswer, ScanCall, ScanPart, pack,
};
use zerotrip_hub::state::DefinitionFolder;
use zerotrip_proto::v1::{
    Approval, Approvals, Coverage, ErrorCode, Request, ScanReceipt, ScanTemplate, ScanTicket,
    coverage,
};
use zerotrip_proto::{from_timestamp, payload_type};
use zerotrip_trust::dsse;
use zerotrip_trust::keys::{Algorithm, SigningKey};

use crate::city::Variant;
use crate::deployment::{Failure, definition_text, fail, test_definitions, worked_definitions};

/// A check, prepared once for however many cities: what their owners state differs in
/// row floors alone.
#[derive(Debug)]
pub struct Asker {
    check: PreparedCheck,
    engine: Engine,
    signer: SigningKey,
    receipts: BatchSigner<ScanReceipt>,
}

/// A city's registers, opened.
#[derive(Debug)]
pub struct Registers {
    departments: BTreeMap<String, Department>,
    now: SystemTime,
    today: i32,
}

#[derive(Debug)]
struct Department {
    serving: AttachedDataset,
    approved: ApprovedScans,
    /// It is the register itself, so that its rows are as of the moment in which it is asked.
    is_live: bool,
}

/// A register that is not to be reached.
#[derive(Debug)]
pub struct Down(String, Department);

impl Registers {
    /// Takes the register of that name away.
    pub fn take_down(&mut self, name: &str) -> Option<Down> {
        let dataset = self.departments.keys().find(|id| id.ends_with(name))?.clone();
        self.departments.remove_entry(&dataset).map(|(dataset, register)| Down(dataset, register))
    }

    /// Puts it back.
    pub fn put_up(&mut self, Down(dataset, register): Down) {
        self.departments.insert(dataset, register);
    }
}

/// What came of a question, in the words of the answer key: outcome, code, dataset.
pub type Words = (&'static str, String, String);

impl Asker {
    /// The no-property check, prepared over the statements of the city in this folder.
    pub async fn new(city: &Path) -> Result<Self, Failure> {
        Self::of(city, "no-property").await
    }

    /// Any shipped check, or one of those for tests, or a worked one.
    pub async fn of(city: &Path, check: &str) -> Result<Self, Failure> {
        Self::changed(city, check, |text| text).await
    }

    /// A shipped check whose text is changed.
    pub async fn changed(
        city: &Path,
        check: &str,
        change: impl FnOnce(String) -> String,
    ) -> Result<Self, Failure> {
        let mut statements = BTreeMap::new();
        for (file, _) in dataset_files(city)? {
            statements.insert(file.id.clone(), file.to_statement(SystemTime::UNIX_EPOCH));
        }
        let others = [test_definitions(), worked_definitions()];
        let mut others = others.iter().map(|folder| folder.join(check));
        let text = match others.find(|folder| folder.exists()) {
            Some(folder) => DefinitionFolder::read(&folder)?.text,
            None => definition_text(check)?,
        };
        let check =
            PreparedCheck::try_new(Arc::new(Definition::parse(&change(text), check)?), &statements)
                .await?;
        let engine = Engine::new(RuntimeEnvBuilder::new().build_arc()?);
        let signer = SigningKey::generate(Algorithm::Ed25519)?;
        let receipts = BatchSigner::new(signer.clone());
        Ok(Self { check, engine, signer, receipts })
    }

    /// Opens the registers of the city in this folder, as they are asked at that moment of that
    /// day. `state` is for snapshots of files.
    pub fn open(
        &self,
        city: &Path,
        state: &Path,
        now: SystemTime,
        today: NaiveDate,
    ) -> Result<Registers, Failure> {
        let mut departments = BTreeMap::new();
        for (file, base) in dataset_files(city)? {
            let id = file.id.clone();
            let statement = file.to_statement(SystemTime::UNIX_EPOCH);
            let envelope = dsse::seal(payload_type::DATASET, &statement, &self.signer)?;
            let is_live = match &file.source {
                Source::Sqlite(spec) => spec.as_of == SqliteAsOf::Live,
                Source::Postgres(spec) | Source::Mysql(spec) => spec.as_of == SqliteAsOf::Live,
                Source::Odbc(spec) => spec.as_of == SqliteAsOf::Live,
                Source::Rest(_) => true,
                Source::Csv(_)
                | Source::Xlsx(_)
                | Source::Xls(_)
                | Source::Dbf(_)
                | Source::Parquet(_) => false,
            };
            let signed = SignedDataset { file, envelope, statement, probes: None };
            let serving = AttachedDataset::open(signed, None, &base, &state.join(&id))?;
            let of_it = |template: &&ScanTemplate| template.dataset == id;
            let approvals = self.templates().filter(of_it).map(|template| Approval {
                template: Some(template.clone()),
                ..Approval::default()
            });
            let approvals = Approvals { approvals: approvals.collect(), ..Approvals::default() };
            let approved = ApprovedScans::new(approvals, |template| {
                ScanPlan::of(template, (&serving.file, &serving.statement))
            });
            departments.insert(id, Department { serving, approved, is_live });
        }
        Ok(Registers { departments, now, today: today.to_epoch_days() })
    }

    fn templates(&self) -> impl Iterator<Item = &ScanTemplate> {
        self.check.variants.values().flat_map(|variant| &variant.steps).filter_map(|step| {
            match &step.kind {
                PreparedKind::Scan(scan) => Some(&scan.template),
                PreparedKind::Sql(_) | PreparedKind::Months(_) => None,
            }
        })
    }

    /// Asks.
    pub async fn ask(
        &self,
        registers: &Registers,
        applicant: &ResidentId,
        variant: Variant,
    ) -> Result<Words, Failure> {
        Ok(self.answer(registers, applicant, variant.name()).await?.0)
    }

    /// Asks any variant; with the values that a proven fact comes with.
    pub async fn answer(
        &self,
        registers: &Registers,
        applicant: &ResidentId,
        variant: &str,
    ) -> Result<(Words, Vec<Fact>), Failure> {
        self.answer_to(registers, &[applicant.as_str().to_owned()], variant).await
    }

    /// The same with all that the request says, in the definition's order.
    pub async fn answer_to(
        &self,
        registers: &Registers,
        parameters: &[String],
        variant: &str,
    ) -> Result<(Words, Vec<Fact>), Failure> {
        let Some(plans) = self.check.variants.get(variant) else {
            return fail(format!("no variant `{variant}`"));
        };
        let departments = Departments { registers, signer: &self.signer, receipts: &self.receipts };
        let run =
            self.check.run(&self.engine, plans, parameters, registers.today, &departments).await?;
        Ok((words(run.conclusion), run.facts))
    }

    /// Asks about all of them in one exchange.
    pub async fn ask_many(
        &self,
        registers: &Registers,
        applicants: &[ResidentId],
        variant: Variant,
        parts: &Parts,
    ) -> Result<Vec<Words>, Failure> {
        let Some(plans) = self.check.variants.get(variant.name()) else {
            return fail(format!("no variant `{}`", variant.name()));
        };
        let departments = Departments { registers, signer: &self.signer, receipts: &self.receipts };
        let subjects: Vec<Vec<String>> =
            applicants.iter().map(|applicant| vec![applicant.as_str().to_owned()]).collect();
        let dispatch = InParts { departments, parts };
        let runs =
            self.check.run_many(&self.engine, plans, &subjects, registers.today, &dispatch).await;
        let words = runs.into_iter().map(|run| Ok(words(run?.conclusion)));
        words.collect()
    }
}

fn words(conclusion: Conclusion) -> Words {
    match conclusion {
        Conclusion::Proven(_) => ("true", String::new(), String::new()),
        Conclusion::Refuted(code) => ("false", code, String::new()),
        Conclusion::Unavailable(why) => ("unavailable", why.code.name().to_owned(), why.dataset),
    }
}

/// How scans about many are asked, and what was asked.
#[derive(Debug, Default)]
pub struct Parts {
    /// Most keys of a part; 0: as many as there are.
    pub most_keys: usize,
    /// Parts of these scans are not answered that ask about one of these persons.
    pub withheld: Vec<(String, String)>,
    /// Every part that was asked: its scan and its keys.
    pub asked: Mutex<Vec<(String, Vec<String>)>>,
}

impl Parts {
    fn note(&self, scan: &str, keys: &[String]) {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.push((scan.to_owned(), keys.to_vec()));
    }
}

struct InParts<'a> {
    departments: Departments<'a>,
    parts: &'a Parts,
}

impl InParts<'_> {
    async fn ask(&self, call: ScanCall<'_>, families: Vec<Vec<String>>) -> Vec<ScanPart> {
        let most = if self.parts.most_keys == 0 { call.keys.len() } else { self.parts.most_keys };
        let mut done = Vec::new();
        for families in pack(families, most) {
            let keys = families.concat();
            let dataset = call.scan.scan.dataset.clone();
            let part = ScanCall {
                name: call.name,
                scan: call.scan,
                schema: Arc::clone(&call.schema),
                keys: keys.clone(),
                part: Some(1),
            };
            self.parts.note(call.name, &keys);
            let withheld = self.parts.withheld.iter();
            let is_withheld = withheld
                .into_iter()
                .any(|(scan, person)| scan == call.name && keys.contains(person));
            let answer = if is_withheld {
                Err(ErrorCode::SourceTimeout)
            } else {
                self.departments.answer(&part).await
            };
            let answer = answer.map_err(|code| Incomplete { code, dataset });
            done.push(ScanPart { keys, answer });
        }
        done
    }
}

impl DispatchMany for InParts<'_> {
    fn begin_group(&self) {}

    fn scan_in_parts<'a>(
        &'a self,
        call: ScanCall<'a>,
        families: Vec<Vec<String>>,
    ) -> Pin<Box<dyn Future<Output = Vec<ScanPart>> + Send + 'a>> {
        Box::pin(self.ask(call, families))
    }
}

/// The dataset files of a city: of its departments, and of whatever others have been written beside
/// them.
fn dataset_files(city: &Path) -> Result<Vec<(DatasetFile, std::path::PathBuf)>, Failure> {
    let mut files = Vec::new();
    for folder in fs::read_dir(city)? {
        let base = folder?.path();
        if !base.is_dir() {
            continue;
        }
        for entry in fs::read_dir(&base)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            // A file of rows has a manifest beside it.
            if name.ends_with(".toml") && !name.ends_with(".manifest.toml") {
                let text = fs::read_to_string(&path)?;
                files.push((DatasetFile::parse(&text, &name)?, base.clone()));
            }
        }
    }
    Ok(files)
}

struct Departments<'a> {
    registers: &'a Registers,
    signer: &'a SigningKey,
    receipts: &'a BatchSigner<ScanReceipt>,
}

impl Departments<'_> {
    async fn answer(&self, call: &ScanCall<'_>) -> Result<ScanAnswer, ErrorCode> {
        let dataset = call.scan.scan.dataset.as_str();
        let department =
            self.registers.departments.get(dataset).ok_or(ErrorCode::SourceUnreachable)?;
        let approved = department.approved.get(&call.scan.digest).ok_or(ErrorCode::GateRefused)?;
        let kind = KeyKind::from_wire(call.scan.template.key_kind).unwrap_or_default();
        let keys: Option<Vec<Key>> = call.keys.iter().map(|key| kind.canonical(key)).collect();
        let admitted = Admitted {
            ticket: ScanTicket::default(),
            approved,
            keys: keys.ok_or(ErrorCode::Malformed)?,
            request: Request::default(),
            requester: String::new(),
            subjects: call.part,
            deadline: Deadline::after(Duration::from_secs(60)),
        };
        let (sender, mut messages) = mpsc::channel(scan::MESSAGES_AHEAD);
        let serving = scan::serve(&admitted, &department.serving, "", self.receipts, &sender);
        let receiving = async {
            let mut received = Vec::new();
            while let Some(Ok(message)) = messages.recv().await {
                let is_last = message.trailer.is_some();
                received.push(message);
                if is_last {
                    break;
                }
            }
            received
        };
        let (served, mut received) = tokio::join!(serving, receiving);
        served.map_err(|error| error.code)?;
        let fault = |_| ErrorCode::Internal;
        let last = received.last_mut().ok_or(ErrorCode::SourceTruncated)?;
        let trailer = last.trailer.take().ok_or(ErrorCode::SourceTruncated)?;
        let (Some(envelope), Some(facts)) = (trailer.receipt, trailer.facts) else {
            return Err(ErrorCode::SourceTruncated);
        };
        let receipt: ScanReceipt =
            dsse::open(&envelope, payload_type::SCAN_RECEIPT, self.signer.public())
                .map_err(|_| ErrorCode::Internal)?;
        let mut rows: Vec<RecordBatch> = Vec::new();
        for message in received.iter().skip(1) {
            rows.push(
                flight_data_to_arrow_batch(
                    &message.data,
                    Arc::clone(&call.schema),
                    &std::collections::HashMap::new(),
                )
                .map_err(fault)?,
            );
        }
        let as_of = from_timestamp(receipt.as_of.as_ref()).ok_or(ErrorCode::SourceTruncated)?;
        let statement = &department.serving.statement;
        let report = ScanReport {
            dataset: dataset.to_owned(),
            as_of: if department.is_live { self.registers.now } else { as_of },
            now: self.registers.now,
            most_age: Duration::from_secs(statement.most_age_seconds),
            findings: facts.findings,
            required_null: false,
            subjects: subjects(statement.coverage.as_ref()),
            since: statement.coverage.as_ref().and_then(|coverage| day(&coverage.since)),
            older_carried_over: statement.older_carried_over,
            numbers_carried_over: statement.numbers_carried_over,
            moved_in_carried_over: statement.moved_in_carried_over,
            keeps_ended: statement.keeps_ended,
            undated_before: day(&statement.undated_before),
        };
        Ok(ScanAnswer { rows, report })
    }
}

fn subjects(coverage: Option<&Coverage>) -> Subjects {
    match coverage.and_then(|coverage| coverage.subjects.as_ref()) {
        Some(coverage::Subjects::Everyone(true)) => Subjects::Everyone,
        Some(coverage::Subjects::EveryoneAnywhere(true)) => Subjects::EveryoneAnywhere,
        Some(coverage::Subjects::RegisteredIn(dataset)) => {
            Subjects::Stated(format!("registered_in:{dataset}"))
        }
        _ => Subjects::Stated(String::new()),
    }
}

fn day(text: &str) -> Option<i32> {
    text.parse::<NaiveDate>().ok().map(|day| day.to_epoch_days())
}

impl Dispatch for Departments<'_> {
    fn scan<'a>(
        &'a self,
        call: ScanCall<'a>,
    ) -> Pin<Box<dyn Future<Output = Result<ScanAnswer, Incomplete>> + Send + 'a>> {
        Box::pin(async move {
            let dataset = call.scan.scan.dataset.clone();
            self.answer(&call).await.map_err(|code| Incomplete { code, dataset })
        })
    }
}
