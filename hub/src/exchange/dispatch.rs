//! Asks departments: one signed, single-use grant for each scan, and nothing believed that its
//! receipt does not bear out.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Schema, SchemaRef};
use arrow_flight::utils::flight_data_to_arrow_batch;
use arrow_flight::{FlightData, Ticket};
use prost::Message as _;
use tonic::{Status, Streaming};
use zerotrip_channel::deadline::Deadline;
use zerotrip_checks::soundness::{Incomplete, ScanReport, Subjects};
use zerotrip_datasets::Argument;
use zerotrip_policies::Decision;
use zerotrip_proto::v1::granted_key::Origin;
use zerotrip_proto::v1::key_origin::From as Source;
use zerotrip_proto::v1::{
    Envelope, ErrorCode, GrantedKey, Opening, ScanReceipt, ScanTicket, ScanTrailer, coverage,
};
use zerotrip_proto::{Obligation, Refusal, from_timestamp, hash_domain, to_timestamp};
use zerotrip_trust::digest::{Hasher, sha256_parts};
use zerotrip_trust::{receipt, signed};

use super::authorize::Decided;
use super::identify::Identified;

use crate::channels::Attached;
use crate::engine::{Dispatch, ScanAnswer, ScanCall};
use crate::hub::Hub;
use crate::limits::{ANSWER_BYTES, Reservation};
use crate::state::InForce;

/// Asks departments on behalf of one exchange.
pub struct Dispatcher<'a> {
    hub: &'a Hub,
    in_force: &'a InForce,
    identified: &'a Identified,
    arguments: &'a [Argument],
    decision: &'a Decision,
    /// Leaves of the log with the exchange's intent.
    ledger_size: u64,
    deadline: Deadline,
    evidence: Mutex<Vec<Evidence>>,
    /// The members that a grant was sent to.
    asked: Mutex<BTreeSet<String>>,
    /// Room for the answers that were believed; it is given back with the exchange.
    room: Mutex<Vec<Reservation>>,
}

/// What one department answered, as evidence for the keys that came of it.
struct Evidence {
    dataset: String,
    receipt: Envelope,
    secret: [u8; 32],
    /// Column → the values that it supplied.
    supplied: HashMap<String, HashSet<String>>,
}

impl Evidence {
    /// The column, of those that the scan's template names as an origin, in which this value was
    /// supplied.
    fn shows<'c>(&self, call: &'c ScanCall<'_>, value: &str) -> Option<&'c str> {
        call.scan.template.origins.iter().find_map(|origin| match origin.from.as_ref()? {
            Source::Column(from) if from.dataset == self.dataset => {
                self.supplied.get(&from.column)?.contains(value).then_some(from.column.as_str())
            }
            _ => None,
        })
    }
}

/// What dispatching left behind.
#[derive(Default)]
pub struct Asked {
    /// The members that were asked, whatever they answered.
    pub members: Vec<String>,
    /// The receipts of those that answered.
    pub receipts: Vec<Received>,
}

/// A source's signed receipt.
pub struct Received {
    /// Of which dataset.
    pub dataset: String,
    /// As signed.
    pub receipt: Envelope,
}

impl<'a> Dispatcher<'a> {
    /// For one exchange, whose intent is recorded.
    pub fn new(
        hub: &'a Hub,
        identified: &'a Identified,
        arguments: &'a [Argument],
        decided: &'a Decided,
        intent_index: u64,
        deadline: Deadline,
    ) -> Self {
        let (in_force, decision, ledger_size) =
            (&decided.in_force, &decided.decision, intent_index + 1);
        Self {
            hub,
            in_force,
            identified,
            arguments,
            decision,
            ledger_size,
            deadline,
            evidence: Mutex::default(),
            asked: Mutex::default(),
            room: Mutex::default(),
        }
    }

    /// Who was asked, and the receipts of all that answered.
    pub fn finish(self) -> Asked {
        let evidence = self.evidence.into_inner().unwrap_or_else(PoisonError::into_inner);
        let receipts = evidence
            .into_iter()
            .map(|one| Received { dataset: one.dataset, receipt: one.receipt })
            .collect();
        Asked {
            members: self
                .asked
                .into_inner()
                .unwrap_or_else(PoisonError::into_inner)
                .into_iter()
                .collect(),
            receipts,
        }
    }

