//! One scan as the engine asks for it, and what comes back.

use std::future::Future;
use std::pin::Pin;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use zerotrip_checks::soundness::{Incomplete, ScanReport};

use super::prepared::PreparedScan;

/// Asks one department. The implementation owns the ticket, the signature, the deadline and the
/// receipt; what it returns has been verified.
pub trait Dispatch: Send + Sync {
    /// Puts the scan to its department, about exactly these keys: all of them or an [`Incomplete`].
    fn scan<'a>(
        &'a self,
        call: ScanCall<'a>,
    ) -> Pin<Box<dyn Future<Output = Result<ScanAnswer, Incomplete>> + Send + 'a>>;
}

/// One scan to make.
#[derive(Debug)]
pub struct ScanCall<'a> {
    /// The step's name.
    pub name: &'a str,
    /// What to ask.
    pub scan: &'a PreparedScan,
    /// The shape of the answer.
    pub schema: SchemaRef,
    /// The persons asked about: distinct; of a request about one subject in order, at most
    /// `most_keys`.
    pub keys: Vec<String>,
    /// Of a request about many subjects: which part of the scan it is, from 1.
    pub part: Option<u32>,
}

impl ScanCall<'_> {
    /// Most rows of its answer.
    pub fn most_rows(&self) -> u64 {
        let most = self.scan.scan.most_rows;
        match self.part {
            None => most,
            Some(_) => most.saturating_mul(self.keys.len() as u64),
        }
    }
}

/// Asks departments on behalf of many subjects at once.
pub trait DispatchMany: Send + Sync {
    /// What was answered so far is of other subjects: no key of what follows comes of it.
    fn begin_group(&self);

    /// Puts the scan to its department about all of these keys, in as many parts as it takes. No
    /// key is in two of them. What no part is about was not asked. `families` are the call's keys:
    /// as far as possible, a family is in one part.
    fn scan_in_parts<'a>(
        &'a self,
        call: ScanCall<'a>,
        families: Vec<Vec<String>>,
    ) -> Pin<Box<dyn Future<Output = Vec<ScanPart>> + Send + 'a>>;
}

/// One part of a scan, and what came of it.
#[derive(Debug)]
pub struct ScanPart {
    /// The persons that it is about.
    pub keys: Vec<String>,
    /// The report's findings name their keys by their places in `keys`; one that names none is
    /// about all of them.
    pub answer: Result<ScanAnswer, Incomplete>,
}

/// What a department answered, verified against its receipt.
#[derive(Debug)]
pub struct ScanAnswer {
    /// In the shape asked for.
    pub rows: Vec<RecordBatch>,
    /// What the receipt says of it.
    pub report: ScanReport,
}
