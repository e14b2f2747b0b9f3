//! What the connector and `zerotrip-odbc` say to one another, over the socket that is the helper's
//! standard input.
//!
//! The connector asks, one [`Request`] at a time; the helper answers each with one [`Reply`], rows
//! first where there are any. Every message is a frame: its length (four bytes, big-endian, at most
//! [`MOST_REQUEST`] or [`MOST_REPLY`]), then its text (JSON), or rows ([`Rows`]). The end of the
//! stream is the end of the peer: a helper whose connector is gone ends itself.
//!
//! Nothing here does I/O, and no message is trusted: a faulty driver may have overwritten the
//! helper's memory.

mod rows;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use rows::Rows;

/// Of this protocol; either end refuses another.
pub const VERSION: u32 = 1;
/// Bytes of a request: some thousands of values, each a spelling of an id.
pub const MOST_REQUEST: usize = 8 << 20;
/// Bytes of a reply: a batch, and one row more.
pub const MOST_REPLY: usize = 10 << 20;
/// Bytes of rows that make a batch full.
pub const BATCH: usize = 256 << 10;
/// Bytes of one cell.
pub const MOST_CELL: usize = 1 << 20;
/// Bytes of one row.
pub const MOST_ROW: usize = 8 << 20;
/// Bytes of a frame's length.
pub const HEAD: usize = 4;

/// The first byte of a frame's content.
const TEXT: u8 = b'{';
const ROWS: u8 = b'#';

/// A text that is never shown.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// What the connector asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Request {
    /// Connects; nothing else is answered before. Answered with [`Reply::Ready`].
    LogIn {
        /// The connector's [`VERSION`].
        version: u32,
        /// The connection string.
        connection: Secret,
        /// What no error may hold: a message that holds it is dropped.
        hide: Vec<Secret>,
        /// Seconds that it may take, if the driver supports a limit.
        seconds: u32,
    },
    /// Runs statements, each committed by itself; then, if asked for, statements run in
    /// transactions. Answered with [`Reply::Done`].
    SetUp {
        /// In this order.
        statements: Vec<String>,
        /// Whether what follows is in transactions.
        transactions: bool,
        /// Run after every answer: rows that end because the connection is gone must not look
        /// complete.
        alive: Option<String>,
    },
    /// Sees whether the connection lives, and begins. Answered with [`Reply::Done`].
    Begin {
        /// Run first of all, in this order.
        statements: Vec<String>,
        /// Seconds that each statement may take, if the driver supports a limit.
        seconds: u32,
    },
    /// Rolls back. Answered with [`Reply::Done`].
    End,
    /// Every table and view (`SQLTables`), as rows.
    Tables {
        /// In this catalogue; none: in any.
        catalog: Option<String>,
        /// In this schema; none: in any.
        schema: Option<String>,
    },
    /// The columns of the tables of this name (`SQLColumns`), as rows. The names are patterns: more
    /// may come than is meant.
    Columns {
        /// In this catalogue; none: in any.
        catalog: Option<String>,
        /// In this schema; none: in any.
        schema: Option<String>,
        /// Which.
        table: String,
    },
    /// The columns of the primary key (`SQLPrimaryKeys`), as rows.
    PrimaryKey {
        /// In this catalogue; none: in any.
        catalog: Option<String>,
        /// In this schema; none: in any.
        schema: Option<String>,
        /// Which.
        table: String,
    },
    /// Runs a statement with bound values, and sends its rows.
    Read {
        /// With a `?` for each value.
        statement: String,
        /// In the order of the `?`.
        values: Vec<Value>,
        /// Whether the driver knows text in bytes (UTF-8) only.
        narrow: bool,
    },
}

/// A bound value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Value {
    /// As text.
    pub text: String,
    /// As what the system should take it: the column's own kind, so that its index serves.
    pub kind: Kind,
}

/// The type of a bound value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// `SQL_CHAR`.
    Char,
    /// `SQL_VARCHAR`.
    Varchar,
    /// `SQL_WCHAR`.
    WideChar,
    /// `SQL_WVARCHAR`.
    WideVarchar,
    /// `SQL_BIGINT`.
    Whole,
    /// `SQL_NUMERIC` with eighteen digits.
    Number,
}

/// What the helper answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Reply {
    /// Connected.
    Ready {
        /// The helper's [`VERSION`].
        version: u32,
        /// What the driver calls the system (`SQL_DBMS_NAME`).
        system: String,
        /// What quotes an identifier (`SQL_IDENTIFIER_QUOTE_CHAR`); none where nothing does.
        quote: Option<char>,
    },
    /// Done.
    Done,
    /// All rows were sent before this.
    End {
        /// How many.
        rows: u64,
    },
    /// It failed; of its rows nothing counts.
    Failed(Failure),
}

/// Why something failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// Five characters, `SQLSTATE`; `HY000` where the driver gives none.
    pub state: String,
    /// The system's own number.
    pub native: i32,
    /// What its words say, whether they are passed on or not.
    pub sort: Sort,
    /// In the driver's words, where they hold neither a secret nor, as far as the state tells, a
    /// value of a row.
    pub words: Option<String>,
}