    async fn ask(&self, call: ScanCall<'_>) -> Result<ScanAnswer, ErrorCode> {
        let dataset = call.scan.scan.dataset.as_str();
        let stated = self.hub.catalog.statement(dataset).ok_or(ErrorCode::SourceUnreachable)?;
        let attached = self.hub.channels.of_dataset(dataset).ok_or(ErrorCode::SourceUnreachable)?;
        if attached.statement_digest(dataset) != Some(stated.digest) {
            return Err(ErrorCode::SourceDrift);
        }
        // The plans, the regions and the coverage rest on the statement that the check was prepared
        // over. Who dials again with another in the middle of an exchange answers under
        // that one.
        if stated.statement != *call.scan.statement {
            tracing::warn!(
                scan = call.name,
                dataset,
                "another statement than the check was prepared over is in force now"
            );
            return Err(ErrorCode::SourceDrift);
        }
        let grant = self.grant(&call, &attached)?;
        if let Some(member) = attached.identity.member() {
            self.asked.lock().unwrap_or_else(PoisonError::into_inner).insert(member.to_owned());
        }
        let ticket =
            signed::seal(&grant, &self.hub.identity.sign).map_err(|error| fault(&error))?;
        let answered = self.deadline.within(self.receive(&call, &attached, ticket)).await;
        let delivered = answered.map_err(|_| ErrorCode::SourceTimeout)??;
        self.verify_answer(&call, &attached, &grant, &stated.digest, delivered)
    }

    /// The signed decision as the connector will see it. A key that its template gives no origin
    /// for is never sent.
    fn grant(&self, call: &ScanCall<'_>, attached: &Attached) -> Result<ScanTicket, ErrorCode> {
        let now = SystemTime::now();
        let held = self.evidence.lock().unwrap_or_else(PoisonError::into_inner);
        // The receipt that shows most of the keys comes first: each one that travels is verified
        // where it arrives.
        let mut order: Vec<(usize, &Evidence)> = held.iter().enumerate().collect();
        order.sort_by_key(|(_, one)| {
            Reverse(call.keys.iter().filter(|value| one.shows(call, value).is_some()).count())
        });
        let mut used: Vec<usize> = Vec::new();
        let mut keys = Vec::with_capacity(call.keys.len());
        for value in &call.keys {
            let origin = self.origin(call, value, &order, &mut used).ok_or_else(|| {
                tracing::error!(
                    scan = call.name,
                    "a key has no origin that the scan's template allows; the definition's SQL is \
                     wrong"
                );
                ErrorCode::KeyWithoutOrigin
            })?;
            keys.push(GrantedKey { value: value.clone(), origin: Some(origin) });
        }
        Ok(ScanTicket {
            id: uuid::Uuid::new_v4().to_string(),
            exchange_id: self.identified.request.id.clone(),
            hub: self.hub.identity.uri.clone(),
            connector: attached.uri.clone(),
            issued_at: Some(to_timestamp(now)),
            expires_at: Some(self.deadline.to_timestamp(now)),
            directory_version: self.in_force.directory.version(),
            request: Some(self.identified.envelope.clone()),
            template: Some(call.scan.template.clone()),
            policy_ids: self.decision.policy_ids.clone(),
            policy_digest: self.decision.policy_digest.to_vec(),
            keys,
            grants_version: self.hub.in_force().grants_version,
            ledger_size: self.ledger_size,
            evidence: used
                .iter()
                .filter_map(|at| held.get(*at))
                .map(|one| one.receipt.clone())
                .collect(),
            authority_grant: self.decision.grant.clone().unwrap_or_default(),
            obligations: Obligation::names(&self.decision.obligations),
        })
    }

