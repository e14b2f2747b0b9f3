//! Serves one admitted scan: rows from the source, evaluated again on normalised values, as Arrow
//! batches, and the signed receipt.

mod values;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::SystemTime;

use arrow::array::{ArrayRef, RecordBatch, StringBuilder};
use arrow::ipc::writer::{DictionaryTracker, IpcDataGenerator, IpcWriteOptions};
use arrow_flight::FlightData;
use prost::Message as _;
use tokio::sync::mpsc;
use tonic::Status;
use zerotrip_channel::BatchSigner;
use zerotrip_channel::deadline::{Cancellation, Deadline};
use zerotrip_datasets::cell::{self, CellReading};
use zerotrip_datasets::{CivilDay, Key, KeySet};
use zerotrip_proto::v1::{ErrorCode, Finding, FindingKind, ScanFacts, ScanReceipt, ScanTrailer};
use zerotrip_proto::{hash_domain, to_timestamp};
use zerotrip_trust::digest::{self, Hasher, sha256_parts};
use zerotrip_trust::receipt;

use self::values::Values;
use crate::access::Turn;
use crate::attached_dataset::AttachedDataset;
use crate::gate::Admitted;
use crate::joint_look_ups::{Asked, Way};
use crate::scan_plan::ScanPlan;
use zerotrip_sources::rulings::Rulings;
use zerotrip_sources::{CouldMatch, LookUp, LookUpEnd, RawRow, Rows, SourceError};

/// Messages on their way to the hub: with the stream's own window, all that a stalled reader can
/// hold.
pub const MESSAGES_AHEAD: usize = 4;

/// Where a scan's messages go.
pub type Messages = mpsc::Sender<Result<ScanMessage, Status>>;

/// One message of an answer: the schema or a batch. The last one bears the trailer.
#[derive(Debug)]
pub struct ScanMessage {
    /// Header and body.
    pub data: FlightData,
    /// Not encoded yet.
    pub trailer: Option<ScanTrailer>,
}

impl ScanMessage {
    /// As a stream carries it. What a message has as `app_metadata` is ours to say (Arrow Flight,
    /// FlightData).
    pub fn into_flight(self) -> FlightData {
        let Self { data, trailer } = self;
        let app_metadata = trailer.map(|trailer| trailer.encode_to_vec().into());
        FlightData { app_metadata: app_metadata.unwrap_or_default(), ..data }
    }
}

/// The end of a scan, for the journal.
#[derive(Debug)]
pub struct ScanEnd {
    /// Rows delivered.
    pub rows: u64,
    /// Locators of rows that could not be read and could have matched.
    pub could_match: Vec<String>,
}

/// Runs an admitted scan to its receipt. An error here is sent to the hub by code only; its text is
/// for the department.
pub async fn serve(
    admitted: &Admitted,
    dataset: &AttachedDataset,
    connector: &str,
    signer: &BatchSigner<ScanReceipt>,
    out: &Messages,
) -> Result<ScanEnd, SourceError> {
    let plan = admitted
        .approved
        .plan
        .as_ref()
        .map_err(|why| SourceError::new(ErrorCode::SourceDrift, why.clone()))?;
    let limits = &dataset.file.limits;
    let deadline = Deadline::earliest(admitted.deadline, Deadline::after(limits.time_out));
    let cancellation = Cancellation::at(deadline);
    // However the scan ends, the source's thread ends its work.
    let _cancel_on_drop = cancellation.cancel_on_drop();
    let asked = Asked {
        plan: Arc::clone(plan),
        keys: admitted.keys.clone().into(),
        most_rows: admitted.most_rows().min(limits.most_rows),
        is_about_many: admitted.subjects.is_some(),
        deadline,
    };
    let mut delivery =
        Delivery::new(plan, admitted, dataset.adjudications(), out, limits.most_bytes);
    let looked_up = async {
        match dataset.way(asked.clone(), &cancellation).await? {
            Way::Alone(turn) => alone(turn, &asked, &cancellation, &mut delivery).await,
            Way::Joint(joint) => {
                cancellation.check()?;
                delivery.deliver(joint.of(&asked.keys, asked.most_rows)?).await?;
                Ok(joint.end().clone())
            }
        }
    };
    let end = tokio::select! {
        biased;
        end = looked_up => end?,
        () = out.closed() => return Err(SourceError::hung_up()),
    };
    cancellation.check()?;
    // A register that has shrunk finds nothing too often, so it gets no receipt.
    dataset.check_row_count(end.rows).await?;
    // The look-up of known persons takes its own turn.
    dataset.verify_probes(end.rests_on, &cancellation).await?;
    delivery.finish(admitted, dataset, connector, signer, end).await
}

