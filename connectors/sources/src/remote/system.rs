//! What a kind of server brings along: how to log in, its dialect, and how it is stopped.
//! Everything else is the same for all of them, and is beside this file.

use std::fmt;
use std::future::Future;
use std::time::{Duration, SystemTime};

use super::super::catalogue::Table;
use super::super::select::Condition;
use super::super::{RawRow, SourceError};
use super::cells::Cells;
use super::lineage::Lineage;
pub use super::relation::{Column, Form, Locator, Relation};

/// One database server and the table on it, as a dataset file names them.
pub trait System: fmt::Debug + Send + Sync + 'static {
    /// A connection to it.
    type Session: Session;

    /// Whether it can count equal rows.
    const COUNTS: bool = false;

    /// Whether a statement outside of any transaction sees one moment, and whether all that a
    /// session does only reads.
    const ALONE: bool = false;

    /// Where it is, for messages.
    fn address(&self) -> String;

    /// Opens a session that can only read, with everything set that would otherwise change how
    /// values are written.
    fn log_in(&self) -> impl Future<Output = Result<Self::Session, SourceError>> + Send;

    /// Asks the server, over another connection, to stop what that session does.
    fn interrupt(
        &self,
        token: <Self::Session as Session>::Token,
    ) -> impl Future<Output = Result<(), SourceError>> + Send;
}

/// A connection to a server.
///
/// After one of its futures was dropped half-way, the session must not be used again.
pub trait Session: Send + 'static {
    /// By which the server knows the session.
    type Token: Send + 'static;

    /// By which the server knows this session.
    fn token(&self) -> Self::Token;

    /// Begins a read-only transaction that sees one moment; the server itself gives up on its
    /// statements soon after `left`.
    fn begin(&mut self, left: Duration) -> impl Future<Output = Result<(), SourceError>> + Send;

    /// The server gives up soon after `left` on a statement outside of any transaction. Only where
    /// [`System::ALONE`].
    fn allow(&mut self, _left: Duration) -> impl Future<Output = Result<(), SourceError>> + Send {
        async { Ok(()) }
    }

    /// Ends the transaction.
    fn end(&mut self) -> impl Future<Output = Result<(), SourceError>> + Send;

    /// Every table and view that the server's catalogue has beside this one, by name.
    fn tables(&mut self) -> impl Future<Output = Result<Vec<Table>, SourceError>> + Send;

    /// What the server's catalogue says of the table now.
    fn relation(&mut self) -> impl Future<Output = Result<Relation, SourceError>> + Send;

    /// Whether the server that this session is with follows another one, and may lag behind it.
    fn follows(&self) -> bool {
        false
    }

    /// How far a server that follows another one has come: everything up to this moment has
    /// arrived. Asked where [`Session::follows`].
    fn followed(&mut self) -> impl Future<Output = Result<Option<SystemTime>, SourceError>> + Send {
        async { Ok(None) }
    }

    /// What the table rests upon.
    fn lineage(&mut self) -> impl Future<Output = Result<Lineage, SourceError>> + Send;

    /// The greatest value in a column of another table, as text.
    fn newest(
        &mut self,
        table: &str,
        column: &str,
    ) -> impl Future<Output = Result<Option<String>, SourceError>> + Send;

    /// What is sent for such rows, with placeholders for values.
    fn statement(&self, query: &Query<'_>) -> String;

    /// Most values that one statement may ask for in one column.
    fn most_values(&self) -> usize;

    /// Reads rows of the table. Returns only when the server has said that there are no more.
    fn read<K: Sink>(
        &mut self,
        query: &Query<'_>,
        sink: &mut K,
    ) -> impl Future<Output = Result<(), SourceError>> + Send;
}

/// What a row of the catalogue says of a table: its name, whether it is one, and roughly how many
/// rows it has.
pub fn listed(row: Vec<Option<String>>) -> Option<Table> {
    let [name, is_table, rows] = <[Option<String>; 3]>::try_from(row).ok()?;
    let is_table = is_table.as_deref() == Some("true");
    let rows = rows.and_then(|rows| rows.parse().ok()).filter(|_| is_table);
    Some(Table { name: name?, kind: if is_table { "table" } else { "view" }, rows })
}

/// Where rows go, one by one.
pub trait Sink: Send {
    /// Takes a row; true if it is time to flush.
    fn take(&mut self, row: RawRow<'_>) -> Result<bool, SourceError>;

    /// Sends on what was taken, as fast as the other end takes it.
    fn flush(&mut self) -> impl Future<Output = Result<(), SourceError>> + Send;
}

/// What to read of the table.
#[derive(Debug)]
pub struct Query<'a> {
    /// Columns, in the order in which their cells are wanted.
    pub columns: Vec<&'a Column>,
    /// What locates a row, its cells after those of the columns.
    pub locator: &'a [Locator],
    /// Rows in which one of these columns holds one of its values; none: every row.
    pub asked: Vec<Asked<'a>>,
    /// What it may leave out rows by, and so on; a system that knows nothing of it sends every
    /// row, by itself.
    pub only: Pushdown<'a>,
}

/// What a system may do with rows before it sends them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pushdown<'a> {
    /// Rows of which this does not hold may be left out; the columns that its places are in.
    pub condition: Option<(&'a Condition, &'a Cells)>,
    /// Equal rows come once, each with how many there are behind its cells. Only where
    /// [`System::COUNTS`].
    pub counted: bool,
    /// The first rows suffice.
    pub first: Option<u64>,
}

/// One column, and the values that are asked for in it.
#[derive(Debug)]
pub struct Asked<'a> {
    /// Which.
    pub column: &'a Column,
    /// At least one; only digits where the column holds numbers.
    pub values: &'a [String],
}

/// The time that a server should allow a statement: in whole seconds, so that it seldom has to be
/// given another, and a day at most.
pub fn whole_seconds(left: Duration) -> u64 {
    (left.as_secs() + 1).min(86_400)
}
