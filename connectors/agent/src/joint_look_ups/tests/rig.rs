//! A dataset over a CSV drop whose source is watched, held up, and made to fail.

use std::fmt::Write as _;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use arrow::array::StringArray;
use arrow_flight::utils::flight_data_to_batches;
use chrono::{Days, NaiveDate};
use tokio::sync::{mpsc, watch};
use zerotrip_channel::BatchSigner;
use zerotrip_channel::deadline::Deadline;
use zerotrip_datasets::file::{Limits, Manifest};
use zerotrip_datasets::{DatasetFile, Key, ResidentId};
use zerotrip_proto::v1::key_origin::From;
use zerotrip_proto::v1::{
    Approval, Approvals, Envelope, ErrorCode, KeyOrigin, Request, ScanFacts, ScanReceipt,
    ScanTemplate, ScanTicket, SemanticType, TypedColumn,
};
use zerotrip_sources::rulings::{Concerns, Rulings, row_digest};
use zerotrip_sources::{
    LookUp, LookUpEnd, Rows, Select, SelectEnd, Source, SourceError, SourceFuture, Survey,
    UnreadableRow,
};
use zerotrip_trust::digest::sha256;
use zerotrip_trust::keys::{Algorithm, SigningKey};
use zerotrip_trust::receipt::template_digest;

use crate::attached_dataset::AttachedDataset;
use crate::gate::{Admitted, ApprovedScan, ApprovedScans};
use crate::owner_store::datasets::SignedDataset;
use crate::scan::{self, MESSAGES_AHEAD, ScanMessage};
use crate::scan_plan::ScanPlan;

/// Owner, agent, label.
pub type Row = [String; 3];

/// What a scan asks.
pub struct Scan {
    pub keys: Vec<Key>,
    pub most_rows: u64,
}

/// All that a scan's answer says, but for what is random in it.
#[derive(Debug, PartialEq)]
pub struct Answer {
    /// Whom each row was found by, and its label, in order of the text.
    pub persons: Vec<(String, String)>,
    /// Every cell of every row, in order of the text.
    cells: Vec<Vec<Option<String>>>,
    pub could_match: Vec<String>,
    /// Rows, findings and keys, without what is salted or rests on the order of the rows.
    facts: ScanFacts,
    supplied: Vec<usize>,
}

pub type Answered = Result<Answer, ErrorCode>;

impl Answer {
    pub fn labels(&self) -> Vec<String> {
        let mut labels: Vec<String> = self.persons.iter().map(|(_, label)| label.clone()).collect();
        labels.sort_by_key(|label| label[4..].parse::<usize>().unwrap());
        labels
    }
}

/// Persons whose ids are far apart: what is damaged in one's could be no other's.
pub fn person(number: usize) -> ResidentId {
    let day = NaiveDate::from_ymd_opt(1941, 1, 1).unwrap() + Days::new(number as u64 * 457);
    let region = [330_106, 110_105, 440_524, 510_107][number % 4];
    ResidentId::from_parts(region, day, u16::try_from(number % 9 * 111 + 1).unwrap()).unwrap()
}

pub fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// A source that counts what it is asked, waits, or fails.
#[derive(Debug)]
pub struct Watched {
    inner: Arc<dyn Source>,
    at_once: usize,
    asked: AtomicUsize,
    widest: AtomicUsize,
    held: watch::Sender<bool>,
    /// Look-ups that wait.
    waiting: watch::Sender<usize>,
    dropped: watch::Sender<usize>,
    fails: Mutex<Option<(Vec<Vec<Key>>, ErrorCode)>>,
}

struct CountOnDrop<'a>(&'a watch::Sender<usize>, bool);

impl Drop for CountOnDrop<'_> {
    fn drop(&mut self) {
        if self.1 {
            self.0.send_modify(|count| *count += 1);
        }
    }
}

