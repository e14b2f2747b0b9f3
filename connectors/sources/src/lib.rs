//! Drivers for departments' legacy systems: databases, file drops, HTTP interfaces. They are read,
//! and never written.
//!
//! [`Source`] is the trait. Its doc is the manual for the author of the next driver, and
//! `conformance.rs` is the suite that each driver must pass. [`open`] is the list of kinds.
//!
//! The crate knows dataset files and its owner's [`rulings`] on unreadable rows. It knows nothing
//! of hubs, approvals and tickets: the agent (`zerotrip-connector`) decides what may be asked.

mod beside;
pub mod catalogue;
#[cfg(test)]
mod conformance;
mod derived_columns;
mod drop;
mod error;
mod file_identity;
mod findings;
mod float_text;
#[doc(hidden)]
pub mod fuzzing;
mod header;
mod kinds;
mod look_up;
mod plausibility;
mod profile;
mod quality_scan;
mod remote;
mod rest;
mod rests_on;
mod row_index;
mod rows;
pub mod rulings;
pub mod select;
mod snapshot;
mod statements;
mod survey;
mod table;
mod temporary;
mod timestamp;
mod unmapped_fields;

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use tokio::sync::mpsc;

pub use self::error::SourceError;
pub use self::findings::{Finding, FindingKind};
pub use self::kinds::open;
pub use self::look_up::{CouldMatch, LookUp, LookUpEnd, count_rows};
pub use self::rests_on::RestsOn;
pub(crate) use self::rests_on::next_number;
pub use self::rows::{RawRow, Rows};
pub use self::select::{Select, SelectEnd};
pub use self::statements::Remark;
pub use self::survey::{Survey, UnreadableRow};

/// A boxed future of a source.
pub type SourceFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, SourceError>> + Send + 'a>>;

/// One legacy system, read-only, as one dataset file describes it.
///
/// # What must hold
///
/// **Nothing that matches is lost.** For every spelling that
/// `zerotrip_datasets::resident_id::parse` maps to one of the keys, the row comes. A source asks
/// its index for each key's finite `spellings()`; rows whose cell is spelled otherwise (blanks
/// inside, full width) are found by a profiling pass (`profile/`) that keeps their locators. Too
/// many rows are not a fault: the connector evaluates every row again on normalised values and
/// drops what does not match.
///
/// **Nothing unreadable is skipped.** A row whose key cell is unreadable and *could be* one of the
/// keys' (`could_match`) is reported in [`LookUpEnd::could_match`], with a locator that its owner
/// can find. If that cannot be decided, the look-up fails.
///
/// **It ends only once, and truly.** `Ok` means that every row was sent. A source that cannot say
/// so returns an error. A partial success does not exist.
///
/// **Read-only, bound.** Keys are bound as parameters, never spliced into text. Identifiers come
/// from the dataset file, validated at [`open`] against the system's own catalogue: a table or
/// column that is gone is `SOURCE_DRIFT`, at start and while running.
///
/// **It can be stopped.** Long work polls its
/// [`Cancellation`](zerotrip_channel::deadline::Cancellation) at least every few milliseconds. It
/// covers the deadline, and a hub that hung up. A closed `rows` channel means the same.
///
/// **As-of is honest.** No later than the moment from which the rows are known to be whole, the
/// profiling pass included.
pub trait Source: fmt::Debug + Send + Sync {
    /// Sends every row in which one of the look-up's columns may hold one of the keys, in batches
    /// of at most [`BATCH_ROWS`], cells as the system holds them, in the order of the dataset
    /// file's columns.
    fn look_up<'a>(
        &'a self,
        look_up: LookUp,
        rows: mpsc::Sender<Rows>,
    ) -> SourceFuture<'a, LookUpEnd>;

    /// Sends of every row of which [`Select::only`] holds or *could* hold the cells of these
    /// columns, as the system holds them; others may come too. Equal ones may come as one with
    /// their number, where [`Select::counted`] says so.
    ///
    /// As with look-ups, `Ok` means that every one was sent. What the system cannot do itself it
    /// need not: [`select::run`] decides again.
    fn select<'a>(
        &'a self,
        select: Select,
        rows: mpsc::Sender<Rows>,
    ) -> SourceFuture<'a, SelectEnd>;

    /// How many look-ups it works on at once, where each is a journey to another process: what
    /// waits for one is then asked together. By default it answers where it is asked, and sharing
    /// a look-up would cost more than it saves.
    fn most_at_once(&self) -> usize {
        usize::MAX
    }

    /// What the system looks like now: for `check`, for the owner, and to show that it answers.
    fn survey(&self) -> SourceFuture<'_, Survey>;

    /// Rows that cannot be read and of which their owner has stated nothing, at most `most`:
    /// for the owner's clerk alone.
    fn unreadable(&self, most: usize) -> SourceFuture<'_, Vec<UnreadableRow>>;
}

/// Most rows of one message from a source.
pub const BATCH_ROWS: usize = 1024;
/// Bytes of cells that make a message full before it has all its rows.
const BATCH_BYTES: usize = 1 << 20;