    fn origin(
        &self,
        call: &ScanCall<'_>,
        value: &str,
        order: &[(usize, &Evidence)],
        used: &mut Vec<usize>,
    ) -> Option<Origin> {
        let parameter =
            call.scan.template.origins.iter().find_map(|origin| match origin.from.as_ref()? {
                Source::Parameter(name) => {
                    self.is_parameter(name, value).then(|| Origin::Parameter(name.clone()))
                }
                Source::Column(_) => None,
            });
        parameter.or_else(|| {
            let (at, one, column) =
                order.iter().find_map(|(at, one)| Some((*at, one, one.shows(call, value)?)))?;
            let receipt = used.iter().position(|known| *known == at).unwrap_or_else(|| {
                used.push(at);
                used.len() - 1
            });
            let salt = receipt::value_salt(&one.secret, column, value).to_vec();
            Some(Origin::Opening(Opening {
                receipt: u32::try_from(receipt).ok()?,
                column: column.to_owned(),
                salt,
            }))
        })
    }

    fn is_parameter(&self, name: &str, value: &str) -> bool {
        self.arguments
            .iter()
            .any(|argument| argument.name == name && argument.value.as_key() == value)
    }

    async fn receive(
        &self,
        call: &ScanCall<'_>,
        attached: &Attached,
        ticket: Envelope,
    ) -> Result<Delivered, ErrorCode> {
        let mut request = tonic::Request::new(Ticket { ticket: ticket.encode_to_vec().into() });
        self.deadline.bound(&mut request);
        let mut stream = attached
            .flight()
            .do_get(request)
            .await
            .map_err(|status| refused(call, &status))?
            .into_inner();
        Delivery::new(call, self.hub.answers.reservation(&attached.uri)).run(&mut stream).await
    }

    /// Believes an answer only as far as its receipt does, and only a receipt that the source
    /// signed for this very grant.
    fn verify_answer(
        &self,
        call: &ScanCall<'_>,
        attached: &Attached,
        grant: &ScanTicket,
        statement_digest: &[u8; 32],
        delivered: Delivered,
    ) -> Result<ScanAnswer, ErrorCode> {
        let now = SystemTime::now();
        let statement = &call.scan.statement;
        let Delivered { rows, count, digest, trailer, room } = delivered;
        let (Some(envelope), Some(facts)) = (trailer.receipt, trailer.facts) else {
            return Err(ErrorCode::SourceTruncated);
        };
        let (receipt, holder) = self
            .in_force
            .directory
            .open_signed::<ScanReceipt>(&envelope, now)
            .map_err(|error| untrusted(call, &error))?;
        let keys: Vec<&[u8]> = call.keys.iter().map(String::as_bytes).collect();
        let claims = [
            (
                "its signer is not the connector that was asked",
                holder.uri == attached.uri && receipt.connector == attached.uri,
            ),
            (
                "it is for another grant",
                receipt.grant_id == grant.id && receipt.exchange_id == grant.exchange_id,
            ),
            (
                "it is for another dataset or template",
                receipt.dataset == call.scan.scan.dataset
                    && receipt.template_digest == call.scan.digest,
            ),
            (
                "its facts are not the ones it commits to",
                receipt.facts_commitment == receipt::facts_commitment(&facts),
            ),
            (
                "it is of another stream than the one that came",
                facts.stream_digest == digest && facts.rows == count,
            ),
            (
                "it is about other keys",
                facts.keys_digest == sha256_parts(hash_domain::SCAN_KEYS, &keys),
            ),
            (
                "it is under another statement of the owner",
                facts.statement_digest == statement_digest,
            ),
        ];
        if let Some((why, _)) = claims.iter().find(|(_, holds)| !holds) {
            return Err(untrusted(call, why));
        }
        let as_of = from_timestamp(receipt.as_of.as_ref()).ok_or(ErrorCode::SourceTruncated)?;
        let secret = <[u8; 32]>::try_from(facts.supply_secret.as_slice())
            .map_err(|_| untrusted(call, &"its supply secret is not 32 bytes"))?;
        let supplied = supplied(call, &rows, &receipt, &secret)?;
        let dataset = call.scan.scan.dataset.clone();
        let mut held = self.evidence.lock().unwrap_or_else(PoisonError::into_inner);
        self.room.lock().unwrap_or_else(PoisonError::into_inner).push(room);
        held.push(Evidence { dataset: dataset.clone(), receipt: envelope, secret, supplied });
        let subjects =
            match statement.coverage.as_ref().and_then(|coverage| coverage.subjects.as_ref()) {
                Some(coverage::Subjects::Everyone(true)) => Subjects::Everyone,
                Some(coverage::Subjects::EveryoneAnywhere(true)) => Subjects::EveryoneAnywhere,
                Some(coverage::Subjects::RegisteredIn(dataset)) => {
                    Subjects::Stated(format!("registered_in:{dataset}"))
                }
                // A statement that does not say whom it knows about covers nobody: no rule of any
                // definition matches this.
                _ => Subjects::Stated(String::new()),
            };
        let most_age = Duration::from_secs(statement.most_age_seconds);
        let since = statement.coverage.as_ref().and_then(|coverage| day(&coverage.since));
        let report = ScanReport {
            dataset,
            as_of,
            now,
            most_age,
            findings: facts.findings,
            required_null: false,
            subjects,
            since,
            older_carried_over: statement.older_carried_over,
            numbers_carried_over: statement.numbers_carried_over,
            keeps_ended: statement.keeps_ended,
            undated_before: day(&statement.undated_before),
        };
        Ok(ScanAnswer { rows, report })
    }
}