impl Watched {
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    pub fn widest(&self) -> usize {
        self.widest.load(Ordering::SeqCst)
    }

    pub fn hold(&self) {
        self.waiting.send_replace(0);
        self.held.send_replace(true);
    }

    pub fn release(&self) {
        self.held.send_replace(false);
    }

    pub async fn until_held(&self, count: usize) {
        until(&self.waiting, count).await;
    }

    /// Until a look-up that was held was given up.
    pub async fn until_dropped(&self) {
        until(&self.dropped, 1).await;
    }

    /// Look-ups of other persons than exactly one of these fail so.
    pub fn fail_unless(&self, own: Vec<Vec<Key>>, code: Option<ErrorCode>) {
        *self.fails.lock().unwrap() = code.map(|code| (own, code));
    }
}

async fn until(counter: &watch::Sender<usize>, count: usize) {
    let mut counter = counter.subscribe();
    let waited = counter.wait_for(|now| *now >= count);
    tokio::time::timeout(Duration::from_secs(20), waited).await.unwrap().unwrap();
}

impl Source for Watched {
    fn look_up<'a>(
        &'a self,
        look_up: LookUp,
        rows: mpsc::Sender<Rows>,
    ) -> SourceFuture<'a, LookUpEnd> {
        Box::pin(async move {
            self.asked.fetch_add(1, Ordering::SeqCst);
            self.widest.fetch_max(look_up.keys.len(), Ordering::SeqCst);
            let mut dropped = CountOnDrop(&self.dropped, true);
            self.waiting.send_modify(|count| *count += 1);
            self.held.subscribe().wait_for(|held| !held).await.unwrap();
            dropped.1 = false;
            if let Some((own, code)) = &*self.fails.lock().unwrap()
                && !own.iter().any(|keys| **keys == *look_up.keys)
            {
                return Err(SourceError::new(*code, "as the test asks"));
            }
            self.inner.look_up(look_up, rows).await
        })
    }

    fn most_at_once(&self) -> usize {
        self.at_once
    }

    fn select<'a>(&'a self, _: Select, _: mpsc::Sender<Rows>) -> SourceFuture<'a, SelectEnd> {
        unreachable!()
    }

    fn survey(&self) -> SourceFuture<'_, Survey> {
        unreachable!()
    }

    fn unreadable(&self, _: usize) -> SourceFuture<'_, Vec<UnreadableRow>> {
        unreachable!()
    }
}

pub struct Rig {
    _folder: tempfile::TempDir,
    pub watched: Arc<Watched>,
    dataset: AttachedDataset,
    template: ScanTemplate,
    signer: SigningKey,
    ended: watch::Sender<usize>,
}

fn dataset(limits: Limits) -> DatasetFile {
    let column = |name: &str, what: &str| {
        format!(
            "[[column]]\nname = \"{name}\"\nfield = \"{name}\"\ntype = \"{what}\"\ngrade = \
             \"L3\"\n"
        )
    };
    let text = format!(
        "[dataset]\nid = \"estate.ownership\"\nname = {{ zh = \"产权\", en = \"Ownership\" \
         }}\nsharing = \"conditional\"\nmost_age = \"36h\"\nrow_floor = 1\n[source]\nkind = \
         \"csv\"\npath = \"t.csv\"\nencoding = \"utf-8\"\nas_of = \
         \"manifest\"\n[coverage]\nregions = [\"330100\"]\nsince = \"1984-01-01\"\nsubjects = \
         \"everyone\"\ntext = {{ zh = \"杭州\", en = \"Hangzhou\" }}\n{}{}{}[[lookup]]\nname = \
         \"party\"\ncolumns = [\"owner\", \"agent\"]\nmay_be_blank = [\"owner\", \"agent\"]\n",
        column("owner", "resident_id"),
        column("agent", "resident_id"),
        column("label", "text"),
    );
    DatasetFile { limits, ..DatasetFile::parse(&text, "estate.toml").unwrap() }
}