/// What the words of an error say, for drivers with one state for every failure to connect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sort {
    /// Nothing that is known here.
    #[default]
    Other,
    /// The system refuses the log-in.
    NotLetIn,
    /// The driver is not there, or not whole.
    NoDriver,
    /// The system has no such database.
    NoDatabase,
}

/// What cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// Longer than any can be.
    #[error("a message of {0} bytes")]
    TooLong(usize),
    /// Not what this protocol says.
    #[error("a message that cannot be read")]
    Malformed,
}

/// A message as a frame; its end is where the next one begins.
pub fn frame(message: &impl Serialize, most: usize) -> Result<Vec<u8>, WireError> {
    let mut bytes = vec![0; HEAD];
    serde_json::to_writer(&mut bytes, message).map_err(|_| WireError::Malformed)?;
    headed(bytes, most)
}

/// The length that a frame's head says.
pub fn length(head: [u8; HEAD], most: usize) -> Result<usize, WireError> {
    let length = u32::from_be_bytes(head) as usize;
    if length == 0 || length > most { Err(WireError::TooLong(length)) } else { Ok(length) }
}

/// A request, as it came.
pub fn request(bytes: &[u8]) -> Result<Request, WireError> {
    serde_json::from_slice(bytes).map_err(|_| WireError::Malformed)
}

/// A reply, or rows before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Rows, and more to come.
    Rows(Vec<Vec<Option<String>>>),
    /// The end of the answer.
    Reply(Reply),
}

/// A reply, or rows before it, as they came.
pub fn answer(bytes: &[u8]) -> Result<Answer, WireError> {
    match bytes.split_first() {
        Some((&ROWS, rest)) => rows::read(rest).map(Answer::Rows),
        Some((&TEXT | b'"', _)) => {
            serde_json::from_slice(bytes).map(Answer::Reply).map_err(|_| WireError::Malformed)
        }
        _ => Err(WireError::Malformed),
    }
}

fn headed(mut bytes: Vec<u8>, most: usize) -> Result<Vec<u8>, WireError> {
    let length = bytes.len().saturating_sub(HEAD);
    let head =
        u32::try_from(length).ok().filter(|_| length <= most).ok_or(WireError::TooLong(length))?;
    if let Some(place) = bytes.get_mut(..HEAD) {
        place.copy_from_slice(&head.to_be_bytes());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    fn body(frame: &[u8], most: usize) -> &[u8] {
        let (head, body) = frame.split_at(HEAD);
        assert_eq!(length(head.try_into().unwrap(), most).unwrap(), body.len());
        body
    }

    #[test]
    fn what_is_said_is_understood_and_secrets_are_not_shown() {
        let log_in = Request::LogIn {
            version: VERSION,
            connection: Secret("PWD=s3cret".into()),
            hide: vec![Secret("s3cret".into())],
            seconds: 9,
        };
        assert!(!format!("{log_in:?}").contains("s3cret"));
        let value = Value { text: "x".into(), kind: Kind::Varchar };
        for request in [
            log_in,
            Request::End,
            Request::Read { statement: "?".into(), values: vec![value], narrow: false },
        ] {
            let frame = frame(&request, MOST_REQUEST).unwrap();
            assert_eq!(super::request(body(&frame, MOST_REQUEST)).unwrap(), request);
        }
        let failed =
            Failure { state: "HY000".into(), native: -1, sort: Sort::NotLetIn, words: None };
        for reply in [Reply::Done, Reply::End { rows: 7 }, Reply::Failed(failed)] {
            let frame = frame(&reply, MOST_REPLY).unwrap();
            assert_eq!(answer(body(&frame, MOST_REPLY)).unwrap(), Answer::Reply(reply));
        }
        assert!(matches!(frame(&"x".repeat(100), 100), Err(WireError::TooLong(102))));
        assert!(length([0, 0, 0, 0], 10).is_err() && length([0, 0, 0, 11], 10).is_err());
    }

    proptest! {
        #[test]
        fn rows_come_as_they_went(rows in prop::collection::vec(prop::collection::vec(prop::option::of(".{0,12}"), 3), 0..9)) {
            let mut batch = Rows::new(3);
            for row in &rows {
                for cell in row {
                    batch.cell(cell.as_deref());
                }
                batch.end_row();
            }
            let sent = batch.take().unwrap().map(|frame| answer(body(&frame, MOST_REPLY)).unwrap());
            prop_assert_eq!(sent, (!rows.is_empty()).then_some(Answer::Rows(rows)));
            prop_assert!(batch.take().unwrap().is_none());
        }

        #[test]
        fn whatever_comes_is_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let _either = answer(&bytes);
            let _either = request(&bytes);
            let rows: Vec<u8> = [ROWS].into_iter().chain(bytes).collect();
            if let Ok(Answer::Rows(rows)) = answer(&rows) {
                prop_assert!(rows.iter().map(Vec::len).sum::<usize>() <= 60);
            }
        }
    }
}