/// The look-up of one scan by itself: its rows go on as they come.
async fn alone(
    turn: Turn,
    asked: &Asked,
    cancellation: &Cancellation,
    delivery: &mut Delivery<'_>,
) -> Result<LookUpEnd, SourceError> {
    let look_up = LookUp {
        columns: asked.plan.look_up.clone(),
        keys: Arc::clone(&asked.keys),
        most_rows: asked.most_rows,
        cancellation: cancellation.clone(),
    };
    let (sender, mut rows) = mpsc::channel::<Rows>(2);
    let looked_up = async {
        let end = turn.source.look_up(look_up, sender).await;
        // The next one need not wait until the hub has read all rows.
        drop(turn);
        end
    };
    let delivered = async {
        while let Some(batch) = rows.recv().await {
            delivery.deliver(batch.iter()).await?;
        }
        Ok(())
    };
    let (end, ()) = tokio::try_join!(looked_up, delivered)?;
    Ok(end)
}

/// How often something was found, and at the rows of which keys, by their places.
#[derive(Default)]
struct Found {
    count: u64,
    keys: BTreeSet<u32>,
}

/// The answer on its way out.
struct Delivery<'a> {
    plan: &'a ScanPlan,
    keys: KeySet,
    adjudications: &'a Rulings,
    out: &'a Messages,
    /// The last message: it waits for the next one, or for the trailer, which travels in it.
    held: Option<FlightData>,
    bytes_left: u64,
    rows: u64,
    stream: Hasher,
    findings: BTreeMap<(i32, usize), Found>,
    /// The places of the keys, where findings say whom they concern.
    places: HashMap<Key, u32>,
    /// The distinct values of each column that supplies keys.
    supplied: Vec<BTreeSet<String>>,
    today: CivilDay,
    sent_schema: bool,
}

impl<'a> Delivery<'a> {
    fn new(
        plan: &'a ScanPlan,
        admitted: &Admitted,
        adjudications: &'a Rulings,
        out: &'a Messages,
        most_bytes: u64,
    ) -> Self {
        let keys = admitted.keys.iter().copied();
        let places = match admitted.subjects {
            Some(_) => keys.clone().zip(0..).collect(),
            None => HashMap::new(),
        };
        Self {
            plan,
            keys: keys.collect(),
            places,
            adjudications,
            out,
            held: None,
            bytes_left: most_bytes,
            rows: 0,
            stream: Hasher::with_domain(hash_domain::SCAN_STREAM),
            findings: BTreeMap::new(),
            today: CivilDay::at(SystemTime::now()),
            supplied: plan.supplies.iter().map(|_| BTreeSet::new()).collect(),
            sent_schema: false,
        }
    }

    async fn deliver(&mut self, rows: impl Iterator<Item = RawRow<'_>>) -> Result<(), SourceError> {
        let batch = self.build(rows)?;
        if batch.num_rows() == 0 {
            return Ok(());
        }
        self.send_schema().await?;
        // No type here has a dictionary (`zerotrip_datasets::arrow_type`).
        let (_no_dictionaries, encoded) = IpcDataGenerator::default()
            .encode(
                &batch,
                &mut DictionaryTracker::new(false),
                &IpcWriteOptions::default(),
                &mut Default::default(),
            )
            .map_err(|error| failed(&error))?;
        self.send(encoded.into()).await
    }