impl Dispatch for Dispatcher<'_> {
    fn scan<'a>(
        &'a self,
        call: ScanCall<'a>,
    ) -> Pin<Box<dyn Future<Output = Result<ScanAnswer, Incomplete>> + Send + 'a>> {
        Box::pin(async move {
            let dataset = call.scan.scan.dataset.clone();
            self.ask(call).await.map_err(|code| Incomplete { code, dataset })
        })
    }
}

/// A whole stream, not believed yet.
struct Delivered {
    rows: Vec<RecordBatch>,
    count: u64,
    digest: [u8; 32],
    trailer: ScanTrailer,
    room: Reservation,
}

struct Delivery<'a> {
    call: &'a ScanCall<'a>,
    schema: Option<SchemaRef>,
    rows: Vec<RecordBatch>,
    count: u64,
    bytes: usize,
    digest: Hasher,
    room: Reservation,
}

impl<'a> Delivery<'a> {
    fn new(call: &'a ScanCall<'a>, room: Reservation) -> Self {
        let digest = Hasher::with_domain(hash_domain::SCAN_STREAM);
        Self { call, schema: None, rows: Vec::new(), count: 0, bytes: 0, digest, room }
    }

    async fn run(mut self, stream: &mut Streaming<FlightData>) -> Result<Delivered, ErrorCode> {
        let mut trailer = None;
        while let Some(message) =
            stream.message().await.map_err(|status| refused(self.call, &status))?
        {
            if trailer.is_some() {
                return Err(untrusted(self.call, &"it goes on after its trailer"));
            }
            self.take(&message)?;
            if !message.app_metadata.is_empty() {
                trailer = Some(
                    ScanTrailer::decode(message.app_metadata)
                        .map_err(|error| untrusted(self.call, &error))?,
                );
            }
        }
        // A stream that ends without its trailer is void, however clean the end looks.
        let trailer = trailer.ok_or(ErrorCode::SourceTruncated)?;
        Ok(Delivered {
            rows: self.rows,
            count: self.count,
            digest: self.digest.finish(),
            trailer,
            room: self.room,
        })
    }