fn typed(column: &str, r#type: SemanticType) -> TypedColumn {
    TypedColumn { column: column.into(), r#type: r#type.into(), ..TypedColumn::default() }
}

impl Rig {
    pub fn new(rows: &[Row], rulings: &[(Row, Concerns)], at_once: usize, limits: Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut text = "owner,agent,label\r\n".to_owned();
        for [owner, agent, label] in rows {
            write!(text, "{owner},{agent},{label}\r\n").unwrap();
        }
        let manifest = Manifest {
            as_of: chrono::Local::now().fixed_offset(),
            rows: rows.len() as u64,
            sha256: hex::encode(sha256(text.as_bytes())),
        };
        std::fs::write(folder.path().join("t.csv"), &text).unwrap();
        std::fs::write(folder.path().join("t.csv.manifest.toml"), manifest.to_text()).unwrap();
        let digest = |row: &Row| row_digest(row.iter().map(|cell| Some(cell.as_str())));
        let rulings: Arc<Rulings> = Arc::new(
            rulings.iter().map(|(row, concerns)| (digest(row), concerns.clone())).collect(),
        );
        let (file, state) = (dataset(limits), folder.path().join("state"));
        let inner =
            zerotrip_sources::open(&file, folder.path(), &state, Arc::clone(&rulings)).unwrap();
        let watched = Arc::new(Watched {
            inner,
            at_once,
            asked: AtomicUsize::new(0),
            widest: AtomicUsize::new(0),
            held: watch::Sender::new(false),
            waiting: watch::Sender::new(0),
            dropped: watch::Sender::new(0),
            fails: Mutex::default(),
        });
        let statement = file.to_statement(SystemTime::now());
        let signed = SignedDataset { file, envelope: Envelope::default(), statement, probes: None };
        let source = Arc::clone(&watched) as Arc<dyn Source>;
        let dataset =
            AttachedDataset::over(source, signed, (rulings, None), folder.path(), &state).unwrap();
        let template = ScanTemplate {
            check: "test/one".into(),
            scan: "party".into(),
            dataset: "estate.ownership".into(),
            lookup: "party".into(),
            columns: ["owner", "agent", "label"].map(str::to_owned).to_vec(),
            types: vec![
                typed("owner", SemanticType::ResidentId),
                typed("agent", SemanticType::ResidentId),
                typed("label", SemanticType::Text),
            ],
            origins: vec![KeyOrigin { from: Some(From::Parameter("applicant".into())) }],
            supplies: vec!["agent".into()],
            max_keys: 1000,
            max_rows: 1000,
            ..ScanTemplate::default()
        };
        let signer = SigningKey::generate(Algorithm::Ed25519).unwrap();
        let ended = watch::Sender::new(0);
        Self { _folder: folder, watched, dataset, template, signer, ended }
    }

    fn approved(&self, most_rows: u64) -> Arc<ApprovedScan> {
        let template = ScanTemplate { max_rows: most_rows, ..self.template.clone() };
        let digest = template_digest(&template);
        let approval = Approval { template: Some(template), ..Approval::default() };
        let approvals = Approvals { approvals: vec![approval], ..Approvals::default() };
        let scans = ApprovedScans::new(approvals, |template| {
            ScanPlan::of(template, (&self.dataset.file, &self.dataset.statement))
        });
        scans.get(&digest).unwrap()
    }

    fn admitted(&self, scan: &Scan, left: Duration) -> Admitted {
        Admitted {
            subjects: None,
            ticket: ScanTicket::default(),
            approved: self.approved(scan.most_rows),
            keys: scan.keys.clone(),
            request: Request::default(),
            requester: "fund".into(),
            deadline: Deadline::at(Instant::now() + left),
        }
    }

    /// Makes the scan, as the agent does once it is admitted.
    pub async fn ask(&self, scan: &Scan, left: Duration) -> Answered {
        let (out, messages) = mpsc::channel(MESSAGES_AHEAD);
        let receipts = BatchSigner::<ScanReceipt>::new(self.signer.clone());
        let admitted = self.admitted(scan, left);
        let served = async {
            let served = scan::serve(&admitted, &self.dataset, "estate", &receipts, &out).await;
            drop(out);
            self.ended.send_modify(|count| *count += 1);
            served
        };
        let (served, messages) = tokio::join!(served, all(messages));
        let could_match = served.map_err(|error| error.code)?.could_match;
        Ok(read(messages, could_match))
    }

    /// Asks about each of these persons by itself, all at once.
    pub async fn ask_each(&self, persons: Range<usize>) -> Vec<Answered> {
        let scans = persons.map(|who| async move {
            let scan = Scan { keys: vec![person(who).into()], most_rows: 1000 };
            self.ask(&scan, Duration::from_secs(20)).await
        });
        futures::future::join_all(scans).await
    }

    /// Makes the scan, and hangs up on it after some turns of the others.
    pub async fn hang_up_on(&self, scan: &Scan, turns: usize) {
        let (out, messages) = mpsc::channel(MESSAGES_AHEAD);
        let receipts = BatchSigner::<ScanReceipt>::new(self.signer.clone());
        let admitted = self.admitted(scan, Duration::from_secs(20));
        let served = scan::serve(&admitted, &self.dataset, "estate", &receipts, &out);
        let hung_up = async {
            for _ in 0..turns {
                tokio::task::yield_now().await;
            }
            drop(messages);
        };
        // It may have been answered before.
        let (_either, ()) = tokio::join!(served, hung_up);
    }

    /// How many scans wait for a turn.
    pub fn waiting(&self) -> usize {
        self.dataset.waiting()
    }

    /// Until so many scans wait for a turn.
    pub async fn until_waiting(&self, count: usize) {
        let waited = async {
            while self.waiting() < count {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), waited).await.unwrap();
    }

    /// Until so many scans have ended.
    pub async fn until_ended(&self, count: usize) {
        until(&self.ended, count).await;
    }
}

async fn all(mut messages: mpsc::Receiver<Result<ScanMessage, tonic::Status>>) -> Vec<ScanMessage> {
    let mut all = Vec::new();
    while let Some(message) = messages.recv().await {
        all.push(message.unwrap());
    }
    all
}

fn read(mut messages: Vec<ScanMessage>, could_match: Vec<String>) -> Answer {
    let trailer = messages.last_mut().unwrap().trailer.take().unwrap();
    let data: Vec<_> = messages.into_iter().map(|message| message.data).collect();
    let mut cells: Vec<Vec<Option<String>>> = Vec::new();
    for batch in flight_data_to_batches(&data).unwrap() {
        let columns: Vec<&StringArray> =
            batch.columns().iter().map(|column| column.as_any().downcast_ref().unwrap()).collect();
        let cell =
            |column: &StringArray, at: usize| column.iter().nth(at).unwrap().map(str::to_owned);
        cells.extend(
            (0..batch.num_rows()).map(|at| columns.iter().map(|column| cell(column, at)).collect()),
        );
    }
    cells.sort();
    let persons = cells.iter().map(|row| (row[0].clone().unwrap(), row[3].clone().unwrap()));
    let facts = trailer.facts.unwrap();
    assert_eq!(facts.rows, cells.len() as u64);
    let receipt: ScanReceipt = zerotrip_trust::signed::Signed::new(&trailer.receipt.unwrap())
        .unwrap()
        .unverified()
        .unwrap();
    Answer {
        persons: persons.collect(),
        cells,
        could_match,
        supplied: receipt.supplied.iter().map(|one| one.commitments.len()).collect(),
        facts: ScanFacts {
            salt: Vec::new(),
            stream_digest: Vec::new(),
            supply_secret: Vec::new(),
            ..facts
        },
    }
}
