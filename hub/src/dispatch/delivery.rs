//! A department's answer as it arrives: bounded, decoded, and not verified yet.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Schema, SchemaRef};
use arrow_flight::FlightData;
use arrow_flight::utils::flight_data_to_arrow_batch;
use prost::Message as _;
use tonic::Streaming;
use zerotrip_proto::hash_domain;
use zerotrip_proto::v1::{ErrorCode, ScanTrailer, SmallAnswer};
use zerotrip_trust::digest::Hasher;

use super::failure::{refused, untrusted};
use crate::engine::ScanCall;
use crate::limits::{ANSWER_BYTES, Reservation};

/// A whole stream, not verified yet.
pub(super) struct Delivered {
    pub(super) rows: Vec<RecordBatch>,
    /// How many rows they are together.
    pub(super) count: u64,
    /// Over the stream as it came.
    pub(super) digest: [u8; 32],
    pub(super) trailer: ScanTrailer,
    pub(super) reservation: Reservation,
}

/// An answer on its way, held to the bounds of its scan.
pub(super) struct Delivery<'a> {
    call: &'a ScanCall<'a>,
    /// The persons that were asked about.
    asked: HashSet<&'a str>,
    schema: Option<SchemaRef>,
    rows: Vec<RecordBatch>,
    count: u64,
    bytes: usize,
    digest: Hasher,
    reservation: Reservation,
}

impl<'a> Delivery<'a> {
    /// Nothing yet, of the answer to this call.
    pub(super) fn new(call: &'a ScanCall<'a>, reservation: Reservation) -> Self {
        let digest = Hasher::with_domain(hash_domain::SCAN_STREAM);
        let asked = call.keys.iter().map(String::as_str).collect();
        Self {
            call,
            asked,
            schema: None,
            rows: Vec::new(),
            count: 0,
            bytes: 0,
            digest,
            reservation,
        }
    }

    /// Reads the stream to its end.
    pub(super) async fn run(
        mut self,
        stream: &mut Streaming<FlightData>,
    ) -> Result<Delivered, ErrorCode> {
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
        self.end(trailer)
    }

    /// Reads an answer that came in one piece: the stream's messages, and its trailer.
    pub(super) fn small(mut self, answer: SmallAnswer) -> Result<Delivered, ErrorCode> {
        for part in answer.parts {
            self.take(&FlightData {
                data_header: part.data_header.into(),
                data_body: part.data_body.into(),
                ..FlightData::default()
            })?;
        }
        self.end(answer.trailer)
    }

    fn end(self, trailer: Option<ScanTrailer>) -> Result<Delivered, ErrorCode> {
        // A stream that ends without its trailer is void, however clean the end looks.
        let trailer = trailer.ok_or(ErrorCode::SourceTruncated)?;
        Ok(Delivered {
            rows: self.rows,
            count: self.count,
            digest: self.digest.finish(),
            trailer,
            reservation: self.reservation,
        })
    }

    fn take(&mut self, message: &FlightData) -> Result<(), ErrorCode> {
        let bytes = message.data_header.len() + message.data_body.len();
        self.bytes += bytes;
        if self.bytes > ANSWER_BYTES {
            return Err(ErrorCode::DefinitionLimit);
        }
        if !self.reservation.grow(bytes) {
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
            // The same bytes are the same schema, and need no decoding.
            if message.data_header != self.call.scan.answer_header {
                let schema =
                    Schema::try_from(message).map_err(|error| untrusted(self.call, &error))?;
                if schema.fields() != self.call.schema.fields() {
                    return Err(ErrorCode::SourceDrift);
                }
            }
            self.schema = Some(Arc::clone(&self.call.schema));
            return Ok(());
        };
        // A compressed buffer states its own inflated length, and the decoder would rely on it.
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
        if self.count > self.call.most_rows() {
            return Err(ErrorCode::DefinitionLimit);
        }
        self.only_asked_for(&batch)?;
        self.rows.push(batch);
        Ok(())
    }

    /// Rows about persons who were not asked about are another query's, or made up.
    fn only_asked_for(&self, batch: &RecordBatch) -> Result<(), ErrorCode> {
        let persons = batch.column(0).as_string_opt::<i32>().ok_or(ErrorCode::SourceDrift)?;
        let ours =
            persons.iter().all(|person| person.is_some_and(|person| self.asked.contains(person)));
        if ours { Ok(()) } else { Err(ErrorCode::SourceDrift) }
    }
}