    fn take(&mut self, message: &FlightData) -> Result<(), ErrorCode> {
        let bytes = message.data_header.len() + message.data_body.len();
        self.bytes += bytes;
        if self.bytes > ANSWER_BYTES {
            return Err(ErrorCode::DefinitionLimit);
        }
        if !self.room.grow(bytes) {
            tracing::warn!(
                scan = self.call.name,
                "no room for a department's answer beside the others; see `answers_mib` in \
                 hub.toml"
            );
            return Err(ErrorCode::Overloaded);
        }
        self.digest.update_framed(&message.data_header);
        self.digest.update_framed(&message.data_body);
        let Some(schema) = &self.schema else {
            let schema = Schema::try_from(message).map_err(|error| untrusted(self.call, &error))?;
            if schema.fields() != self.call.schema.fields() {
                return Err(ErrorCode::SourceDrift);
            }
            self.schema = Some(Arc::clone(&self.call.schema));
            return Ok(());
        };
        // A compressed buffer states its own inflated length, and the decoder would believe it.
        let header = arrow::ipc::root_as_message(&message.data_header)
            .map_err(|error| untrusted(self.call, &error))?;
        if header.header_as_record_batch().is_none_or(|batch| batch.compression().is_some()) {
            return Err(untrusted(self.call, &"a message is not a plain record batch"));
        }
        let batch = flight_data_to_arrow_batch(message, Arc::clone(schema), &HashMap::new())
            .map_err(|error| untrusted(self.call, &error))?;
        if batch.num_rows() == 0 {
            return Err(untrusted(self.call, &"it sends batches without rows"));
        }
        self.count += batch.num_rows() as u64;
        if self.count > self.call.scan.scan.most_rows {
            return Err(ErrorCode::DefinitionLimit);
        }
        self.only_asked_for(&batch)?;
        self.rows.push(batch);
        Ok(())
    }

    /// Rows about anybody else than was asked about are another query's, or a lie.
    fn only_asked_for(&self, batch: &RecordBatch) -> Result<(), ErrorCode> {
        let asked: HashSet<&str> = self.call.keys.iter().map(String::as_str).collect();
        let persons = batch.column(0).as_string_opt::<i32>().ok_or(ErrorCode::SourceDrift)?;
        let ours = persons.iter().all(|person| person.is_some_and(|person| asked.contains(person)));
        if ours { Ok(()) } else { Err(ErrorCode::SourceDrift) }
    }
}

/// The values of each column that may travel on, checked against what the source signed for.
fn supplied(
    call: &ScanCall<'_>,
    rows: &[RecordBatch],
    receipt: &ScanReceipt,
    secret: &[u8; 32],
) -> Result<HashMap<String, HashSet<String>>, ErrorCode> {
    let mut all = HashMap::new();
    for column in &call.scan.template.supplies {
        let mut values: HashSet<String> = HashSet::new();
        let at = call.schema.index_of(column).map_err(|error| fault(&error))?;
        for batch in rows {
            for value in batch
                .column(at)
                .as_string_opt::<i32>()
                .ok_or(ErrorCode::SourceDrift)?
                .iter()
                .flatten()
            {
                if values.insert(value.to_owned())
                    && !receipt::open(
                        receipt,
                        column,
                        &receipt::value_salt(secret, column, value),
                        value,
                    )
                {
                    return Err(untrusted(
                        call,
                        &"it does not commit to the keys that it supplies",
                    ));
                }
            }
        }
        all.insert(column.clone(), values);
    }
    Ok(all)
}

/// A day as a statement has it, in days since 1970-01-01.
fn day(text: &str) -> Option<i32> {
    chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(|day| day.to_epoch_days())
}

/// What a connector's refusal means for the check. Its words are logged here, for the operator; the
/// requester hears the code.
fn refused(call: &ScanCall<'_>, status: &Status) -> ErrorCode {
    let mut refusal = Refusal::from_status(status);
    if refusal.code == ErrorCode::Internal && status.details().is_empty() {
        // No department said so: the channel broke, one way or another.
        refusal.code = ErrorCode::SourceUnreachable;
    }
    tracing::warn!(scan = call.name, dataset = %call.scan.scan.dataset, code = refusal.code.name(), why = %refusal.en, "a scan was not answered");
    refusal.code
}

fn untrusted(call: &ScanCall<'_>, why: &dyn std::fmt::Display) -> ErrorCode {
    tracing::error!(scan = call.name, dataset = %call.scan.scan.dataset, %why, "an answer cannot be believed");
    ErrorCode::SourceTruncated
}

fn fault(error: &dyn std::fmt::Display) -> ErrorCode {
    tracing::error!(%error, "dispatch failed");
    ErrorCode::Internal
}
