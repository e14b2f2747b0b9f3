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
    /// The persons asked about: distinct, in order, at most `most_keys`.
    pub keys: Vec<String>,
}

/// What a department answered, verified against its receipt.
#[derive(Debug)]
pub struct ScanAnswer {
    /// In the shape asked for.
    pub rows: Vec<RecordBatch>,
    /// What the receipt says of it.
    pub report: ScanReport,
}