    /// Evaluates the source's rows on normalised values: what it fetched too much is dropped here.
    fn build<'r>(
        &mut self,
        rows: impl Iterator<Item = RawRow<'r>>,
    ) -> Result<RecordBatch, SourceError> {
        let mut look_up = StringBuilder::new();
        let mut values: Vec<Values> =
            self.plan.columns.iter().map(|(_, column)| Values::of(column)).collect();
        for row in rows {
            for person in self.plan.keys(row, self.adjudications, &self.keys) {
                look_up.append_value(person.as_str());
                self.rows += 1;
                for (at, ((place, column), value)) in
                    self.plan.columns.iter().zip(&mut values).enumerate()
                {
                    let reading = cell::read(column, row.get(*place)).on(self.today);
                    self.findings_of(&reading, at, &person);
                    self.supply(&reading, at);
                    value.append(reading);
                }
            }
        }
        let mut columns: Vec<ArrayRef> = vec![Arc::new(look_up.finish())];
        columns.extend(values.into_iter().map(Values::finish));
        RecordBatch::try_new(Arc::clone(&self.plan.schema), columns).map_err(|error| failed(&error))
    }

    fn findings_of(&mut self, reading: &CellReading<'_>, at: usize, person: &Key) {
        let kind = match reading {
            CellReading::Unreadable | CellReading::Part(_) | CellReading::Several(_) => {
                FindingKind::UnreadableCell
            }
            CellReading::UnknownCode => FindingKind::UnknownCode,
            _ => return,
        };
        let found = self.findings.entry((kind.into(), at)).or_default();
        found.count += 1;
        found.keys.extend(self.places.get(person));
    }

    /// Whose of the keys unreadable rows could be, by their places: those of which, asked alone,
    /// there are any. None: anyone's.
    fn concerned(&self, keys: &[Key], could_match: &CouldMatch) -> Vec<u32> {
        if self.places.is_empty() {
            return Vec::new();
        }
        let alone = (0..).zip(keys.chunks(1));
        alone.filter(|(_, key)| !could_match.of(key).is_empty()).map(|(place, _)| place).collect()
    }

    fn supply(&mut self, reading: &CellReading<'_>, at: usize) {
        let CellReading::Id(id) = reading else { return };
        let Some(slot) = self.plan.supplies.iter().position(|place| *place == at) else { return };
        if let Some(supplied) = self.supplied.get_mut(slot) {
            supplied.insert(id.as_str().to_owned());
        }
    }

    /// The stream begins with the schema, once.
    async fn send_schema(&mut self) -> Result<(), SourceError> {
        if self.sent_schema {
            return Ok(());
        }
        self.sent_schema = true;
        self.send(self.plan.schema_message.clone()).await
    }

    async fn send(&mut self, message: FlightData) -> Result<(), SourceError> {
        let bytes = (message.data_header.len() + message.data_body.len()) as u64;
        self.bytes_left = self.bytes_left.checked_sub(bytes).ok_or_else(|| {
            SourceError::new(
                ErrorCode::DefinitionLimit,
                "more bytes than the owner's `limits.most_bytes`",
            )
        })?;
        self.stream.update_framed(&message.data_header);
        self.stream.update_framed(&message.data_body);
        match self.held.replace(message) {
            Some(before) => self.push(ScanMessage { data: before, trailer: None }).await,
            None => Ok(()),
        }
    }

    async fn push(&self, message: ScanMessage) -> Result<(), SourceError> {
        self.out.send(Ok(message)).await.map_err(|_| SourceError::hung_up())
    }

    async fn finish(
        mut self,
        admitted: &Admitted,
        dataset: &AttachedDataset,
        connector: &str,
        signer: &BatchSigner<ScanReceipt>,
        end: LookUpEnd,
    ) -> Result<ScanEnd, SourceError> {
        self.send_schema().await?;
        let random: [u8; 64] = digest::random().map_err(|error| failed(&error))?;
        let (secret, salt) =
            random.split_first_chunk::<32>().ok_or_else(|| failed(&"too little randomness"))?;
        let mut supplied = Vec::new();
        for (at, values) in self.plan.supplies.iter().zip(&self.supplied) {
            let name = self.plan.columns.get(*at).map_or("", |(_, column)| column.name.as_str());
            supplied.push(receipt::supply(secret, name, values).map_err(|error| failed(&error))?);
        }
        let mut findings: Vec<Finding> = self
            .findings
            .iter()
            .map(|((kind, at), found)| Finding {
                kind: *kind,
                column: self
                    .plan
                    .columns
                    .get(*at)
                    .map_or_else(String::new, |(_, column)| column.name.clone()),
                count: found.count,
                keys: found.keys.iter().copied().collect(),
            })
            .collect();
        let could_match = end.could_match.of(&admitted.keys);
        if !could_match.is_empty() {
            findings.push(Finding {
                kind: FindingKind::CouldMatch.into(),
                column: String::new(),
                count: could_match.len() as u64,
                keys: self.concerned(&admitted.keys, &end.could_match),
            });
        }
        let keys: Vec<&[u8]> = admitted.keys.iter().map(|key| key.as_str().as_bytes()).collect();
        let facts = ScanFacts {
            salt: salt.to_vec(),
            rows: self.rows,
            stream_digest: self.stream.finish().to_vec(),
            keys_digest: sha256_parts(hash_domain::SCAN_KEYS, &keys).to_vec(),
            findings,
            supply_secret: secret.to_vec(),
            statement_digest: dataset.statement_digest.to_vec(),
            adjudications_digest: dataset.adjudications_digest.clone(),
        };
        let message = ScanReceipt {
            grant_id: admitted.ticket.id.clone(),
            exchange_id: admitted.ticket.exchange_id.clone(),
            connector: connector.to_owned(),
            dataset: admitted.approved.template().dataset.clone(),
            template_digest: admitted.approved.digest.to_vec(),
            completed_at: Some(to_timestamp(SystemTime::now())),
            as_of: Some(to_timestamp(end.as_of)),
            facts_commitment: receipt::facts_commitment(&facts).to_vec(),
            supplied,
        };
        let envelope = signer.seal(&message).await.map_err(|error| failed(&error))?;
        let trailer = ScanTrailer { receipt: Some(envelope), facts: Some(facts) };
        let rows = self.rows;
        let data = self.held.take().unwrap_or_default();
        let last = ScanMessage { data, trailer: Some(trailer) };
        self.out.send(Ok(last)).await.map_err(|_| SourceError::hung_up())?;
        Ok(ScanEnd { rows, could_match })
    }
}

fn failed(error: &dyn std::fmt::Display) -> SourceError {
    SourceError::new(ErrorCode::SourceFailed, error.to_string())
}
