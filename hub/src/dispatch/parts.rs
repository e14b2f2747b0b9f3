//! A scan for a request about many subjects: asked in parts, one after the other, so that other
//! traffic has its share of the channel and of the source. A part that fails is its own keys'.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use prost::Message as _;
use zerotrip_checks::soundness::Incomplete;
use zerotrip_proto::bounds;
use zerotrip_proto::v1::{ErrorCode, ScanTicket};

use super::Dispatcher;
use crate::channels::Attached;
use crate::engine::{DispatchMany, ScanAnswer, ScanCall, ScanPart, pack};

/// A part of so few keys is not cut once more for its size: it is refused for another reason.
const LEAST_KEYS: usize = 16;
/// Largest ticket of a part, below what a message can be: its envelope comes on top.
const TICKET_BYTES: usize = bounds::MESSAGE_BYTES / 2;

impl Dispatcher<'_> {
    async fn in_parts(&self, call: ScanCall<'_>, mut families: Vec<Vec<String>>) -> Vec<ScanPart> {
        // One that no part has room for is cut, and what needs both pieces is not answered.
        if families.iter().any(|family| family.len() > bounds::PART_KEYS) {
            let pieces = families.iter().flat_map(|family| family.chunks(bounds::PART_KEYS));
            families = pieces.map(<[String]>::to_vec).collect();
        }
        // The part with the first keys is the last of the stack.
        let mut waiting = pack(families, bounds::PART_KEYS);
        waiting.reverse();
        let mut done = Vec::new();
        while let Some(mut families) = waiting.pop() {
            let keys = families.concat();
            let part = ScanCall {
                name: call.name,
                scan: call.scan,
                schema: Arc::clone(&call.schema),
                keys: keys.clone(),
                part: Some(self.next_part(call.name)),
            };
            let answer = match self.prepare(&part) {
                Ok((ticket, ..)) if is_too_large(&ticket) => Err(ErrorCode::TooLarge),
                Ok((ticket, attached, statement)) => {
                    self.ask_with(&part, ticket, &attached, &statement).await
                }
                Err(code) => Err(code),
            };
            if matches!(answer, Err(ErrorCode::TooLarge)) && keys.len() > LEAST_KEYS {
                // In halves: the origins of so many keys are in too many receipts, or the owner
                // takes fewer keys at a time. What is too large is not used up.
                let rest = match &mut families[..] {
                    [family] => vec![family.split_off(family.len() / 2)],
                    _ => families.split_off(families.len() / 2),
                };
                waiting.push(rest);
                waiting.push(families);
                continue;
            }
            done.push(self.part(&call, keys, answer));
        }
        done
    }

    fn prepare(
        &self,
        part: &ScanCall<'_>,
    ) -> Result<(ScanTicket, Arc<Attached>, zerotrip_trust::Digest), ErrorCode> {
        let (attached, statement_digest) = self.attached(part)?;
        Ok((self.ticket(part, &attached)?, attached, statement_digest))
    }

    fn part(
        &self,
        call: &ScanCall<'_>,
        keys: Vec<String>,
        answer: Result<ScanAnswer, ErrorCode>,
    ) -> ScanPart {
        let dataset = call.scan.scan.dataset.clone();
        ScanPart { keys, answer: answer.map_err(|code| Incomplete { code, dataset }) }
    }

    /// The number of a scan's next part. Those of parts that were cut anew are left out.
    fn next_part(&self, scan: &str) -> u32 {
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        let number = parts.entry(scan.to_owned()).or_default();
        *number = number.saturating_add(1);
        *number
    }
}

/// Whether a connector would refuse it for its size, or for the number of receipts.
fn is_too_large(ticket: &ScanTicket) -> bool {
    ticket.evidence.len() > bounds::EVIDENCE || ticket.encoded_len() > TICKET_BYTES
}

impl DispatchMany for Dispatcher<'_> {
    fn begin_group(&self) {
        let sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        self.before.store(sources.len(), Ordering::Relaxed);
    }

    fn scan_in_parts<'a>(
        &'a self,
        call: ScanCall<'a>,
        families: Vec<Vec<String>>,
    ) -> Pin<Box<dyn Future<Output = Vec<ScanPart>> + Send + 'a>> {
        Box::pin(self.in_parts(call, families))
    }
}
